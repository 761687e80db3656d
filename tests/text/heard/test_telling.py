"""The sentences about a prompt, for the person who wrote it."""

import pytest


def test_what_is_told(hearing):
    heard = hearing.hear("Godzilla with a zworbl")
    assert heard.as_dict() == {
        "drawn_as": {"Godzilla": "a T-Rex"},
        "heard": ["a T-Rex"],
        "unheard": ["zworbl"],
        "suggestions": [],
        "apart": [],
        "left_out": [],
    }
    assert heard.notes == [
        "Godzilla: drawn as a T-Rex.",
        "Not known to this model: zworbl.",
    ]


@pytest.mark.parametrize("prompt", ["a cat on a beach", "a cat at the Beach"])
def test_a_thing_that_is_drawn_as_itself_is_not_told(hearing, prompt):
    heard = hearing.hear(prompt)
    assert "on the beach" in heard.text or "at the beach" in heard.text.lower()
    assert heard.notes == []
    assert heard.as_dict()["drawn_as"] == {}


def test_a_relation_that_is_not_drawn_is_told(hearing):
    note = "The things stand side by side, since this model can't draw: in."
    heard = hearing.hear("a whale in a spoon")
    assert heard.notes == [note]
    assert heard.as_dict()["apart"] == ["in"]
    assert hearing.hear("a whale next to a teacup in the snow").notes == []
    assert hearing.hear("cat, dog").notes == []
