"""Compiled for TPU v5e ahead of time, from a machine that has none: does it fit?"""

import jax
import numpy as np
import pytest
from jax.experimental import topologies
from jax.sharding import Mesh

from dalle.models.memory_estimate import DECODED_TOGETHER
from dalle.models.sharding import ROWS
from tests.on_devices.conftest import Call, decoding, geometry, reading, sampling, scoring
from tests.on_devices.splitting import PARTS

pytestmark = pytest.mark.devices
pytest.importorskip("libtpu", reason="libtpu is not installed; tests/devices does that")

CHIP_BYTES = 16 * 10**9
SLICES = ("1x1", "2x2", "2x4")


def mesh_of(chips: str, parts: int = 1) -> Mesh:
    """The chips of a TPU v5e, `parts` of them for each share of the rows."""
    devices = np.array(topologies.get_topology_desc(f"v5e:{chips}", "tpu").devices)
    if parts == 1:
        return Mesh(devices, (ROWS,))
    return Mesh(devices.reshape(-1, parts), (ROWS, PARTS))


def peak_bytes(call: Call) -> int:
    """The most memory that one chip needs for a call, its arguments included."""
    function = call.function if hasattr(call.function, "trace") else jax.jit(call.function)
    lowered = function.trace(*call.arguments, **call.static).lower(lowering_platforms=("tpu",))
    return lowered.compile().memory_analysis().peak_memory_in_bytes


def tell(figures: list[str], what: str, chips: str, peak: int) -> None:
    figures.append(f"{what:40} v5e:{chips}  {peak / 1e6:8,.0f} MB a chip")


@pytest.mark.parametrize(
    ("name", "chips", "parts"),
    [
        *(("mini", chips, 1) for chips in SLICES),
        ("mega", "1x1", 1),
        ("mega", "2x2", 1),
        ("mega", "2x2", 2),
        ("mega", "2x4", 2),
    ],
)
def test_generating_sixteen_candidates(name, chips, parts, figures):
    peak = peak_bytes(sampling(*geometry(name), "tpu", mesh_of(chips, parts)))
    what = f"{name}, drawing" + (f", weights in {parts} parts" if parts > 1 else "")
    tell(figures, what, chips, peak)
    # Beside it stay the encoder, the image decoder and CLIP: 2.9 GB with mega.
    assert peak + 3 * 10**9 < CHIP_BYTES


@pytest.mark.parametrize("name", ["mini", "mega"])
def test_reading_a_prompt(name, figures):
    peak = peak_bytes(reading(*geometry(name), mesh_of("1x1")))
    tell(figures, f"{name}, reading", "1x1", peak)
    assert peak < CHIP_BYTES


@pytest.mark.parametrize("chips", SLICES)
@pytest.mark.parametrize(("what", "make"), [("VQGAN", decoding), ("CLIP", scoring)])
def test_decoding_and_scoring(what, make, chips, figures):
    mesh = mesh_of(chips)
    batch = max(DECODED_TOGETHER, mesh.size)
    peak = peak_bytes(make(batch, mesh))
    tell(figures, f"{what}, {batch} pictures", chips, peak)
    assert peak < CHIP_BYTES
