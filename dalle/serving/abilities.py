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
        "This small model knows 1,399 kinds of things (animals, food, vehicles, plants, people at "
        "work, objects) on plain colours or in 18 places (beach, moon, forest, city, under "
        "water ...), in 14 looks (pixel art, pencil sketch, neon, CCTV footage ...), up to five of "
        "a kind, two to four things together, riding, wearing a hat, one on another."
    ),
    cannot=(
        "It draws what emoji look like and nothing else: no brands, no writing, no real people, "
        "no body parts that move, no style of a painter. Rare things come out as a muddle. What it "
        "has never seen is named under the box and ignored."
    ),
    chips=(
        "a penguin on a skateboard at night, pixel art",
        "an owl wearing a crown on a purple background",
        "a dinosaur riding a dolphin",
        "three bananas on a teal background",
        "a cat next to a dog in the snow",
        "a shark underwater, neon",
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
