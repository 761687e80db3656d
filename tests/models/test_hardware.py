"""The dtype of the products follows from what the processor says that it can do."""

import pytest

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
