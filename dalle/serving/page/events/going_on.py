"""The events that go on with a picture: of a result, or one that a visitor brought."""

from collections.abc import Iterator, Mapping
from typing import Any

from dalle.engine.admission import BusyError
from dalle.engine.order import Order
from dalle.errors import DalleError
from dalle.generation.editing.alteration import Read, alteration_of
from dalle.generation.result import Picture, Result
from dalle.serving.http.visitors import current_visitor
from dalle.serving.page.controller import PageController, describe_wait, new_run, refuse
from dalle.serving.page.controls import collect
from dalle.serving.page.events.foreign import SHOWN, THUMBNAIL, ForeignPictures, jpeg_uri
from dalle.serving.page.events.sent import Sent
from dalle.serving.page.frames import Board, Frame, Source, Status, tell
from dalle.serving.page.links import Link, write_query
from dalle.serving.page.tiles import cells_of

Shown = Iterator[tuple[Status, Board]]
Asked = dict[str, Any]
YOURS = "Your picture"
WORDS = {
    "vary": "More like this one",
    "edit": "Edited from this one",
    "extend": "Extended from this one",
    "tile": "A tile of this one",
    "enlarge": "Enlarged from this one",
}
BEGIN = "Choose below how to go on with your picture."


class GoingOn:
    """Goes on with pictures for the page; `names` are those of the knobs, in their order."""

    def __init__(
        self, controller: PageController, names: list[str], pictures: ForeignPictures
    ) -> None:
        self.controller, self.names, self.pictures = controller, names, pictures

    def open(self, event: Sent) -> Shown:
        """Shows a visitor's picture, and beside it what the model reads in it."""
        name = event.field("picture", str)
        try:
            image = self.pictures.get(name)
            order = Order.parse("", alteration=Read(image))
            run = new_run(YOURS, "original", picture=name, src=jpeg_uri(image, SHOWN))
            run |= {"size": list(image.size)}
            yield tell("busy", "Reading your picture …"), {"runs": [run]}
            for frame in self.controller.engine.generate(order, visitor=current_visitor()):
                if not isinstance(frame, Result):
                    yield describe_wait(frame, None), {"runs": [run]}
                    continue
                read = jpeg_uri(frame.pictures[0].shown(), SHOWN)
                run |= {"stamp": "read", "read": read, "notes": frame.notes}
                run |= {"suggested": frame.recipe["edit"].get("suggested", "")}
                run |= {"cells": cells_of(frame.pictures[0], image.size)}
                yield tell("idle", BEGIN), {"runs": [run]}
        except BusyError as error:
            yield refuse(error, open=name), {"runs": [], "more": True}
        except DalleError as error:
            yield tell("failed", str(error)), {"runs": [], "more": True}

    def alter(self, event: Sent, keep_prompt: bool, *values: Any) -> Shown:
        """Draws what is wished of a picture, with the settings of the page."""
        wish = event.field("wish", dict)
        try:
            picture, source = self._find(wish)
            alteration = alteration_of(wish, picture)
            order = Order.parse(
                wish.get("prompt", ""), alteration=alteration, **collect(self.names, values)
            )
            self.controller.engine.model_pool.check(order.choice)
        except DalleError as error:
            yield tell("failed", str(error)), {"runs": [], "more": True}
            return
        try:
            for status, run in self.controller.generate(order, bool(keep_prompt)):
                yield status, {"runs": [run | {"source": source}]}
        except BusyError as error:
            yield refuse(error, wish=wish), {"runs": [], "more": True}
        except DalleError as error:
            yield tell("failed", str(error)), {"runs": [], "more": True}

    def generate_chain(
        self, link: Link, knobs: Mapping[str, Any], choice: Mapping[str, str]
    ) -> Iterator[Frame]:
        """Draws the pictures of a link with changes, each of the one before it."""
        try:
            first = {**knobs, **choice, "only": (link.candidate or 0,)}
            order = Order.parse(link.prompt, **first)
            for number, step in enumerate(link.steps, 1):
                result = None
                for frame in self.controller.engine.generate(
                    order, visitor=current_visitor(), previews=False
                ):
                    result = frame
                    if not isinstance(frame, Result):
                        yield describe_wait(frame, None), []
                picture = result.pictures[0]
                line = f"Drawing picture {number + 1} of {len(link.steps) + 1}"
                yield tell("busy", line), []
                alteration = alteration_of(step["edit"], picture)
                order = Order.parse(
                    step["prompt"], alteration=alteration, **step["knobs"], **choice
                )
                source = source_of(picture, step["edit"].get("kind"))
            for status, run in self.controller.generate(order):
                yield status, [run | {"source": source}]
        except BusyError as error:
            yield refuse(error, query=link.query), []
        except DalleError as error:
            yield tell("failed", str(error)), []

    def _find(self, wish: Asked) -> tuple[Any, Source]:
        """The picture of a wish, and its source as the run tells it."""
        kind = str(wish.get("kind"))
        if wish.get("picture"):
            image = self.pictures.get(wish["picture"])
            source = {
                "kind": kind,
                "words": WORDS.get(kind, YOURS),
                "src": jpeg_uri(image, THUMBNAIL),
            }
            return image, source | {"picture": wish["picture"], "query": ""}
        picture = self.controller.results.get(wish.get("name")).find(wish.get("candidate"))
        if picture is None:
            raise DalleError("There is no such picture in this result; pick another one.")
        return picture, source_of(picture, kind) | {"name": wish["name"]}


def source_of(picture: Picture, kind: Any) -> Source:
    """The picture of ours that a run comes from, as the run tells it."""
    return {
        "kind": kind,
        "words": WORDS.get(kind, "Made of this one"),
        "src": jpeg_uri(picture.shown(), THUMBNAIL),
        "candidate": picture.candidate,
        "query": write_query(picture.recipe),
    }
