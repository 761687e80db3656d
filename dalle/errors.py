"""The error whose message is written for the person at the screen."""


class DalleError(Exception):
    """Something the user can mend; the message says what was given, what is allowed, what to do."""


class CheckpointError(DalleError):
    """A model's files do not hold what its config.json promises."""
