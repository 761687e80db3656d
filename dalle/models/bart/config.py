"""BART's geometry, read from its published config.json."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

from dalle.models.published_config import (
    Layers,
    Length,
    Size,
    TextLength,
    Token,
    read_fields,
    refuse_others,
    require_heads,
)


@dataclass(frozen=True)
class BartConfig:
    """DALL·E's sequence-to-sequence network (BART with NormFormer layers and GLU).

    Source: DalleBartConfig of github.com/borisdayma/dalle-mini.
    """

    encoder_vocab_size: Size
    image_vocab_size: Size
    max_text_length: TextLength
    image_length: Length
    d_model: Size
    encoder_layers: Layers
    encoder_attention_heads: Size
    encoder_ffn_dim: Size
    decoder_layers: Layers
    decoder_attention_heads: Size
    decoder_ffn_dim: Size
    decoder_start_token_id: Token
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
        "model_type": "dallebart",
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
        start = {"decoder_start_token_id": published.get("image_vocab_size")}
        config = cls(**read_fields(cls, cls.DEFAULTS | start | published))
        # The network has one output more than codes, and takes that for the start.
        refuse_others(published, {"decoder_start_token_id": config.image_vocab_size})
        for side in ("encoder", "decoder"):
            heads = getattr(config, f"{side}_attention_heads")
            require_heads("d_model", config.d_model, f"{side}_attention_heads", heads)
        return config

    def to_json(self) -> dict[str, Any]:
        return self.SUPPORTED | dataclasses.asdict(self)

    @property
    def output_vocab_size(self) -> int:
        """Logits per position: the image codes, and the start token that is never sampled."""
        return self.image_vocab_size + 1
