"""What drawing N candidates takes in memory, term by term, in bytes.

Legend as in the package; R = 2N rows: every candidate with and without the prompt. Formulas
for working memory were fitted to what XLA reports for its compiled programs on a CPU, and
`python -m dalle benchmark --memory` sets the sum beside what a process took.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict

from dalle.models.cache import bytes_of_number, cache_dtype
from dalle.models.cell_config import CellTokenizerConfig
from dalle.models.checkpoint import leaf_dtype
from dalle.models.config import BartConfig, ClipConfig, VqganConfig
from dalle.models.loading import READERS, kernel_dtype, without

FLOAT32 = 4

# As measured, on a CPU. A server has the page and its visitors besides.
PROGRAM = 300_000_000  # Python and its libraries, before a model is read
COMPILED = 350_000_000  # what is compiled until the first pictures are ranked

# Every run has these shapes, whatever the number of candidates: one compilation serves all, and a
# candidate drawn alone is the same picture to the last bit. With other row counts XLA sums in
# another order, which in bfloat16 is enough to draw other codes. Four is as fast as any on a CPU.
DRAWN_TOGETHER = 16
DECODED_TOGETHER = 4


def weights(shapes: dict[str, Any], dtype: jnp.dtype) -> int:
    """The parameters as read: kernels in `dtype`, the rest in float32."""
    return sum(
        math.prod(leaf.shape) * jnp.dtype(leaf_dtype(name, dtype)).itemsize
        for name, leaf in flatten_dict(shapes).items()
    )


def prepared_decoder(shapes: dict[str, Any], dtype: jnp.dtype) -> int:
    """The decoder's and the head's kernels in `dtype`, laid out for drawing."""
    kernels = (
        math.prod(leaf.shape)
        for name, leaf in flatten_dict(shapes).items()
        if name[-1] == "kernel" and "encoder" not in name
    )
    return sum(kernels) * jnp.dtype(dtype).itemsize


def self_attention_cache(config: BartConfig, candidates: int, kernels: jnp.dtype) -> int:
    """Keys and values of the image tokens, 2 x L x [R, H, T, K]: 2 L 2N T D x 4, or x 2."""
    size = bytes_of_number(cache_dtype(config, kernels, jax.default_backend()))
    tokens = 2 * candidates * config.image_length
    return 2 * config.decoder_layers * tokens * config.d_model * size


def cross_attention_cache(config: BartConfig, candidates: int) -> int:
    """Keys and values of a prompt and of none, for DECODED_TOGETHER candidates each: P 2L 2S D x 4.

    They may be of as many people.
    """
    tokens = -(-candidates // DECODED_TOGETHER) * 2 * config.max_text_length
    return 2 * config.decoder_layers * tokens * config.d_model * FLOAT32


def logits(config: BartConfig, candidates: int) -> int:
    """[R, V] float32, and the guided [N, V]: 3N V x 4."""
    return 3 * candidates * config.output_vocab_size * FLOAT32


def picture_decoding(
    config: VqganConfig | CellTokenizerConfig, pictures: int, dtype: jnp.dtype
) -> int:
    """The widest arrays of the decoder, of which so many are alive at once.

    VQGAN: N H W ch x 4, three of them; six where convolutions are bfloat16 products of strips.
    Cell tokeniser: N H W (2 W + 12) x 4: a filter's hidden units, and what it knows (measured).
    """
    if isinstance(config, VqganConfig):
        arrays = 6 if dtype == jnp.bfloat16 else 3
        return arrays * pictures * config.resolution**2 * config.widths[0] * FLOAT32
    return pictures * config.resolution**2 * (2 * config.filter_width + 12) * FLOAT32


def drawing(cache: int, cross: int, logits: int, decoding: int) -> int:
    """What is there at once while codes are drawn and become previews.

    The last previews are decoded beside three quarters of the cache: the last quarter is not there
    yet, and when the pictures are decoded the cache is gone.
    """
    return cross + max(cache + logits, cache * 3 // 4 + decoding)


def of_process(size: int) -> int:
    """So much where the process and the arrays share a memory: none of an accelerator's."""
    return size if jax.default_backend() == "cpu" else 0


