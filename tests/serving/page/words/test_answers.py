"""Every sentence that the server can answer with has a translation, or a reason to have none."""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from dalle.errors import DalleError
from dalle.safety.open_image import open_bounded
from dalle.safety.pictures.checker import Verdict, report_verdicts
from dalle.safety.provenance.c2pa import Manifest
from dalle.safety.provenance.verify import (
    NOTHING,
    judge_manifest,
    judge_metadata,
    judge_others,
    judge_recipe,
)
from dalle.serving.page.controls import collect
from dalle.serving.page.events.uploads import decode_upload, read_recipe
from dalle.serving.page.links import read_query
from dalle.serving.page.results import ResultStore
from dalle.settings import GenerationSettings
from tests.serving.conftest import ROOT
from tests.serving.page.test_picks import plain_png
from tests.serving.page.words.test_languages import keys, read_key

# Where the sentences are that a visitor of the page may be told.
PLACES = (
    "settings.py", "safety/open_image.py", "safety/plain_image.py", "safety/file_decoder.py",
    "safety/decode_process.py", "safety/reports.py", "safety/pictures",
    "safety/provenance/verify.py", "generation", "engine", "text/heard", "serving/page",
    "serving/http/turns.py",
)  # fmt: skip

# Beginnings of sentences that stay English, by the reason why no visitor of the page meets them.
ELSEWHERE = {
    "for programs and the command line": (
        "◦ is ◦; it must be text.",
        "◦ is ◦; it must be true or false.",
        "◦ is no file on this machine",
        "◦ cannot be read (◦)",
        "◦ is an address;",
        "The pictures could not be written to ◦",
        "The picture is of type ◦",
        "The mask is an array of shape ◦",
        "The mask has ◦ x ◦ pixels",
        "The model ◦ has no table",
        "◦ of ◦ candidates, best first",
        "The picture has ◦ bytes; at most ◦ are kept.",
        "The picture is no PNG file; send one as it was shown here.",
        "There is no such example.",
        "There is no such picture in the gallery.",
        "The theme is ◦",
        "◦ is ◦; it must be ◦: the owner of this server decides",
        "Score ◦◦;",
        "Mark of earlier versions:",
        "A hint, no proof.",
        "There is one, signed",
    ),
    "for the owner": (
        "NINEFOLD_",
        "◦ cannot be used: likelihood_weight",
        "◦ must begin with the columns",
        "◦ has the columns",
        "◦ is ◦; it must be a folder of pictures",
    ),
    "for the page about the server, and for those without scripts": (
        "Every picture is checked for nudity",
        "Reports of pictures are ◦.",
        "Prompts and addresses are not logged.",
        "Your browser alone keeps your history.",
        "Nine little pictures for your words",
        "Type your own.",
        "This page draws with the help of JavaScript",
    ),
    "for crawlers": (
        "Too many cards are being drawn",
        "More than ◦ new cards were asked for",
        "This link has no card.",
    ),
    "told by the page in words of its own": ("Nothing in this prompt is known to this model;",),
    "never shown": ("The picture check was not asked.", "The picture check is off."),
}
PLACE_OF_WORDS = "◦"  # in a sentence with words that are filled in


def read_literals(tree: ast.AST) -> Iterator[str]:
    """The texts of a module but for those that nobody reads on the page: docstrings."""
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {part for text in whole for part in ast.walk(text)} - set(whole)
    for node in set(ast.walk(tree)) - docstrings - parts:
        if isinstance(node, ast.JoinedStr):
            yield "".join(getattr(part, "value", "") if isinstance(part, ast.Constant)
                          else PLACE_OF_WORDS for part in node.values)  # fmt: skip
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{\w+\}", PLACE_OF_WORDS, node.value)


