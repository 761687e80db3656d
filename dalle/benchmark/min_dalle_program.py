"""Runs in min-dalle's own environment: draws once for each line that comes in.

    python min_dalle_program.py mini|mega LAYERS

LAYERS 0: all published layers. Writes "ready", then the seconds of each drawing.
"""

import sys
import tempfile
import time

import torch
from min_dalle import MinDalle
from min_dalle.models import DalleBartDecoder, DalleBartEncoder, VQGanDetokenizer


class Bytes:
    """A tokenizer without a vocabulary: one token a byte, between start and end."""

    def tokenize(self, text: str, is_verbose: bool) -> list[int]:
        return [0, *(byte + 3 for byte in text.encode()), 2]


class RandomMinDalle(MinDalle):
    """The published program, with random weights where it would load its own."""

    def __init__(self, is_mega: bool, layers: int, folder: str):
        self.layers = layers
        # The settings of its own notes on a GPU; a processor is slower in it.
        dtype = torch.float16 if torch.cuda.is_available() else torch.float32
        super().__init__(models_root=folder, is_mega=is_mega, is_verbose=False, dtype=dtype)

    def init_tokenizer(self) -> None:
        self.tokenizer = Bytes()
        self.layer_count = self.layers or self.layer_count

    def sizes(self) -> dict:
        names = ("attention_head_count", "embed_count", "glu_embed_count", "layer_count", "device")
        return {name: getattr(self, name) for name in names}

    def init_encoder(self) -> None:
        texts = {"text_token_count": self.text_token_count}
        texts["text_vocab_count"] = self.text_vocab_count
        encoder = DalleBartEncoder(**texts, **self.sizes())
        self.encoder = encoder.to(self.dtype).eval().to(self.device)

    def init_decoder(self) -> None:
        decoder = DalleBartDecoder(image_vocab_count=self.image_vocab_count, **self.sizes())
        self.decoder = decoder.to(self.dtype).eval().to(self.device)

    def init_detokenizer(self) -> None:
        self.detokenizer = VQGanDetokenizer().eval().to(self.device)


def main(geometry: str, layers: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = RandomMinDalle(geometry == "mega", int(layers), folder)
        print("ready", flush=True)
        for _ in sys.stdin:
            started = time.perf_counter()
            pictures = model.generate_images("a red apple", seed=1, grid_size=3)
            pictures.cpu()  # waits for unfinished work
            print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
