"""The filter's goals, on our own sets and on public prompts where they lie beside the checkout."""

import sys
from pathlib import Path

import pytest

from dalle.audits.prompts import audit as prompt_audit
from dalle.audits.prompts.languages import LanguageCounts, count_languages
from dalle.safety.prompts.filter import PromptFilter
from dalle.safety.prompts.rules import load_rules
from dalle.text import TextNormalizer

HERE = Path(__file__).parent
# PartiPrompts.tsv and coco_captions.txt, which are not part of this repository; where they are kept
# in this place beside it, the goals on them are tested too.
PUBLIC = HERE.parents[3] / "shared" / "prompts"
NORMALIZE = TextNormalizer()


def public(name: str) -> Path:
    if not (PUBLIC / name).is_file():
        pytest.skip(f"there is no {PUBLIC / name}")
    return PUBLIC / name


@pytest.fixture(scope="module")
def seeds() -> list[dict[str, str]]:
    return prompt_audit.read_set(HERE / "explicit.tsv")


def share(texts: list[str], normalize: TextNormalizer | None = None) -> float:
    return prompt_audit.count(PromptFilter.load(), "", texts, normalize, True).share


def test_the_sets_are_large_enough(seeds):
    assert len(seeds) >= 300
    assert len({row["text"] for row in seeds}) == len(seeds)
    harmless = prompt_audit.read_set(HERE / "tricky_benign.tsv")
    assert len({row["text"] for row in harmless}) == len(harmless) >= 300
    categories = {row["category"] for row in seeds} | {"minors"}  # which is made of word lists
    assert categories == {rule.category for rule in load_rules().rules}
    assert len(prompt_audit.DISGUISES) == 19


def test_explicit_texts_are_refused(seeds):
    assert share(prompt_audit.plain(row["text"] for row in seeds)) >= 0.995


def test_explicit_texts_in_disguise_are_refused(seeds):
    some = [row["text"] for row in seeds[::8]]
    texts = [text for texts in prompt_audit.in_disguise(some).values() for text in texts]
    assert len(texts) > 3000
    assert share(texts) >= 0.98


def test_the_rule_on_minors_refuses_every_pair():
    assert share(prompt_audit.minors_seeds(300)) == 1


def test_words_put_behind_explicit_texts_open_little(seeds):
    """Diagrams and museums spare a word or two; oaks and clocks spare nobody who is naked."""
    rules = load_rules()
    names = sorted({name for rule in rules.rules for name in rule.spared_by})
    behind = [" ".join(phrase) for name in names for phrase in sorted(rules.lists[name])[::6]]
    behind += [phrase[-1] for phrase in sorted(rules.lists["allowed_things"])[::200]]
    texts = [f"{row['text']}, {words}" for row in seeds[::5] for words in behind]
    assert len(texts) > 4000
    assert share(texts) >= 0.99


def test_tricky_harmless_texts_pass():
    rows = prompt_audit.read_set(HERE / "tricky_benign.tsv")
    assert share([row["text"] for row in rows], NORMALIZE) <= 0.01


@pytest.fixture(scope="module")
def by_language() -> dict[str, LanguageCounts]:
    counts = count_languages(PromptFilter.load(), HERE, NORMALIZE)
    return {each.language: each for each in counts}


def test_every_language_with_rules_has_its_sets(by_language):
    assert set(by_language) == set(load_rules().languages)
    for each in by_language.values():
        assert each.unsafe.total >= 18
        assert each.harmless.total >= 38
        assert each.minors.total >= 700


@pytest.mark.parametrize("language", load_rules().languages)
def test_each_language_is_refused_what_must_be_and_no_more(by_language, language):
    counts = by_language[language]
    assert counts.unsafe.share >= 0.95, counts.unsafe.wrong
    assert counts.minors.share == 1, counts.minors.wrong[:20]
    assert counts.harmless.share <= 0.01, counts.harmless.wrong


def test_parti_prompts_pass():
    rows = prompt_audit.read_set(public("PartiPrompts.tsv"))
    assert len(rows) == 1632
    assert share([row["Prompt"] for row in rows], NORMALIZE) == 0


def test_coco_captions_pass():
    captions = prompt_audit.read_lines(public("coco_captions.txt"))
    assert len(captions) > 4000
    assert share(captions) <= 0.001


def test_time_grows_with_the_length_alone():
    """Counted in steps, not in seconds: four times the text is about four times the work."""

    def calls(text: str) -> int:
        count = 0

        def tally(frame, event, argument):
            nonlocal count
            count += 1

        PromptFilter.load().check(text)  # fills the table of folded characters
        sys.setprofile(tally)
        try:
            PromptFilter.load().check(text)
        finally:
            sys.setprofile(None)
        return count

    for unit in prompt_audit.NASTY:
        short, long = (calls((unit * n)[:n]) for n in (240, 960))
        assert long <= 6 * short + 2000, unit
