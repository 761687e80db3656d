"""Every field of every config.json has a type and a range, and a sentence that names it."""

import copy
import json
import math
from pathlib import Path

import jax
import pytest

from dalle.errors import CheckpointError
from dalle.models.clip.preprocess import ClipPreprocessing
from dalle.models.hub.registry import GEOMETRIES, NANO
from dalle.models.loading import Config, parse_config, shapes_of

FIXTURES = Path(__file__).parents[1] / "fixtures"
CONFIGS = {
    "fixture bart": ("bart", FIXTURES / "dalle-bart-tiny" / "config.json"),
    "fixture clip": ("clip", FIXTURES / "clip-tiny" / "config.json"),
    "fixture vqgan": ("vqgan", FIXTURES / "vqgan-tiny" / "config.json"),
    "mini": ("bart", GEOMETRIES / "mini.json"),
    "mega": ("bart", GEOMETRIES / "mega.json"),
    "published vqgan": ("vqgan", GEOMETRIES / "vqgan_f16_16384.json"),
    "published clip": ("clip", GEOMETRIES / "clip_vit_base_patch32.json"),
    "nano bart": ("bart", NANO / "bart" / "config.json"),
    "nano clip": ("clip", NANO / "clip" / "config.json"),
    "nano cells": ("vqgan", NANO / "vqgan" / "config.json"),
}
VALUES = (
    *(None, "7", "abc", "false", [], {}, [1, "2"], {"a": 1}, True, False),
    *(-1, 0, 2.5, 1e30, 10**30, math.nan, math.inf, -math.inf),
)


def places(published: dict) -> list[tuple[str, ...]]:
    """The names of all fields, those of CLIP's two halves below theirs."""
    below = [(name, *rest) for name in ("text_config", "vision_config") if name in published
             for rest in places(published[name])]  # fmt: skip
    return [(name,) for name in published] + below


def changed(published: dict, place: tuple[str, ...], value: object) -> dict:
    """The config with another value at a place, as JSON gives it back."""
    result = copy.deepcopy(published)
    *half, name = place
    (result[half[0]] if half else result)[name] = value
    return json.loads(json.dumps(result))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_changed_field_is_refused_by_name_or_gives_a_sound_config(name):
    part, path = CONFIGS[name]
    published = json.loads(path.read_text())
    original = parse_config(published, part)
    shapes_of(original)
    for place in places(published):
        for value in VALUES:
            outcome = outcome_of(changed(published, place, value), part)
            if isinstance(outcome, str):
                assert place[-1] in outcome, (place, value)
                assert "\n" not in outcome
                assert len(outcome) < 1000
            elif outcome != original:
                assert is_a_choice(place, value, original), (place, value)
                if name.startswith("fixture") and isinstance(value, bool):
                    leaves = jax.tree.leaves(shapes_of(outcome))
                    assert all(min(leaf.shape, default=1) > 0 for leaf in leaves)


def outcome_of(published: dict, part: str) -> Config | str:
    """The config, or why there is none; any other error than a CheckpointError is a fault."""
    try:
        return parse_config(published, part)
    except CheckpointError as error:
        return str(error)


def is_a_choice(place: tuple[str, ...], value: object, original: Config) -> bool:
    """Whether a model could have been published with this value."""
    if isinstance(value, bool):
        return isinstance(getattr(original, place[0]), bool)
    return (
        (place == ("attn_resolutions",) and value == [])
        or (place == ("text_config", "eos_token_id") and value == 0)
        or (place == ("finisher_width",) and value == 0)  # pictures as they are
        # transformers leaves out what is as in ViT-B/32.
        or (place in [("text_config",), ("vision_config",)] and isinstance(value, dict))
    )


@pytest.mark.parametrize(
    ("name", "place", "value", "sentence"),
    [
        ("mini", "scale_embedding", "false", "scale_embedding to 'false'; it must be true or f"),
        ("mini", "use_glu", 1, "sets use_glu to 1; only True is supported"),
        ("mini", "decoder_layers", 0, "decoder_layers to 0; it must be a whole number from 1"),
        ("mini", "d_model", True, "d_model to True; it must be a whole number from 1 to 1000000"),
        ("mini", "decoder_attention_heads", 1, "leaves 1024 numbers for each head; it must be 4"),
        ("mini", "encoder_attention_heads", 512, "leaves 2 numbers for each head; it must be 4 to"),
        ("mini", "decoder_start_token_id", 3, "decoder_start_token_id to 3; only 16384 is supp"),
        ("mini", "image_length", 0, "image_length to 0; it must be a whole number from 1 to 65536"),
        ("mini", "model_type", "bart", "sets model_type to 'bart'; only 'dallebart' is supported"),
        ("published vqgan", "ch_mult", None, "ch_mult to None; it must be a list of at most 16"),
        ("published vqgan", "ch_mult", [1] * 17, "it must be a list of at most 16, each a whole"),
        ("published vqgan", "num_res_blocks", 10**6, "num_res_blocks to 1000000; it must be"),
        ("published vqgan", "model_type", "bart", "it must be 'cell_tokenizer' or 'vqgan'"),
        ("published clip", "text_config.layer_norm_eps", math.nan, "text_config.layer_norm_eps to "
         "nan; it must be a number from 1e-12 to 0.01"),
        ("published clip", "vision_config.layer_norm_eps", -1e-5, "must be a number from 1e-12"),
        ("published clip", "text_config", [1], r"sets text_config to \[1\]; it must be an object"),
        ("published clip", "text_config.eos_token_id", 49408, "below text_config.vocab_size, 494"),
        ("published clip", "vision_config.num_attention_heads", 1, "leaves 768 numbers for each h"),
        ("nano cells", "decoder_blocks", 10**6, "decoder_blocks to 1000000; it must be"),
    ],
)  # fmt: skip
def test_the_sentence_says_what_is_allowed(name, place, value, sentence):
    part, path = CONFIGS[name]
    published = json.loads(path.read_text())
    with pytest.raises(CheckpointError, match=sentence):
        parse_config(changed(published, tuple(place.split(".")), value), part)


def test_a_start_token_that_is_left_out_comes_after_the_codes():
    published = json.loads((GEOMETRIES / "mini.json").read_text())
    del published["decoder_start_token_id"]
    assert parse_config(published, "bart").decoder_start_token_id == published["image_vocab_size"]


PREPROCESSING = {
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
    "rescale_factor": 1 / 255,
    "size": {"shortest_edge": 224},
}


@pytest.mark.parametrize("name", PREPROCESSING)
def test_a_change_of_the_preprocessing_is_refused_by_name(name):
    original = ClipPreprocessing.from_json(PREPROCESSING, 224)
    for value in VALUES:
        if value is PREPROCESSING[name]:
            continue
        with pytest.raises(CheckpointError, match=f"sets {name} to "):
            ClipPreprocessing.from_json(PREPROCESSING | {name: value}, 224)
    without = {key: value for key, value in PREPROCESSING.items() if key != name}
    assert ClipPreprocessing.from_json(without, 224) == original
