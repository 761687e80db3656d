"""CLIP against reference values of transformers' Flax classes, and against itself."""

import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict
from PIL import Image

from dalle.errors import CheckpointError
from dalle.models import load_clip
from dalle.models.clip.config import ClipConfig
from dalle.models.clip.network import Clip, clip_shapes
from dalle.models.clip.preprocess import ClipPreprocessing

FOLDER = Path(__file__).parents[2] / "fixtures" / "clip-tiny"
PUBLISHED = json.loads((FOLDER / "config.json").read_text())


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    arrays = dict(np.load(FOLDER / "expected.npz"))
    return arrays | {"pixel_values": arrays["pixel_values"].transpose(0, 2, 3, 1)}


@pytest.fixture(scope="module")
def clip() -> Clip:
    return load_clip(FOLDER)


def embed(clip: Clip, expected: dict[str, np.ndarray]) -> tuple[jax.Array, jax.Array]:
    images = clip.embed_images(expected["pixel_values"])
    return images, clip.embed_text(expected["input_ids"], expected["attention_mask"])


def with_text(**options: object) -> dict:
    return PUBLISHED | {"text_config": PUBLISHED["text_config"] | options}


def with_vision(**options: object) -> dict:
    return PUBLISHED | {"vision_config": PUBLISHED["vision_config"] | options}


@pytest.mark.parametrize(
    # The cosines are scaled by 14 for the logits; rounding is scaled with them.
    ("dtype", "embeds_atol", "logits_atol"),
    [(jnp.float32, 1e-4, 1e-4), (jnp.bfloat16, 0.01, 0.15)],
)
def test_scores_are_the_originals(dtype, embeds_atol, logits_atol, expected: dict):
    clip = load_clip(FOLDER, dtype=dtype)
    images, texts = embed(clip, expected)
    logits = clip.similarity(images, texts)
    assert {images.dtype, texts.dtype, logits.dtype} == {jnp.dtype(jnp.float32)}
    np.testing.assert_allclose(images, expected["image_embeds"], rtol=0, atol=embeds_atol)
    np.testing.assert_allclose(texts, expected["text_embeds"], rtol=0, atol=embeds_atol)
    np.testing.assert_allclose(logits, expected["logits_per_image"], rtol=0, atol=logits_atol)


def test_preprocessing_is_the_originals(clip: Clip, expected: dict[str, np.ndarray]):
    pictures = [Image.fromarray(expected[f"image_{i}"]) for i in range(4)]
    pixel_values = clip.preprocess(pictures)
    assert pixel_values.dtype == np.float32
    np.testing.assert_allclose(pixel_values, expected["pixel_values"], rtol=0, atol=1e-4)


def test_preprocessing_drops_transparency_and_colours_greys(clip: Clip):
    grey = Image.new("L", (60, 60), 128)
    pictures = [grey, grey.convert("RGBA"), grey.convert("RGB")]
    first, second, third = clip.preprocess(pictures)
    np.testing.assert_array_equal(first, third)
    np.testing.assert_array_equal(second, third)


def test_a_line_of_pixels_is_cropped_before_it_is_resized(
    clip: Clip, monkeypatch: pytest.MonkeyPatch
):
    sizes, resize = [], Image.Image.resize

    def watched(picture: Image.Image, size: tuple[int, int], *more: object) -> Image.Image:
        sizes.append(size)
        return resize(picture, size, *more)

    monkeypatch.setattr(Image.Image, "resize", watched)
    line = Image.new("RGB", (1, 1001), "red")
    line.putpixel((0, 500), (0, 0, 255))
    tall, wide = clip.preprocess([line, line.rotate(90, expand=True)])
    assert max(width * height for width, height in sizes) <= 8 * 48**2
    np.testing.assert_allclose(tall, wide.swapaxes(0, 1), atol=1e-5)
    middle = 24
    assert tall[middle, middle].argmax() == 2  # the blue of the middle


def test_preprocessor_config_is_obeyed(clip: Clip):
    published = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "size": {"shortest_edge": 48}}
    published["crop_size"] = {"height": 48, "width": 48}
    other = Clip.from_params(clip.config, clip.params, preprocessor=published)
    white = Image.new("RGB", (48, 48), "white")
    np.testing.assert_allclose(other.preprocess([white]), np.full((1, 48, 48, 3), 2.0))


@pytest.mark.parametrize(
    ("option", "value"),
    [("size", 64), ("crop_size", 32), ("do_center_crop", False), ("resample", 2)],
)
def test_other_preprocessing_is_refused_by_name(option: str, value: object):
    with pytest.raises(CheckpointError, match=f"sets {option} to {value}; only "):
        ClipPreprocessing.from_json({option: value}, image_size=48)


