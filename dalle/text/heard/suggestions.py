"""Prompts to try where nothing of a prompt is known: prompts that the embedded model draws well.

They are never chosen by spelling: a word that is written alike means something else.
"""

import zlib

SHOWN = 3
PROMPTS = (
    "a penguin on a skateboard at night", "an owl wearing a crown", "a dinosaur riding a dolphin",
    "a cat next to a dog in the snow", "a robot with a bouquet of flowers", "a fox in the forest",
    "an astronaut riding a horse on the moon", "three bananas on a teal background",
    "a shark underwater, neon", "a wizard and a dragon, pixel art", "a hamburger in space",
    "a panda eating a slice of pizza", "a ghost in a room, security camera",
    "a cat chasing a mouse", "a unicorn in front of a rainbow", "a frog wearing a top hat",
    "a vampire, court sketch", "a hedgehog in a meadow, watercolour", "a rocket in the night sky",
    "many penguins in the snow", "a rubber duck in the ocean", "two robots in the desert",
    "a teddy bear on the beach", "a robot fighting a dinosaur",
)  # fmt: skip


def suggest(text: str) -> tuple[str, ...]:
    """Three prompts, always the same ones for the same text."""
    start = zlib.crc32(text.casefold().encode("utf-8", "replace"))
    return tuple(PROMPTS[(start + 7 * number) % len(PROMPTS)] for number in range(SHOWN))
