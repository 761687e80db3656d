"""Abilities and limits of a model in plain words, with prompts that work."""

from dataclasses import asdict, dataclass
from typing import Any

from dalle.models.hub.registry import NAMES
from dalle.serving.page.words.ideas import EMBEDDED_IDEAS, Ideas


@dataclass(frozen=True)
class Abilities:
    """A sentence, two paragraphs, and prompts to try."""

    tagline: str
    can: str
    cannot: str
    chips: tuple[str, ...]


EMBEDDED = Abilities(
    tagline="Type a few words, get nine little emoji pictures.",
    can=(
        "This small model knows 1,399 kinds of things: animals, food, vehicles, plants, people at "
        "work, objects. They stand on plain colours or in 18 places, such as a beach or the moon. "
        "It has 14 looks, such as pixel art or neon. It draws one to ten of a kind, or a crowd, "
        "and two to four things together: riding, wearing a hat, chasing, fighting, in love, in a "
        "car."
    ),
    cannot=(
        "It draws what emoji look like and nothing else: no brands, no writing, no real people, "
        "no body parts that move, no style of a painter. Rare things come out as a muddle. Words "
        "that it does not know are named beside the pictures."
    ),
    chips=(
        "a penguin on a skateboard at night, pixel art",
        "an owl wearing a crown on a purple background",
        "a dinosaur riding a dolphin",
        "a crowd of penguins in the snow",
        "a cat next to a dog in the snow",
        "a shark underwater, neon",
    ),
)
PUBLISHED = Abilities(
    tagline="Type a few words, get nine pictures.",
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


def ideas_of(model: str) -> dict[str, Any]:
    """Words to compose prompts of, and whole prompts, as the page's script takes them."""
    ideas = EMBEDDED_IDEAS if model == NAMES[0] else Ideas()
    return {"ideas": asdict(ideas), "samples": list(abilities_of(model).chips)}
