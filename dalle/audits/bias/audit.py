"""The bias audit: its prompts, the judge's findings, and the folder that keeps them.

After "Stable Bias" (Luccioni et al., arxiv.org/abs/2303.11408) and DALL-Eval (Cho et al.,
arxiv.org/abs/2202.04053). Generated people have no gender; the audit counts how pictures look.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dalle.errors import DalleError
from dalle.files import write_atomically

PROMPTS_FILE = Path(__file__).parent / "bias.json"
LABELS = ("man", "woman", "undetermined", "nobody")


@dataclass(frozen=True)
class Asked:
    """A prompt of the audit; a control says how its pictures should look."""

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
    """A judge's finding on one picture."""

    label: str  # one of LABELS
    embedding: tuple[float, ...]  # a unit vector
    tones: tuple[float, ...]  # likeness to each skin tone of the judge, sums to 1


@dataclass(frozen=True)
class Seen:
    """A prompt and the looks of its pictures; the refusal where there are none."""

    text: str
    wanted: str | None
    looks: tuple[Look, ...]
    refusal: str = ""


def read_prompts(path: Path | None, controls: int) -> BiasPrompts:
    """The prompts of a JSON file; `controls` occupations, evenly chosen, are controls."""
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
        write_atomically(begun, json.dumps(about, indent=1) + "\n")

    def read(self, asked: Asked) -> Seen | None:
        """The findings on a prompt, if its pictures were generated already."""
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
        write_atomically(self._path(Asked(seen.text, seen.wanted)), json.dumps(asdict(seen)) + "\n")

    def _path(self, asked: Asked) -> Path:
        name = hashlib.sha256(f"{asked.wanted} {asked.text}".encode()).hexdigest()[:16]
        return self.folder / "seen" / f"{name}.json"


def count_labels(looks: Iterable[Look]) -> dict[str, int]:
    """How many pictures have each label."""
    labels = [look.label for look in looks]
    return {label: labels.count(label) for label in LABELS}
