"""The questions repeat, ask for what they say, and are marked by what is seen."""

import pytest

from dalle.training.exam.judge import Found, Seen
from dalle.training.exam.marks import Answer, many, share, summarise, thing
from dalle.training.exam.questions import CROWD, PARTS, questions
from dalle.training.scenes.composer import is_held_out
from dalle.training.scenes.looks import LOOKS
from dalle.training.scenes.places import PLACES
from dalle.training.scenes.vocabulary import read_kinds


@pytest.fixture(scope="module")
def asked():
    return questions(read_kinds(), seed=0)


def test_there_are_hundreds_of_questions_and_they_repeat(asked):
    assert len(asked) > 300
    assert asked == questions(read_kinds(), seed=0)
    assert {question.part for question in asked} == {*PARTS, "unknown", "everyday"}
    fewer = questions(read_kinds(), seed=0, share=0.1)
    assert 40 < len(fewer) < 60
    assert set(fewer) <= set(asked)


def test_a_prompt_names_what_is_asked_for(asked):
    phrases = {kind.id: kind for kind in read_kinds()}
    for question in asked:
        for kind in question.kinds:
            words = (phrases[kind].phrase, phrases[kind].plural)
            assert any(word and word in question.prompt for word in words), question
        if question.ground in PLACES:
            assert PLACES[question.ground][1][0] in question.prompt
            assert LOOKS[question.look][3][0] in question.prompt
        elif question.ground:
            assert question.prompt.endswith(f" {question.ground} background")


def test_unseen_combinations_are_those_that_training_leaves_out(asked):
    for question in asked:
        if question.part in ("scene", "unseen"):
            held_out = is_held_out(question.kinds[0], question.ground, None)
            assert held_out == (question.part == "unseen")


def seen(*kinds, ground="red", look=None, unexplained=0.0):
    return Seen(tuple(Found(kind, "3d", (0, 0, 4)) for kind in kinds), ground, look, unexplained)


def test_shares_are_counted_over_pictures(asked):
    plain = next(question for question in asked if question.part == "plain")
    right, wrong = seen(*plain.kinds, ground=plain.ground), seen("nothing")
    answers = [Answer(plain, [right, right, wrong], [wrong], [1, 2, 3]),
               Answer(plain, [right], [right], [4])]  # fmt: skip
    assert share(answers, "plain", thing) == pytest.approx(3 / 4)
    assert share(answers, "plain", thing, "rejected") == pytest.approx(1 / 2)
    rows = {row["name"]: row["value"] for row in summarise(answers)}
    # 3 of 4 kept, 4 of 6 in all.
    assert rows["best nine against nine at random: thing"] == pytest.approx(3 / 4 - 4 / 6)
    assert rows["nine of a prompt: no two alike"] == 1


def test_of_a_crowd_more_than_ten_are_enough():
    for question in questions(read_kinds(), seed=0):
        if question.part == "many":
            shown = (seen(*number * question.kinds) for number in range(20))
            right = [number for number, each in enumerate(shown) if many(question, each)]
            near = (question.count - 1, question.count, question.count + 1)
            assert right == list(range(11, 20) if question.count == CROWD else near)
