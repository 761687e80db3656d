"""The error whose message is for the person at the screen, and what the log tells of others."""

import traceback

FRAMES = 4  # of a mistake, in the log


class DalleError(Exception):
    """Something the user can mend; the message says what was given, what is allowed, what to do."""


class CheckpointError(DalleError):
    """A model's files do not hold what its config.json promises."""


class PromptRefused(DalleError):  # noqa: N818 (the name that others catch)
    """The prompt filter does not let this be drawn; the prompt itself is not in the message."""

    def __init__(self, message: str, category: str):
        super().__init__(message)
        self.category = category

    def __reduce__(self) -> tuple:
        # From one process to another; by itself an exception takes its message along alone.
        return type(self), (str(self), self.category)


class FaultError(DalleError):
    """The server or the model failed, for any prompt."""


def describe_fault(error: BaseException | None) -> str:
    """The kind of a mistake and where it was made, without its words: they may be a visitor's."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:] if error else []
    places = " > ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in frames)
    return f"{type(error).__name__} in {places}"
