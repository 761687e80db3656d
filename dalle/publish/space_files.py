"""The files of a checkout that a Space needs, adapted to its hardware."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dalle.errors import DalleError
from dalle.publish.space_hardware import Hardware

# All else stays here: notes, runs, and tests, whose phrases would be public in the owner's name.
TOP_LEVEL = (
    "README.md",
    "app.py",
    "requirements.txt",
    "pre-requirements.txt",  # an owner may have these two, which the Hub's builder reads
    "packages.txt",
    "assets",
    "dalle",
)
NEEDED = ("README.md", "app.py", "requirements.txt", "assets", "dalle")
ADAPTED = ("README.md", "assets/ninefold.ipynb", "requirements.txt")
NAMELESS = "OWNER/NAME"  # in addresses that are to lead to the Space itself
ADDRESS = "huggingface.co/spaces/{}"
# The Hub refuses a git push with a file over 10 MiB, and a clone of the Space may be pushed.
MAX_FILE_BYTES = 9_500_000


@dataclass(frozen=True)
class SpaceFile:
    """A file by its path in the Space; `content` where it differs from the file here."""

    path: str
    source: Path
    content: bytes | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """In bytes."""
        return self.source.stat().st_size if self.content is None else len(self.content)


def list_files(root: Path, hardware: Hardware, space: str = NAMELESS) -> list[SpaceFile]:
    """All files that the Space needs, adapted to its hardware and name, sorted by path.

    DalleError where this is no whole checkout.
    """
    missing = [name for name in NEEDED if not (root / name).exists()]
    if missing:
        raise DalleError(
            f"{root} has no {' and no '.join(missing)}, which a Space needs; "
            "clone the whole repository and publish from there."
        )
    files = [adapt(file, hardware, space) for name in TOP_LEVEL for file in walk(root, root / name)]
    return sorted(files, key=lambda file: file.path)


def check_sizes(files: list[SpaceFile]) -> None:
    """DalleError for files over MAX_FILE_BYTES."""
    large = [file for file in files if file.size > MAX_FILE_BYTES]
    if large:
        sizes = ", ".join(f"{file.path} ({megabytes(file.size)})" for file in large)
        raise DalleError(
            f"Too large: {sizes}. A file of a Space may have {megabytes(MAX_FILE_BYTES)}, because "
            "the Hub refuses larger ones in a git push; save weights in shards."
        )


def walk(root: Path, top: Path) -> Iterator[SpaceFile]:
    """The files of a folder, or one file; nothing hidden, no caches, no environments."""
    if top.is_file():
        yield SpaceFile(top.relative_to(root).as_posix(), top)
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if is_content(Path(folder, name))]
        for name in names:
            path = Path(folder, name)
            if not name.startswith(".") and path.suffix != ".pyc" and path.is_file():
                yield SpaceFile(path.relative_to(root).as_posix(), path)


def is_content(folder: Path) -> bool:
    """Whether a folder is part of the product; huggingface_hub refuses any named ".cache"."""
    hidden = folder.name.startswith(".") or folder.name == "__pycache__"
    return not hidden and not (folder / "pyvenv.cfg").exists()


def adapt(file: SpaceFile, hardware: Hardware, space: str) -> SpaceFile:
    """JAX with CUDA on a GPU; hardware and name in README.md; the name in the notebook."""
    if file.path not in ADAPTED:
        return file
    text = file.source.read_text(encoding="utf-8")
    changed = text.replace(ADDRESS.format(NAMELESS), ADDRESS.format(space))
    if file.path == "requirements.txt" and hardware.gpu:
        changed = replace_line(file, changed, r"^jax==", f"jax[{hardware.jax_extra}]==")
    if file.path == "README.md":
        line = f"suggested_hardware: {hardware.name}"
        changed = replace_line(file, changed, r"^suggested_hardware: .*$", line)
    return file if changed == text else SpaceFile(file.path, file.source, changed.encode())


def replace_line(file: SpaceFile, text: str, pattern: str, line: str) -> str:
    """The text with the first match changed; DalleError where there is none."""
    changed, count = re.subn(pattern, lambda _: line, text, count=1, flags=re.MULTILINE)
    if not count:
        raise DalleError(
            f"{file.path} has no line that matches {pattern!r}, so it cannot be adapted to the "
            "Space's hardware; take the file of the repository."
        )
    return changed


def megabytes(size: int) -> str:
    """Such as "9.5 MB"."""
    return f"{size / 1e6:.1f} MB"
