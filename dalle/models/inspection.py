"""A model described without loading it: geometry, parameters, files, and the memory it needs."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jax
import jax.numpy as jnp

from dalle.models.bart.config import BartConfig
from dalle.models.checkpoints.folder import weight_files
from dalle.models.clip.config import ClipConfig
from dalle.models.hardware import inference_dtype
from dalle.models.hub.registry import PARTS, ModelFiles, locate
from dalle.models.loading import Config, read_geometry
from dalle.models.memory_estimate import Memory, estimate


@dataclass(frozen=True)
class Part:
    """One of a model's three networks."""

    name: str
    geometry: str
    parameters: int
    bytes_on_disk: int  # 0 where the weights are not on this machine


@dataclass(frozen=True)
class Inspection:
    """The facts of a model before it is loaded; `str` prints them."""

    name: str
    revision: str
    parts: tuple[Part, ...]
    dtype: str
    memory: dict[int, Memory]  # by the number of candidates

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    def __str__(self) -> str:
        lines = [f"{self.name} (revision {self.revision}): {millions(self.parameters)} parameters"]
        for part in self.parts:
            size = (
                f"{part.bytes_on_disk / 1e6:,.1f} MB on disk" if part.bytes_on_disk else "no file"
            )
            lines.append(
                f"  {part.name:6}{part.geometry}; {millions(part.parameters)} parameters, {size}"
            )
        lines += ["", row(f"memory, products in {self.dtype}, MB", self.memory.keys())]
        lines[-1] += "  candidates"
        for term in asdict(next(iter(self.memory.values()))):
            sizes = (round(getattr(m, term) / 1e6) for m in self.memory.values())
            lines.append(row(f"  {term.replace('_', ' ')}", sizes))
        lines.append(row("  peak", (round(m.peak / 1e6) for m in self.memory.values())))
        return "\n".join(lines)


def row(label: str, numbers: Sequence[int]) -> str:
    return f"{label:40}" + "".join(f"{number:10,}" for number in numbers)


def millions(count: int) -> str:
    return f"{count / 1e6:,.1f} M"


def describe(
    name: str | Path,
    candidates: Sequence[int] = (9, 16, 64),
    dtype: jnp.dtype | None = None,
    decoder_dtype: jnp.dtype | None = None,
) -> Inspection:
    """A registered name, a Hub repository, a folder or "random:mini"; no weights are read.

    `dtype` is that of the products (None: the faster one on this machine), `decoder_dtype` that
    of drawing codes where it differs. DalleError where there is no such model.
    """
    if not candidates or min(candidates) < 1:
        raise ValueError(f"candidates is {list(candidates)}; give at least one number above 0")
    dtype = jnp.dtype(dtype or inference_dtype())
    return describe_files(locate(name, weights=False), candidates, dtype, decoder_dtype or dtype)


def describe_files(
    files: ModelFiles, candidates: Sequence[int], dtype: jnp.dtype, decoder_dtype: jnp.dtype
) -> Inspection:
    """As `describe`, of a model whose parts have been found."""
    configs, shapes, parts = {}, {}, []
    for part in PARTS:
        path = getattr(files, part)
        configs[part], shapes[part] = read_geometry(path, part)
        sizes = (math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes[part]))
        parts.append(Part(part, summary(configs[part]), sum(sizes), bytes_on_disk(path)))
    memory = {count: estimate(configs, shapes, count, dtype, decoder_dtype) for count in candidates}
    dtype_name = jnp.dtype(decoder_dtype).name
    return Inspection(files.name, files.revision, tuple(parts), dtype_name, memory)


def bytes_on_disk(path: Path) -> int:
    """The size of a folder's weight files; 0 for a geometry."""
    return sum(file.stat().st_size for file in weight_files(path) if file.is_file())


def summary(config: Config) -> str:
    """A network's geometry in one line."""
    match config:
        case BartConfig():
            return (
                f"{config.encoder_layers} + {config.decoder_layers} layers, "
                f"width {config.d_model}, {config.decoder_attention_heads} heads, "
                f"feed-forward {config.decoder_ffn_dim}, "
                f"{config.max_text_length} text tokens of {config.encoder_vocab_size:,}, "
                f"{config.image_length} image tokens of {config.image_vocab_size:,}"
            )
        case ClipConfig(text_config=text, vision_config=vision):
            return (
                f"{vision.num_hidden_layers} layers of width {vision.hidden_size} for pictures of "
                f"{vision.image_size} pixels in patches of {vision.patch_size}, "
                f"{text.num_hidden_layers} of {text.hidden_size} for "
                f"{text.max_position_embeddings} text tokens"
            )
    return config.summary()
