"""GET /card.png: the picture of a link, kept or drawn in a line that all cards share.

So a stranger's turn waits for one card at most, however many links crawlers look at.
"""

from collections import Counter
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from gradio.route_utils import get_root_url
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dalle.engine.admission import BusyError
from dalle.engine.bounded_store import BoundedStore
from dalle.engine.lanes import Visitor
from dalle.engine.order import Order
from dalle.engine.protocol import Engine
from dalle.errors import DalleError
from dalle.generation.result import Result
from dalle.safety.provenance.marker import default_marker
from dalle.serving.http.bodies import told
from dalle.serving.http.rates import RateLimit
from dalle.serving.http.visitors import current_line
from dalle.serving.page.links import Link, read_query
from dalle.serving.page.sharing.card import make_card
from dalle.serving.page.sharing.riddles import unveil
from dalle.settings import KNOBS

PATH = "/card.png"
LINE = Visitor("cards")  # of the fair queue
RATE = "20/minute"  # new cards, from an address
MOST_WAITING = 8
MOST_OF_ONE = 2  # of these, of an address, so that it can't take all places
LONGEST_HOST = 80  # letters of it on a card
SEED = 1  # of a link that tells none
KEPT_BYTES = 32 * 2**20
CACHED = {"Cache-Control": "public, max-age=86400"}
RIDDLE = "What do these pictures show?"


def host_of(request: Request) -> str:
    """The name that visitors know the server by, as long as a name can be."""
    root = get_root_url(request, PATH, request.scope.get("root_path") or None)
    return urlsplit(root).netloc[:LONGEST_HOST]


class Cards:
    """The cards of a page; those that were asked for last are kept."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name = engine, name
        self._kept: BoundedStore[tuple[str, str], bytes] = BoundedStore(KEPT_BYTES, len)
        self._rate = RateLimit.read(RATE)
        self._one = CapacityLimiter(1)
        self._held: Counter[str] = Counter()  # by address: cards that are drawn or wait

    async def answer(self, request: Request) -> Response:
        """The card as PNG; a sentence where there is none."""
        query, host = request.url.query, host_of(request)
        card = self._kept.get((query, host))
        if card is None:
            visitor = current_line()
            waiting = self._one.statistics().tasks_waiting
            if waiting >= MOST_WAITING or self._held[visitor] >= MOST_OF_ONE:
                return told(503, "Too many cards are being drawn; try it again later.", 60.0)
            wait = self._rate.take(visitor)
            if wait:
                return told(429, f"More than {RATE} new cards were asked for; wait a little.", wait)
            self._held[visitor] += 1
            try:
                card = await to_thread.run_sync(self._make, query, host, limiter=self._one)
            except BusyError as error:
                return told(503, str(error), error.retry_after)
            except DalleError as error:
                return told(404, f"This link has no card. {error}")
            finally:
                self._held[visitor] -= 1
                self._held += Counter()  # forgets those who have none
            self._kept.put((query, host), card)
        return Response(card, media_type="image/png", headers=CACHED)

    def _make(self, query: str, host: str) -> bytes:
        plain, hidden = unveil(query)
        result = self._last_result(card_order(read_query(plain), self.engine))
        shown = [picture.shown() for picture in result.pictures]
        image = make_card(shown, RIDDLE if hidden else result.prompt, self.name, host)
        return default_marker().encode(image, result.recipe)

    def _last_result(self, order: Order) -> Result:
        last = None
        for frame in self.engine.generate(order, visitor=LINE, previews=False):
            last = frame
        return last


def card_order(link: Link, engine: Engine) -> Order:
    """A link's pictures, of no more candidates than a request has that turns no knob."""
    knobs = {"seed": SEED} | link.knobs
    most = KNOBS["candidates"].default
    if knobs.get("candidates", most) > most:
        knobs["candidates"] = most
    if link.candidate is not None:
        knobs["only"] = (link.candidate,)
    return Order.parse(link.prompt, **knobs, **engine.model_pool.offered(link.origin))


def make_card_routes(engine: Engine, name: str) -> list[Route]:
    """The route, to be mounted beside gradio's by launch(app_kwargs=)."""
    return [Route(PATH, Cards(engine, name).answer, methods=["GET", "HEAD"])]
