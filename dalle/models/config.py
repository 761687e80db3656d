"""The networks' geometry, read from each model's published config.json.

What a published model never uses is refused by name: loading it and drawing something else
would be worse than not loading it.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

from dalle.errors import CheckpointError

# Far above any published model: what a broken or hostile file may not ask for.
LARGEST_SIZE = 1_000_000
LARGEST = {"encoder_layers": 200, "decoder_layers": 200, "num_hidden_layers": 200}


def read_fields(config_class: type, published: dict[str, Any]) -> dict[str, Any]:
    """The values of a config's own fields; CheckpointError names the ones that are missing."""
    names = [field.name for field in dataclasses.fields(config_class)]
    missing = [name for name in names if name not in published]
    if missing:
        raise CheckpointError(
            f"config.json lacks {', '.join(missing)}; a {config_class.__name__} needs each of "
            f"{', '.join(names)}. Is this the right folder?"
        )
    values = {name: published[name] for name in names}
    for field in dataclasses.fields(config_class):
        value, limit = values[field.name], LARGEST.get(field.name, LARGEST_SIZE)
        if field.type is int and not (type(value) is int and 0 <= value <= limit):
            raise CheckpointError(
                f"config.json sets {field.name} to {value!r}; it must be a whole number from 0 to "
                f"{limit}. Check the file."
            )
    return values


def refuse_others(published: dict[str, Any], supported: dict[str, Any]) -> None:
    """CheckpointError for an option that is present with another value than the supported one."""
    for name, value in supported.items():
        if name in published and published[name] != value:
            raise CheckpointError(
                f"config.json sets {name} to {published[name]!r}; only {value!r} is supported, "
                "as in every published model. Load a model without this option."
            )


def require_multiple(whole: str, value: int, part: str, divisor: int) -> None:
    """CheckpointError where the one does not divide the other."""
    if divisor == 0 or value % divisor:
        raise CheckpointError(
            f"config.json has {whole} {value}, which must be a multiple of {part} {divisor}. "
            "Check the file."
        )


@dataclass(frozen=True)
class BartConfig:
    """DALL·E's sequence-to-sequence network (BART with NormFormer layers and GLU).

    Source: DalleBartConfig of github.com/borisdayma/dalle-mini.
    """

    encoder_vocab_size: int
    image_vocab_size: int
    max_text_length: int
    image_length: int
    d_model: int
    encoder_layers: int
    encoder_attention_heads: int
    encoder_ffn_dim: int
    decoder_layers: int
    decoder_attention_heads: int
    decoder_ffn_dim: int
    decoder_start_token_id: int
    use_bias: bool
    force_ln_scale: bool
    scale_embedding: bool
    use_final_ln_encoder: bool
    use_final_ln_decoder: bool
    use_scan: bool
    normalize_text: bool
    tie_word_embeddings: bool

    # Older files leave these out; the values are the original's defaults.
    DEFAULTS = {
        "force_ln_scale": False,
        "scale_embedding": False,
        "use_final_ln_encoder": True,
        "use_final_ln_decoder": True,
        "use_scan": False,
        "normalize_text": False,
        "tie_word_embeddings": False,
        "use_bias": False,
    }
    SUPPORTED = {
        "ln_positions": "normformer",
        "ln_type": "layernorm",
        "use_glu": True,
        "activation_function": "gelu",
        "use_absolute_position_embeddings": True,
        "use_alibi": False,
        "use_cosine_attention": False,
        "use_deepnet_scaling": False,
        "use_head_scale": False,
        "use_subln_init": False,
        "use_swin_position_embeddings": False,
        "sinkhorn_iters": 1,
        "tie_word_embeddings": False,
    }

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        refuse_others(published, cls.SUPPORTED)
        config = cls(**read_fields(cls, cls.DEFAULTS | published))
        for side in ("encoder", "decoder"):
            heads = getattr(config, f"{side}_attention_heads")
            require_multiple("d_model", config.d_model, f"{side} heads", heads)
        return config

    def to_json(self) -> dict[str, Any]:
        return {"model_type": "dallebart"} | self.SUPPORTED | dataclasses.asdict(self)

    @property
    def output_vocab_size(self) -> int:
        """Logits per position: the image codes, and the start token that is never sampled."""
        return self.image_vocab_size + 1


