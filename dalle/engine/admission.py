"""Refusals of requests with too long a wait, with the seconds after which to try again."""

import math

from dalle.engine.messages import STOPPING
from dalle.engine.throughput import Throughput
from dalle.errors import DalleError

A_MINUTE = 60.0
TOO_MANY_PICTURES = (
    "Too many pictures are waiting to be gone on with; try it again in a minute. Your prompt is "
    "kept."
)
A_RESTART = 30.0  # seconds until a server that was stopped is there again, usually


class BusyError(DalleError):
    """Too much is waiting already; worth another try after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float = A_MINUTE) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoppingError(BusyError):
    """The server is being stopped; another one is usually there soon."""


def refuse(
    throughput: Throughput,
    *,
    stopping: bool = False,
    pictures: bool = False,
    waiting: int = 0,
    seconds: float = 0.0,
    allowed: float = 0.0,
) -> BusyError:
    """The refusal for the one reason that is given.

    Stopping, too many pictures to go on with, too many waiting, too long a wait.
    """
    if stopping:
        return StoppingError(STOPPING, A_RESTART)
    if pictures:
        return BusyError(TOO_MANY_PICTURES, A_MINUTE)
    if waiting:
        if throughput.batch_seconds is None:
            after, told = A_MINUTE, "in a minute"
        else:
            # By then a quarter of them is drawn.
            after = max(1.0, throughput.batch_seconds * waiting / 4)
            told = f"in about {math.ceil(after)} seconds"
        return BusyError(
            f"{waiting} requests are waiting, and no more are taken; try again {told}. "
            "Your prompt is kept.",
            after,
        )
    after = max(1.0, seconds - allowed)
    return BusyError(
        f"You would wait about {seconds:.0f} seconds, and at most {allowed:.0f} are asked of "
        f"anybody; try again in about {math.ceil(after)} seconds. Your prompt is kept.",
        after,
    )
