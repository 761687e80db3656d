"""The README's examples of calling a running app, run as they stand against one."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.serving.cluster.node import install_client

README = Path(__file__).parents[3] / "dalle" / "serving" / "README.md"
PRINTED = "http://localhost:7860"


def examples(language: str) -> list[str]:
    """The section's code in a language."""
    section = README.read_text().split("\n## Call a running app\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def run_python(source: str, quick_app: str) -> dict:
    assert PRINTED in source
    names: dict = {}
    exec(compile(source.replace(PRINTED, quick_app), "README.md", "exec"), names)
    return names


def test_gradio_client(quick_app, capsys):
    names = run_python(examples("python")[0], quick_app)
    assert len(names["pictures"]) == 4
    assert names["done"]["stage"] == "done"
    assert "drawing 0.25" in capsys.readouterr().out
    ranked = names["app"].predict("a green apple", names["files"], api_name="/rank")
    assert len(ranked["ranking"]) == 4


def test_curl(quick_app):
    if not shutil.which("curl"):
        pytest.skip("there is no curl on this machine")
    [source] = examples("bash")
    ran = subprocess.run(
        ["bash", "-euc", source.replace(PRINTED, quick_app)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    event, data = ran.stdout.strip().split("\n\n")[-1].split("\n")
    assert event == "event: complete"
    pictures, done, _ = json.loads(data.removeprefix("data: "))
    assert (len(pictures), done["seed"]) == (9, 1)


def test_javascript(quick_app, tmp_path):
    install_client(tmp_path)
    [source] = examples("javascript")
    # The client keeps a connection open, which would keep node waiting.
    script = source.replace(PRINTED, quick_app) + "process.exit(0);\n"
    (tmp_path / "example.mjs").write_text(script)
    ran = subprocess.run(
        ["node", "example.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    url, seed = ran.stdout.split()
    assert httpx.get(url).headers["content-type"] == "image/png"
    assert seed == "11"


def test_openai(quick_app):
    names = run_python(examples("python")[1], quick_app)
    assert len(names["answer"].data) == 2
    assert httpx.get(names["answer"].data[0].url).headers["content-type"] == "image/png"
    names["client"].close()


def test_mcp(quick_app):
    [source] = examples("json")
    server = json.loads(source.replace(PRINTED, quick_app))["mcpServers"]["ninefold"]["url"]
    hello = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer = httpx.post(
        server, json=hello, headers={"Accept": "application/json, text/event-stream"}
    )
    assert answer.status_code == 200, answer.text
    assert '"name":"picture"' in answer.text.replace(" ", "")


def test_every_endpoint_is_in_the_table(quick_app):
    section = README.read_text().split("\n## Call a running app\n")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `(/\w+)` \|", section, re.MULTILINE))
    assert listed == set(httpx.get(f"{quick_app}/gradio_api/info").json()["named_endpoints"])