def read_sentences() -> set[str]:
    """The sentences in the places, one by one."""
    found: set[str] = set()
    known = keys()
    for place in PLACES:
        path = ROOT / "dalle" / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            for text in read_literals(ast.parse(file.read_text("utf-8"))):
                if text in known:
                    continue
                found |= {each.strip() for each in re.split(r"(?<=\.) ", text) if is_told(each)}
    return found


def is_told(text: str) -> bool:
    """Whether it is written like a sentence to a person."""
    sentence = text.strip()
    begins = sentence[:1].isupper() or sentence.startswith(PLACE_OF_WORDS)
    return begins and sentence.endswith(".") and len(re.findall(r"[A-Za-z]+", sentence)) > 2


def has_key(sentence: str) -> bool:
    """Whether the words that are fixed in a sentence are those of a key."""
    # What is filled in at the beginning may be a sentence of its own.
    fixed = re.escape(sentence).replace("◦", ".*")
    reader = re.compile(fixed.replace(r".*\ ", r"(?:.*\ )?", 1) if sentence[0] == "◦" else fixed)
    return any(reader.fullmatch(key) for key in keys())


def stays_english(sentence: str) -> bool:
    return any(sentence.startswith(each) for group in ELSEWHERE.values() for each in group)


def test_every_sentence_of_the_server_has_a_key_or_a_reason():
    missing = [each for each in read_sentences() if not has_key(each) and not stays_english(each)]
    assert sorted(missing) == []


def test_no_reason_is_left_over():
    sentences = read_sentences()
    begins = [each for group in ELSEWHERE.values() for each in group]
    left = [each for each in begins if not any(one.startswith(each) for one in sentences)]
    assert left == []


def test_a_new_sentence_would_be_found():
    told = set(read_literals(ast.parse('raise DalleError(f"The {name} is too blue; paint it.")')))
    assert told == {"The ◦ is too blue; paint it."}
    assert all(map(is_told, told))
    assert not any(map(has_key, told))


def fails(function: Callable, *arguments, **more) -> str:
    with pytest.raises(DalleError) as caught:
        function(*arguments, **more)
    return str(caught.value)


def answers() -> Iterator[str]:
    """What the server says about some wrong things, whole."""
    for wrong in ({"candidates": 999}, {"condition_scale": 999}, {"temperature": -1},
                  {"seed": 2**40}, {"top_p": 7}, {"negative_prompt": "x" * 3000}):  # fmt: skip
        yield fails(GenerationSettings.of, {}, wrong)
    yield fails(collect, ["seed"], ["abc"])
    for query in (
        "seed=abc",
        "temperature=hot",
        "stand_ins=perhaps",
        "then=no",
        "prompt=a" * 2**16,
    ):
        yield fails(read_query, query)
    yield fails(read_query, "prompt=" + "x" * 3000)
    yield fails(open_bounded, b"no picture at all")
    yield fails(open_bounded, plain_png()[:60])
    yield fails(open_bounded, b"x" * 3 * 2**20)
    yield fails(decode_upload, "?")
    yield fails(read_recipe, plain_png())
    yield fails(ResultStore().get, "gone")
    hidden = Verdict("hide", reason="Hidden: the picture check takes it for explicit.")
    yield from report_verdicts([hidden, Verdict("blur")])
    yield from report_verdicts([hidden, hidden])
    yield NOTHING
    for state in ("Trusted", "Valid"):
        yield judge_manifest(Manifest(state, "", machine_made=True)).shows
    yield judge_recipe('{"model": "nano"}').shows
    yield judge_metadata(None).shows
    yield judge_others({"workflow": "x"}).shows


def test_what_the_server_answers_has_keys_as_it_is():
    known = keys()
    readers = [read_key(key) for key in known]
    told = [[one] if one in known else re.split(r"(?<=\.) ", one) for one in answers()]
    parts = [part for answer in told for part in answer]
    assert len(parts) > 30
    unknown = [one for one in parts if not any(reader.fullmatch(one) for reader in readers)]
    assert unknown == []
