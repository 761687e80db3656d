"""A fake app whose checks tell where they are computed, and that gradio may let reach this machine.

PORT=8000 LOG=FILE python -m tests.fakes.witness
"""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gradio import processing_utils

from dalle.engine.engine import LocalEngine
from dalle.errors import DalleError
from dalle.serving.api import incoming, uploads
from dalle.serving.page.site import Site
from tests.fakes import engine as fake

ASKED = "where"  # prompts that begin so are asked about
BESIDE, INSIDE = "Computed beside the event loop.", "Computed in the event loop."


def where(*arguments: Any) -> str:
    """Whether an event loop runs in this thread, and waits for what is computed here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return BESIDE
    return INSIDE


class Filter:
    """Refuses what is asked about with the answer."""

    notice, version, sha256 = "", "0", "0" * 64

    def require(self, text: str, normalize: Callable[[str], str] | None = None) -> None:
        if text.startswith(ASKED):
            raise DalleError(where())


def tell(*arguments: Any) -> None:
    raise DalleError(where())


def keep(contents: list[bytes]) -> list[str]:
    return [where() for _ in contents]


def site_of(engine: LocalEngine) -> Site:
    return replace(fake.make_site(engine), verify=where)


if __name__ == "__main__":
    os.dup2(os.open(os.environ["LOG"], os.O_WRONLY | os.O_CREAT, 0o600), sys.stderr.fileno())
    incoming.decode, uploads.keep_all = tell, keep
    processing_utils.PUBLIC_HOSTNAME_WHITELIST.append("127.0.0.1")
    fake.main(site_of=site_of, prompt_filter=Filter())
