"""A server in a process of its own, as `soak` needs it."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from dalle.errors import DalleError

PATIENCE = 600  # seconds until it has made its first picture
STOPPING = 40  # seconds that it may take to finish what it has begun
QUEUE_SIZE = 100
SESSIONS = QUEUE_SIZE + 20  # that the server keeps at most, as app.py has it


@contextmanager
def start_server(arguments: Sequence[str], max_wait: int) -> Iterator[tuple[str, int]]:
    """Address and process of `python *arguments`, once it draws; it is stopped in the end.

    DalleError where it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pictures = tempfile.TemporaryDirectory()
    environment = os.environ | {
        "GRADIO_TEMP_DIR": pictures.name,
        "PORT": str(port),
        "NINEFOLD_MAX_WAIT": str(max_wait),
        "NINEFOLD_RATE_LIMIT": "100000/minute",  # all visitors come from one address,
        "NINEFOLD_TRUSTED_HOPS": "1",  # as if a proxy stood there, which may connect often
        "NINEFOLD_QUEUE_SIZE": str(QUEUE_SIZE),
        "NINEFOLD_RESULT_CACHE": "16",  # full soon, so that memory is level soon
    }
    server = subprocess.Popen([sys.executable, *arguments], env=environment)
    try:
        yield _wait_for(server, f"http://127.0.0.1:{port}"), server.pid
    finally:
        server.terminate()
        try:
            server.wait(STOPPING)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        pictures.cleanup()


def _wait_for(server: subprocess.Popen, address: str) -> str:
    for _ in range(PATIENCE):
        if server.poll() is not None:
            raise DalleError(f"the server ended by itself, with code {server.returncode}.")
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return address
        except httpx.TransportError:  # not listening yet
            pass
        time.sleep(1)
    raise DalleError(f"the server made no picture in {PATIENCE} seconds; see its log above.")


def count_handles(process: int) -> dict[str, int]:
    """A process's open files, the sockets among them, and its threads, as Linux tells."""
    place = Path(f"/proc/{process}")
    files = list((place / "fd").iterdir())
    sockets = sum(_is_socket(file) for file in files)
    threads = len(list((place / "task").iterdir()))
    return {"files": len(files), "sockets": sockets, "threads": threads}


def _is_socket(file: Path) -> bool:
    try:
        return os.readlink(file).startswith("socket:")
    except FileNotFoundError:  # closed since it was listed
        return False


async def read_figures(client: httpx.AsyncClient) -> dict[str, float]:
    """The server's /metrics, by name and labels."""
    text = (await client.get("/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.M)}
