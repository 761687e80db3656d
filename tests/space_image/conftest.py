"""The app as a Space starts it: what `publish` uploads, its packages, a user who writes little."""

import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dalle.publish.space_files import list_files
from dalle.publish.space_hardware import find_hardware

ROOT = Path(__file__).parents[2]
USER = 1000  # of a Space
PATIENCE = 900  # seconds until a test gives up


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter with the packages of a Space."""
    if "SPACE_PYTHON" not in os.environ:
        pytest.skip("tests/space installs the packages of a Space and names their interpreter")
    return os.environ["SPACE_PYTHON"]


def as_user(command: list[str]) -> list[str]:
    """The command as the user of a Space, who may read all and write nothing of this machine's.

    Whoever is not root here may stay who they are: they can write neither folder below.
    """
    if os.geteuid() != 0:
        return command
    if not shutil.which("setpriv"):
        pytest.skip("there is no setpriv (util-linux) here, which makes root another user")
    reads = "dac_read_search"  # the interpreter may be in root's home
    return [
        "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
        f"--inh-caps=+{reads}", f"--ambient-caps=+{reads}", f"--bounding-set=-all,+{reads}",
        *command,
    ]  # fmt: skip


@pytest.fixture(scope="session")
def space(python: str) -> Iterator[Path]:
    """The files of a Space and an empty home beside them, neither to be written."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "home").mkdir()
        for file in list_files(ROOT, find_hardware("cpu-basic")):
            path = folder / "app" / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.source.read_bytes() if file.content is None else file.content)
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for path in folders:
            path.chmod(0o555)
        yield folder
        for path in folders:
            path.chmod(0o755)


@pytest.fixture
def start(python: str, space: Path) -> Iterator[Callable[..., tuple[str, Path]]]:
    """Starts the app with more variables; returns its address and the file with its log."""
    with ExitStack() as stack:
        yield lambda **variables: stack.enter_context(running(python, space, variables))


@contextmanager
def running(python: str, space: Path, variables: dict[str, str]) -> Iterator[tuple[str, Path]]:
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o777)
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(space / "home"), "TMPDIR": scratch,
            "PYTHONDONTWRITEBYTECODE": "1", "SYSTEM": "spaces", "SPACE_ID": "me/dice",
            "SPACE_HOST": "me-dice.hf.space", "CPU_CORES": "2", "MEMORY": "16Gi",
            "ACCELERATOR": "none", "PORT": str(port), **variables,
        }  # fmt: skip
        log = Path(scratch, "log")
        with log.open("w") as output:
            app = subprocess.Popen(
                as_user([python, "app.py"]), cwd=space / "app", env=environment,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(app, address, log)
            yield address, log
        finally:
            app.terminate()
            code = app.wait()
        assert code == 0, log.read_text()


def free_port() -> int:
    """Below those that the system gives to others: minutes pass until the app listens on it."""
    while True:
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", random.randrange(20_000, 30_000)))
            except OSError:  # taken
                continue
            return free.getsockname()[1]


def wait_until_ready(app: subprocess.Popen, address: str, log: Path) -> None:
    for _ in range(10 * PATIENCE):
        assert app.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"{address}/readyz").close()
            return
        except OSError:  # not listening or not ready yet
            time.sleep(0.1)
    pytest.fail(f"not ready after {PATIENCE} seconds: {log.read_text()}")


@pytest.fixture
def device_api() -> Iterator[tuple[str, list[str]]]:
    """What stands for ZeroGPU's machine: its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()
