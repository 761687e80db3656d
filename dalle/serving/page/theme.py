"""How the page looks: theme, style sheet, logo, and the choices of the settings."""

import base64
from pathlib import Path
from typing import Any

import gradio as gr

from dalle.serving.page.words.languages import all_tables
from dalle.serving.settings import ServerSettings

STATIC = Path(__file__).with_name("static")
LOGO = STATIC / "logo.svg"
# Nothing is fetched from elsewhere, fonts neither.
FONT = ("ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "Consolas", "DejaVu Sans Mono", "monospace")
KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


def read_static(name: str) -> str:
    """A file of the page by its name."""
    return (STATIC / name).read_text("utf-8")


def launch_options(settings: ServerSettings) -> dict[str, Any]:
    """The arguments of gradio's `launch` or `mount_gradio_app` that concern the looks."""
    sheets = ["page.css", "going_on.css", *(["members/members.css"] if settings.members else [])]
    return {
        "theme": make_theme(settings.colour, settings.paper),
        "css": "".join(map(read_static, sheets)),
        "footer_links": [],  # the page about the server leads to the API
        "i18n": all_tables(),
        # The page has a history of its own, which holds no pictures.
        "run_history": False,
        "favicon_path": str(Path(settings.logo) if settings.logo else LOGO),
    }


def make_theme(colour: str, paper: str) -> gr.themes.Base:
    """A theme whose words can be read (WCAG AA) in every hue, by day and by night.

    The shades are those that keep a contrast of 4.5: 700 on white, 300 on black.
    """
    theme = gr.themes.Base(
        primary_hue=colour,
        secondary_hue=colour,
        neutral_hue=paper,
        radius_size="lg",
        spacing_size="md",
        text_size="lg",
        font=FONT,
        font_mono=MONO,
    )
    return theme.set(
        body_background_fill="white",
        body_background_fill_dark="*neutral_950",
        background_fill_primary="white",
        background_fill_secondary="*neutral_50",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_text_color="*neutral_700",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_300",
        block_title_text_weight="600",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_border_width="1px",
        input_border_color="*neutral_400",
        input_border_color_dark="*neutral_600",
        input_border_color_focus="*primary_700",
        input_border_color_focus_dark="*primary_300",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_300",
        button_primary_background_fill_hover_dark="*primary_200",
        button_primary_text_color="white",
        button_primary_text_color_dark="*neutral_950",
        button_secondary_background_fill="*neutral_100",
        button_secondary_background_fill_hover="*neutral_200",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_text_color="*neutral_900",
        button_secondary_text_color_dark="*neutral_100",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        link_text_color_hover="*primary_800",
        link_text_color_hover_dark="*primary_200",
        link_text_color_visited="*primary_700",
        link_text_color_visited_dark="*primary_300",
        slider_color="*primary_700",
        slider_color_dark="*primary_300",
        color_accent="*primary_700",
    )


def logo_uri(settings: ServerSettings) -> str:
    """The logo inside the page, as a data URI."""
    path = Path(settings.logo) if settings.logo else LOGO
    return (
        f"data:{KINDS[path.suffix.lower()]};base64,{base64.b64encode(path.read_bytes()).decode()}"
    )
