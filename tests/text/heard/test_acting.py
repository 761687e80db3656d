"""What one thing does to another, how many there are, and who somebody is, in plain words."""

import pytest


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a cat hunting a mouse", "a cat chasing a mouse"),
        ("my dog being chased by a chicken", "a dog chased by a chicken"),
        ("Godzilla destroying Tokyo", "a T-Rex attacking the Tokyo Tower"),
        ("cat vs dog", "a cat fighting a dog"),
        ("Peppa Pig talking with a wolf", "a pig talking to a wolf"),
        ("a man in love with a robot", "a man in love with a robot"),
        ("a cat hiding behind a tree", "a cat behind a tree"),
        ("a bear sleeping in a bathtub", "a bear in a bathtub"),
        ("a man surrounded by cats", "a man surrounded by many cats"),
        ("an owl in a crowd of penguins", "an owl surrounded by many penguins"),
        ("a fox in the middle of seven frogs", "a fox surrounded by seven frogs"),
        ("a woman holding cats", "a woman holding three cats"),
        ("a mouse hiding from a cat", "a mouse and a cat"),
        ("a woman kissing a lamp", "a woman kissing a lamp"),
        ("a boy hugging a bear", "a boy hugging a bear"),
        ("a cat fighting", "a cat"),
        ("fighting", "a cartoon fight cloud"),
    ],
)
def test_verbs_between_two_things_are_those_of_captions(hearing, prompt, read):
    assert hearing.hear(prompt).text == read


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a guy with curly hair eating pizza", "a person with curly hair eating pizza"),
        ("three bald men", "three bald people"),
        ("a man in a suit on the moon", "a person in a tuxedo on the moon"),
        ("an angry lady", "a person pouting"),
        ("a couple dancing", "a man dancing and a woman dancing"),
        ("a woman doctor", "a doctor"),
        ("a young woman", "a woman"),
        ("a black man", "a man"),
        ("a black cat", "a black cat"),
        ("a young cat", "a small cat"),
    ],
)
def test_people_are_told_by_what_drawings_show(hearing, prompt, read):
    assert hearing.hear(prompt).text == read


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a crowd of penguins", "many penguins"),
        ("an army of robots on mars", "many robots on the moon"),
        ("a huge group of cats", "three cats"),
        ("swarm of bees", "many bees"),
        ("a school of fish", "many fish"),
        ("a school", "a school"),
        ("an army", "a royal guard"),
        ("a bunch of bananas", "a bunch of bananas"),
        ("seven owls", "seven owls"),
        ("10 owls", "10 owls"),
        ("twelve owls", "many owls"),
        ("100 owls", "many owls"),
        ("owls in 1920", "owls"),
        ("a million dollars", "many dollars"),
        ("sieben Katzen", "seven cats"),
    ],
)
def test_several_and_many_of_a_kind_are_counted(hearing, prompt, read):
    assert hearing.hear(prompt).text == read


def test_every_digit_of_unicode_can_be_heard(hearing):
    digits = [chr(code) for code in range(0x110000) if chr(code).isdigit()]
    for digit in digits:
        assert hearing.hear(f"a cat and 2{digit}, {digit}").text.startswith("a cat")
