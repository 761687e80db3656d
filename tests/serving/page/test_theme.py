"""Colours that can be read, examples from their folder, and what the page tells about itself."""

import shutil

import gradio as gr
import pytest
from PIL import Image

from dalle.serving.page.examples import FOLDER, PROMPTS, read_examples
from dalle.serving.page.facts.about import (
    list_settings,
    model_card,
    read_card,
    write_notice,
    write_rows,
)
from dalle.serving.page.theme import launch_options, logo_uri
from dalle.serving.page.words.model_notes import EMBEDDED, PUBLISHED, abilities_of
from dalle.serving.settings import COLOURS, PAPERS, ServerSettings

ENOUGH = 4.5  # WCAG AA


def luminance(colour: str) -> float:
    """Of "#rrggbb", by WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_can_be_read_by_day_and_by_night(colour):
    hue = getattr(gr.themes.colors, colour)
    assert contrast(hue.c700, "#ffffff") >= ENOUGH
    for paper in PAPERS:
        night = getattr(gr.themes.colors, paper).c950
        assert contrast(hue.c300, night) >= ENOUGH


@pytest.mark.parametrize("paper", PAPERS)
def test_every_paper_can_be_read_by_day_and_by_night(paper):
    hue = getattr(gr.themes.colors, paper)
    assert contrast(hue.c600, hue.c100) >= ENOUGH
    assert contrast(hue.c400, hue.c800) >= ENOUGH


def test_the_look_follows_the_settings(tmp_path):
    logo = tmp_path / "mine.png"
    Image.new("RGB", (8, 8)).save(logo)
    settings = ServerSettings(colour="rose", paper="slate", logo=str(logo))
    options = launch_options(settings)
    assert options["theme"].primary_700 == gr.themes.colors.rose.c700
    assert options["theme"].neutral_700 == gr.themes.colors.slate.c700
    assert options["favicon_path"] == str(logo)
    assert logo_uri(settings).startswith("data:image/png;base64,")
    assert logo_uri(ServerSettings()).startswith("data:image/svg+xml;base64,")


def test_nothing_is_fetched_from_elsewhere():
    theme = launch_options(ServerSettings())["theme"]
    assert theme._stylesheets == []


def test_examples_are_what_lies_in_their_folder(tmp_path):
    first = sorted(FOLDER.glob("*.webp"))[0]
    prompt = first.stem.replace("-", " ")
    shutil.copy(first, tmp_path)
    (tmp_path / PROMPTS).write_text(f"{prompt}\nwithout a sheet\n\n", "utf-8")
    (example,) = read_examples(tmp_path)
    assert example.prompt == prompt
    assert example.thumbnail[8:12] == b"WEBP"
    assert (example.small, example.large) == (
        f"examples/{example.name}-small.webp",
        f"examples/{example.name}.webp",
    )


def test_every_committed_example_is_shown():
    assert {example.sheet for example in read_examples()} == set(FOLDER.glob("*.webp"))


def test_no_folder_no_examples(tmp_path):
    assert read_examples(tmp_path) == []


@pytest.mark.parametrize(
    ("model", "card"),
    [
        ("nano", "about#card"),
        ("mini", "https://huggingface.co/dalle-mini/dalle-mini"),
        ("someone/model@abc", "https://huggingface.co/someone/model"),
        ("/a/folder", "about#card"),
        ("random:mini", "about#card"),
    ],
)
def test_the_notice_links_the_models_card(model, card):
    assert model_card(model) == card
    assert f'href="{card}"' in write_notice(model)


def test_a_card_is_shown_without_its_front_matter(tmp_path):
    assert read_card(tmp_path) == ""
    (tmp_path / "README.md").write_text("---\nlicense: x\n---\n\n# nano\n---\nmore\n", "utf-8")
    assert read_card(tmp_path) == "# nano\n---\nmore"


def test_facts_cannot_become_code():
    assert "<b>" not in write_rows([("Model", "<b>bold</b>")])


def test_each_kind_of_model_has_its_words():
    assert abilities_of("nano") is EMBEDDED
    assert abilities_of("mega") is PUBLISHED


def test_every_setting_is_told_and_no_secret():
    secret = {"signing_key": "-----BEGIN", "mark_key": "mine", "reports_token": "hf_abc"}
    settings = ServerSettings(models=("mini", "nano"), reports_folder="/home/me", **secret)
    rows = dict(list_settings(settings))
    assert len(rows) == len(ServerSettings.__dataclass_fields__)
    assert (rows["PORT"], rows["NINEFOLD_MODELS"]) == ("7860", "mini, nano")
    assert rows["NINEFOLD_FOOTER"] == rows["NINEFOLD_SIGNING_CERTIFICATE"] == "not set"
    for name in (*secret, "reports_folder"):
        assert rows[f"NINEFOLD_{name.upper()}"] == "set"
