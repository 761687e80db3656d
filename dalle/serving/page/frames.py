"""The shapes of everything that the server sends to the page while it generates.

static/widgets/status.js reads a Status, static/widgets/board.js a Board.
"""

from typing import Any, Literal, NotRequired, TypedDict


class Retry(TypedDict):
    """A refused request, for the browser to send again."""

    seconds: float
    text: NotRequired[str]  # the prompts that are left, one a line
    more: NotRequired[bool]  # whether other runs are shown already
    query: NotRequired[str]  # or the link of a single picture
    name: NotRequired[str]  # and the result to compare it with
    wish: NotRequired[dict[str, Any]]  # or what was wished of a picture
    open: NotRequired[str]  # or the name of a visitor's picture


class Status(TypedDict):
    """The progress line."""

    state: Literal["idle", "busy", "refused", "stopped", "done", "failed"]
    line: str  # a sentence
    fraction: NotRequired[float]  # of the run, from 0 to 1
    seconds: NotRequired[float | None]  # until its pictures are there
    retry: NotRequired[Retry]


class Tile(TypedDict):
    """A finished picture."""

    src: str  # the address of the shown file; empty where the picture is hidden
    png: str  # that of its download
    alt: str
    place: int  # from 1, the best
    score: float | None
    seed: int
    candidate: int
    file: str  # the name of its download
    query: str  # of the link that remakes it
    look: Literal["show", "blur", "hide"]
    reason: str  # for any other look than "show"


class Sheet(TypedDict):
    """Unfinished pictures in one image, and its geometry in pixels."""

    uri: str
    width: int
    height: int
    gap: int
    count: int


class HeardWords(TypedDict):
    """A prompt as a small model heard it."""

    drawn_as: dict[str, str]
    heard: list[str]
    unheard: list[str]
    suggestions: list[str]
    apart: list[str]
    left_out: list[str]


class Source(TypedDict):
    """The picture that a run goes on with."""

    kind: NotRequired[str]  # of the alteration, such as "tile"
    words: str
    src: str  # the data URI of a thumbnail
    query: str  # of the link that remakes it; empty where none does
    name: NotRequired[str]  # of the stored result
    candidate: NotRequired[int]
    picture: NotRequired[str]  # or the name of a visitor's picture


class Run(TypedDict, total=False):
    """One prompt and its pictures so far; the fields depend on its state."""

    key: str  # the browser tells runs by their keys
    stamp: str  # and renders a run again when its stamp changes
    state: Literal["waiting", "preview", "done", "failed", "example", "meanwhile", "original"]
    prompt: str
    preview: Sheet
    name: str  # of the stored result
    tiles: list[Tile]
    rejected: int  # how many pictures were not kept
    seed: int
    query: str  # that remakes the whole run
    link: str  # a shorter one, to share
    summary: str
    heard: HeardWords | None
    notes: list[str]
    alone: int  # the candidate that was drawn alone
    riddle: bool  # whether the prompt is to be guessed
    verdict: str  # whether that one came out the same
    error: str
    size: list[int]  # width and height of its pictures
    cells: list[int]  # columns and rows that these can be edited in
    source: Source  # where it goes on with a picture
    picture: str  # the name of a visitor's picture
    src: str  # its data URI
    suggested: str  # a prompt to start from, of the model's findings in it
    read: str  # and that of the model's own version of it
    sheet: str  # the address of an example
    gaps: bool  # whether that has white gaps between nine pictures
    alt: str
    note: str


class Board(TypedDict):
    """The runs of one request, and whether they stand beside those shown already."""

    runs: list[Run]
    more: NotRequired[bool]


Frame = tuple[Status, list[Run]]


def tell(state: str, line: str, **more: Any) -> Status:
    """A status line."""
    return {"state": state, "line": line, **more}
