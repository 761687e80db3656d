"""What is free between what stays is given back."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

# One in eight of many blocks stays; tells how many megabytes were given back.
SCATTER = """
import time
from pathlib import Path
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
blocks = [bytearray(b"a" * 100_000) for _ in range(2000)]
before = resident()
del blocks[:-1:2], blocks[:-1:2], blocks[:-1:2]
end = time.monotonic() + PATIENCE
while resident() > before - 100 and time.monotonic() < end:
    time.sleep(0.01)
print(before - resident())
"""


def run(code: str) -> str:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries do not keep it"
)
KEEP = "from dalle.serving import memory; memory.PAUSE = 0.05; memory.give_memory_back()\n"


def test_what_is_free_between_what_stays_is_given_back() -> None:
    assert float(run("PATIENCE = 1" + SCATTER)) < 20
    assert float(run(KEEP + "PATIENCE = 60" + SCATTER)) > 100
