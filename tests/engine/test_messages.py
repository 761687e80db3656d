"""A thousand requests among which much goes wrong: each ends in pictures or in a sentence."""

import errno
import random
import threading
from collections import Counter

import pytest

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.messages import is_out_of_memory, tell
from dalle.engine.status import QueueStatus
from dalle.errors import DalleError
from dalle.generation.result import Result
from dalle.serving.api import endpoints as api
from tests.fakes.orders import ask
from tests.fakes.unlucky_pipeline import FAULTS, Unlucky

REQUESTS, VISITORS = 1000, 20


def test_a_thousand_requests_with_faults() -> None:
    pipeline = Unlucky()
    engine = LocalEngine(lambda: pipeline, VISITORS)
    engine.start()
    engine.wait_until_settled()
    faults = (*FAULTS, "leave")
    endings: Counter[str] = Counter()

    def visit(visitor: int) -> None:
        dice = random.Random(visitor)
        for number in range(REQUESTS // VISITORS):
            prompt = dice.choice(faults) if dice.random() < 0.2 else f"cat {number}"
            knobs = {"seed": dice.getrandbits(32), "only": [1], "visitor": str(visitor)}
            try:
                frames = ask(engine, prompt, **knobs)
                if prompt == "leave":
                    next(frames)
                    frames.close()
                    endings["left"] += 1
                    continue
                *_, last = frames
                endings["drawn" if isinstance(last, Result) else "lost"] += 1
            except BusyError as error:
                endings["refused" if error.retry_after > 0 else "lost"] += 1
            except DalleError as error:
                endings["told" if str(error) and "secret" not in str(error) else "lost"] += 1

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(VISITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert sum(endings.values()) == REQUESTS
    assert endings["lost"] == 0
    assert endings["drawn"] > 0.7 * REQUESTS
    assert endings["told"] > 0
    assert (engine.waiting, engine.subscribed) == (0, 0)
    pipeline.odds = 0
    *_, last = ask(engine, "a cat after all of that")
    assert isinstance(last, Result)
    assert not isinstance(last, QueueStatus)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DalleError("Choose another."), "Choose another."),
        (MemoryError(), "not enough memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: out of memory"), "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (
            PermissionError(errno.EACCES, "secret"),
            r"own files \(PermissionError\); ask its owner",
        ),
        (OSError(errno.EROFS, "secret"), "cannot write its own files"),
        (ValueError("secret detail"), r"failed \(ValueError\)"),
    ],
)
def test_each_fault_is_a_sentence(error: Exception, sentence: str) -> None:
    with pytest.raises(DalleError, match=sentence) as told:
        raise tell(error)
    assert "secret" not in str(told.value)
    assert is_out_of_memory(error) == ("memory" in sentence)
    # Advice stands only where it can help.
    assert ("fewer candidates" in str(told.value)) == is_out_of_memory(error)


def test_a_full_disk_is_told_to_programs() -> None:
    with pytest.raises(Exception, match="disk is full"), api.told_to_the_caller():
        raise OSError(errno.ENOSPC, "No space left on device")
