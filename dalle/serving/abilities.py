"""What a model can draw and what it can't, in plain words, with prompts that work."""

from dataclasses import dataclass

from dalle.models.registry import NAMES


@dataclass(frozen=True)
class Abilities:
    """Two paragraphs, and prompts to try."""

    can: str
    cannot: str
    chips: tuple[str, ...]


EMBEDDED = Abilities(
    can=(
        "This small model draws everyday things: animals, food, vehicles, plants and objects on a "
        "plain colour. Write “a thing on a colour background” and it usually works."
    ),
    cannot=(
        "It does not know people, places, brands, writing or styles, and it is poor at several "
        "things at once, at counting and at unusual colours. What it has never seen comes out as a "
        "muddle or an empty background."
    ),
    chips=(
        "a red apple on a blue background",
        "a penguin on a white background",
        "a slice of pizza on a pink background",
        "a rocket on a navy background",
        "an owl on a green background",
        "a sunflower on a purple background",
    ),
)
PUBLISHED = Abilities(
    can=(
        "This model was trained on 15 million pictures with captions from the web: landscapes, "
        "animals, objects and styles come out best, and unusual mixtures of them work."
    ),
    cannot=(
        "Faces, hands, writing and counts come out wrong, and prompts in other languages than "
        "English mostly do."
    ),
    chips=(
        "an armchair in the shape of an avocado",
        "a watercolour of a lighthouse at dawn",
        "a robot reading a book in a library",
        "a snowy mountain village at night",
    ),
)


def abilities_of(model: str) -> Abilities:
    """Those of the embedded model, or of the published ones and their like."""
    return EMBEDDED if model == NAMES[0] else PUBLISHED
