"""How finished pictures look, beside true scenes: whether cells show, and how sharp edges are."""

from collections.abc import Iterator, Sequence

import numpy as np

from dalle.training.exam.marks import Answer, thing
from dalle.training.scenes.composer import SceneComposer
from dalle.training.scenes.grid import CELLS, over
from dalle.training.scenes.places import render_ground
from dalle.training.scenes.sharp import SCALE, SharpSprites
from dalle.training.scenes.sprites import SpriteLibrary

STRONGEST = 0.02  # share of all steps, whose mean is the sharpness
SEAMS_GOAL, EDGES_GOAL, LINES_GOAL = 1.1, 0.85, 0.60
LINE_LOOKS = ("neon", "pencil sketch")  # where things are seen by their edges alone
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def brightness(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> [H, W] in 0..255."""
    return picture[..., :3].astype(np.float32) @ _LUMINANCE


def seams(pictures: Sequence[np.ndarray]) -> float:
    """The mean step of brightness from cell to cell, over that from pixel to pixel inside cells.

    Of pictures uint8 [H, W, 3] of CELLS x CELLS cells; of true scenes it is a little below 1.
    """
    across, inside = [], []
    for picture in pictures:
        light, cell = brightness(picture), len(picture) // CELLS
        for axis in (0, 1):
            steps = np.moveaxis(np.abs(np.diff(light, axis=axis)), axis, 0)
            border = np.arange(1, len(light)) % cell == 0
            across.append(steps[border].mean())
            inside.append(steps[~border].mean())
    return float(np.mean(across) / max(np.mean(inside), 1e-6))


def sharpness(pictures: Sequence[np.ndarray]) -> float:
    """The mean of the strongest gradients of brightness, over pictures uint8 [H, W, 3]."""

    def strongest(picture: np.ndarray) -> float:
        light = brightness(picture)
        down, right = np.diff(light, axis=0)[:, :-1], np.diff(light, axis=1)[:-1]
        steps = np.sort(np.hypot(down, right), axis=None)
        return float(steps[-max(1, round(STRONGEST * steps.size)) :].mean())

    return float(np.mean([strongest(picture) for picture in pictures]))


def true_scenes(library: SpriteLibrary, sprites: SharpSprites, number: int) -> Iterator[np.ndarray]:
    """Scenes of single things at twice the size, uint8 [384, 384, 3]."""
    composer = SceneComposer(library, "things")
    for index in range(number):
        scene = composer.compose(index)
        yield over(sprites.lay(scene), render_ground(scene.ground, SCALE))


def summarise_finish(
    pictures: Sequence[np.ndarray], true: Sequence[np.ndarray], answers: Sequence[Answer]
) -> list[dict]:
    """Figures of pictures without a look beside true ones, as rows of {name, value, goal}."""
    lines = [
        thing(answer.question, seen)
        for answer in answers
        if answer.question.look in LINE_LOOKS
        for seen in answer.kept
    ]
    return [
        {"name": "steps of brightness across borders of cells, of those inside (true scenes: "
                 f"{seams(true):.0%})", "value": seams(pictures), "goal": f"<= {SEAMS_GOAL:.0%}"},
        {"name": "sharpness of edges, of that of true scenes",
         "value": sharpness(pictures) / sharpness(true), "goal": f">= {EDGES_GOAL:.0%}"},
        {"name": "one thing in neon or pencil sketch: thing",
         "value": float(np.mean(lines)) if lines else float("nan"), "goal": f">= {LINES_GOAL:.0%}"},
    ]  # fmt: skip
