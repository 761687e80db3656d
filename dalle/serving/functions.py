"""What the browser asks the server for between two drawings."""

import functools
from collections.abc import Callable
from typing import Any

from dalle.errors import DalleError
from dalle.generation.result import Picture
from dalle.serving.drawing import Desk
from dalle.serving.embed import THEMES, freeze, write_snippets
from dalle.serving.links import read_query, tell_differences, write_query
from dalle.serving.packing import pack_name, pack_sheet, pack_zip
from dalle.serving.reading import decode_upload, read_recipe
from dalle.serving.results import Kept
from dalle.serving.site import Site
from dalle.serving.tiles import HIDDEN, data_uri, describe_rejected, look_of

Asked = dict[str, Any]


def answering(function: Callable[[Asked], Any]) -> Callable[[Asked], dict[str, Any]]:
    """The function with its answer, or the sentence of its DalleError, in a dictionary."""

    @functools.wraps(function)
    def answer(asked: Asked) -> dict[str, Any]:
        try:
            return {"answer": function(asked)}
        except DalleError as error:
            return {"error": str(error)}
        except (KeyError, TypeError, ValueError):
            return {"error": "The page and the server do not fit together; load the page again."}

    return answer


class Functions:
    """The functions of each part of the page; all take one dictionary and answer JSON."""

    def __init__(self, desk: Desk, site: Site) -> None:
        self.desk = desk
        self.site = site

    def of_board(self) -> list[Callable]:
        chosen = (
            self.rejected,
            self.rank_again,
            self.pack,
            self.reveal,
            self.report,
            self.read_picture,
        )
        return [answering(function) for function in chosen]

    def of_reader(self) -> list[Callable]:
        return [answering(self.read_picture)]

    def of_news(self) -> list[Callable]:
        return [answering(self.news)]

    def of_embed(self) -> list[Callable]:
        return [answering(self.write_snippets)]

    def rejected(self, asked: Asked) -> list[dict[str, Any]]:
        """The tiles that were not kept."""
        return describe_rejected(self.desk.results.get(asked["name"]))

    def rank_again(self, asked: Asked) -> dict[str, Any]:
        """The run in the order of another text."""
        return self.desk.rank_again(asked["name"], asked["text"])

    def pack(self, asked: Asked) -> dict[str, str]:
        """All of a result as one file: a zip, a sheet or a figure."""
        kept = self.desk.results.get(asked["name"])
        name, kind = pack_name(kept), asked["kind"]
        if kind == "zip":
            return {"name": f"{name}.zip", "uri": data_uri(pack_zip(kept), "application/zip")}
        if kind == "sheet":
            return {"name": f"{name}-sheet.png", "uri": data_uri(pack_sheet(kept), "image/png")}
        query = write_query(kept.result.recipe)
        figure = freeze(kept, self.site.settings.name, asked["address"], query)
        return {"name": f"{name}.html", "uri": data_uri(figure.encode(), "text/html")}

    def reveal(self, asked: Asked) -> str:
        """The file of a blurred picture as it is."""
        kept, picture = self._find(asked)
        if look_of(picture)[0] == HIDDEN:
            raise DalleError("This picture is not shown by anybody's wish; draw another one.")
        return data_uri(kept.revealed(picture), "image/png")

    def report(self, asked: Asked) -> str:
        """Hands on what is wrong with a picture; prompt and pixels only where that is ticked."""
        kept, picture = self._find(asked)
        if self.site.report is None:
            raise DalleError("Nobody reads reports here; write to whoever runs the page.")
        number = self.site.report(
            asked["category"],
            asked["note"],
            recipe=picture.recipe,
            prompt=picture.recipe["prompt"] if asked["with_prompt"] else None,
            png=kept.png(picture) if asked["with_picture"] else None,
        )
        return f"Thank you. This is report {number}; whoever runs this page reads it."

    def _find(self, asked: Asked) -> tuple[Kept, Picture]:
        kept = self.desk.results.get(asked["name"])
        picture = kept.find(asked["candidate"])
        if picture is None:
            raise DalleError("There is no such picture in this result; pick another one.")
        return kept, picture

    def read_picture(self, asked: Asked) -> dict[str, str]:
        """What a file tells: whether it was made here, and the settings that remake it."""
        content = decode_upload(asked["content"])
        verdict = self.site.verify(content) if self.site.verify else ""
        try:
            query = write_query(read_recipe(content), run=False)
            order = read_query(query)
        except DalleError as error:
            return {"verdict": f"{verdict} {error}".strip(), "query": ""}
        here = self.site.here_with(self.desk.wanted(order.origin))
        differences = tell_differences(order.origin, here)
        told = "Its recipe was found, and its settings are restored."
        if not order.prompt:
            told += " The prompt is not in the file."
        return {"verdict": f"{verdict} {told} {differences}".strip(), "query": query}

    def news(self, asked: Asked) -> dict[str, Any]:
        """Which model draws, and which is on its way."""
        return self.site.news()

    def write_snippets(self, asked: Asked) -> dict[str, str]:
        """The code that embeds this page."""
        theme = asked.get("theme", THEMES[0])
        return write_snippets(
            asked["address"], self.site.settings.name, asked["prompt"], theme, asked["compact"]
        )
