"""Facts and settings of the server, and the notice beside the pictures."""

import dataclasses
import re
import resource
import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from dalle.models.hub.registry import HUB_NAME, REPOSITORIES
from dalle.safety.settings import variable_of
from dalle.serving.settings import ServerSettings

CARD = "about#card"  # where the embedded model's card is, seen from the page

# Secrets, names of people, and where things are on the owner's machine.
PRIVATE = (
    "logo",
    "members",
    "picks",
    "mark_key",
    "signing_key",
    "signing_certificate",
    "reports_folder",
    "reports_repository",
    "reports_token",
)

Rows = list[tuple[str, str]]


def model_card(model: str) -> str:
    """Where a model's card is: on the Hub, or, for one on this machine, on the page about it."""
    repository = REPOSITORIES.get(model, model).partition("@")[0]
    on_the_hub = HUB_NAME.fullmatch(repository) and not Path(model).is_dir()
    return f"https://huggingface.co/{repository}" if on_the_hub else CARD


def read_card(folder: Path) -> str:
    """The card in a model's folder as Markdown, without its front matter; empty if it has none."""
    card = folder / "README.md"
    text = card.read_text("utf-8") if card.is_file() else ""
    return re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL).strip()


def describe_server(settings: ServerSettings, here: Mapping[str, str]) -> Rows:
    """The facts of a running page, as (label, text)."""
    # Kilobytes, but bytes on a Mac.
    unit = 2**30 if sys.platform == "darwin" else 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return [
        ("Model", here["model"]),
        ("Revision", here["revision"]),
        ("Precision", here["precision"]),
        ("Device", here["machine"]),
        ("Memory", f"{peak:.1f} GiB at most so far"),
        ("Queue", f"a request may wait {settings.max_wait} seconds"),
    ]


def list_settings(settings: ServerSettings) -> Rows:
    """Every setting by its variable; of a secret, whether it is set."""
    rows = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        if field.name in PRIVATE and value != field.default:
            text = "set"
        rows.append((variable_of(field.name), text or "not set"))
    return rows


def write_rows(rows: Iterable[tuple[str, str]]) -> str:
    """The facts as a list of terms, in HTML."""
    terms = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in rows)
    return f'<dl class="nf-facts">{terms}</dl>'


def write_notice(model: str, warnings: Iterable[str] = ()) -> str:
    """The notice beside the pictures, with a link to the model's card, in HTML."""
    card = model_card(model)
    told = ["Drawn by AI. Not a photo, not evidence.", *warnings]
    sentences = " ".join(f"<span data-t>{escape(one)}</span>" for one in told)
    return (
        f'<p class="nf-notice" role="note">{sentences} '
        f'<a href="{escape(card)}" target="_blank" rel="noopener" data-t>About the model</a></p>'
    )
