"""A picture made ready for CLIP: resized, cropped and normalised as at its training.

Source: CLIPFeatureExtractor of github.com/huggingface/transformers, which agrees with the
original to the last bit up to float rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image

from dalle.models.config import refuse_others


@dataclass(frozen=True)
class ClipPreprocessing:
    """What preprocessor_config.json says; the values of its absent fields are OpenAI's."""

    size: int  # pixels a side
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)

    SUPPORTED = {
        "do_resize": True,
        "do_center_crop": True,
        "do_rescale": True,
        "do_normalize": True,
        "resample": int(Image.Resampling.BICUBIC),
        "rescale_factor": 1 / 255,
    }

    @classmethod
    def from_json(cls, published: dict[str, Any], image_size: int) -> Self:
        """The published choices; CheckpointError unless they give pictures of `image_size`."""
        # A size is a number in older files, and later a dict with these keys.
        sizes = {"shortest_edge": image_size}, {"height": image_size, "width": image_size}
        for name in ("size", "crop_size"):
            if published.get(name) not in sizes:
                refuse_others(published, {name: image_size})
        refuse_others(published, cls.SUPPORTED)
        return cls(
            size=image_size,
            mean=tuple(published.get("image_mean", cls.mean)),
            std=tuple(published.get("image_std", cls.std)),
        )

    def __call__(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Pictures of any size -> pixel_values [B, size, size, 3] float32, normalised."""
        squares = np.stack([np.asarray(self._square(picture)) for picture in pictures])
        mean, std = np.float32(self.mean), np.float32(self.std)
        return (squares.astype(np.float32) / 255 - mean) / std

    def _square(self, picture: Image.Image) -> Image.Image:
        """The middle of the picture, its shorter side resized to `size`."""
        picture = picture.convert("RGB")
        shorter = min(picture.size)
        # Rounded down: the original does so, and a pixel more or less moves the whole crop.
        width, height = (self.size * length // shorter for length in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
        left, top = (width - self.size) // 2, (height - self.size) // 2
        return picture.crop((left, top, left + self.size, top + self.size))
