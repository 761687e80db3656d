"""A sheet of composed scenes with their captions, to look at."""

import textwrap
from pathlib import Path

from PIL import Image, ImageDraw

from dalle.training.scenes.composer import SceneComposer
from dalle.training.scenes.grid import SIDE
from dalle.training.scenes.sprites import SpriteLibrary, open_sprites

GAP = 8  # pixels
TEXT = 46  # pixels of caption below a picture


def save_sheet(path: Path | str, stage: str = "full", seed: int = 0, rows: int = 6,
               columns: int = 8, library: SpriteLibrary | None = None) -> None:  # fmt: skip
    """Writes the first rows x columns scenes of a stage to `path`, captions under the pictures."""
    composer = SceneComposer(library or open_sprites(), stage, seed)
    across, down = SIDE + GAP, SIDE + TEXT
    sheet = Image.new("RGB", (columns * across + GAP, rows * down + GAP), (232, 232, 232))
    pen = ImageDraw.Draw(sheet)
    for index in range(rows * columns):
        scene = composer.compose(index)
        x, y = GAP + index % columns * across, GAP + index // columns * down
        sheet.paste(Image.fromarray(scene.image), (x, y))
        pen.text((x, y + SIDE + 2), "\n".join(textwrap.wrap(scene.caption, 34)[:3]), fill="black")
    sheet.save(path)
