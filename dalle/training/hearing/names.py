"""Writes the tables of hearing: the world's own phrases, and names in other languages.

The names come from emojibase-data (MIT, https://github.com/milesj/emojibase).
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from dalle.text.heard.cleaning import emoji_key
from dalle.text.heard.languages import LANGUAGES
from dalle.text.heard.tokens import key_of
from dalle.text.heard.world import COLUMNS
from dalle.training.scenes import captions
from dalle.training.scenes.colours import COLOUR_NAMES, COLOURS
from dalle.training.scenes.drawings import run_client
from dalle.training.scenes.looks import LOOKS
from dalle.training.scenes.places import PLACES
from dalle.training.scenes.vocabulary import Kind, read_kinds

PACKAGE = "emojibase-data@17.0.0"
LONG_TAG = 4  # letters; shorter ones stand inside of many labels


def write_world() -> str:
    """The table of things, places, looks, colours, sizes and small words."""
    rows = [
        ("thing", kind.phrase, kind.plural, kind.group, sign(kind), "; ".join(kind.names))
        for kind in read_kinds()
    ]
    for _, (_, phrases, _) in PLACES.items():
        rows.append(("place", phrases[0], "", "", "", "; ".join(phrases[1:])))
    for _, _, before, after in LOOKS.values():
        names = (*after[1:], *before[1:])
        rows.append(("look", after[0], before[0], "", "", "; ".join(names)))
    for colour in COLOURS:
        names = [name for name in COLOUR_NAMES.get(colour, ()) if name != colour]
        rows.append(("colour", colour, "", "", "", "; ".join(names)))
    for size, names in (("big", captions.SIZE_WORDS[captions.LARGE]),
                        ("small", captions.SIZE_WORDS[captions.SMALL])):  # fmt: skip
        rows.append(("size", size, "", "", "", "; ".join(n for n in names if n != size)))
    rows += [("word", word, "", "", "", "") for word in grammar_words()]
    return table(COLUMNS, rows)


def grammar_words() -> list[str]:
    """The words of the captions that name no thing: "next", "holding", "background"."""
    forms: list[str] = [*captions.ON_COLOUR, *captions.ANY_STYLE]
    forms += [form for relation in captions.RELATIONS.values() for form in relation]
    forms += [form for pair in captions.STYLE_WORDS.values() for part in pair for form in part]
    forms += [name for names in captions.NUMBERS.values() for name in names]
    forms.append(captions.CROWD_WORDS[0])
    words = {word for form in forms for word in key_of(re.sub(r"\{[^}]*\}", " ", form)).split()}
    return sorted(words)


def sign(kind: Kind) -> str:
    """The emoji of a kind; empty where its drawing is no emoji."""
    if not re.fullmatch(r"[0-9a-f]+(?:-[0-9a-f]+)*", kind.code):
        return ""
    return emoji_key("".join(chr(int(code, 16)) for code in kind.code.split("-")))


def write_names(package: Path) -> str:
    """One row a thing, one column a language, names parted by "; ", from the package's folder."""
    kinds = {sign(kind): kind for kind in read_kinds() if sign(kind)}
    cells: dict[tuple[str, str], list[str]] = defaultdict(list)
    english = set().union(*read_language(package / "en" / "data.json", kinds))
    for language in LANGUAGES:
        labels, tags = read_language(package / language / "data.json", kinds)
        taken = dict(labels)
        for name, owners in tags.items():
            owner = owner_of(name, owners, labels)
            if owner and name not in english:
                taken.setdefault(name, owner)
        for name, kind in taken.items():
            cells[kind, language].append(name)
    rows = [
        (kind.phrase, *("; ".join(sorted(cells[kind.id, language])) for language in LANGUAGES))
        for kind in kinds.values()
    ]
    return table(("thing", *LANGUAGES), rows)


def read_language(path: Path, kinds: dict[str, Kind]) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Names to kinds: the labels, and the tags with all kinds that have them."""
    labels: dict[str, str] = {}
    tags: dict[str, set[str]] = defaultdict(set)
    for row in json.loads(path.read_text("utf-8")):
        kind = kinds.get(emoji_key(row["emoji"]))
        if kind is None:
            continue
        for name in re.split(r"[,/()]", row["label"]):
            if len(key_of(name)) > 1 or not name.isascii():
                labels.setdefault(key_of(name), kind.id)
        for tag in row.get("tags", ()):
            # Longer tags are sentences, which are not typed.
            if (len(key_of(tag)) > 2 or not tag.isascii()) and len(tag.split()) <= 2:
                tags[key_of(tag)].add(kind.id)
    labels.pop("", None)
    tags.pop("", None)
    return labels, tags


def owner_of(tag: str, owners: set[str], labels: dict[str, str]) -> str | None:
    """The one thing that a tag tells best.

    Faces come last. Then a label with the tag counts ("fromage" is cheese, not pizza), then a
    higher frequency, then a shorter label.
    """
    about = {kind.id: kind for kind in read_kinds()}
    label_of = {kind: label for label, kind in labels.items()}

    def rank(owner: str) -> tuple:
        label = label_of.get(owner, "")
        named = len(tag) >= LONG_TAG and tag in label
        return about[owner].group == "faces", not named, -about[owner].weight, len(label)

    first, *others = sorted(owners, key=lambda owner: (rank(owner), owner))
    return first if not others or rank(first) < rank(others[0]) else None


def fetch_names(folder: Path) -> Path:
    """Brings the package to `folder` with the npm client; returns its own folder."""
    options = ["--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    run_client(["npm", "install", *options, PACKAGE], folder, "install Node.js")
    return folder / "node_modules" / PACKAGE.split("@")[0]


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows as text, one a line, columns parted by tabs."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", quoting=csv.QUOTE_NONE, lineterminator="\n",
                        quotechar=None)  # fmt: skip
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
