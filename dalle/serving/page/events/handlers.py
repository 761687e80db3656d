"""The functions that the browser calls between two runs."""

import functools
from collections.abc import Callable
from typing import Any

from dalle.engine.messages import tell
from dalle.errors import DalleError
from dalle.generation.pictures import data_uri
from dalle.generation.result import Picture
from dalle.serving.http.rates import RateLimit
from dalle.serving.http.turns import Turns
from dalle.serving.http.visitors import current_visitor
from dalle.serving.page.controller import PageController
from dalle.serving.page.events.foreign import ForeignPictures
from dalle.serving.page.events.uploads import decode_upload, read_recipe
from dalle.serving.page.frames import Run, Tile
from dalle.serving.page.links import read_query, tell_differences, write_query
from dalle.serving.page.results import StoredResult
from dalle.serving.page.sharing.export import (
    THEMES,
    freeze,
    pack_name,
    pack_sheet,
    pack_zip,
    sign_sheet,
    write_snippets,
)
from dalle.serving.page.site import Site
from dalle.serving.page.tiles import HIDDEN, describe_rejected, look_of

Asked = dict[str, Any]
# Of strangers' files, and of a visitor's own results, which nobody else can hold up.
reading, packing = Turns(), Turns()
REPORTS = 20  # an hour, of a visitor; a day takes 1,000 of all
OF_FOREIGN = (
    "It goes on with a picture that was not drawn here, which its recipe can't hold: begin with "
    "that picture once more."
)


def in_turn(turns: Turns, function: Callable[[Asked], Any]) -> Callable[[Asked], Any]:
    """The function, for work of many milliseconds: when it is the visitor's turn."""

    @functools.wraps(function)
    def wait(asked: Asked) -> Any:
        visitor = current_visitor()
        with turns.take(visitor.line if visitor else ""):
            return function(asked)

    return wait


def answering(function: Callable[[Asked], Any]) -> Callable[[Asked], dict[str, Any]]:
    """The function with its answer, or the sentence of its DalleError, in a dictionary."""

    @functools.wraps(function)
    def answer(asked: Asked) -> dict[str, Any]:
        try:
            return {"answer": function(asked)}
        except (DalleError, OSError) as error:
            return {"error": str(tell(error))}
        except (AttributeError, KeyError, TypeError, ValueError):
            return {"error": "The page and the server do not fit together; load the page again."}

    return answer


class Handlers:
    """The functions of each part of the page; all take one dictionary and answer JSON."""

    def __init__(
        self, controller: PageController, site: Site, pictures: ForeignPictures | None = None
    ) -> None:
        """`pictures` keeps those that visitors begin with."""
        self.controller = controller
        self.site = site
        self.pictures = pictures or ForeignPictures()
        self._reports = RateLimit(REPORTS, 3600)

    def of_board(self) -> list[Callable]:
        chosen = (
            self.rejected,
            self.rank_again,
            in_turn(packing, self.pack),
            in_turn(packing, self.reveal),
            in_turn(packing, self.report),
            in_turn(reading, self.read_picture),
        )
        return [answering(function) for function in chosen]

    def of_begin(self) -> list[Callable]:
        return [answering(in_turn(reading, self.take_picture))]

    def of_reader(self) -> list[Callable]:
        return [answering(in_turn(reading, self.read_picture))]

    def of_news(self) -> list[Callable]:
        return [answering(self.news)]

    def of_embed(self) -> list[Callable]:
        return [answering(self.write_snippets)]

    def rejected(self, asked: Asked) -> list[Tile]:
        """The tiles that were not kept."""
        return describe_rejected(self.controller.results.get(asked["name"]))

    def rank_again(self, asked: Asked) -> Run:
        """The run in the order of another text."""
        return self.controller.rank_again(asked["name"], asked["text"])

    def pack(self, asked: Asked) -> dict[str, str]:
        """All of a result as one file: a zip, a sheet or a figure."""
        kept = self.controller.results.get(asked["name"])
        name, kind = pack_name(kept), asked["kind"]
        if kind == "zip":
            return {"name": f"{name}.zip", "uri": data_uri(pack_zip(kept), "application/zip")}
        if kind == "sheet":
            sheet = pack_sheet(kept, sign_sheet(self.site.settings.name, asked["address"]))
            return {"name": f"{name}-sheet.png", "uri": data_uri(sheet, "image/png")}
        query = write_query(kept.result.recipe)
        figure = freeze(kept, self.site.settings.name, asked["address"], query)
        return {"name": f"{name}.html", "uri": data_uri(figure.encode(), "text/html")}

    def reveal(self, asked: Asked) -> str:
        """The file of a blurred picture as it is."""
        kept, picture = self._find(asked)
        if look_of(picture)[0] == HIDDEN:
            raise DalleError(
                "The safety check hid this picture, so it stays hidden. Try another seed or prompt."
            )
        return data_uri(kept.revealed(picture), "image/png")

    def report(self, asked: Asked) -> str:
        """Hands on a report of a picture; prompt and pixels only where that is ticked."""
        kept, picture = self._find(asked)
        if self.site.report is None:
            raise DalleError("Reports are not taken here; write to the owner of the page.")
        visitor = current_visitor()
        if self._reports.take(visitor.line if visitor else ""):
            raise DalleError(f"More than {REPORTS} reports an hour came from you; try again later.")
        number = self.site.report(
            asked["category"],
            asked["note"],
            recipe=picture.recipe,
            prompt=picture.recipe["prompt"] if asked["with_prompt"] else None,
            png=kept.png(picture) if asked["with_picture"] else None,
        )
        return f"Thank you. This is report {number}; the owner of this page reads it."

    def _find(self, asked: Asked) -> tuple[StoredResult, Picture]:
        kept = self.controller.results.get(asked["name"])
        picture = kept.find(asked["candidate"])
        if picture is None:
            raise DalleError("There is no such picture in this result; pick another one.")
        return kept, picture

    def read_picture(self, asked: Asked) -> dict[str, str]:
        """Reads a file: whether it was made here, and the settings that remake it."""
        verdict = ""
        try:
            content = decode_upload(asked["content"])
            verdict = self.site.verify(content) if self.site.verify else ""
            query = write_query(read_recipe(content), run=False)
            if not query:
                raise DalleError(OF_FOREIGN)
            order = read_query(query)
        except DalleError as error:
            return {"verdict": f"{verdict} {error}".strip(), "query": ""}
        here = self.site.here_with(self.controller.wanted(order.origin))
        differences = tell_differences(order.origin, here)
        told = "Its recipe was found, and its settings are restored."
        if not order.prompt:
            told += " The prompt is not in the file."
        return {"verdict": f"{verdict} {told} {differences}".strip(), "query": query}

    def take_picture(self, asked: Asked) -> dict[str, str]:
        """Keeps a picture to begin with; its name."""
        return {"picture": self.pictures.take(decode_upload(asked["content"]))}

    def news(self, asked: Asked) -> dict[str, Any]:
        """Which model draws, and which is on its way."""
        return self.site.news()

    def write_snippets(self, asked: Asked) -> dict[str, str]:
        """The code that embeds this page."""
        theme = asked.get("theme", THEMES[0])
        return write_snippets(
            asked["address"], self.site.settings.name, asked["prompt"], theme, asked["compact"]
        )
