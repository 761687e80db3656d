"""The memory for generating N candidates, term by term, in bytes.

Legend as in the package; R = 2N rows: every candidate with and without the prompt. Formulas for
working memory were fitted to XLA's reports on compiled programs on a CPU. `python -m dalle
benchmark --memory` sets the sum beside a process's peak.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict

from dalle.models.bart.config import BartConfig
from dalle.models.bart.kv_cache import bytes_of_number, cache_dtype
from dalle.models.checkpoints.checkpoint import leaf_dtype
from dalle.models.clip.config import ClipConfig
from dalle.models.hardware import picture_dtype
from dalle.models.image_tokenizer import ImageTokenizerConfig
from dalle.models.loading import without

FLOAT32 = 4

# As measured, on a CPU. A server has the page and its visitors besides.
PROGRAM = 300_000_000  # Python and its libraries, before a model is read
COMPILED = 350_000_000  # programs compiled until the first pictures are ranked

# Every run has these shapes, for any number of candidates: one compilation serves all, and a
# candidate alone is the same picture to the last bit. With other row counts XLA sums in another
# order, which in bfloat16 is enough to sample other codes. Four is as fast as any on a CPU.
SAMPLED_TOGETHER = 16
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
    """Keys and values of the image tokens, 2 x L x [R, A, T, K]: 2 L 2N T D x 4, or x 2."""
    size = bytes_of_number(cache_dtype(config, kernels, jax.default_backend()))
    tokens = 2 * candidates * config.image_length
    return 2 * config.decoder_layers * tokens * config.d_model * size


def cross_attention_cache(config: BartConfig, candidates: int) -> int:
    """Keys and values of a prompt and of none, for DECODED_TOGETHER candidates each: P 2L 2S D x 4.

    These may belong to different requests.
    """
    tokens = -(-candidates // DECODED_TOGETHER) * 2 * config.max_text_length
    return 2 * config.decoder_layers * tokens * config.d_model * FLOAT32


def logits(config: BartConfig, candidates: int) -> int:
    """[R, V] float32, and the guided [N, V]: 3N V x 4."""
    return 3 * candidates * config.output_vocab_size * FLOAT32


def generating(cache: int, cross: int, logits: int, decoding: int) -> int:
    """The peak while codes are sampled and previews decoded.

    The last previews are decoded beside three quarters of the cache: the last quarter is not there
    yet, and when the pictures are decoded the cache is gone.
    """
    return cross + max(cache + logits, cache * 3 // 4 + decoding)


def of_process(size: int) -> int:
    """So much where the process and the arrays share a memory: none of an accelerator's."""
    return size if jax.default_backend() == "cpu" else 0


def batch_memory(
    bart: BartConfig,
    tokenizer: ImageTokenizerConfig,
    candidates: int,
    dtype: jnp.dtype,
) -> int:
    """Bytes beside the weights while `candidates` are generated together."""
    return generating(
        self_attention_cache(bart, candidates, dtype),
        cross_attention_cache(bart, candidates),
        logits(bart, candidates),
        tokenizer.decoding_bytes(min(candidates, DECODED_TOGETHER), dtype),
    )


def sampled_at_once(
    bart: BartConfig,
    tokenizer: ImageTokenizerConfig,
    dtype: jnp.dtype,
    free: int | None,
) -> int:
    """How many candidates fit into `free` bytes: SAMPLED_TOGETHER, halved until they do."""
    together = SAMPLED_TOGETHER
    while free is not None and together > 1:
        needed = batch_memory(bart, tokenizer, together, dtype)
        if needed + of_process(COMPILED) <= free:
            break
        together //= 2
    return together


def finished_pictures(config: ImageTokenizerConfig, clip: ClipConfig, candidates: int) -> int:
    """All pictures as bytes, twice, and as CLIP's float32 input: N H W 3 x 2 + N h w 3 x 4."""
    values = 2 * config.finished**2 + FLOAT32 * clip.vision_config.image_size**2
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
        generated = generating(*caches, self.logits, self.picture_decoding)
        working = self.finished_pictures + max(generated, self.picture_scoring)
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
    SAMPLED_TOGETHER are drawn at a time, and their pictures decoded and scored DECODED_TOGETHER.
    """
    bart, tokenizer, clip = (configs[part] for part in ("bart", "vqgan", "clip"))
    return Memory(
        program=of_process(PROGRAM),
        compiled=of_process(COMPILED),
        weights=weights(shapes["bart"], dtype)
        + weights(without(shapes["vqgan"], tokenizer.READERS), tokenizer.kernel_dtype(dtype))
        + weights(shapes["clip"], jnp.float32),
        prepared_decoder=prepared_decoder(shapes["bart"], decoder_dtype),
        replaced_weights=prepared_decoder(shapes["bart"], dtype),
        self_attention_cache=self_attention_cache(bart, SAMPLED_TOGETHER, decoder_dtype),
        cross_attention_cache=cross_attention_cache(bart, SAMPLED_TOGETHER),
        logits=logits(bart, SAMPLED_TOGETHER),
        picture_decoding=tokenizer.decoding_bytes(
            DECODED_TOGETHER, picture_dtype(decoder_dtype, dtype)
        ),
        picture_scoring=picture_scoring(clip, DECODED_TOGETHER),
        finished_pictures=finished_pictures(tokenizer, clip, candidates),
    )
