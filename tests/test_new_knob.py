"""A new knob is one line of the table: page, links, API and command line know it then."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRST = "    keep: int | None = None"
KNOB = """    sharpness: float = knob(
        0.5, "how crisp the edges are", low=0, high=2, useful=(0, 1), step=0.1, label="Sharpness"
    )
"""
# Each line is what a person or a program sees of the knob.
LOOK = """
from dalle.__main__ import build_parser
from dalle.engine.order import Order
from dalle.serving.api.descriptions import describe_generate
from dalle.serving.api.endpoints import GENERATE
from dalle.serving.api.openai_request import KNOWN
from dalle.serving.page.controls import SLIDERS
from dalle.serving.page.links import read_query, write_query
from dalle.settings import LIMITS, GenerationSettings, SettingsError

verb = build_parser().parse_args(["generate", "a cat", "--sharpness", "1.5"])
order = Order.parse("a cat", sharpness=1.5)
recipe = {"prompt": "a cat", "seed": 1, "settings": GenerationSettings(sharpness=1.5).as_dict()}
try:
    GenerationSettings(sharpness=3)
except SettingsError as error:
    print(error)
print(verb.sharpness, order.settings({}).sharpness, LIMITS["sharpness"])
print(read_query(write_query(recipe)).knobs["sharpness"])
print("sharpness" in SLIDERS, "sharpness" in KNOWN, list(GENERATE)[-1])
print("sharpness: how crisp the edges are" in describe_generate({}))
"""


def test_one_line_makes_a_knob(tmp_path):
    shutil.copytree(ROOT / "dalle", tmp_path / "dalle")
    table = tmp_path / "dalle" / "settings.py"
    text = table.read_text()
    assert text.count(FIRST) == 1
    table.write_text(text.replace(FIRST, KNOB + FIRST))
    command = [sys.executable, "-c", LOOK]
    seen = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert seen.stdout.splitlines() == [
        "sharpness is 3; it must be a number from 0 to 2.",
        "1.5 1.5 (0, 2)",
        "1.5",
        "True True sharpness",
        "True",
    ]
