"""The events that draw: each yields a Status and a Board after every frame."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from dalle.errors import DalleError
from dalle.serving.page.controller import PageController
from dalle.serving.page.controls import collect
from dalle.serving.page.events.foreign import ForeignPictures
from dalle.serving.page.events.going_on import GoingOn
from dalle.serving.page.events.sent import Sent
from dalle.serving.page.events.while_waiting import meanwhile
from dalle.serving.page.frames import Board, Frame, Status, tell
from dalle.serving.page.links import Link, read_query
from dalle.serving.page.site import Site

Shown = Iterator[tuple[Status, Board]]


class Generation:
    """Draws for the page; `names` are those of the knobs, in the order of their controls."""

    def __init__(
        self,
        controller: PageController,
        site: Site,
        names: list[str],
        pictures: ForeignPictures | None = None,
    ) -> None:
        self.controller, self.site, self.names = controller, site, names
        self.going_on = GoingOn(controller, names, pictures or ForeignPictures())

    def generate_prompts(self, text: str, keep_prompt: bool, *values: Any) -> Shown:
        """Draws the prompts in the box with the settings beside it."""
        try:
            chosen = collect(self.names, values)
        except DalleError as error:
            yield tell("failed", str(error)), {"runs": [], "more": True}
            return
        for line, runs in self.controller.generate_all(text, chosen, bool(keep_prompt)):
            yield line, self._board(line, runs)

    def generate_refused(self, event: Sent, keep_prompt: bool, *values: Any) -> Shown:
        """Draws what was refused before, beside what is shown already."""
        text, more = event.field("text", str), event.field("more", bool)
        for line, board in self.generate_prompts(text, keep_prompt, *values):
            yield line, {**board, "more": more}

    def generate_link(self, link: Link | None) -> Shown:
        """Draws the pictures of a link; nothing where there is none."""
        if link is None:
            yield gr.skip(), gr.skip()
            return
        if link.steps:
            frames = self._generate_chain(link)
        elif link.candidate is None:
            frames = self.controller.generate_all(link.prompt, self._knobs(link))
        else:
            frames = self._generate_one(link)
        for line, runs in frames:
            runs = [run | {"riddle": True} for run in runs] if link.hidden else runs
            yield line, self._board(line, runs)

    def generate_again(self, event: Sent) -> Shown:
        """Draws one picture of a result alone, beside that result."""
        query, name = event.field("query", str), event.field("name", str, "")
        for line, runs in self._generate_one(read_query(query), name):
            yield line, {"runs": runs, "more": True}

    def _generate_chain(self, link: Link) -> Iterator[Frame]:
        choice = self.controller.wanted(link.origin)
        return self.going_on.generate_chain(link, link.knobs, choice)

    def _generate_one(self, link: Link, before: str = "") -> Iterator[Frame]:
        if link.steps:
            yield from self._generate_chain(link)
            return
        knobs = self._knobs(link)
        for line, runs in self.controller.generate_again(
            link.prompt, knobs, link.candidate, before
        ):
            if "retry" in line:
                line["retry"] |= {"query": link.query, "name": before}
            yield line, runs

    def _knobs(self, link: Link) -> dict[str, Any]:
        return link.knobs | self.controller.wanted(link.origin)

    def _board(self, line: Status, runs: list) -> Board:
        return {"runs": [*runs, *meanwhile(line, self.site)]}
