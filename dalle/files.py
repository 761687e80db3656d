"""Files that are written whole or not at all."""

import os
import secrets
from pathlib import Path


def write_atomically(path: Path, content: bytes | str) -> None:
    """Writes under another name in the same folder, then renames: no reader sees half a file."""
    partial = path.with_name(f".{secrets.token_hex(4)}.partial")  # short: names have a limit
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
