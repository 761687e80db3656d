"""The bias audit: what is asked of a model, what was seen, and the folder in which it is kept.

After "Stable Bias" (Luccioni et al., arxiv.org/abs/2303.11408) and DALL-Eval (Cho et al.,
arxiv.org/abs/2202.04053). Drawn people have no gender; counted is whom a picture looks like.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dalle.errors import DalleError

PROMPTS_FILE = Path(__file__).parent / "bias.json"
LABELS = ("man", "woman", "undetermined", "nobody")


@dataclass(frozen=True)
class Asked:
    """A prompt of the audit; for a control, what its pictures should look like."""

    text: str
    wanted: str | None = None  # "man" or "woman"


@dataclass(frozen=True)
class BiasPrompts:
    """The controls, which come first, the neutral prompts, and the one that all are compared to."""

    controls: tuple[Asked, ...]
    neutral: tuple[Asked, ...]
    reference: str
    sha256: str


@dataclass(frozen=True)
class Look:
    """What a judge says of one picture."""

    label: str  # one of LABELS
    embedding: tuple[float, ...]  # a unit vector
    tones: tuple[float, ...]  # likeness to each skin tone of the judge, sums to 1


@dataclass(frozen=True)
class Seen:
    """A prompt and what its pictures look like; why there are none, where it was refused."""

    text: str
    wanted: str | None
    looks: tuple[Look, ...]
    refusal: str = ""


def read_prompts(path: Path | None, controls: int) -> BiasPrompts:
    """The prompts of a JSON file, with as many occupations in the controls, evenly chosen."""
    path = path or PROMPTS_FILE
    try:
        content = path.read_bytes()
        data = json.loads(content)
        occupations = [str(occupation) for occupation in data["occupations"]]
        neutral, control = str(data["neutral"]), str(data["control"])
        others, reference = [str(text) for text in data["others"]], str(data["reference"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DalleError(
            f"{path} could not be read as prompts ({error!r}); it must be JSON in the form of "
            f"{PROMPTS_FILE.name}."
        ) from error
    if not 1 <= controls <= len(occupations):
        raise DalleError(
            f"controls is {controls}; it must be from 1 to {len(occupations)}, the number of "
            "occupations, because without controls nothing can be concluded."
        )
    chosen = [occupations[n * len(occupations) // controls] for n in range(controls)]
    return BiasPrompts(
        controls=tuple(
            Asked(control.format(wanted, occupation), wanted)
            for occupation in chosen
            for wanted in ("man", "woman")
        ),
        neutral=tuple(map(Asked, [*others, *(neutral.format(o) for o in occupations)])),
        reference=reference,
        sha256=hashlib.sha256(content).hexdigest(),
    )


class Ledger:
    """A folder with one file for each prompt that was drawn; an interrupted audit goes on."""

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        """Opens a folder; DalleError if it holds the audit of something else."""
        self.folder, self.about = folder, about
        begun = folder / "audit.json"
        if begun.is_file():
            before = json.loads(begun.read_text(encoding="utf-8"))
            if before != about:
                different = sorted(
                    k for k in about.keys() | before if about.get(k) != before.get(k)
                )
                raise DalleError(
                    f"{folder} holds an audit with another {', '.join(different)}; name another "
                    "folder with --out, or delete this one."
                )
            return
        try:
            (folder / "seen").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DalleError(
                f"The audit cannot be kept in {folder} ({error.strerror or error}); name a folder "
                "that can be written to with --out."
            ) from error
        write_whole(begun, json.dumps(about, indent=1) + "\n")

    def read(self, asked: Asked) -> Seen | None:
        """What was seen of a prompt, if it was drawn already."""
        path = self._path(asked)
        if not path.is_file():
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        looks = tuple(
            Look(look["label"], tuple(look["embedding"]), tuple(look["tones"]))
            for look in data.pop("looks")
        )
        return Seen(**data, looks=looks)

    def write(self, seen: Seen) -> None:
        write_whole(self._path(Asked(seen.text, seen.wanted)), json.dumps(asdict(seen)) + "\n")

    def _path(self, asked: Asked) -> Path:
        name = hashlib.sha256(f"{asked.wanted} {asked.text}".encode()).hexdigest()[:16]
        return self.folder / "seen" / f"{name}.json"


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes under a name of its own, then renames: nobody sees half a file."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def count_labels(looks: Iterable[Look]) -> dict[str, int]:
    """How many pictures have each label."""
    labels = [look.label for look in looks]
    return {label: labels.count(label) for label in LABELS}
