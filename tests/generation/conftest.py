"""A whole model of random weights, small enough to draw in a moment."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from tokenizers import pre_tokenizers

from dalle.generation.loading import ByteTokenizer
from dalle.generation.pipeline import Pipeline
from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import prepare
from dalle.models.bart.network import Bart, bart_shapes
from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.cells.network import CellTokenizer, cell_shapes
from dalle.models.checkpoints.checkpoint import write_params
from dalle.models.clip.config import ClipConfig, ClipTextConfig, ClipVisionConfig
from dalle.models.clip.network import Clip, clip_shapes
from dalle.models.loading import random_params
from dalle.safety.pictures.checker import PictureChecker
from dalle.text import train_tokenizer

TINY_BART = BartConfig(
    encoder_vocab_size=300,
    image_vocab_size=64,
    max_text_length=24,
    image_length=20,
    d_model=32,
    encoder_layers=1,
    encoder_attention_heads=2,
    encoder_ffn_dim=48,
    decoder_layers=2,
    decoder_attention_heads=2,
    decoder_ffn_dim=48,
    decoder_start_token_id=64,
    use_bias=False,
    force_ln_scale=False,
    scale_embedding=False,
    use_final_ln_encoder=True,
    use_final_ln_decoder=True,
    use_scan=False,
    normalize_text=False,
    tie_word_embeddings=False,
)
# Four codes fewer than BART can name.
TINY_CELLS = CellTokenizerConfig(
    resolution=32,
    cell=8,
    n_embed=48,
    embed_dim=8,
    looks=3,
    styles=3,
    tints=3,
    grounds=3,
    ground_dim=4,
    decoder_width=16,
    decoder_hidden=16,
    decoder_blocks=1,
    filter_width=8,
    reader_width=16,
)
TOWER = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
}
TINY_CLIP = ClipConfig(
    text_config=ClipTextConfig(**TOWER, vocab_size=514, max_position_embeddings=20, eos_token_id=2),
    vision_config=ClipVisionConfig(**TOWER, image_size=32, patch_size=16),
    projection_dim=8,
)


def loud(params: dict) -> dict:
    """Ten times the usual random weights: a network that has decided opinions."""
    return jax.tree.map(lambda leaf: 10 * leaf, params)


def bart_params(config: BartConfig, dtype: jnp.dtype = jnp.float32) -> dict:
    return loud(random_params(bart_shapes(config), 1, dtype))


def make_pipeline(
    precision: str, bart_config: BartConfig = TINY_BART, score: float = 0.0
) -> Pipeline:
    """A model of random weights; its picture check gives every picture this score."""
    dtype = jnp.dtype(precision)
    bart = Bart(bart_config, bart_params(bart_config, dtype), dtype)
    return Pipeline(
        name="random:tiny",
        revision="0",
        precision=precision,
        encoder=bart,
        weights=prepare(bart.params, bart_config, dtype),
        image_tokenizer=CellTokenizer(
            TINY_CELLS, loud(random_params(cell_shapes(TINY_CELLS), 2)), dtype
        ),
        clip=Clip.from_params(TINY_CLIP, loud(random_params(clip_shapes(TINY_CLIP), 3))),
        normalize=str,
        tokenizer=ByteTokenizer(bart_config.max_text_length, start=0, end=2, pad=1),
        clip_tokenizer=ByteTokenizer(20, start=298, end=299, pad=299),
        checker=PictureChecker(load=lambda: lambda pixels: score),
    )


@pytest.fixture(scope="session")
def bart_config() -> BartConfig:
    return TINY_BART


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    return make_pipeline("float32")


def write_clip_tokenizer(folder: Path) -> None:
    """CLIP's alphabet, and no merges."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: n for n, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")


@pytest.fixture
def folder(pipeline: Pipeline, tmp_path: Path) -> Path:
    """The tiny model as files."""
    bart = dataclasses.asdict(pipeline.encoder.config)
    write_params(tmp_path / "bart", pipeline.encoder.params, bart)
    write_params(
        tmp_path / "vqgan",
        pipeline.image_tokenizer.params,
        pipeline.image_tokenizer.config.to_json(),
    )
    write_params(tmp_path / "clip", pipeline.clip.params, pipeline.clip.config.to_json())
    train_tokenizer(["a red apple", "two dogs"], 270, tmp_path / "bart")
    write_clip_tokenizer(tmp_path / "clip")
    return tmp_path


@pytest.fixture
def count_compilations() -> Callable:
    """A context in which every compilation of this process adds an entry to a list."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        compiled = []

        def listen(event: str, duration: float, **details: str) -> None:
            if event == "/jax/core/compile/backend_compile_duration":
                compiled.append(details.get("fun_name", "?"))

        jax.monitoring.register_event_duration_secs_listener(listen)
        try:
            yield compiled
        finally:
            jax.monitoring.unregister_event_duration_listener(listen)

    return counting
