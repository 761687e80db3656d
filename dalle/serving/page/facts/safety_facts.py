"""The page's share of `dalle.safety`: facts, the check of a file, reports."""

from collections.abc import Callable
from typing import Any

from dalle.safety.prompts.filter import PromptFilter
from dalle.safety.provenance.c2pa import signing_state
from dalle.safety.provenance.marker import Marker
from dalle.safety.provenance.verify import verify
from dalle.safety.reports import CATEGORIES, Reports
from dalle.serving.page.facts.about import Rows
from dalle.serving.settings import ServerSettings

CHECKED = {
    "standard": "Every picture is checked for nudity before it is shown.",
    "off": "Pictures are not checked.",
}


def safety_of(settings: ServerSettings, *, on_space: bool = False) -> dict[str, Any]:
    """The arguments of a Site that are about safety."""
    reports = Reports.of(settings, on_space=on_space)
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
    """A function that lists the filter, the checks, the signature and the reports."""
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
                "Prompts and addresses are not logged. Your browser alone keeps your history.",
            ),
        ]

    return facts
