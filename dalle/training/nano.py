"""The embedded model's geometry: three small networks for one small world.

192 x 192 pixels are 8 x 8 cells of 24, so a picture is 4 codes for the whole and 64 for its cells.
"""

from dalle.models.bart.config import BartConfig
from dalle.models.cells.config import CellTokenizerConfig
from dalle.models.clip.config import ClipConfig
from dalle.text.tokenize import CLIP_SPECIALS

TEXT_VOCABULARY = 8192
TEXT_LENGTH = 64

TOKENISER = CellTokenizerConfig(
    resolution=192,
    cell=24,
    n_embed=8040,  # 8192 codes together with those of the header
    embed_dim=128,
    looks=16,
    styles=8,
    tints=16,
    grounds=112,
    ground_dim=64,
    decoder_width=256,
    decoder_hidden=512,
    decoder_blocks=5,
    filter_width=32,
    reader_width=384,
    finisher_width=64,
    finisher_blocks=3,
    ground_tiles=2048,
)

BART = BartConfig(
    encoder_vocab_size=TEXT_VOCABULARY,
    image_vocab_size=TOKENISER.num_codes,
    max_text_length=TEXT_LENGTH,
    image_length=TOKENISER.length,
    d_model=384,
    encoder_layers=2,
    encoder_attention_heads=4,
    encoder_ffn_dim=1024,
    decoder_layers=5,
    decoder_attention_heads=4,
    decoder_ffn_dim=1024,
    decoder_start_token_id=TOKENISER.num_codes,
    use_bias=False,
    force_ln_scale=False,
    scale_embedding=False,
    use_final_ln_encoder=True,
    use_final_ln_decoder=True,
    use_scan=True,
    normalize_text=False,
    tie_word_embeddings=False,
)

# The best settings: see `python -m dalle evaluate`.
GENERATION = {"condition_scale": 1.5, "temperature": 0.4, "top_k": 16, "top_p": 1.0,
              "likelihood_weight": 0.2}  # fmt: skip

_TOWER = {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
CLIP = ClipConfig.from_json(
    {
        "projection_dim": 128,
        "text_config": _TOWER
        | {
            "hidden_size": 128,
            "intermediate_size": 512,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "vocab_size": TEXT_VOCABULARY,
            "max_position_embeddings": TEXT_LENGTH,
            "eos_token_id": CLIP_SPECIALS.index("<|endoftext|>"),
        },
        "vision_config": _TOWER
        | {
            "hidden_size": 256,
            "intermediate_size": 768,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "image_size": 96,
            "patch_size": 12,
        },
    }
)
