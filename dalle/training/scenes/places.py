"""Backdrops: plain colours, and a few fixed variants of each place drawn on a grid of blocks.

Nothing in them is random: each is one ground that a picture may stand on.
"""

import functools

import numpy as np
from PIL import Image

from dalle.training.scenes import motifs
from dalle.training.scenes.colours import COLOURS
from dalle.training.scenes.grid import BLOCK, BLOCKS, SIDE

VARIANTS = 4


class Backdrop:
    """A picture being put together from bands of colour and motifs in whole blocks."""

    def __init__(self, scale: int = 1):
        self.scale = scale
        self.image = Image.new("RGB", (scale * SIDE, scale * SIDE))

    def band(self, first: int, last: int, top: tuple, bottom: tuple | None = None) -> None:
        """Fills block rows first..last (inclusive) with a vertical gradient."""
        rows = (last - first + 1) * BLOCK * self.scale
        mix = np.linspace(0, 1, rows)[:, None]
        colours = np.array(top) * (1 - mix) + np.array(bottom or top) * mix  # [rows, 3]
        pixels = np.repeat(colours[:, None], self.image.width, axis=1).round().astype(np.uint8)
        self.image.paste(Image.fromarray(pixels), (0, first * BLOCK * self.scale))

    def put(self, patch: Image.Image, column: int, row: int) -> None:
        """Lays a patch with its upper left corner on a block; it may stick out of the picture."""
        self._paste(self._reduce(patch), column, row)

    def fill(self, patch: Image.Image, first: int, last: int, step=1, shift=0) -> None:
        """Repeats a one-block patch over rows first..last, every `step` blocks, like bricks."""
        reduced = self._reduce(patch)
        for row in range(first, last + 1):
            for column in range((row * shift) % step, BLOCKS, step):
                self._paste(reduced, column, row)

    def _reduce(self, patch: Image.Image) -> Image.Image:
        size = tuple(length * self.scale // motifs.SMOOTH for length in patch.size)
        return patch.resize(size, Image.Resampling.LANCZOS)

    def _paste(self, patch: Image.Image, column: int, row: int) -> None:
        self.image.paste(patch, (column * BLOCK * self.scale, row * BLOCK * self.scale), patch)


SKY = ((135, 195, 245), (200, 230, 252))
NIGHT = ((14, 18, 52), (42, 48, 105))
CLOUD_SPOTS = [((1, 0), (8, 1)), ((0, 1), (6, 0)), ((4, 0), (9, 1)), ((2, 1), (9, 0))]


def beach(b: Backdrop, variant: int) -> None:
    b.band(0, 4, *SKY)
    b.put(motifs.disc(18, (255, 225, 90)), (9, 0, 4, 1)[variant], 0)
    b.band(5, 6, (30, 130, 195), (70, 185, 215))
    b.fill(motifs.wave((190, 228, 245)), 5, 6, 2, 1)
    b.band(7, 11, (245, 222, 165), (232, 200, 135))


def moon(b: Backdrop, variant: int) -> None:
    b.band(0, 6, (6, 6, 16))
    _starry(b, 6, variant)
    b.put(motifs.earth(), (9, 1, 5, 8)[variant], 1)
    b.band(7, 11, (172, 172, 178), (140, 140, 146))
    for column, row in [(0, 8), (9, 9), (4, 10)]:
        b.put(motifs.crater(), (column + variant) % 11, row)


def underwater(b: Backdrop, variant: int) -> None:
    b.band(0, 10, (70, 170, 220), (10, 60, 130))
    for column, row in [(1, 2), (9, 1), (10, 5), (2, 7)]:
        b.put(motifs.bubble(), (column + variant) % 12, row)
    b.band(11, 11, (225, 200, 140), (200, 172, 112))
    for column in (0, 4, 10):
        b.put(motifs.weed(), (column + variant) % 12, 9)


def forest(b: Backdrop, variant: int) -> None:
    b.band(0, 7, (188, 222, 205), (140, 190, 150))
    for column in range(-1, 12, 2):
        b.put(motifs.pine(), column + variant % 2, 3)
    b.band(7, 11, (84, 138, 66), (58, 104, 48))
    for column in (-1, 11):
        b.put(motifs.pine(), column, 4 + variant // 2)
    b.fill(motifs.grass(), 8, 11, 3, 1)


def city(b: Backdrop, variant: int) -> None:
    b.band(0, 8, *SKY)
    heights = [5, 7, 4, 6, 8, 5]
    colours = [(96, 110, 138), (124, 132, 150), (82, 96, 122)]
    for place in range(6):
        height = heights[(place + variant) % 6]
        tower = motifs.building(height, colours[(place + variant) % 3], (250, 232, 150))
        b.put(tower, place * 2, 9 - height)
    b.band(9, 11, (92, 94, 100), (70, 72, 78))
    b.fill(motifs.bar(2, 7, 12, 2, (240, 220, 120)), 10, 10, 2)


def desert(b: Backdrop, variant: int) -> None:
    b.band(0, 6, (250, 205, 130), (255, 236, 190))
    b.put(motifs.disc(18, (255, 246, 205)), (8, 1, 4, 9)[variant], 0)
    b.band(7, 11, (232, 180, 105), (212, 150, 78))
    for column in (0, 10):
        b.put(motifs.cactus(), column, 5 + (variant + column) % 2)


def snow(b: Backdrop, variant: int) -> None:
    b.band(0, 6, (165, 200, 232), (214, 230, 245))
    for column in (0, 3, 8, 10):
        b.put(motifs.pine(), (column + variant) % 11, 3)
    b.band(7, 11, (246, 250, 255), (222, 233, 246))
    b.fill(motifs.flake(), 0, 6, 3, 1 + variant % 2)


def room(b: Backdrop, variant: int) -> None:
    walls = [(236, 220, 196), (190, 214, 220), (226, 200, 206), (206, 218, 186)]
    b.band(0, 8, walls[variant])
    b.put(motifs.window(), (8, 1, 8, 1)[variant], 1)
    b.band(9, 11, (168, 116, 72), (140, 92, 54))
    b.fill(motifs.bar(0, 14, 16, 2, (118, 76, 44)), 9, 11)


def space(b: Backdrop, variant: int) -> None:
    b.band(0, 11, (8, 8, 24), (24, 12, 46))
    _starry(b, 11, variant)
    b.put(motifs.planet(), (0, 9, 10, 1)[variant], (1, 0, 8, 9)[variant])


def night_sky(b: Backdrop, variant: int) -> None:
    b.band(0, 11, *NIGHT)
    _starry(b, 11, variant)
    b.put(motifs.disc(15, (250, 244, 205)), (9, 0, 8, 1)[variant], 0)


def meadow(b: Backdrop, variant: int) -> None:
    b.band(0, 6, *SKY)
    for column, row in CLOUD_SPOTS[variant]:
        b.put(motifs.cloud(), column, row)
    b.band(7, 11, (132, 200, 88), (88, 160, 62))
    b.fill(motifs.grass(), 7, 11, 3, 1)
    for column, row, colour in [(1, 8, "white"), (10, 9, (235, 90, 120)), (3, 10, (235, 90, 120))]:
        b.put(motifs.flower(colour), (column + variant) % 12, row)


def sky(b: Backdrop, variant: int) -> None:
    b.band(0, 11, (95, 170, 240), (205, 232, 253))
    for column, row in [*CLOUD_SPOTS[variant], ((variant * 3 + 1) % 9, 9), (8, 6)]:
        b.put(motifs.cloud(), column, row)


def mountains(b: Backdrop, variant: int) -> None:
    b.band(0, 7, *SKY)
    for column in (-2, 2, 6, 9):
        b.put(motifs.mountain(), column + variant % 2, 3 + (column + variant) // 2 % 2)
    b.band(7, 11, (120, 170, 96), (84, 136, 70))


def street(b: Backdrop, variant: int) -> None:
    b.band(0, 6, *SKY)
    colours = [(196, 110, 90), (214, 176, 120), (140, 160, 180), (176, 140, 170)]
    for place in range(6):
        b.put(motifs.building(4, colours[(place + variant) % 4], (240, 245, 250)), place * 2, 3)
    b.band(7, 7, (176, 176, 176))
    b.band(8, 11, (92, 94, 100), (74, 76, 82))
    b.fill(motifs.bar(0, 6, 10, 3, "white"), 10, 10, 2)


def sunset(b: Backdrop, variant: int) -> None:
    b.band(0, 7, (92, 50, 130), (255, 150, 70))
    b.put(motifs.disc(18, (255, 222, 120)), (1, 4, 8, 9)[variant], 5)
    b.band(8, 11, (196, 92, 84), (60, 36, 90))
    b.fill(motifs.wave((162, 194, 208)), 8, 11, 4, 2)


def table(b: Backdrop, variant: int) -> None:
    walls = [(244, 236, 220), (210, 226, 232), (232, 214, 214), (220, 230, 208)]
    b.band(0, 7, walls[variant])
    b.band(8, 8, (196, 140, 86))
    b.band(9, 11, (168, 112, 64), (146, 94, 52))
    b.fill(motifs.bar(0, 7, 16, 1, (138, 88, 48)), 9, 11)


def stage(b: Backdrop, variant: int) -> None:
    b.band(0, 8, (44, 24, 48), (70, 34, 60))
    b.put(motifs.spotlight(), (3, 2, 4, 3)[variant], 0)
    b.put(motifs.curtain(), 0 if variant < 3 else -1, 0)
    b.put(motifs.curtain(), 9 if variant < 2 else 10, 0)
    b.band(9, 11, (150, 98, 58), (110, 68, 40))


def rain(b: Backdrop, variant: int) -> None:
    b.band(0, 8, (112, 124, 142), (160, 170, 182))
    b.fill(motifs.raindrop(), 0, 8, 2, 1 + variant % 2)
    b.band(9, 11, (96, 104, 114), (80, 88, 98))


def _starry(b: Backdrop, last: int, variant: int) -> None:
    b.fill(motifs.faint_star(), 0, last, 5, 2 + variant % 2)
    b.fill(motifs.star(), 0, last, 7, 3 - variant % 2)


# name: (draw, phrases, whether things stand on the ground there)
PLACES = {
    "beach": (beach, ("on the beach", "at the beach", "by the sea", "on a sandy beach"), True),
    "moon": (moon, ("on the moon", "on the surface of the moon"), True),
    "underwater": (underwater, ("underwater", "under the sea", "in the ocean"), False),
    "forest": (forest, ("in the forest", "in a forest", "in the woods"), True),
    "city": (city, ("in the city", "in a city", "in New York"), True),
    "desert": (desert, ("in the desert", "in a desert"), True),
    "snow": (snow, ("in the snow", "in winter", "in a snowy forest"), True),
    "room": (room, ("in a room", "in the living room", "indoors", "at home"), True),
    "space": (space, ("in space", "in outer space", "in the galaxy"), False),
    "night sky": (night_sky, ("in the night sky", "under the stars", "in a starry sky", "at night"),
        False),
    "meadow": (meadow, ("in a meadow", "in a field", "on the grass", "in a garden"), True),
    "sky": (sky, ("in the sky", "in the clouds", "flying in the sky"), False),
    "mountains": (mountains, ("in the mountains", "in front of mountains"), True),
    "street": (street, ("on the street", "on a road", "in the street"), True),
    "sunset": (sunset, ("at sunset", "in front of a sunset", "in the sunset"), True),
    "table": (table, ("on a table", "on a wooden table", "in the kitchen"), True),
    "stage": (stage, ("on a stage", "on stage", "in a theatre"), True),
    "rain": (rain, ("in the rain", "on a rainy day"), True),
}  # fmt: skip


@functools.cache
def render_ground(ground: str | tuple[str, int], scale: int = 1) -> np.ndarray:
    """A plain colour, or a variant of a place: uint8 [192, 192, 3] times the scale, read only."""
    if isinstance(ground, str):
        pixels = np.full((scale * SIDE, scale * SIDE, 3), COLOURS[ground], np.uint8)
    else:
        backdrop = Backdrop(scale)
        PLACES[ground[0]][0](backdrop, ground[1])
        pixels = np.array(backdrop.image)
    pixels.flags.writeable = False
    return pixels
