"""SIGTERM: what was accepted is finished, nothing new is taken, and the end is an orderly one."""

import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.fakes.hostile import OPENAI
from tests.serving.conftest import ROOT, running

# The signal reaches another thread than the main one, whose wait it doesn't interrupt.
SIGNALLED_ELSEWHERE = """
import signal, threading
from dalle.serving.server import wait_for_signal

threading.Timer(0.5, signal.raise_signal, [{number}]).start()
wait_for_signal()
print("stopped")
"""


def test_a_signal_under_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDS_PER_FRAME", "0.5")
    with running("-m", "tests.fakes.engine") as (address, server):
        answers = []

        def ask(number: int) -> None:
            order = {"prompt": f"cat {number}", "n": 1}
            answers.append(httpx.post(address + OPENAI, json=order, timeout=60))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        server.terminate()
        time.sleep(0.5)
        assert httpx.get(f"{address}/readyz").status_code == 503
        late = httpx.post(address + OPENAI, json={"prompt": "late"})
        assert late.status_code == 503
        assert "is being stopped" in late.json()["error"]["message"]
        assert int(late.headers["retry-after"]) > 0
        for thread in threads:
            thread.join()
        assert [answer.status_code for answer in answers] == [200] * 3
        assert server.wait(30) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_interrupts_nothing_ends_the_wait(number: signal.Signals) -> None:
    program = SIGNALLED_ELSEWHERE.format(number=int(number))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
