"""Compiled programs on disk for the next start: JAX's own cache, in a trusted folder.

docs.jax.dev/en/latest/persistent_compilation_cache.html. Its files are run as they are. So each
kind of processor, with all its features, and each version of JAX has a folder of its own: code for
another processor can end the process, or round otherwise. A folder that another user owns or can
write to is not used.
"""

import hashlib
import logging
import os
import stat
from importlib.metadata import version
from pathlib import Path

import jax

from dalle.models.hardware import processor_identity

log = logging.getLogger(__name__)

FOLDER = Path(".cache", "ninefold", "compiled")  # in the user's home


def keep_compiled(root: Path | None = None) -> Path | None:
    """Lets JAX store and reuse compiled programs; returns the folder, if any.

    Call it before anything is compiled. Nothing is changed where JAX_COMPILATION_CACHE_DIR names a
    folder, and nothing is stored for a processor without a known name.
    """
    processor = processor_identity()
    if jax.config.jax_compilation_cache_dir or not processor:
        return None
    versions = [f"{name} {version(name)}" for name in ("jax", "jaxlib")]
    kind = hashlib.sha256("\n".join([processor, *versions]).encode()).hexdigest()[:16]
    try:
        folder = (root or Path.home() / FOLDER) / kind
        folder.mkdir(parents=True, exist_ok=True)
        fault = next(filter(None, map(distrust, (folder.parent, folder))), None)
    except (OSError, RuntimeError) as error:  # a RuntimeError where there is no home
        fault = str(error)
    if fault:
        log.warning("Compiled programs are not kept, so each start compiles anew: %s", fault)
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # The small ones are many, and together take seconds too.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return folder


def distrust(folder: Path) -> str:
    """Why programs of a folder must not be run; "" where this user alone can write to it."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return f"{folder} is no folder; remove it"
    if status.st_uid != os.getuid():
        return f"{folder} belongs to somebody else; remove it"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{folder} can be written to by others; run chmod go-w on it"
    return ""
