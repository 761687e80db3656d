"""A picture made ready for CLIP: resized, cropped and normalized as at its training.

Source: CLIPFeatureExtractor of github.com/huggingface/transformers, which agrees with the
original to the last bit up to float rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self, get_type_hints

import numpy as np
from PIL import Image

from dalle.models.published_config import Between, Length, read, refuse_others

Mean = Annotated[float, Between(0, 1)]  # of a colour, 0..1
Deviation = Annotated[float, Between(0.01, 1)]

LONGEST_SIDES = 8  # times the shorter one, that are resized before the rest is cropped


@dataclass(frozen=True)
class ClipPreprocessing:
    """The settings in preprocessor_config.json; the values of its absent fields are OpenAI's."""

    size: Length  # pixels a side
    mean: tuple[Mean, Mean, Mean] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[Deviation, Deviation, Deviation] = (0.26862954, 0.26130258, 0.27577711)

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
        kinds = get_type_hints(cls, include_extras=True)
        return cls(
            size=image_size,
            mean=read("image_mean", published.get("image_mean", cls.mean), kinds["mean"]),
            std=read("image_std", published.get("image_std", cls.std), kinds["std"]),
        )

    def __call__(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Pictures of any size -> pixel_values [B, size, size, 3] float32, normalized."""
        squares = np.stack([np.asarray(self._square(picture)) for picture in pictures])
        mean, std = np.float32(self.mean), np.float32(self.std)
        return (squares.astype(np.float32) / 255 - mean) / std

    def _square(self, picture: Image.Image) -> Image.Image:
        """The middle of the picture, its shorter side resized to `size`."""
        shorter, longest = min(picture.size), LONGEST_SIDES * min(picture.size)
        if max(picture.size) > longest:
            # Resized whole, a line of 1 x 100,000 pixels would fill gigabytes.
            picture = crop_middle(picture, longest, longest)
        picture = picture.convert("RGB")
        # Rounded down: the original does so, and a pixel more or less moves the whole crop.
        width, height = (self.size * length // shorter for length in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
        return crop_middle(picture, self.size, self.size)


def crop_middle(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The middle of a picture, at most so wide and high."""
    width, height = min(width, picture.width), min(height, picture.height)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))
