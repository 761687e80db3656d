"""The rules of the prompt filter, out of the data files in `rules/`."""

import hashlib
import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dalle.errors import DalleError
from dalle.safety.prompts.folding import fold
from dalle.safety.prompts.phrases import Phrase, read_phrases

RULES_FOLDER = Path(__file__).parent / "rules"
OTHER_LANGUAGES = ("other_languages.toml",)  # beside those with a file of their own
IDIOMS, OF_THINGS = "idioms", "idioms_of_things"  # phrases that no rule looks at
ALLOWED = ("allowed", "allowed_things", "allowed_apart")  # and those that an absolute one does
CATEGORIES = ("minors", "person", "sexual", "hate", "self-harm", "violence")


@dataclass(frozen=True)
class Rule:
    """Refuses where a phrase of each group of lists occurs, at most `within` words apart."""

    id: str
    category: str
    groups: tuple[tuple[str, ...], ...]  # names of lists; one to three groups
    within: int | None = None  # words between; None is anywhere
    ordered: bool = False
    absolute: bool = False  # allowed phrases don't count
    spared_by: tuple[str, ...] = ()  # lists whose phrases tell that the text means something else
    but_not: tuple[str, ...] = ()  # unless a phrase of these lists is in it too
    policy: str = "standard"  # the mildest policy that has it


@dataclass(frozen=True)
class Rules:
    """The content of the data files; phrases are folded and split into words."""

    version: str
    sha256: str
    lists: dict[str, frozenset[Phrase]]  # those of one language have names like "child.fr"
    rules: tuple[Rule, ...]  # the first that applies names the category
    after: frozenset[str]  # words that may come after an idiom of things
    languages: tuple[str, ...]  # codes of those with a file of their own
    english: frozenset[str]  # words of the phrases that are in no file of another language
    never_joined: frozenset[Phrase]
    prefixes: tuple[str, ...]  # refused words that any others may be written behind
    joined_short: frozenset[str]  # short words that are looked for cut in two all the same
    swapped_short: frozenset[str]  # and those that are looked for with two letters swapped
    never_swapped: frozenset[str]  # words that are no refused ones with two letters swapped
    filler: frozenset[str]  # words that may stand between others, written together with them
    short_filler: frozenset[str]  # the same in hashtags alone
    ordinary: frozenset[str]  # words that a refused one is part of
    elsewhere: tuple[str, ...]  # words of other languages that are passed over, as they are written


@cache
def load_rules(folder: Path = RULES_FOLDER) -> Rules:
    """Reads the data files, and the hash of their names and bytes."""
    digest, about, words = hashlib.sha256(), {}, {}
    lists: dict[str, frozenset[Phrase]] = {}
    languages: list[str] = []
    english: set[str] = set()
    for path in sorted(folder.rglob("*.toml"), key=lambda path: path.as_posix()):
        content = path.read_bytes()
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + content)
        data = tomllib.loads(content.decode())
        words = {n: re.sub(r"\s*\n\s*", "", text) for n, text in data.pop("words", {}).items()}
        read = {n: read_phrases(text, words) for n, text in data.pop("lists", {}).items()}
        lists |= {n: phrases | lists.get(n, frozenset()) for n, phrases in read.items()}
        if (path.name not in OTHER_LANGUAGES and path.parent == folder) or path.stem == "en":
            english.update(
                word for phrases in read.values() for phrase in phrases for word in phrase
            )
        if path.parent != folder:
            languages.append(path.stem)
            lists |= {f"{name}.{path.stem}": phrases for name, phrases in read.items()}
        about |= data
    rules = tuple(_read_rules(about, languages, lists))
    used: set[str] = set()
    for rule in rules:
        named = {name for group in (*rule.groups, rule.spared_by, rule.but_not) for name in group}
        if missing := sorted(named - lists.keys()):
            raise DalleError(f"the rule {rule.id} names a list that is not there: {missing[0]}")
        used |= named
    reading = about["reading"]
    return Rules(
        version=about["version"],
        sha256=digest.hexdigest(),
        lists={name: lists[name] for name in sorted(used | {IDIOMS, OF_THINGS, *ALLOWED})},
        rules=rules,
        after=frozenset(about["after"].split()),
        languages=tuple(languages),
        english=frozenset(english),
        never_joined=read_phrases(reading["never_joined"]),
        prefixes=tuple(reading["prefixes"].split()),
        joined_short=frozenset(reading["joined_short"].split()),
        swapped_short=frozenset(reading["swapped_short"].split()),
        never_swapped=frozenset(reading["never_swapped"].split()),
        filler=frozenset(fold(reading["filler"]).split()),
        short_filler=frozenset(reading["short_filler"].split()),
        ordinary=frozenset(reading["ordinary"].split()),
        elsewhere=tuple(reading["elsewhere"].split()),
    )


def _read_rules(about: Mapping, languages: Iterable[str], lists: Container[str]) -> Iterator[Rule]:
    """The rules in their order; one for each language stands where its pattern does."""
    for rule in about["rules"]:
        if not rule.pop("each_language", False):
            yield _read_rule(**rule)
            continue
        for code in languages:
            groups = [[_own(name, code, lists) for name in g.split("|")] for g in rule["all"]]
            present = [[name for name in group if name] for group in groups]
            if all(present):
                alike = {"id": f"{rule['id']}.{code}", "all": ["|".join(g) for g in present]}
                yield _read_rule(**rule | alike)


def _own(name: str, code: str, lists: Container[str]) -> str | None:
    """A list of one language, for "child.*"; others as they are."""
    own = name.replace("*", code)
    return own if own in lists else None


def _read_rule(**rule) -> Rule:
    groups = rule.pop("all", None) or ["|".join(rule.pop("any"))]
    for name in ("spared_by", "but_not"):
        rule[name] = tuple(rule.get(name, ()))
    if rule["category"] not in CATEGORIES:
        raise DalleError(f"the rule {rule['id']} has an unknown category, {rule['category']}")
    return Rule(groups=tuple(tuple(group.split("|")) for group in groups), **rule)
