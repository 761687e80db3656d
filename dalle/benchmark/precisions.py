"""The cost of rounded products: logits, likeliest codes and scores against float32."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dalle.generation.loading import load
from dalle.generation.loop import generate_tokens
from dalle.generation.pipeline import Pipeline
from dalle.generation.sampling import make_params, super_condition
from dalle.models.bart.decoding import CrossCache, DecoderWeights, cross_attention_cache, step
from dalle.models.bart.kv_cache import Cache, cache_dtype, empty_cache
from dalle.settings import GenerationSettings

EXACT = "float32"
OTHERS = ("bfloat16", "float16", "int8")
PROMPTS = (
    "a red apple on a blue background",
    "a penguin on the moon",
    "three yellow stars",
    "a cat next to a house",
    "a tiger on a yellow background",
    "a watercolor painting of a boat at sea",
    "a pixel art owl in a forest",
    "two green cars",
    "a violin on a white background",
    "a pizza on the beach",
    "a neon rocket at night",
    "a dog above a bicycle",
)
CANDIDATES = 16


@dataclass(frozen=True)
class Difference:
    """A precision against float32, over the same prompts and seeds."""

    precision: str
    largest_logit_difference: float  # before guidance multiplies it
    same_likeliest_code: float  # share of the guided positions
    score: float  # CLIP's mean for the nine that are kept
    score_change: float  # relative to float32


def compare_precisions(model: str, prompts: tuple[str, ...] = PROMPTS) -> list[Difference]:
    """float32, then the others, all along the codes that float32 draws."""
    exact = load(model, EXACT)
    sampled = [sample_codes(exact, prompt) for prompt in prompts]
    expected = [logits_along(exact, *each) for each in zip(prompts, sampled, strict=True)]
    exact_score = mean_score(exact, prompts)
    differences = [Difference(EXACT, 0.0, 1.0, exact_score, 0.0)]
    for precision in OTHERS:
        pipeline = load(model, precision)
        largest, same = 0.0, []
        for prompt, codes, logits in zip(prompts, sampled, expected, strict=True):
            rounded = logits_along(pipeline, prompt, codes)
            largest = max(largest, float(np.abs(rounded - logits).max()))
            same.append(np.mean(likeliest(pipeline, rounded) == likeliest(exact, logits)))
        score = mean_score(pipeline, prompts)
        differences.append(
            Difference(precision, largest, float(np.mean(same)), score, score / exact_score - 1)
        )
    return differences


def read(pipeline: Pipeline, prompt: str) -> tuple[Array, np.ndarray]:
    """Memory [2, S, D] and mask [2, S] of the prompt and of none."""
    tokenize = pipeline.tokenizer
    both = tokenize([pipeline.normalize(prompt)]), tokenize.without_prompt()
    ids = np.concatenate([tokens.input_ids for tokens in both])
    mask = np.concatenate([tokens.attention_mask for tokens in both])
    return pipeline.encoder.encode(ids, mask), mask


def sample_codes(pipeline: Pipeline, prompt: str) -> np.ndarray:
    """The codes [N, T] of a prompt's candidates."""
    rows = make_params(GenerationSettings.of(pipeline.defaults, {}), 0, range(CANDIDATES))
    shape = pipeline.known_codes, pipeline.layout
    *_, (codes, _) = generate_tokens(pipeline.weights, *read(pipeline, prompt), rows, *shape)
    return codes


def mean_score(pipeline: Pipeline, prompts: tuple[str, ...]) -> float:
    scores: list[float] = []
    for prompt in prompts:
        kept = pipeline.generate(prompt, seed=0, candidates=CANDIDATES).pictures
        scores += pipeline.score([picture.image for picture in kept], prompt)
    return float(np.mean(scores))


def likeliest(pipeline: Pipeline, logits: np.ndarray) -> np.ndarray:
    """The likeliest code at each position of each candidate, [T, 2N, V] -> [T, N]."""
    settings = GenerationSettings.of(pipeline.defaults, {})
    scale = np.full(CANDIDATES, settings.condition_scale, np.float32)
    known = logits[..., : pipeline.known_codes]
    return np.stack([np.asarray(super_condition(each, scale)).argmax(-1) for each in known])


def logits_along(pipeline: Pipeline, prompt: str, codes: np.ndarray) -> np.ndarray:
    """Logits [T, 2N, V] with and without the prompt, while the given codes [N, T] are drawn."""
    cross = cross_attention_cache(pipeline.weights, *read(pipeline, prompt))
    start = np.full((len(codes), 1), pipeline.weights.config.decoder_start_token_id, np.int32)
    given = np.concatenate([start, codes[:, :-1]], axis=1)
    return np.asarray(_along(pipeline.weights, cross, np.tile(given, (2, 1)).T))


@jax.jit
def _along(weights: DecoderWeights, cross: CrossCache, tokens: Array) -> Array:
    """[T, R] given tokens -> [T, R, V] logits of the token after each."""
    length, rows = tokens.shape

    def follow(cache: Cache, given: tuple[Array, Array]) -> tuple[Cache, Array]:
        position, at_position = given
        logits, cache = step(weights, cache, cross, at_position, position)
        return cache, logits

    dtype = cache_dtype(weights.config, weights.kernel_dtype, jax.default_backend())
    cache = empty_cache(weights.config, rows, length, dtype)
    return lax.scan(follow, cache, (jnp.arange(length), tokens))[1]
