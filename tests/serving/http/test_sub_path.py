"""Requests of a proxy that shows the server under a path."""

import pytest
from starlette.datastructures import Headers

from dalle.serving.http.sub_path import under_path


def scope(path: str, **headers: str) -> dict:
    named = {"host": "127.0.0.1:7860"} | {key.replace("_", "-"): v for key, v in headers.items()}
    return {"type": "http", "path": path, "scheme": "http", "headers": Headers(named).raw}


@pytest.mark.parametrize("path", ["/config", "/pictures/config"])
def test_a_proxy_of_ours_names_the_path(path: str):
    asked = scope(
        path, x_forwarded_prefix="/pictures/", x_forwarded_host="a.example",
        x_forwarded_proto="https",
    )  # fmt: skip
    changed = under_path(asked, trusted=True)
    assert (changed["path"], changed["root_path"]) == ("/config", "/pictures")
    headers = Headers(scope=changed)
    assert headers["x-gradio-server"] == "https://a.example/pictures"
    assert "x-forwarded-host" not in headers
    assert "x-gradio-server" not in Headers(scope=asked)


def test_anybody_else_is_not_believed():
    asked = scope("/config", x_forwarded_prefix="/pictures")
    assert under_path(asked, trusted=False) is asked


@pytest.mark.parametrize("prefix", ["", "/", "//evil.example", "a//b", "\x00"])
def test_what_is_no_path_is_left_alone(prefix: str):
    asked = scope("/config", x_forwarded_prefix=prefix)
    assert under_path(asked, trusted=True)["path"] == "/config"
    assert "evil" not in under_path(asked, trusted=True).get("root_path", "")


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/whole/config", "/config"),
        ("/whole", "/"),
        ("/config", "/config"),
        ("/wholesale", "/wholesale"),
    ],
)
def test_whole_paths_with_the_variable_set(path: str, inside: str):
    for root in ("/whole", "https://a.example/whole/"):
        assert under_path(scope(path), trusted=False, root=root)["path"] == inside
