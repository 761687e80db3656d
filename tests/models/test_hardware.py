"""The dtype of the products follows from what the processor says that it can do."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from dalle.generation import precision as machine
from dalle.models import hardware

X86 = "processor : 0\nmodel name : A\nflags\t\t: fpu avx2 {}\nprocessor : 1\nflags : fpu\n"
ARM = "processor : 0\nFeatures\t: fp asimd {}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (X86.format("avx512_bf16 fma"), "bfloat16"),
        (X86.format("amx_bf16"), "bfloat16"),
        (X86.format("avx512f"), "float32"),
        (ARM.format("bf16 sve"), "bfloat16"),
        (ARM.format("sve"), "float32"),
        ("processor : 0\n", "float32"),
    ],
)
def test_bfloat16_where_the_processor_multiplies_it(tmp_path, monkeypatch, text, expected):
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(hardware, "PROCESSOR", tmp_path / "cpuinfo")
    monkeypatch.setattr(hardware.platform, "system", lambda: "Linux")
    assert hardware.fast_dtype.__wrapped__().name == expected


def test_accelerators_take_bfloat16_and_other_systems_float32(monkeypatch):
    monkeypatch.setattr(hardware.platform, "system", lambda: "Darwin")
    assert hardware.fast_dtype.__wrapped__().name == "float32"
    monkeypatch.setattr(hardware.jax, "default_backend", lambda: "tpu")
    assert hardware.fast_dtype.__wrapped__().name == "bfloat16"


@pytest.mark.parametrize(
    ("capability", "decoding", "training"),
    [
        ("9.0", "bfloat16", "bfloat16"),  # H100
        ("8.0", "bfloat16", "bfloat16"),  # A100
        ("7.5", "float16", "float32"),  # T4
        ("7.0", "float16", "float32"),  # V100
        ("6.1", "float32", "float32"),  # GTX 1080
        ("gfx90a", "bfloat16", "bfloat16"),  # AMD
        (None, "bfloat16", "bfloat16"),  # a TPU
    ],
)
def test_a_gpu_samples_in_what_it_multiplies(monkeypatch, capability, decoding, training):
    device = SimpleNamespace(compute_capability=capability) if capability else object()
    monkeypatch.setattr(hardware.jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(hardware.jax, "local_devices", lambda: [device])
    for name in ("fast_dtype", "inference_dtype"):
        monkeypatch.setattr(hardware, name, getattr(hardware, name).__wrapped__)
    for name in ("inference_dtype", "multiplies_bytes"):
        monkeypatch.setattr(machine, name, getattr(hardware, name))
    monkeypatch.setattr(machine, "multiplies_bytes", lambda: False)
    assert machine.chosen_precision("auto") == decoding
    assert machine.product_dtypes("auto") == (decoding, decoding)
    assert machine.product_dtypes("int8") == ("int8", decoding)
    assert hardware.fast_dtype().name == training
    assert hardware.compiler_options() == {}  # XLA:CPU's


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("avx512_vnni", "int8"),
        ("avx512_bf16 avx512_vnni", "int8"),
        ("avx512_bf16 avx_vnni", "bfloat16"),
        ("avx512f", "float32"),
    ],
)
def test_codes_are_sampled_in_int8_where_the_processor_sums_bytes(
    tmp_path, monkeypatch, flags, precision
):
    (tmp_path / "cpuinfo").write_text(X86.format(flags))
    monkeypatch.setattr(hardware, "PROCESSOR", tmp_path / "cpuinfo")
    monkeypatch.setattr(hardware.platform, "system", lambda: "Linux")
    monkeypatch.setattr(hardware, "fast_dtype", hardware.fast_dtype.__wrapped__)
    for name in ("inference_dtype", "multiplies_bytes"):
        monkeypatch.setattr(machine, name, getattr(hardware, name).__wrapped__)
    assert machine.chosen_precision("auto") == precision
    assert machine.chosen_precision("float32") == "float32"
    monkeypatch.setattr(hardware.jax, "default_backend", lambda: "gpu")
    assert machine.chosen_precision("auto") == "bfloat16"


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ("avx512_bf16 avx512_vnni", "int8"),
        ("avx512_vnni", "int8"),
        ("amx_bf16 avx512_vnni", "bfloat16"),  # its matrix unit is faster
        ("avx512f", "float32"),
    ],
)
def test_pictures_are_decoded_in_int8_where_that_is_faster(tmp_path, monkeypatch, flags, dtype):
    (tmp_path / "cpuinfo").write_text(X86.format(flags))
    monkeypatch.setattr(hardware, "PROCESSOR", tmp_path / "cpuinfo")
    monkeypatch.setattr(hardware.platform, "system", lambda: "Linux")
    for name in ("fast_dtype", "inference_dtype", "multiplies_bytes", "convolves_bytes"):
        monkeypatch.setattr(hardware, name, getattr(hardware, name).__wrapped__)
    for name in ("inference_dtype", "multiplies_bytes"):
        monkeypatch.setattr(machine, name, getattr(hardware, name))
    assert machine.decoding_dtype("auto") == dtype
    assert machine.decoding_dtype("float32") == "float32"
    monkeypatch.setattr(hardware.jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(hardware, "compute_capability", lambda: 9.0)
    assert machine.decoding_dtype("int8") == "bfloat16"


def test_eigen_convolves_where_bfloat16_is_not_known(monkeypatch):
    monkeypatch.setattr(hardware, "fast_dtype", lambda: jnp.dtype(jnp.bfloat16))
    assert hardware.compiler_options() == {}
    monkeypatch.setattr(hardware, "fast_dtype", lambda: jnp.dtype(jnp.float32))

    def convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    shapes = jnp.zeros((1, 64, 64, 128)), jnp.zeros((3, 3, 128, 128))
    compiled = jax.jit(convolve, compiler_options=hardware.compiler_options())
    assert "ynn" not in compiled.lower(*shapes).compile().as_text()


def test_the_processor_is_named(tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(X86.format(""))
    monkeypatch.setattr(hardware, "PROCESSOR", tmp_path / "cpuinfo")
    monkeypatch.setattr(hardware.platform, "system", lambda: "Linux")
    assert hardware.processor_name() == "A"
    (tmp_path / "cpuinfo").write_text(ARM.format(""))
    assert hardware.processor_name() == hardware.platform.machine()


def test_free_memory_is_the_smaller_of_the_machine_s_and_the_container_s(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware.platform, "system", lambda: "Linux")
    monkeypatch.setattr(hardware, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(hardware, "CONTAINER", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  7 kB\nHugePages_Total: 0\n")
    assert hardware.free_memory() == 7 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert hardware.free_memory() == 7 * 1024
    (tmp_path / "memory.max").write_text("4000\n")
    (tmp_path / "memory.current").write_text("3000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 500\n")
    assert hardware.free_memory() == 1500
    monkeypatch.setattr(hardware.platform, "system", lambda: "Darwin")
    assert hardware.free_memory() is None
