"""What a visitor is told when something breaks, and which breakages mean a lack of memory."""

import errno

from dalle.errors import DalleError, FaultError

NO_MEMORY = (
    "There was not enough memory to draw this. Your prompt is kept; try it again, with fewer "
    "candidates if it fails again."
)
DISK_FULL = "The server's disk is full, so the files could not be written; try again later."
STOPPING = "The server is being stopped and takes no more requests; try again in a minute."
STOPPED = (
    "The server had to stop before this was drawn. Your prompt is kept; try again in a minute."
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the host's memory or a device's ran out."""
    told = str(error)
    # XLA has no exception of its own for it.
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in told or "bad_alloc" in told


def tell(error: BaseException) -> DalleError:
    """The sentence of a DalleError; of anything else its kind alone, as details may be secret."""
    if isinstance(error, DalleError):
        return error
    if is_out_of_memory(error):
        return FaultError(NO_MEMORY)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return FaultError(DISK_FULL)
    return FaultError(
        f"Drawing failed ({type(error).__name__}). Your prompt is kept; try it again, "
        "with fewer candidates if it fails again."
    )
