"""Ninefold: pictures from a prompt, with an open DALL·E mini in JAX.

    pipeline = dalle.load("nano")
    result = pipeline.generate("a red apple", seed=1)
    result.pictures[0].image.show()

The letters in shapes and einsums, everywhere in this package:

    B  rows in the batch                    L  layers
    N  candidates                           D  width
    G  prompt variants (with, without)      H  heads (H, W: height and width of pixels)
    R  rows of the decoder, G * N           K  head size
    S  text tokens                          F  feed-forward
    T  image tokens                         V  vocabulary
                                            C  channels
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
