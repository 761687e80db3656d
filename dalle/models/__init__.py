"""What draws: BART (text to codes), VQGAN (codes to pixels), CLIP (how well they fit)."""

from typing import Any

__all__ = ["load_bart", "load_clip", "load_vqgan"]


def __getattr__(name: str) -> Any:
    """The loaders import all networks; whoever reads a config or a name does not wait for that."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dalle.models import loading

    return getattr(loading, name)
