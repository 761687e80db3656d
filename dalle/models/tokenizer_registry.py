"""The image tokenizers by the `model_type` of their config.json."""

from dalle.models.cells.network import CellTokenizer
from dalle.models.image_tokenizer import ImageTokenizer, ImageTokenizerConfig
from dalle.models.vqgan.network import Vqgan

# The original wrote no model_type for its VQGANs.
IMAGE_TOKENIZERS: dict[str, type[ImageTokenizer]] = {
    "cell_tokenizer": CellTokenizer,
    "vqgan": Vqgan,
    "VQGAN": Vqgan,
    "": Vqgan,
}


def tokenizer_class(config: ImageTokenizerConfig) -> type[ImageTokenizer]:
    """The registered tokenizer that a config belongs to."""
    return next(kind for kind in IMAGE_TOKENIZERS.values() if kind.Config is type(config))
