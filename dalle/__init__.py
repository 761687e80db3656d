"""Ninefold: pictures from a prompt, with an open DALL·E mini in JAX.

    pipeline = dalle.load("nano")
    result = pipeline.generate("a red apple", seed=1)
    result.pictures[0].image.show()

The letters in shapes and einsums, everywhere in this package:

    B  rows in the batch                    L  layers
    N  candidates, or their pictures        D  width
    P  prompts in the batch                 A  attention heads
    G  prompt variants (with, without)      K  head size
    R  rows of the decoder, G * N           F  feed-forward
    S  text tokens                          V  vocabulary
    T  image tokens                         E  size of a code's vector, or of CLIP's unit vectors
    M  the likeliest codes, best first      C  channels
    H, W  height and width in pixels        h, w  in cells, or of a part of a picture

Other sizes are written as words: [layers, questions, D].
"""

from importlib import import_module
from typing import Any

# What users import, and where it lives; fetched on first use, so that `import dalle` stays light.
_HOMES = {
    "DalleError": "dalle.errors",
    "GenerationSettings": "dalle.settings",
    "Picture": "dalle.generation.result",
    "Pipeline": "dalle.generation.pipeline",
    "Preview": "dalle.generation.result",
    "Result": "dalle.generation.result",
    "load": "dalle.generation.loading",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dalle' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