def test_a_row_is_the_same_alone_and_in_a_batch(clip: Clip, expected: dict[str, np.ndarray]):
    images, texts = embed(clip, expected)
    alone_images, alone_texts = embed(clip, {name: x[1:2] for name, x in expected.items()})
    np.testing.assert_allclose(alone_images, images[1:2], atol=1e-6)
    np.testing.assert_allclose(alone_texts, texts[1:2], atol=1e-6)


def test_embeddings_are_unit_vectors(clip: Clip, expected: dict[str, np.ndarray]):
    for vectors in embed(clip, expected):
        np.testing.assert_allclose(jnp.linalg.norm(vectors, axis=-1), 1.0, atol=1e-6)


def test_nothing_after_the_end_of_the_text_counts(clip: Clip, expected: dict[str, np.ndarray]):
    ids, mask = expected["input_ids"], expected["attention_mask"]
    other = np.where(mask == 0, 7, ids)
    np.testing.assert_allclose(clip.embed_text(other, mask), clip.embed_text(ids, mask), atol=1e-6)


def test_the_end_is_the_end_token_or_for_2_the_greatest_id(clip: Clip):
    ids = np.array([[118, 50, 30, 119, 119]])
    mask = np.ones_like(ids)

    def embed_with(eos_token_id: int) -> jax.Array:
        config = ClipConfig.from_json(with_text(eos_token_id=eos_token_id))
        return Clip.from_params(config, clip.params).embed_text(ids, mask)

    np.testing.assert_array_equal(embed_with(2), embed_with(119))
    assert jnp.abs(embed_with(30) - embed_with(119)).max() > 0.01


def test_gelu_is_another_activation_than_quick_gelu(clip: Clip, expected: dict):
    exact = Clip.from_params(ClipConfig.from_json(with_vision(hidden_act="gelu")), clip.params)
    difference = exact.embed_images(expected["pixel_values"]) - expected["image_embeds"]
    assert 1e-4 < jnp.abs(difference).max() < 0.1


def test_same_shapes_compile_once(
    clip: Clip, expected: dict[str, np.ndarray], caplog: pytest.LogCaptureFixture
):
    doubled = {name: np.concatenate([x, x]) for name, x in expected.items()}
    with jax.log_compiles():
        clip.similarity(*embed(clip, doubled))
        assert "Compiling jit(_apply)" in caplog.text
        caplog.clear()
        clip.similarity(*embed(clip, doubled))
        assert "Compiling" not in caplog.text


def test_shapes_are_the_published_ones():
    shapes = flatten_dict(clip_shapes(ClipConfig.from_json(PUBLISHED)), sep="/")
    lines = [f"{name} {leaf.shape}" for name, leaf in sorted(shapes.items())]
    assert lines == (FOLDER / "tree.txt").read_text().splitlines()


def test_what_a_config_leaves_out_is_vit_b_32():
    config = ClipConfig.from_json({"text_config": {}, "vision_config": {}})
    leaves = jax.tree.leaves(clip_shapes(config))
    assert sum(math.prod(leaf.shape) for leaf in leaves) == 151_277_313  # as OpenAI's file


def test_a_config_survives_writing():
    config = ClipConfig.from_json(PUBLISHED)
    assert ClipConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("published", "message"),
    [
        (PUBLISHED | {"model_type": "siglip"}, "sets model_type to 'siglip'; only 'clip'"),
        (
            with_text(hidden_act="relu"),
            "text_config.hidden_act to 'relu'; it must be 'quick_gelu' or",
        ),
        (with_vision(num_channels=1), "sets num_channels to 1; only 3"),
        (
            with_vision(num_attention_heads=5),
            r"size 32, .* multiple of vision_config\.num_attention_heads 5",
        ),
        (with_vision(patch_size=20), "image_size 48, .* multiple of vision_config.patch_size 20"),
    ],
)
def test_other_networks_are_refused_by_name(published: dict, message: str):
    with pytest.raises(CheckpointError, match=message):
        ClipConfig.from_json(published)


def test_a_config_without_its_halves_is_refused():
    with pytest.raises(CheckpointError, match="lacks text_config, vision_config"):
        ClipConfig.from_json({"model_type": "clip"})


def test_pictures_that_were_not_preprocessed_are_refused(clip: Clip):
    with pytest.raises(ValueError, match=r"shape \(2, 3, 48, 48\); it must be \[B, 48, 48, 3\]"):
        clip.embed_images(np.zeros((2, 3, 48, 48), np.float32))


def test_texts_that_are_too_long_are_refused(clip: Clip):
    ids = np.zeros((1, 21), np.int32)
    with pytest.raises(ValueError, match=r"shape \(1, 21\); .* S at most 20"):
        clip.embed_text(ids, ids)
