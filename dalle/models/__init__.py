"""The networks: BART (text to codes), VQGAN (codes to pixels), CLIP (scores)."""

from typing import Any

__all__ = ["load_bart", "load_clip", "load_vqgan"]


def __getattr__(name: str) -> Any:
    """The loaders import all networks, so they are imported at their first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dalle.models import loading

    return getattr(loading, name)
