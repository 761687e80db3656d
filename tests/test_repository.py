"""What the repository promises about itself."""

import re
import subprocess
from pathlib import Path

import pytest

from dalle.server_settings import ServerSettings

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {"app.py", "dalle", "requirements.txt", "assets", "tests", "README.md"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip(f"this copy is no git checkout: {listed.stderr.strip()}")
    return [ROOT / line for line in listed.stdout.splitlines()]


def test_the_visible_top_level_is_six_names():
    tops = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in tops if not name.startswith(".")} == TOP_LEVEL


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "tests/requirements.txt",
        "dalle/training/requirements.txt",
        "dalle/safety/requirements.txt",
        "dalle/serving/requirements.txt",
    ],
)
def test_every_requirement_is_pinned_and_explained(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if line[:1] not in ("", "#")]
    for line in lines:
        assert re.fullmatch(r"[\w-]+(\[[\w,]+\])?==[\w.]+ +# .+\(.+\).*", line), line


def test_files_stay_short():
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked()
        if path.suffix == ".py" and (count := len(path.read_text().splitlines())) > 320
    }
    assert long == {}


def test_nothing_is_unpickled():
    sources = [path for path in tracked() if path.suffix == ".py" and "dalle" in path.parts]
    for path in sources:
        code = path.read_text()
        assert not re.search(r"import pickle|pickle\.load|allow_pickle=True|torch\.load", code), (
            path
        )


def test_the_readme_lists_every_setting_of_the_server():
    readme = (ROOT / "README.md").read_text()
    listed = set(re.findall(r"^\| `(PORT|NINEFOLD_\w+)` \|", readme, re.MULTILINE))
    fields = set(ServerSettings.__dataclass_fields__) - {"port"}
    assert listed == {"PORT"} | {f"NINEFOLD_{name.upper()}" for name in fields}
