"""Sentences for visitors about faults, and the faults that mean a lack of memory."""

import errno

from dalle.errors import DalleError, FaultError

NO_MEMORY = (
    "There was not enough memory to draw this. Your prompt is kept; try it again, with fewer "
    "candidates if it fails again."
)
DISK_FULL = "The server's disk is full, so the files could not be written; try again later."
# Of the server's own files: nothing that a visitor does differently helps.
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR}
NO_FILES = (
    "The server cannot write its own files ({kind}); ask its owner to look at its "
    "temporary folder. Your prompt is kept."
)
STOPPING = "The server is being stopped and takes no more requests; try again in a minute."
STOPPED = (
    "The server had to stop before this was drawn. Your prompt is kept; try again in a minute."
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the host's memory or a device's ran out."""
    told = str(error)
    # XLA has no exception of its own for it.
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in told or "bad_alloc" in told


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room for a file."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def tell(error: BaseException) -> DalleError:
    """The sentence of a DalleError; of anything else its kind alone, as details may be secret."""
    if isinstance(error, DalleError):
        return error
    if is_out_of_memory(error):
        return FaultError(NO_MEMORY)
    if is_disk_full(error):
        return FaultError(DISK_FULL)
    if isinstance(error, OSError) and error.errno in DENIED:
        return FaultError(NO_FILES.format(kind=type(error).__name__))
    return FaultError(
        f"Drawing failed ({type(error).__name__}). Your prompt is kept; try it again."
    )