@dataclass(frozen=True)
class VqganConfig:
    """The image tokeniser: pictures to a grid of codes, and back.

    Source: VQGANConfig of github.com/patil-suraj/vqgan-jax.
    """

    resolution: int
    ch: int
    ch_mult: tuple[int, ...]
    num_res_blocks: int
    attn_resolutions: tuple[int, ...]
    z_channels: int
    embed_dim: int
    n_embed: int

    NORM_GROUPS = 32  # channels are normalised in as many groups
    SUPPORTED = {
        "in_channels": 3,
        "out_ch": 3,
        "double_z": False,
        "give_pre_end": False,
        "resamp_with_conv": True,
    }

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        refuse_others(published, cls.SUPPORTED)
        fields = read_fields(cls, published)
        for name in ("ch_mult", "attn_resolutions"):
            fields[name] = tuple(fields[name])
        config = cls(**fields)
        refuse_others(published, {"num_resolutions": len(config.ch_mult)})
        for width in config.widths:
            require_multiple("ch * ch_mult", width, "groups of a norm,", cls.NORM_GROUPS)
        require_multiple("resolution", config.resolution, "downsampling", config.downsampling)
        return config

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels per level, from the picture's resolution down to the codes'."""
        return tuple(self.ch * factor for factor in self.ch_mult)

    @property
    def downsampling(self) -> int:
        """Pixels per code, along one side."""
        return 2 ** (len(self.ch_mult) - 1)

    @property
    def grid(self) -> int:
        """Codes along one side of the picture."""
        return self.resolution // self.downsampling


@dataclass(frozen=True)
class ClipTowerConfig:
    """What the two halves of CLIP have in common."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    hidden_act: str
    layer_norm_eps: float

    # What transformers leaves out when it writes a config: its defaults, which are ViT-B/32.
    DEFAULTS = {"num_hidden_layers": 12, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        config = cls(**read_fields(cls, cls.DEFAULTS | published))
        if config.hidden_act not in ("quick_gelu", "gelu"):
            raise CheckpointError(
                f"config.json sets hidden_act to {config.hidden_act!r}; only 'quick_gelu' and "
                "'gelu' are supported. Load a model with one of them."
            )
        require_multiple("hidden_size", config.hidden_size, "heads", config.num_attention_heads)
        return config


@dataclass(frozen=True)
class ClipTextConfig(ClipTowerConfig):
    """CLIP's text half."""

    vocab_size: int
    max_position_embeddings: int
    eos_token_id: int

    DEFAULTS = ClipTowerConfig.DEFAULTS | {
        "hidden_size": 512,
        "intermediate_size": 2048,
        "num_attention_heads": 8,
        "vocab_size": 49408,
        "max_position_embeddings": 77,
        "eos_token_id": 2,
    }


@dataclass(frozen=True)
class ClipVisionConfig(ClipTowerConfig):
    """CLIP's picture half."""

    image_size: int
    patch_size: int

    DEFAULTS = ClipTowerConfig.DEFAULTS | {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_attention_heads": 12,
        "image_size": 224,
        "patch_size": 32,
    }

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        refuse_others(published, {"num_channels": 3})
        config = super().from_json(published)
        require_multiple("image_size", config.image_size, "patch_size", config.patch_size)
        return config


@dataclass(frozen=True)
class ClipConfig:
    """How well a picture and a text fit.

    Source: CLIPConfig of github.com/huggingface/transformers.
    """

    text_config: ClipTextConfig
    vision_config: ClipVisionConfig
    projection_dim: int

    @classmethod
    def from_json(cls, published: dict[str, Any]) -> Self:
        refuse_others(published, {"model_type": "clip"})
        fields = read_fields(cls, {"projection_dim": 512} | published)
        return cls(
            text_config=ClipTextConfig.from_json(fields["text_config"]),
            vision_config=ClipVisionConfig.from_json(fields["vision_config"]),
            projection_dim=fields["projection_dim"],
        )

    def to_json(self) -> dict[str, Any]:
        return {"model_type": "clip"} | dataclasses.asdict(self)
