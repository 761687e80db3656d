"""A model's folder becomes a pipeline; what does not fit together is told."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flax.traverse_util import flatten_dict

import dalle
from dalle.errors import DalleError
from dalle.generation.loading import ByteTokenizer, load, read_defaults
from dalle.generation.pipeline import Pipeline
from dalle.generation.precision import chosen_precision
from dalle.models.cells.network import cell_shapes
from dalle.models.checkpoints.checkpoint import write_params
from dalle.models.hardware import fast_dtype
from dalle.models.loading import random_params
from dalle.text import train_tokenizer


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_an_end_token_that_is_not_the_tokenizers_is_refused(folder: Path) -> None:
    published = json.loads((folder / "clip" / "config.json").read_text())
    change_config(folder / "clip", text_config=published["text_config"] | {"eos_token_id": 7})
    with pytest.raises(DalleError, match=r"ends a text with 513, .* with eos_token_id 7; take"):
        load(folder)


def test_a_folder_becomes_a_pipeline(folder: Path, pipeline: Pipeline) -> None:
    loaded = dalle.load(folder, precision="float32")
    assert (loaded.name, loaded.precision) == (str(folder), "float32")
    assert len(loaded.revision) == 12
    # Once in the form that draws is enough for the decoder's parameters.
    assert {name[:2] for name in flatten_dict(loaded.encoder.params)} == {("model", "encoder")}
    result = loaded.generate("a red apple", seed=1, keep=2)
    assert len(result.pictures) == 2
    assert result.pictures[0].recipe["revision"] == loaded.revision


def test_the_precision_is_the_faster_one_unless_asked_otherwise(folder: Path) -> None:
    assert load(folder).precision == load(folder, "auto").precision == chosen_precision("auto")
    for half in ("bfloat16", "float16"):
        loaded = load(folder, half)
        assert loaded.precision == half
        assert loaded.weights.tree["head"]["kernel"].dtype == half
    loaded = load(folder, "int8")
    assert loaded.precision == "int8"
    assert loaded.weights.kernel_dtype == "int8"
    assert loaded.encoder.dtype == fast_dtype()
    assert loaded.clip.params["text_projection"]["kernel"].dtype == "float32"
    with pytest.raises(DalleError, match="precision is 'int4'"):
        load(folder, precision="int4")


def test_the_word_list_is_read_where_the_config_wants_it(folder: Path) -> None:
    assert load(folder).normalize("Red #redApple") == "Red #redApple"
    change_config(folder / "bart", normalize_text=True)
    with pytest.raises(DalleError, match=r"enwiki-words-frequency\.txt"):
        load(folder)
    (folder / "bart" / "enwiki-words-frequency.txt").write_text("the\na\nred\napple\n")
    assert load(folder).normalize("Red #redApple") == " red red apple"


def test_a_model_brings_its_own_defaults(folder: Path) -> None:
    assert load(folder).defaults == {}
    path = folder / "bart" / "generation_config.json"
    path.write_text(json.dumps({"condition_scale": 3, "top_k": 32, "num_beams": 4}))
    assert load(folder).defaults == {"condition_scale": 3, "top_k": 32}
    assert load(folder).likelihood_weight == 0
    path.write_text(json.dumps({"likelihood_weight": 0.3}))
    assert load(folder).likelihood_weight == 0.3
    path.write_text(json.dumps({"likelihood_weight": "much"}))
    with pytest.raises(DalleError, match="likelihood_weight is 'much'; it must be a number"):
        load(folder)
    path.write_text(json.dumps({"top_k": -3}))
    with pytest.raises(DalleError, match=r"generation_config.json cannot be used: top_k is -3"):
        read_defaults(folder / "bart")


def resize_pictures(folder: Path, pipeline: Pipeline) -> None:
    config = dataclasses.replace(pipeline.image_tokenizer.config, resolution=64)
    write_params(folder / "vqgan", random_params(cell_shapes(config), 0), config.to_json())


def forget_words(folder: Path, pipeline: Pipeline) -> None:
    train_tokenizer([f"{n}" for n in range(1000)], 400, folder / "bart")


def remove_tokenizer(folder: Path, pipeline: Pipeline) -> None:
    (folder / "clip" / "vocab.json").unlink()


def shrink_clip(folder: Path, pipeline: Pipeline) -> None:
    clip = pipeline.clip
    text = dataclasses.replace(clip.config.text_config, vocab_size=300)
    params = dict(clip.params)
    params["text_model"] = dict(params["text_model"])
    table = np.asarray(params["text_model"]["embeddings"]["token_embedding"]["embedding"])
    params["text_model"]["embeddings"] = params["text_model"]["embeddings"] | {
        "token_embedding": {"embedding": table[:300]}
    }
    config = dataclasses.replace(clip.config, text_config=text)
    write_params(folder / "clip", params, config.to_json())


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (resize_pictures, "draws 20 codes, and its image decoder reads 68; check that"),
        (forget_words, r"the tokenizer in .*bart has 400 tokens, .* config.json knows 300; take"),
        (remove_tokenizer, "clip holds no tokenizer"),
        (shrink_clip, r"the tokenizer in .*clip has 514 tokens, .* config.json knows 300; take"),
    ],
)
def test_parts_that_do_not_fit(
    folder: Path, pipeline: Pipeline, damage: Callable, sentence: str
) -> None:
    damage(folder, pipeline)
    with pytest.raises(DalleError, match=sentence):
        load(folder)


def test_a_random_model_reads_bytes() -> None:
    tokens = ByteTokenizer(6, start=0, end=2, pad=1)(["ab", "", "é🍎"])
    assert tokens.input_ids.tolist() == [
        [0, 100, 101, 2, 1, 1],
        [0, 2, 1, 1, 1, 1],
        [0, 198, 172, 243, 162, 2],
    ]
    assert tokens.attention_mask.sum(1).tolist() == [4, 2, 6]
    assert (tokens.used, tokens.truncated) == ([2, 0, 4], [False, False, True])


def test_what_users_import() -> None:
    assert dalle.load is load
    assert dalle.Pipeline is Pipeline
    assert set(dalle.__all__) <= set(dir(dalle))
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        dalle.lode  # noqa: B018 (asking for it is the test)
