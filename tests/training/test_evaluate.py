"""`python -m dalle evaluate` counts what a judge sees, and nothing else."""

import json

from PIL import Image

from dalle.__main__ import main
from dalle.generation.result import Picture, Result
from dalle.training.colours import COLOURS
from dalle.training.scenes import evaluation_prompts

PROMPTS = 8


class Composer:
    """Draws the first candidate right, the other as a plain white picture."""

    name, revision = "composer", "0"

    def __init__(self, library):
        self.library = library
        self.asked = {row[0]: row for row in evaluation_prompts(library, PROMPTS, 0, 0)}

    def generate(self, prompt, seed, **knobs):
        _, kind, colour = self.asked[prompt]
        style = "3d" if self.library.has(kind, "3d") else "noto"
        right = Image.new("RGB", (192, 192), COLOURS[colour])
        sprite = Image.fromarray(self.library.pixels(kind, style, 8))
        right.paste(sprite, (32, 32), sprite)
        images = right, Image.new("RGB", (192, 192), "white")
        recipe = {"seed": seed}
        pictures = [Picture(image, 0.0, n, recipe) for n, image in enumerate(images)]
        return Result(pictures, [], recipe, {}, [])


def test_right_things_are_counted(library, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("dalle.training.sprites.open_sprites", lambda folder: library)
    monkeypatch.setattr("dalle.generation.loading.load", lambda name: Composer(library))
    out = tmp_path / "seen.json"
    arguments = ["--prompts", str(PROMPTS), "--least-weight", "0", "--json", str(out)]
    assert main(["evaluate", *arguments]) == 0
    rows = json.loads(out.read_text())
    assert len(rows) == PROMPTS
    for row in rows:
        assert row["kept"][0] == [row["kind"], row["colour"]]
        assert row["kept"][1][1] == "white"
    right = [seen == [row["kind"], row["colour"]] for row in rows for seen in row["kept"]]
    printed = capsys.readouterr().out
    assert f"{sum(right) / len(right):8.1%}\n" in printed
    assert "prompts with both right in most of nine: 0.0%" in printed
