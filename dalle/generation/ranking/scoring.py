"""CLIP's opinion: how well a prompt, and each concept of a list, fits pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jax import Array
from PIL import Image

from dalle.generation.pictures import in_batches
from dalle.generation.run import SLOT_ROWS
from dalle.models.clip.network import Clip
from dalle.models.sharding import spread, whole_rows
from dalle.safety.pictures.concepts import Concepts
from dalle.text import Tokens


@dataclass(frozen=True, eq=False)
class ClipScorer:
    """Compares pictures with texts."""

    clip: Clip
    tokenizer: Callable[[list[str]], Tokens]
    concepts: Concepts | None

    def of(self, images: Sequence[Image.Image], prompt: str) -> np.ndarray:
        """How well the prompt, and then each concept, fits each picture, [N, 1 + concepts]."""
        text = self._embed([prompt])  # [1, D]
        if self.concepts:
            text = jnp.concatenate([text, self._concept_vectors])  # [1 + concepts, D]

        def compare(values: np.ndarray) -> Array:
            return self.clip.similarity(self.clip.embed_images(spread(values)), text)

        values = np.asarray(self.clip.preprocess(images))  # [N, H, W, 3]
        return in_batches(compare, values, whole_rows(SLOT_ROWS))

    def likenesses(self, images: Sequence[Image.Image], other: Image.Image) -> np.ndarray:
        """How like each picture is to another: the cosines of CLIP's embeddings, [N]."""

        def embed(values: np.ndarray) -> Array:
            return self.clip.embed_images(spread(values))

        values = np.asarray(self.clip.preprocess([*images, other]))
        vectors = in_batches(embed, values, whole_rows(SLOT_ROWS))  # [N + 1, D]
        return vectors[:-1] @ vectors[-1]

    def cosines(self, compared: np.ndarray) -> np.ndarray:
        """CLIP's logits without their scale, [N, concepts]."""
        return compared / np.exp(np.asarray(self.clip.params["logit_scale"], np.float32))

    @cached_property
    def _concept_vectors(self) -> Array:
        """[concepts, D]"""
        return self._embed(list(self.concepts.phrases))

    def _embed(self, texts: list[str]) -> Array:
        tokens = self.tokenizer(texts)
        return self.clip.embed_text(tokens.input_ids, tokens.attention_mask)
