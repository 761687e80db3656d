"""A server that cannot start says why in one sentence, before anything is loaded."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dalle.serving.preflight import check_port, make_folder
from dalle.settings import SettingsError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def used_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_told(used_port):
    with pytest.raises(SettingsError, match=f"port {used_port} is used by another program; set P"):
        check_port(used_port)


def test_a_port_that_was_just_left_is_free():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            answering, _ = listener.accept()
            answering.close()  # the first to close: its side stays in TIME_WAIT
            assert client.recv(1) == b""
    check_port(port)


def test_each_server_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first, second = make_folder(7860, {}), make_folder(7861, {})
    assert first != second
    assert first.parent == second.parent == tmp_path / f"ninefold-{os.getuid()}"
    assert first.stat().st_mode & 0o777 == 0o700
    assert make_folder(7860, {}) == first  # after a restart
    given = make_folder(7860, {"GRADIO_TEMP_DIR": str(tmp_path / "of" / "mine")})
    assert given.parent == tmp_path / "of" / "mine"


def test_what_an_earlier_server_left_is_deleted_after_a_day_and_nothing_else(tmp_path):
    environment = {"GRADIO_TEMP_DIR": str(tmp_path)}
    mine, other = make_folder(7860, environment), make_folder(7861, environment)
    old = time.time() - 90_000
    for folder in (mine / "old", mine / "new", other / "old", tmp_path / "old"):
        folder.mkdir()
        (folder / "picture.png").write_bytes(b"x")
        if folder.name == "old":
            os.utime(folder, (old, old))
    make_folder(7860, environment)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")) == [
        "old/picture.png",
        "port-7860/new/picture.png",
        "port-7861/old/picture.png",
    ]


@pytest.mark.parametrize("fault", ["owner", "mode", "link", "file"])
def test_a_folder_of_somebody_else_is_not_used(fault, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"ninefold-{os.getuid()}"
    if fault == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    elif fault == "file":
        folder.write_text("")
    else:
        folder.mkdir(mode=0o700)
    if fault == "mode":
        folder.chmod(0o777)
    if fault == "owner":
        user = os.getuid()
        # The name asks once; who owns it is asked from then on.
        answers = iter([user])
        monkeypatch.setattr("os.getuid", lambda: next(answers, user + 1))
    with pytest.raises(SettingsError, match=r"ninefold-\d+ .*set GRADIO_TEMP_DIR to a folder"):
        make_folder(7860, {})


@pytest.mark.parametrize("given", ["/proc/nowhere", "/dev/null/folder", "LOOP", "a" * 300])
def test_a_folder_that_cannot_be_written_is_told(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if given == "LOOP":
        (tmp_path / "LOOP").symlink_to("LOOP")
    with pytest.raises(
        SettingsError, match=rf"kept in .*{re.escape(given)}.* \(.+\); set GRADIO_T"
    ):
        make_folder(7860, {"GRADIO_TEMP_DIR": given})


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"PORT": "USED"}, r"Error: port \d+ is used by another program; set PORT to another one."),
        ({"GRADIO_TEMP_DIR": "/proc/nowhere", "HOME": "/proc/nowhere"}, "Error: pictures cannot b"),
        ({"JAX_PLATFORMS": "nonsense"}, "Error: JAX_PLATFORMS is 'nonsense', a device that JAX ca"),
    ],
)
def test_the_app_says_so_and_ends(variables, sentence, used_port, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    ports = {"PORT": str(used_port if "PORT" in variables else free)}
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"GRADIO_TEMP_DIR": str(tmp_path)} | variables | ports,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert re.match(sentence, ended.stderr.strip().splitlines()[-1])
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_while_the_server_starts_is_told(tmp_path):
    program = """
import os, socket
from dalle.serving import serve
check, taken = serve.check_port, []
def check_and_take(port):
    check(port)
    taken.append(socket.create_server(("0.0.0.0", port)))
serve.check_port = check_and_take
serve.serve(os.environ)
"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"GRADIO_TEMP_DIR": str(tmp_path), "PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 1
    assert f"SettingsError: port {port} is used by another program" in ended.stderr.splitlines()[-1]
