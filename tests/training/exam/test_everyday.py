"""The everyday prompts ask for things that exist, in words that training never held."""

import re

import pytest

from dalle.safety.prompts.filter import PromptFilter
from dalle.training.exam.everyday import read_prompts
from dalle.training.exam.judge import Found, Seen
from dalle.training.exam.marks import Answer, summarise
from dalle.training.exam.questions import everyday
from dalle.training.scenes.everyday.lists import read_list
from dalle.training.scenes.vocabulary import read_kinds


def test_there_are_enough_prompts_and_each_wants_what_exists():
    prompts = read_prompts()
    assert len({prompt for prompt, _ in prompts}) == len(prompts) >= 120
    known = {kind.id for kind in read_kinds()}
    assert all(wanted and kinds <= known for _, wanted in prompts for kinds in wanted)


@pytest.mark.parametrize("name", ["names", "doings", "places", "styles"])
def test_no_prompt_holds_an_entry_of_the_lists_that_training_is_made_with(name):
    entries = "|".join(re.escape(entry.lower()) for entry in read_list(name))
    trained = re.compile(rf"(?<!\w)({entries})(?!\w)")
    assert [prompt for prompt, _ in read_prompts() if trained.search(prompt.lower())] == []


def test_the_prompt_filter_lets_every_prompt_pass():
    prompt_filter = PromptFilter.load()
    assert [prompt for prompt, _ in read_prompts() if not prompt_filter.check(prompt).allowed] == []


def test_a_share_is_spread_over_the_list():
    prompts = [prompt for prompt, _ in read_prompts()]
    places = [prompts.index(question.prompt) for question in everyday(0.1)]
    assert len(places) == round(len(prompts) / 10)
    assert places[0] == 0
    assert places[-1] > 0.8 * len(prompts)


def seen(*kinds):
    return Seen(tuple(Found(kind, "3d", (0, 0, 4)) for kind in kinds), "red", None, 0.0)


def test_what_is_heard_is_counted_over_pictures_and_any_kind_of_a_name_will_do():
    question = next(q for q in everyday() if q.prompt.startswith("a cat riding a motorcycle"))
    pictures = [seen("siamese-cat", "motorcycle"), seen("cat-face"), seen("lamp"), seen()]
    deaf = next(q for q in everyday() if q.prompt == "lotsa pumpkins")
    rows = {row["name"]: row["value"] for row in summarise([
        Answer(question, pictures, [], []), Answer(deaf, [seen("lamp")] * 4, [], []),
    ])}  # fmt: skip
    assert rows["everyday prompts: things seen"] == pytest.approx((1 + 0.5) / 8)
    assert rows["everyday prompts: all of them seen"] == pytest.approx(1 / 8)
    assert rows["everyday prompts: none of the nine shows any"] == pytest.approx(1 / 2)
    assert set(rows) == {name for name in rows if name.startswith("everyday")}
