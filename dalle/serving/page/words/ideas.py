"""Things that the embedded model draws well, by kinds, for "Surprise me" and for words to add.

Read by a person: each is a phrase of the model's own world, and any of them fit together.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ideas:
    """Phrases of which a prompt is composed; empty where nothing is known of a model."""

    riders: tuple[str, ...] = ()
    rides: tuple[str, ...] = ()
    wearers: tuple[str, ...] = ()
    hats: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()


EMBEDDED_IDEAS = Ideas(
    riders=(
        "a penguin", "an owl", "a cat", "a dog", "a panda", "a koala", "a fox", "a frog",
        "a rabbit", "an octopus", "a robot", "an alien", "a ghost", "an astronaut", "a wizard",
        "a snowman", "a teddy bear", "a hedgehog", "a sloth", "a flamingo", "a dinosaur",
    ),
    rides=(
        "a skateboard", "a bicycle", "a motorcycle", "a kick scooter", "a tractor", "a horse",
        "an elephant", "a turtle", "a T-Rex", "a whale", "a dolphin", "a sled", "a canoe",
        "a unicorn", "a dragon", "a rocket", "a snail", "a cloud",
    ),
    wearers=(
        "a penguin", "an owl", "a bear", "a panda", "a koala", "a fox", "a lion", "a frog",
        "a robot", "an alien", "a ghost", "an octopus", "a cactus", "a pineapple", "an avocado",
        "a potato",
    ),
    hats=("a crown", "a top hat", "a baseball cap"),
    places=(
        "on the beach", "on the moon", "underwater", "in the forest", "in the city",
        "in the desert", "in the snow", "in space", "in the night sky", "in a meadow",
        "in the mountains", "at sunset", "on a stage", "in the rain",
    ),
    looks=(
        "pixel art", "neon", "watercolour", "pencil sketch", "pop art", "comic book style",
        "blueprint", "old photo", "black and white", "cctv footage", "thermal camera",
        "court sketch",
    ),
)  # fmt: skip
