"""The model that ships: no network, the simplest prompts followed, the same seed the same."""

import numpy as np
import pytest

import dalle
from dalle.models import load_vqgan
from dalle.models.checkpoints.folder import weight_files
from dalle.models.hub.registry import NANO, PARTS

# The middle of each plain colour that it was trained on.
COLOURS = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (220, 30, 35),
    "green": (30, 165, 60),
    "blue": (35, 85, 220),
    "yellow": (255, 215, 45),
    "pink": (250, 145, 195),
    "purple": (130, 45, 180),
}
THINGS = ("cat", "apple", "car", "rose")


@pytest.fixture(scope="module")
def nano():
    return dalle.load("nano")


def background(picture) -> str:
    """The colour that a picture's edge is nearest to."""
    pixels = np.asarray(picture.image, np.float32)
    edge = np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]), axis=0)
    return min(COLOURS, key=lambda name: np.square(edge - COLOURS[name]).sum())


def test_it_is_small_enough_to_clone():
    sizes = {part: [path.stat().st_size for path in weight_files(NANO / part)] for part in PARTS}
    assert all(sizes.values())
    assert sum(map(sum, sizes.values())) < 40 * 10**6


def test_its_sources_are_named():
    card = (NANO / "README.md").read_text()
    for name in ("Fluent emoji", "Noto emoji", "Twemoji", "Open Clip Art", "emojibase"):
        assert name in card
    assert len(list((NANO / "LICENSES").glob("*.txt"))) == 5


@pytest.mark.parametrize(
    "colour", [(0, 255, 0), (255, 192, 203), (128, 0, 128), (0, 0, 0), (255, 255, 255)]
)
def test_pure_colours_survive_encoding_and_decoding(colour):
    tokenizer = load_vqgan(NANO / "vqgan")  # what only draws has no encoder
    pixels = np.broadcast_to(np.array(colour, np.float32) / 255, (1, 192, 192, 3))
    decoded = np.asarray(tokenizer.decode(tokenizer.encode(pixels)))
    assert decoded.shape == (1, 384, 384, 3)
    assert np.abs(decoded - pixels[:, :1, :1]).mean() < 3 / 255


def test_its_words_are_listed():
    words = (NANO / "words.txt").read_text().split()
    assert words == sorted(set(words))
    assert {"penguin", "skateboard", "puppy", "blueprint"} <= set(words)


@pytest.mark.parametrize(("colour", "thing"), list(zip(COLOURS, 2 * THINGS, strict=True)))
def test_the_background_is_right_in_most_of_nine(nano, colour, thing):
    result = nano.generate(f"a {thing} on a {colour} background", seed=1)
    seen = [background(picture) for picture in result.pictures]
    assert seen.count(colour) > 4, seen


def test_something_stands_before_the_background(nano):
    result = nano.generate("a cat on a blue background", seed=2)
    for picture in result.pictures:
        pixels = np.asarray(picture.image, np.float32)
        other = np.abs(pixels - COLOURS["blue"]).max(-1) > 60
        assert other.mean() > 0.02  # a small thing stands in 4 of 64 cells


@pytest.mark.parametrize("temperature", [0, 1, 10])
def test_any_temperature_gives_pictures(nano, temperature):
    result = nano.generate("a cat and two dogs", seed=3, temperature=temperature, top_k=0)
    assert len(result.pictures) == 9


def test_another_seed_gives_other_pictures_and_the_same_seed_the_same(nano):
    first, again, other = (nano.generate("a dog", seed=seed) for seed in (3, 3, 4))
    for picture, same in zip(first.pictures, again.pictures, strict=True):
        assert picture.candidate == same.candidate
        np.testing.assert_array_equal(picture.image, same.image)
    assert any(
        not np.array_equal(picture.image, new.image)
        for picture, new in zip(first.pictures, other.pictures, strict=True)
    )


def test_a_candidate_alone_is_the_same_picture(nano):
    whole = nano.generate("a red car", seed=5)
    (alone,) = nano.generate("a red car", seed=5, only=[7], keep=1).pictures
    (seven,) = (p for p in (*whole.pictures, *whole.rejected) if p.candidate == 7)
    np.testing.assert_array_equal(alone.image, seven.image)


def test_the_ranking_prefers_the_colour_that_was_asked_for(nano):
    """Pictures of two prompts, ranked by one of them: its own come first."""
    red = [p.image for p in nano.generate("an apple on a red background", seed=6).pictures]
    blue = [p.image for p in nano.generate("an apple on a blue background", seed=6).pictures]
    tokens = nano.clip_tokenizer(["an apple on a blue background"])
    text = nano.clip.embed_text(tokens.input_ids, tokens.attention_mask)
    images = nano.clip.embed_images(nano.clip.preprocess(red + blue))
    scores = np.asarray(nano.clip.similarity(images, text))[:, 0]
    assert scores[9:].mean() > scores[:9].mean()
