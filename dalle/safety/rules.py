"""The rules of the prompt filter, out of the data file `rules.toml`."""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

from dalle.safety.folding import fold

RULES_FILE = Path(__file__).parent / "rules.toml"
ALLOWED = ("allowed", "allowed_things", "allowed_apart")  # phrases that are not looked at
CATEGORIES = ("minors", "person", "sexual", "hate", "self-harm", "violence")

# Scripts written without spaces, or with endings glued on: each character is a word of its own.
_SINGLE = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
# Elsewhere a word is letters, digits and the vowel signs of Indic scripts.
_WORD = re.compile(rf"[{_SINGLE}]|(?:[^\W_{_SINGLE}]|[\u0900-\u0dff])+")

_NAMED = re.compile(r"\{(\w+)\}")

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """Refuses where a phrase of each group of lists occurs, `within` so many words of another."""

    id: str
    category: str
    groups: tuple[tuple[str, ...], ...]  # names of lists; one group or two
    within: int | None = None  # words between; None is anywhere
    ordered: bool = False
    absolute: bool = False  # allowed phrases don't count
    spared_by: tuple[str, ...] = ()  # lists whose phrases tell that the text means something else
    but_not: tuple[str, ...] = ()  # unless a phrase of these lists is in it too
    policy: str = "standard"  # the mildest policy that has it


@dataclass(frozen=True)
class Rules:
    """What the data file holds; phrases are folded and split into words."""

    version: str
    sha256: str
    lists: dict[str, frozenset[Phrase]]
    rules: tuple[Rule, ...]  # the first that applies names the category
    never_joined: frozenset[Phrase]
    filler: frozenset[str]  # words that may stand between others, written together with them
    short_filler: frozenset[str]  # the same in hashtags alone
    ordinary: frozenset[str]  # words that a refused one is part of
    elsewhere: tuple[str, ...]  # words of other languages that are passed over, as they are written


def split(folded: str) -> list[str]:
    """The words of folded text."""
    return _WORD.findall(folded)


@cache
def load_rules(path: Path = RULES_FILE) -> Rules:
    """Reads the data file, and the hash of its bytes."""
    content = path.read_bytes()
    data = tomllib.loads(content.decode())
    reading = data["reading"]
    rules = tuple(_read_rule(**rule) for rule in data["rules"])
    words = {name: re.sub(r"\s*\n\s*", "", text) for name, text in data["words"].items()}
    lists = {name: read_phrases(text, words) for name, text in data["lists"].items()}
    for rule in rules:
        named = {name for group in rule.groups for name in group}
        missing = named.union(rule.spared_by, rule.but_not) - set(lists)
        assert not missing, f"rule {rule.id} names lists that are not there: {missing}"
        assert rule.category in CATEGORIES, f"rule {rule.id} has the category {rule.category}"
    return Rules(
        version=data["version"],
        sha256=hashlib.sha256(content).hexdigest(),
        lists=lists,
        rules=rules,
        never_joined=read_phrases(reading["never_joined"]),
        filler=frozenset(fold(reading["filler"]).split()),
        short_filler=frozenset(reading["short_filler"].split()),
        ordinary=frozenset(reading["ordinary"].split()),
        elsewhere=tuple(reading["elsewhere"].split()),
    )


def word_finder(words: Iterable[str]) -> re.Pattern[str]:
    """Finds words as they are written; in scripts without spaces also inside of others."""
    anywhere = [word for word in words if re.match(f"[{_SINGLE}]", word)]
    whole = "|".join(word for word in words if word not in anywhere)
    return re.compile("|".join([rf"(?<!\w)(?:{whole})(?!\w)", *anywhere]), re.IGNORECASE)


def read_phrases(text: str, words: Mapping[str, str] | None = None) -> frozenset[Phrase]:
    """Phrases parted by lines or semicolons, with [a,b] for a or b, folded and split.

    {name} is one of the words of that name, "a,b". Lines that begin with # are notes.
    """
    text = _NAMED.sub(lambda match: f"[{(words or {})[match[1]]}]", text)
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    patterns = (pattern for line in lines for pattern in line.split(";"))
    spelt = (spelling for pattern in patterns for spelling in spell_out(pattern))
    return frozenset(phrase for phrase in (tuple(split(fold(s))) for s in spelt) if phrase)


def spell_out(pattern: str) -> list[str]:
    """Every spelling of a pattern: "nude[,s]" is "nude" and "nudes"."""
    parts = re.split(r"\[([^\]]*)\]", pattern)  # fixed and alternatives in turn
    choices = [part.split(",") if n % 2 else [part] for n, part in enumerate(parts)]
    return ["".join(chosen) for chosen in product(*choices)]


def _read_rule(**rule) -> Rule:
    groups = rule.pop("all", None) or ["|".join(rule.pop("any"))]
    for name in ("spared_by", "but_not"):
        rule[name] = tuple(rule.get(name, ()))
    return Rule(groups=tuple(tuple(group.split("|")) for group in groups), **rule)
