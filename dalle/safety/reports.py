"""Reports of visitors about pictures: a file of JSON each in a folder, kept for 90 days.

A report has a category, an optional note, and, if ticked, the prompt and the picture. No
address, no session, no time finer than the day. Where the owner names a private data set on the
Hub and a token that may write to it, huggingface_hub's CommitScheduler pushes the folder there.

The folder may be a bucket of the Hub's, mounted: each file is new and written once, since a mounted
bucket takes no more lines for a file that is there (github.com/huggingface/hf-mount, "Writes").
"""

import io
import json
import logging
import re
import secrets
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from dalle.errors import DalleError
from dalle.safety.settings import SafetySettings
from dalle.settings import SettingsError, check_text

log = logging.getLogger(__name__)

CATEGORIES = {
    "sexual": "sexual content",
    "minors": "something that harms children",
    "violence": "violence or gore",
    "hate": "hate",
    "self-harm": "self-harm",
    "real-person": "a real person",
    "bias": "a stereotype",
    "blocked": "a harmless prompt was blocked",
    "other": "something else",
}
MAX_NOTE = 500  # characters
MAX_PICTURE = 2 * 2**20  # bytes
MAX_PER_DAY = 1000  # a flood of reports must not fill the disk
KEPT_DAYS = 90
PUSHED_EVERY = 10  # minutes
LOST = (
    "reports in %s are lost when the Space restarts: mount a bucket (hf spaces volumes set "
    "OWNER/NAME -v hf://buckets/OWNER/BUCKET:/data) and set NINEFOLD_REPORTS_FOLDER=/data/reports"
)
# Fields of the recipe in a report; the rest of the recipe may hold the prompt.
FROM_RECIPE = ("model", "revision", "seed", "candidate")
FILE_DAY = re.compile(r"(?:.*/)?\w+-(\d{4}-\d\d-\d\d)-\w+\.(?:jsonl|png)")


def today() -> date:
    return datetime.now(UTC).date()


class Reports:
    """The folder of reports, and its copy on the Hub where there is one."""

    def __init__(
        self,
        folder: str | Path,
        repository: str = "",
        token: str = "",
        *,
        endpoint: str | None = None,
        today: Callable[[], date] = today,
    ) -> None:
        """SettingsError where the folder cannot be written to."""
        self.folder = Path(folder)
        self.repository = repository
        self._today = today
        self._process = secrets.token_hex(4)  # each process has names of its own
        self._day, self._count = today(), 0
        self._scheduler: Any = None
        try:
            (self.folder / "pictures").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"NINEFOLD_REPORTS_FOLDER is {str(folder)!r}, which cannot be written to "
                f"({error.strerror}); name another folder, on a Space one in a mounted bucket."
            ) from error
        if repository:
            self._scheduler = start_pushing(self.folder, repository, token, endpoint)
        self._lock: AbstractContextManager = getattr(self._scheduler, "lock", threading.Lock())
        self.purge()

    @classmethod
    def of(cls, settings: SafetySettings, *, on_space: bool = False) -> "Reports | None":
        """None where no folder is set: then there is no Report button."""
        if bool(settings.reports_repository) != bool(settings.reports_token):
            raise SettingsError(
                "NINEFOLD_REPORTS_REPOSITORY and NINEFOLD_REPORTS_TOKEN belong together; "
                "set both, or neither to keep reports in the folder alone."
            )
        if settings.reports_repository and not settings.reports_folder:
            raise SettingsError(
                "NINEFOLD_REPORTS_REPOSITORY is set without NINEFOLD_REPORTS_FOLDER; "
                "name a folder where reports wait to be pushed."
            )
        if not settings.reports_folder:
            return None
        stays = settings.reports_repository or is_mounted(settings.reports_folder)
        if on_space and not stays:
            log.warning(LOST, settings.reports_folder)
        return cls(settings.reports_folder, settings.reports_repository, settings.reports_token)

    def add(
        self,
        category: str,
        note: str = "",
        *,
        recipe: dict[str, Any] | None = None,
        prompt: str | None = None,
        png: bytes | None = None,
    ) -> str:
        """Writes a report and returns its number; `prompt` and `png` only if the visitor ticked it.

        The pixels of `png` are kept, none of its text. DalleError for a report that cannot be
        taken.
        """
        if category not in CATEGORIES:
            raise SettingsError(
                f"category is {str(category)[:50]!r}; it must be one of {', '.join(CATEGORIES)}."
            )
        if len(check_text("note", note)) > MAX_NOTE:
            raise SettingsError(
                f"note has {len(note)} characters; at most {MAX_NOTE} are kept, so shorten it."
            )
        day, number = self._today(), secrets.token_hex(8)
        line: dict[str, Any] = {"report": number, "day": day.isoformat(), "category": category}
        line |= {name: recipe[name] for name in FROM_RECIPE if recipe and name in recipe}
        if note.strip():
            line["note"] = note
        if prompt is not None:
            line["prompt"] = check_text("prompt", prompt)
        pixels = None if png is None else strip(png)
        if pixels is not None:
            line["picture"] = f"pictures/picture-{day}-{number}.png"
        with self._lock:
            new_day = self._take_place(day)
            self._write(day, line, pixels)
        if new_day:
            self.purge()
        return number

    def purge(self) -> None:
        """Deletes reports older than KEPT_DAYS, in the folder and on the Hub."""
        oldest = self._today() - timedelta(days=KEPT_DAYS)
        for path in [*self.folder.glob("*.jsonl"), *self.folder.glob("pictures/*.png")]:
            if is_older(path.name, oldest):
                path.unlink(missing_ok=True)
        if self._scheduler:
            self._scheduler.api.run_as_future(purge_hub, self._scheduler, oldest)

    def close(self) -> None:
        """Pushes the remaining reports, and stops."""
        if self._scheduler:
            self._scheduler.trigger().result()
            self._scheduler.stop()

    def _take_place(self, day: date) -> bool:
        """Counts a report; whether it is the first of a new day. DalleError after too many."""
        new_day = day != self._day
        if new_day:
            self._day, self._count = day, 0
        if self._count >= MAX_PER_DAY:
            raise DalleError(
                f"{MAX_PER_DAY} reports came in today, and no more are taken; try again tomorrow."
            )
        self._count += 1
        return new_day

    def _write(self, day: date, line: dict[str, Any], pixels: bytes | None) -> None:
        content = f"{json.dumps(line)}\n".encode()
        files = {f"reports-{day}-{self._process}{self._count:04}.jsonl": content}
        if pixels is not None:
            files = {line["picture"]: pixels, **files}
        try:
            for name, content in files.items():
                (self.folder / name).write_bytes(content)
        except OSError as error:
            for name in files:
                (self.folder / name).unlink(missing_ok=True)
            raise DalleError(
                f"The report could not be kept ({error.strerror}); try again later."
            ) from error


