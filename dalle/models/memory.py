"""What drawing N candidates takes in memory, term by term, in bytes.

Legend as in the package; R = 2N rows: every candidate with and without the prompt. Formulas
for working memory were fitted to what XLA reports for its compiled programs on a CPU.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from flax.traverse_util import flatten_dict

from dalle.models.cell_config import FILTER_PATCH, CellTokenizerConfig
from dalle.models.checkpoint import leaf_dtype
from dalle.models.config import BartConfig, ClipConfig, VqganConfig
from dalle.models.loading import kernel_dtype

FLOAT32 = 4


def weights(shapes: dict[str, Any], dtype: jnp.dtype) -> int:
    """The parameters as read: kernels in `dtype`, the rest in float32."""
    return sum(
        math.prod(leaf.shape) * jnp.dtype(leaf_dtype(name, dtype)).itemsize
        for name, leaf in flatten_dict(shapes).items()
    )


def prepared_decoder(shapes: dict[str, Any], dtype: jnp.dtype) -> int:
    """The decoder's and the head's kernels laid out for drawing, while the read ones are there."""
    kernels = (
        math.prod(leaf.shape)
        for name, leaf in flatten_dict(shapes).items()
        if name[-1] == "kernel" and "encoder" not in name
    )
    return sum(kernels) * jnp.dtype(dtype).itemsize


def self_attention_cache(config: BartConfig, candidates: int) -> int:
    """Keys and values of the image tokens, 2 x L x [R, H, T, K] float32: 2 L 2N T D x 4."""
    tokens = 2 * candidates * config.image_length
    return 2 * config.decoder_layers * tokens * config.d_model * FLOAT32


def cross_attention_cache(config: BartConfig) -> int:
    """Keys and values of the prompt and of no prompt, for all candidates: 2 L 2 S D x 4."""
    tokens = 2 * config.max_text_length
    return 2 * config.decoder_layers * tokens * config.d_model * FLOAT32


def logits(config: BartConfig, candidates: int) -> int:
    """[R, V] float32, and the guided [N, V]: 3N V x 4."""
    return 3 * candidates * config.output_vocab_size * FLOAT32


def picture_decoding(
    config: VqganConfig | CellTokenizerConfig, pictures: int, dtype: jnp.dtype
) -> int:
    """The widest arrays of the decoder, of which so many are alive at once.

    VQGAN: N H W ch x 4, three of them; six where a convolution is nine bfloat16 products.
    Cell tokeniser: N patches (1.5 W + 352) x 4: a filter's windows and hidden units (measured).
    """
    if isinstance(config, VqganConfig):
        arrays = 6 if dtype == jnp.bfloat16 else 3
        return arrays * pictures * config.resolution**2 * config.widths[0] * FLOAT32
    patches = (config.resolution // FILTER_PATCH) ** 2
    return pictures * patches * (3 * config.filter_width // 2 + 352) * FLOAT32


def picture_scoring(config: ClipConfig, pictures: int) -> int:
    """CLIP's feed-forward layer and its input, N positions (2F + D) x 4; pixels, N H W 3 x 4."""
    vision = config.vision_config
    positions = (vision.image_size // vision.patch_size) ** 2 + 1
    hidden = positions * (2 * vision.intermediate_size + vision.hidden_size)
    return pictures * (hidden + 3 * vision.image_size**2) * FLOAT32


@dataclass(frozen=True)
class Memory:
    """Bytes by purpose, for one number of candidates."""

    weights: int
    prepared_decoder: int
    self_attention_cache: int
    cross_attention_cache: int
    logits: int
    picture_decoding: int
    picture_scoring: int

    @property
    def peak(self) -> int:
        """The weights, which stay, and the largest of the steps that follow each other."""
        # The last time that the cache grows, three quarters of it are copied to the whole.
        growing = self.self_attention_cache * 7 // 4 + self.cross_attention_cache
        # Previews are decoded while the cache waits for the next chunk.
        caches = self.self_attention_cache + self.cross_attention_cache
        drawing = max(growing, caches + max(self.logits, self.picture_decoding))
        return self.weights + max(self.prepared_decoder, drawing, self.picture_scoring)


def estimate(
    configs: dict[str, Any],
    shapes: dict[str, Any],
    candidates: int,
    dtype: jnp.dtype,
    pictures_at_once: int = 4,
) -> Memory:
    """The memory of a whole model, from the config and the shapes of each of its parts.

    `dtype` is that of BART's and the image decoder's products; CLIP is always float32. Codes
    become pictures, and pictures are scored, `pictures_at_once`.
    """
    pictures = min(candidates, pictures_at_once)
    return Memory(
        weights=weights(shapes["bart"], dtype)
        + weights(shapes["vqgan"], kernel_dtype(configs["vqgan"], dtype))
        + weights(shapes["clip"], jnp.float32),
        prepared_decoder=prepared_decoder(shapes["bart"], dtype),
        self_attention_cache=self_attention_cache(configs["bart"], candidates),
        cross_attention_cache=cross_attention_cache(configs["bart"]),
        logits=logits(configs["bart"], candidates),
        picture_decoding=picture_decoding(configs["vqgan"], pictures, dtype),
        picture_scoring=picture_scoring(configs["clip"], pictures),
    )
