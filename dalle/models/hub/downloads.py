"""Downloads from the Hugging Face Hub: always the same commit, sizes before, hashes after.

A branch is followed once: the commit that it had is kept beside the files, in `pins/`, and used
ever after. For a newer one, name it or delete the pin.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from dalle.errors import DalleError
from dalle.files import write_atomically

COMMIT = re.compile(r"[0-9a-f]{40}")
MAIN = "main"
WEIGHTS = (".msgpack", ".safetensors")
MAX_WEIGHTS = 16 * 2**30  # bytes of all weights of a part; the largest known, mega's, are 9.9e9
MAX_DESCRIPTION = 256 * 2**20  # of any other file; the largest known is a list of words
PATIENCE = 10  # seconds that the Hub has to answer


@dataclass(frozen=True)
class Offered:
    """A file of a repository at one commit: its expected hash, if the Hub tells."""

    name: str
    size: int | None
    sha256: str | None
    blob: str | None  # git's own name for the content

    def fits(self, path: Path) -> bool:
        """Whether the file's content is the one that was offered."""
        if self.sha256:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        if self.blob:
            content = path.read_bytes()
            head = b"blob %d\0" % len(content)
            return hashlib.sha1(head + content, usedforsecurity=False).hexdigest() == self.blob
        return True


def fetch(
    repository: str, revision: str | None, patterns: list[str], progress: type | None = None
) -> Path:
    """The local folder of a repository's files that match, fetched where they are not there.

    `revision` is a commit, a branch or a tag. DalleError for files that are too large or differ
    from the Hub's offer; huggingface_hub's own errors where the Hub cannot be reached.
    """
    # Imported here: files that are there need no Hub.
    from huggingface_hub import errors, snapshot_download
    from huggingface_hub.utils import filter_repo_objects

    pins = find_pins(repository)
    commit = read_pin(pins, revision)
    asked = {"allow_patterns": patterns, **({"tqdm_class": progress} if progress else {})}
    try:
        found, offered = list_files(repository, commit or revision)
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError):
        raise
    except (errors.HTTPError, OSError) as unreachable:
        try:
            return Path(
                snapshot_download(
                    repository, revision=commit or revision, local_files_only=True, **asked
                )
            )
        except errors.LocalEntryNotFoundError:
            raise unreachable from None
    wanted = list(filter_repo_objects(offered, allow_patterns=patterns, key=lambda file: file.name))
    check_sizes(repository, wanted)
    folder = Path(snapshot_download(repository, revision=found, **asked))
    check_hashes(repository, folder, wanted, pins / "checked")
    write_pin(pins, revision, found)
    return folder


def list_files(repository: str, revision: str | None) -> tuple[str, list[Offered]]:
    """The commit that a revision is now, and the files that it has."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(repository, revision=revision, files_metadata=True, timeout=PATIENCE)
    if not COMMIT.fullmatch(info.sha or ""):
        raise DalleError(f"{repository} has no commit ({info.sha!r}); try again, or name a folder.")
    return info.sha, [
        Offered(file.rfilename, file.size, file.lfs.sha256 if file.lfs else None, file.blob_id)
        for file in info.siblings or []
    ]


def check_sizes(repository: str, files: list[Offered]) -> None:
    """DalleError for more bytes than any model of ours has; nothing is fetched then."""
    weights = 0
    for file in files:
        large = file.name.endswith(WEIGHTS)
        limit = MAX_WEIGHTS if large else MAX_DESCRIPTION
        if file.size is None or file.size > limit:
            size = "an unknown number of" if file.size is None else f"{file.size:,}"
            raise too_large(repository, f"{file.name} has {size} bytes", limit)
        weights += file.size if large else 0
    if weights > MAX_WEIGHTS:
        raise too_large(repository, f"its weights have {weights:,} bytes", MAX_WEIGHTS)


def too_large(repository: str, what: str, limit: int) -> DalleError:
    return DalleError(
        f"{repository} is not fetched: {what}, and at most {limit:,} are taken; "
        "if you want it, download it yourself and name its folder."
    )


def check_hashes(repository: str, folder: Path, files: list[Offered], checked: Path) -> None:
    """DalleError for a file that differs from the Hub's offer; it is deleted.

    `checked` is a file with the hashes of those that were looked at: gigabytes take a while.
    """
    known = set(checked.read_text().split()) if checked.is_file() else set()
    for file in files:
        digest = file.sha256 or file.blob
        if digest is None or digest in known:
            continue
        path = folder / file.name
        if not file.fits(path):
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            raise DalleError(
                f"{file.name} of {repository} arrived damaged: its hash is not {digest}, as the "
                "Hub says. It was deleted; try again."
            )
        checked.parent.mkdir(parents=True, exist_ok=True)
        with checked.open("a") as list_of_them:
            list_of_them.write(f"{digest}\n")


def find_pins(repository: str) -> Path:
    """The folder, beside the repository's files, with a file for each branch or tag."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    name = repo_folder_name(repo_id=repository, repo_type="model")
    return Path(constants.HF_HUB_CACHE) / name / "pins"


def read_pin(pins: Path, revision: str | None) -> str | None:
    """The commit that a revision had when it was first fetched; None before.

    Without a pin it is the commit that huggingface_hub noted, as where a Space fetched the files
    while it was built.
    """
    path = pins / quote(revision or MAIN, safe="")
    if not path.is_file() and revision in (None, MAIN):
        path = pins.parent / "refs" / MAIN
    if not path.is_file():
        return None
    commit = path.read_text().strip()
    if not COMMIT.fullmatch(commit):
        raise DalleError(f"{path} holds no commit of 40 hexadecimal digits; delete it.")
    return commit


def write_pin(pins: Path, revision: str | None, commit: str) -> None:
    path = pins / quote(revision or MAIN, safe="")
    if path.is_file() or COMMIT.fullmatch(revision or ""):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, f"{commit}\n")
