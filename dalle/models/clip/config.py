"""CLIP's geometry, read from its published config.json."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, Self

from dalle.errors import CheckpointError
from dalle.models.published_config import (
    Epsilon,
    Layers,
    Length,
    Size,
    TextLength,
    Token,
    read_fields,
    refuse_others,
    require_heads,
    require_multiple,
)


@dataclass(frozen=True)
class ClipTowerConfig:
    """The fields that both towers of CLIP have."""

    hidden_size: Size
    intermediate_size: Size
    num_hidden_layers: Layers
    num_attention_heads: Size
    hidden_act: Literal["quick_gelu", "gelu"]
    layer_norm_eps: Epsilon

    # transformers leaves its defaults, which are ViT-B/32, out of a config.
    DEFAULTS = {"num_hidden_layers": 12, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}

    @classmethod
    def from_json(cls, published: dict[str, Any], section: str = "") -> Self:
        """From the object that config.json has under the name of `section`."""
        config = cls(**read_fields(cls, cls.DEFAULTS | published, section))
        require_heads(
            f"{section}hidden_size",
            config.hidden_size,
            f"{section}num_attention_heads",
            config.num_attention_heads,
        )
        return config


@dataclass(frozen=True)
class ClipTextConfig(ClipTowerConfig):
    """CLIP's text half."""

    vocab_size: Size
    max_position_embeddings: TextLength
    eos_token_id: Token

    DEFAULTS = ClipTowerConfig.DEFAULTS | {
        "hidden_size": 512,
        "intermediate_size": 2048,
        "num_attention_heads": 8,
        "vocab_size": 49408,
        "max_position_embeddings": 77,
        "eos_token_id": 2,
    }

    @classmethod
    def from_json(cls, published: dict[str, Any], section: str = "") -> Self:
        config = super().from_json(published, section)
        if config.eos_token_id >= config.vocab_size:
            raise CheckpointError(
                f"config.json sets {section}eos_token_id to {config.eos_token_id}; it must be "
                f"below {section}vocab_size, {config.vocab_size}. Check the file."
            )
        return config


@dataclass(frozen=True)
class ClipVisionConfig(ClipTowerConfig):
    """CLIP's picture half."""

    image_size: Length
    patch_size: Length

    DEFAULTS = ClipTowerConfig.DEFAULTS | {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_attention_heads": 12,
        "image_size": 224,
        "patch_size": 32,
    }

    @classmethod
    def from_json(cls, published: dict[str, Any], section: str = "") -> Self:
        refuse_others(published, {"num_channels": 3})
        config = super().from_json(published, section)
        require_multiple(
            f"{section}image_size", config.image_size, f"{section}patch_size", config.patch_size
        )
        return config


@dataclass(frozen=True)
class ClipConfig:
    """How well a picture and a text fit.

    Source: CLIPConfig of github.com/huggingface/transformers.
    """

    text_config: ClipTextConfig
    vision_config: ClipVisionConfig
    projection_dim: Size

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        refuse_others(published, {"model_type": "clip"})
        return cls(**read_fields(cls, {"projection_dim": 512} | published))

    def to_json(self) -> dict[str, Any]:
        return {"model_type": "clip"} | dataclasses.asdict(self)
