"""The codes for a whole picture, before its cells: one code each for four choices."""

from dalle.training.scenes.colours import COLOURS, TINTS
from dalle.training.scenes.drawings import STYLES
from dalle.training.scenes.looks import LOOKS
from dalle.training.scenes.places import PLACES, VARIANTS

# Code 0 of a look or a tint changes nothing.
LOOK_CODES = ("as drawn", *LOOKS)
STYLE_CODES = STYLES
TINT_CODES = ("as drawn", *TINTS)
# Plain colours, then every place in each of its variants.
GROUND_CODES = (*COLOURS, *((place, variant) for place in PLACES for variant in range(VARIANTS)))


def header_codes(
    look: str | None, style: str, tint: str | None, ground: str | tuple[str, int]
) -> tuple[int, int, int, int]:
    """The four choices as codes, in the order in which they are drawn."""
    return (
        LOOK_CODES.index(look) if look else 0,
        STYLE_CODES.index(style),
        TINT_CODES.index(tint) if tint else 0,
        GROUND_CODES.index(ground),
    )