def drawn_at_once(
    bart: BartConfig,
    vqgan: VqganConfig | CellTokenizerConfig,
    dtype: jnp.dtype,
    free: int | None,
) -> int:
    """How many candidates `free` bytes suffice for: DRAWN_TOGETHER, or half as often as needed."""
    together = DRAWN_TOGETHER
    while free is not None and together > 1:
        needed = drawing(
            self_attention_cache(bart, together, dtype),
            cross_attention_cache(bart, together),
            logits(bart, together),
            picture_decoding(vqgan, min(together, DECODED_TOGETHER), dtype),
        )
        if needed + of_process(COMPILED) <= free:
            break
        together //= 2
    return together


def finished_pictures(
    config: VqganConfig | CellTokenizerConfig, clip: ClipConfig, candidates: int
) -> int:
    """All pictures as bytes, twice, and as CLIP's float32 input: N H W 3 x 2 + N h w 3 x 4."""
    values = 2 * config.resolution**2 + FLOAT32 * clip.vision_config.image_size**2
    return 3 * candidates * values


def picture_scoring(config: ClipConfig, pictures: int) -> int:
    """CLIP's feed-forward layer and its input, N positions (2F + D) x 4; pixels, N H W 3 x 4."""
    vision = config.vision_config
    positions = (vision.image_size // vision.patch_size) ** 2 + 1
    hidden = positions * (2 * vision.intermediate_size + vision.hidden_size)
    return pictures * (hidden + 3 * vision.image_size**2) * FLOAT32


@dataclass(frozen=True)
class Memory:
    """Bytes by purpose, for one number of candidates; on one device, where there are several."""

    program: int
    compiled: int
    weights: int
    prepared_decoder: int
    replaced_weights: int  # whose place the prepared decoder takes, kernel by kernel
    self_attention_cache: int
    cross_attention_cache: int
    logits: int
    picture_decoding: int
    picture_scoring: int
    finished_pictures: int

    @property
    def peak(self) -> int:
        """The program, its weights, and the largest of the steps that follow each other."""
        loaded = self.weights + self.prepared_decoder - self.replaced_weights
        caches = self.self_attention_cache, self.cross_attention_cache
        drawn = drawing(*caches, self.logits, self.picture_decoding)
        working = self.finished_pictures + max(drawn, self.picture_scoring)
        return self.program + max(self.weights, self.compiled + loaded + working)


def estimate(
    configs: dict[str, Any],
    shapes: dict[str, Any],
    candidates: int,
    dtype: jnp.dtype,
    decoder_dtype: jnp.dtype,
) -> Memory:
    """The memory of a whole model, from the config and the shapes of each of its parts.

    `dtype` is that of BART's and the image decoder's products, `decoder_dtype` that of drawing
    codes where it differs (int8); CLIP is always float32. However many candidates are asked for,
    DRAWN_TOGETHER are drawn at a time, and their pictures decoded and scored DECODED_TOGETHER.
    """
    bart, vqgan, clip = (configs[part] for part in ("bart", "vqgan", "clip"))
    return Memory(
        program=of_process(PROGRAM),
        compiled=of_process(COMPILED),
        weights=weights(shapes["bart"], dtype)
        + weights(without(shapes["vqgan"], READERS), kernel_dtype(vqgan, dtype))
        + weights(shapes["clip"], jnp.float32),
        prepared_decoder=prepared_decoder(shapes["bart"], decoder_dtype),
        replaced_weights=prepared_decoder(shapes["bart"], dtype),
        self_attention_cache=self_attention_cache(bart, DRAWN_TOGETHER, decoder_dtype),
        cross_attention_cache=cross_attention_cache(bart, DRAWN_TOGETHER),
        logits=logits(bart, DRAWN_TOGETHER),
        picture_decoding=picture_decoding(vqgan, DECODED_TOGETHER, dtype),
        picture_scoring=picture_scoring(clip, DECODED_TOGETHER),
        finished_pictures=finished_pictures(vqgan, clip, candidates),
    )
