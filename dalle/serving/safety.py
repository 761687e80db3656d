"""What the page gets from `dalle.safety`: its facts, the check of a file, the reports."""

from collections.abc import Callable
from typing import Any

from dalle.safety.prompts import PromptFilter
from dalle.safety.provenance import Marker
from dalle.safety.reports import CATEGORIES, Reports
from dalle.safety.signing import signing_state
from dalle.safety.verify import verify
from dalle.server_settings import ServerSettings
from dalle.serving.about import Rows

CHECKED = {
    "standard": "Every picture is checked for nudity before it is shown.",
    "off": "Pictures are not checked.",
}


def safety_of(settings: ServerSettings) -> dict[str, Any]:
    """The arguments of a Site that are about safety."""
    reports = Reports.of(settings)
    return {
        "facts": make_facts(settings),
        "warnings": tuple(warn(settings)),
        "verify": lambda content: verify(content, settings.mark_key).conclusion,
        "categories": CATEGORIES,
        "report": reports.add if reports else None,
    }


def warn(settings: ServerSettings) -> list[str]:
    """A sentence on each check that is switched off."""
    warnings = [PromptFilter.load(settings.prompt_policy).notice]
    if settings.picture_policy == "off":
        warnings.append(CHECKED["off"])
    return [warning for warning in warnings if warning]


def make_facts(settings: ServerSettings) -> Callable[[], Rows]:
    """A function that tells what is filtered, checked, signed and kept."""
    prompt_filter = PromptFilter.load(settings.prompt_policy)
    signer = Marker.of(settings).signer

    def facts() -> Rows:
        rules = f"rules {prompt_filter.version} ({prompt_filter.sha256[:12]})"
        kept = "in a folder of the server for 90 days" if settings.reports_folder else "not taken"
        return [
            ("Prompt filter", f"{settings.prompt_policy}, {rules}. {prompt_filter.notice}".strip()),
            ("Picture check", CHECKED[settings.picture_policy]),
            ("Origin", signing_state(signer)),
            ("Reports", f"Reports of pictures are {kept}."),
            (
                "Privacy",
                "Prompts and addresses are not logged; the history is kept by your browser alone. "
                "Whoever has to wait may see pictures that others asked for with the same common "
                "words, never a prompt of theirs.",
            ),
        ]

    return facts