def is_mounted(folder: str | Path) -> bool:
    """Whether a folder is on another disk than the process's own, which a Space empties."""
    folder = Path(folder).absolute()
    return any(path.is_mount() for path in (folder, *folder.parents[:-1]))


def strip(png: bytes) -> bytes:
    """A picture of ours without any text or metadata; DalleError where it is none."""
    if len(png) > MAX_PICTURE:
        raise DalleError(f"The picture has {len(png):,} bytes; at most {MAX_PICTURE:,} are kept.")
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            plain = image.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise DalleError("The picture is no PNG file; send one as it was shown here.") from error
    plain.info = {}
    content = io.BytesIO()
    plain.save(content, "PNG")
    return content.getvalue()


def is_older(name: str, oldest: date) -> bool:
    """Whether a file of ours, by its name, is of a day before `oldest`."""
    match = FILE_DAY.fullmatch(name)
    return bool(match) and date.fromisoformat(match[1]) < oldest


def start_pushing(folder: Path, repository: str, token: str, endpoint: str | None) -> Any:
    """The scheduler; None where the Hub does not answer: reports then stay in the folder."""
    # Imported here: reports in a folder need no Hub.
    from huggingface_hub import CommitScheduler, HfApi
    from huggingface_hub.errors import HTTPError

    try:
        return CommitScheduler(
            repo_id=repository,
            repo_type="dataset",
            folder_path=folder,
            every=PUSHED_EVERY,
            private=True,
            allow_patterns=["*.jsonl", "pictures/*.png"],
            hf_api=HfApi(endpoint=endpoint, token=token),
        )
    except (HTTPError, OSError, ValueError) as error:
        log.error("reports are kept in the folder alone, as %s failed: %s", repository, error)
        return None


def purge_hub(scheduler: Any, oldest: date) -> None:
    """Deletes the Hub's copies of old files, and the history that still holds them."""
    api, where = scheduler.api, {"repo_id": scheduler.repo_id, "repo_type": scheduler.repo_type}
    try:
        old = [name for name in api.list_repo_files(**where) if is_older(name, oldest)]
        if old:
            api.delete_files(delete_patterns=old, **where)
            api.super_squash_history(**where)
    except Exception:  # of the network or the Hub; tried again tomorrow
        log.exception("old reports could not be deleted from %s", scheduler.repo_id)
