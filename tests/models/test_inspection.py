"""What is said of a model before it is loaded, against what is there once it is."""

import shutil
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from dalle.models import hardware, load_bart, load_vqgan
from dalle.models import memory_estimate as memory
from dalle.models.bart.decoding import prepare
from dalle.models.bart.kv_cache import PACKED, empty_cache
from dalle.models.cells import network as cells
from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.clip import network as clip
from dalle.models.hub.registry import GEOMETRIES
from dalle.models.inspection import describe, summary
from dalle.models.loading import read_geometry, without
from dalle.models.vqgan import network as vqgan

FIXTURES = Path(__file__).parents[1] / "fixtures"


def size_of(tree) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def test_the_published_geometries():
    inspection = describe("random:mini", candidates=(9, 16), dtype=jnp.bfloat16)
    assert inspection.parameters == 437_833_712 + 76_073_859 + 151_277_313
    assert [part.bytes_on_disk for part in inspection.parts] == [0, 0, 0]
    text = str(inspection)
    assert "random:mini (revision " in text
    assert "665.2 M parameters" in text
    assert "bart  12 + 12 layers, width 1024, 16 heads, feed-forward 2730" in text
    assert "vqgan VQGAN, 16 x 16 of 16,384 codes to 256 x 256 pixels; 76.1 M parameters" in text
    assert "memory, products in bfloat16, MB" in text
    assert text.splitlines()[-1].startswith("  peak")


def test_a_folder(tmp_path):
    for part, fixture in (
        ("bart", "dalle-bart-tiny"),
        ("vqgan", "vqgan-tiny"),
        ("clip", "clip-tiny"),
    ):
        shutil.copytree(FIXTURES / fixture, tmp_path / part)
    inspection = describe(tmp_path, candidates=[4], dtype=jnp.float32)
    assert [part.bytes_on_disk for part in inspection.parts] == [331289, 3265545, 227205]
    estimated = inspection.memory[4]
    config, shapes = read_geometry(tmp_path / "vqgan", "vqgan")
    unread = memory.weights(shapes, jnp.float32)
    unread -= memory.weights(without(shapes, config.READERS), jnp.float32)
    assert unread > 0
    assert estimated.weights == 4 * inspection.parameters - unread
    assert estimated.replaced_weights == estimated.prepared_decoder
    assert estimated.peak == memory.PROGRAM + memory.COMPILED + estimated.weights + (
        estimated.cross_attention_cache
        + estimated.self_attention_cache * 3 // 4
        + estimated.picture_decoding
        + estimated.finished_pictures
    )
    assert "0.3 MB on disk" in str(inspection)


def test_more_candidates_take_more_turns_and_only_finished_pictures_add_up():
    one, few, many = describe("random:mini", candidates=(1, 16, 64)).memory.values()
    assert one.self_attention_cache == few.self_attention_cache == many.self_attention_cache
    assert one.picture_decoding == few.picture_decoding == many.picture_decoding
    assert many.finished_pictures == 4 * few.finished_pictures
    assert many.peak - few.peak == many.finished_pictures - few.finished_pictures


def test_int8_needs_less_once_it_is_loaded():
    floats, int8 = (
        describe("random:mini", [16], jnp.bfloat16, dtype).memory[16]
        for dtype in (jnp.bfloat16, jnp.int8)
    )
    assert int8.prepared_decoder * 2 == floats.prepared_decoder
    loaded = [m.peak - m.picture_decoding for m in (int8, floats)]
    assert loaded[0] < loaded[1]
    assert int8.peak >= int8.program + int8.weights  # while it is loaded


@pytest.mark.parametrize("in_bytes", [False, True])
def test_pictures_in_int8_need_more_while_they_are_decoded(monkeypatch, in_bytes):
    monkeypatch.setattr(hardware, "convolves_bytes", lambda: in_bytes)
    floats, int8 = (
        describe("random:mini", [16], jnp.bfloat16, dtype).memory[16].picture_decoding
        for dtype in (jnp.bfloat16, jnp.int8)
    )
    assert (int8 > floats) is in_bytes


def test_float16_takes_half_of_float32_on_a_gpu(monkeypatch):
    monkeypatch.setattr(memory.jax, "default_backend", lambda: "gpu")
    half, whole = (
        describe("random:mini", [16], dtype).memory[16] for dtype in (jnp.float16, jnp.float32)
    )
    assert half.self_attention_cache * 2 == whole.self_attention_cache
    assert half.prepared_decoder * 2 == whole.prepared_decoder
    assert half.program == 0  # an accelerator's memory holds arrays alone


