"""min-dalle beside us: the fastest of the other ports, in an environment of its own.

github.com/kuprel/min-dalle, with random weights of the same geometry: nothing is downloaded but
the program. It draws nine pictures, which it does not rank.
"""

import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dalle.errors import DalleError

FOLDER = Path(__file__).parents[2] / ".cache" / "min-dalle"
PROGRAM = Path(__file__).with_name("min_dalle_program.py")
REQUIREMENTS = ("min-dalle==0.4.11", "torch==2.13.0", "numpy==2.4.6", "emoji==2.16.0")
PICTURES = 9
GEOMETRIES = {"random:mini": "mini", "random:mega": "mega"}


def set_up() -> Path:
    """The Python that has min-dalle; installed once. DalleError where that fails."""
    python = FOLDER / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    installed = FOLDER / "installed.txt"  # written last
    wanted = "\n".join(REQUIREMENTS)
    if installed.is_file() and installed.read_text() == wanted:
        return python
    venv.create(FOLDER, clear=True, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*install, *REQUIREMENTS]).returncode:
        raise DalleError(
            f"min-dalle could not be installed into {FOLDER}; pip says why above. "
            "Leave --against away to measure without it."
        )
    installed.write_text(wanted)
    return python


class Peer:
    """A running min-dalle that draws when it is told to."""

    def __init__(self, process: subprocess.Popen):
        self._process = process

    def generate(self) -> float:
        """Seconds for nine pictures. DalleError where the program ended."""
        with suppress(BrokenPipeError):  # that it has ended is seen when it is read
            self._process.stdin.write(b"draw\n")
        return float(self.read())

    def read(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise DalleError("min-dalle ended before it had drawn; it says why above.")
        return line.decode().strip()


@contextmanager
def running(model: str, layers: int | None) -> Iterator[Peer]:
    """min-dalle, loaded, for as long as the context lasts."""
    arguments = [GEOMETRIES[model], str(layers or 0)]
    process = subprocess.Popen(
        # -P: not this module in the place of the package min_dalle.
        [set_up(), "-P", "-W", "ignore", PROGRAM, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
    )  # fmt: skip
    try:
        peer = Peer(process)
        peer.read()  # "ready"
        yield peer
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