def test_what_does_not_fit_is_sampled_in_smaller_turns():
    bart, _ = read_geometry(GEOMETRIES / "mega.json", "bart")
    vqgan, _ = read_geometry(GEOMETRIES / "vqgan_f16_16384.json", "vqgan")

    def at_once(free: int | None) -> int:
        return memory.sampled_at_once(bart, vqgan, jnp.float32, free)

    arrays = memory.self_attention_cache(bart, 16, jnp.float32) + memory.cross_attention_cache(
        bart, 16
    )
    arrays += memory.logits(bart, 16)
    assert at_once(None) == at_once(arrays + memory.COMPILED) == 16
    assert at_once(arrays + memory.COMPILED - 1) == 8
    assert at_once(arrays // 3 + memory.COMPILED) == 4
    assert at_once(memory.COMPILED) == at_once(0) == 1  # nothing smaller can be tried


@pytest.mark.parametrize("candidates", [(), (0,), (9, -1)])
def test_a_number_of_candidates_is_needed(candidates):
    with pytest.raises(ValueError, match="give at least one number above 0"):
        describe("random:mini", candidates=candidates)


def test_weights_are_those_of_the_loaded_model():
    folder = FIXTURES / "dalle-bart-tiny"
    _, shapes = read_geometry(folder, "bart")
    for dtype in (jnp.float32, jnp.bfloat16):
        assert memory.weights(shapes, dtype) == size_of(load_bart(folder, dtype).params)
    config, shapes = read_geometry(FIXTURES / "vqgan-tiny", "vqgan")
    loaded = load_vqgan(FIXTURES / "vqgan-tiny", jnp.bfloat16)
    assert memory.weights(shapes, jnp.bfloat16) == size_of(loaded.params)
    decoder_only = load_vqgan(FIXTURES / "vqgan-tiny", jnp.bfloat16, reads=False)
    assert memory.weights(without(shapes, config.READERS), jnp.bfloat16) == size_of(
        decoder_only.params
    )


def test_caches_and_prepared_weights_are_those_of_the_decoder():
    config, shapes = read_geometry(GEOMETRIES / "mini.json", "bart")
    for kernels, kept in ((jnp.float32, jnp.float32), (jnp.bfloat16, PACKED), (jnp.int8, PACKED)):
        cache = jax.eval_shape(partial(empty_cache, config, 2 * 16, config.image_length, kept))
        assert memory.self_attention_cache(config, 16, kernels) == size_of(cache)

    prepared = jax.eval_shape(partial(prepare, config=config, dtype=jnp.bfloat16), shapes)
    kernels = [leaf for leaf in jax.tree.leaves(prepared.tree) if leaf.dtype == jnp.bfloat16]
    assert memory.prepared_decoder(shapes, jnp.bfloat16) == size_of(kernels)
    prepared = jax.eval_shape(partial(prepare, config=config, dtype=jnp.int8), shapes)
    kernels = [leaf for leaf in jax.tree.leaves(prepared.tree) if leaf.dtype.itemsize == 1]
    assert memory.prepared_decoder(shapes, jnp.int8) == size_of(kernels)


def working_memory(apply, config, shapes: dict, method: str, *inputs) -> int:
    """What XLA sets aside for the temporary arrays of one compiled call."""
    compiled = apply.lower(config, jnp.float32, method, shapes, *inputs).compile()
    return compiled.memory_analysis().temp_size_in_bytes


def test_working_memory_is_near_what_xla_reports():
    config, shapes = read_geometry(GEOMETRIES / "vqgan_f16_16384.json", "vqgan")
    codes = jax.ShapeDtypeStruct((2, 256), jnp.int32)
    reported = working_memory(vqgan._compiled(), config, shapes, "decode", codes)
    assert config.decoding_bytes(2, jnp.float32) == pytest.approx(reported, rel=0.3)

    config, shapes = read_geometry(GEOMETRIES / "clip_vit_base_patch32.json", "clip")
    pixels = jax.ShapeDtypeStruct((16, 224, 224, 3), jnp.float32)
    reported = working_memory(clip._apply, config, shapes, "embed_images", pixels)
    inputs = size_of(pixels)
    assert memory.picture_scoring(config, 16) - inputs == pytest.approx(reported, rel=0.3)


def test_a_cell_tokenizer_is_described_too():
    config = CellTokenizerConfig(
        resolution=192,
        cell=16,
        n_embed=4096,
        embed_dim=16,
        looks=4,
        styles=4,
        tints=4,
        grounds=4,
        ground_dim=4,
        decoder_width=384,
        decoder_hidden=384,
        decoder_blocks=4,
        filter_width=32,
        reader_width=16,
    )
    described = (
        "cell tokenizer, 4 codes for the picture and 12 x 12 for its cells, of 4,112, "
        "to 192 x 192 pixels"
    )
    assert summary(config) == described
    codes = jax.ShapeDtypeStruct((2, config.length), jnp.int32)
    network = cells.CellNetwork(config)
    reported = (
        cells._apply.lower(network, cells.cell_shapes(config), codes, method="decode")
        .compile()
        .memory_analysis()
        .temp_size_in_bytes
    )
    assert config.decoding_bytes(2, jnp.float32) == pytest.approx(reported, rel=0.3)
