"""Who is a member: the account in gradio's signed cookie, and what the Hub says of it.

Only where NINEFOLD_MEMBERS is set; otherwise nothing here is imported. A request can claim nothing:
gradio writes the session after Hugging Face has answered the server, and signs it with the secret
of the Space.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from anyio import CapacityLimiter, to_thread
from authlib.integrations.base_client.errors import OAuthError
from huggingface_hub import constants
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dalle.engine.bounded_store import BoundedStore
from dalle.serving.http.visitors import MEMBER
from dalle.serving.settings import SIGNED_IN

log = logging.getLogger(__name__)

PATHS = frozenset(("/login/huggingface", "/login/callback", "/logout"))  # gradio's
PATIENCE = 5.0  # seconds that the Hub may take to connect, and for each part of its answer
REMEMBERED = 600.0  # seconds until an account's organisations are asked for again
PAUSE = 60.0  # seconds in which the Hub is not asked, after it did not answer
MOST_ACCOUNTS = 4096  # that are remembered
ASKING = 4  # at the same time
NOT_SIGNED_IN = "Signing in did not work; go back to the page and try it again."


@dataclass(frozen=True)
class Account:
    """One that signed in."""

    name: str
    token: str = field(repr=False)


def account_of(session: Mapping[str, Any]) -> Account | None:
    """The account of a session that gradio signed; None where nobody signed in, or long ago."""
    info = session.get("oauth_info") or {}
    if info.get("expires_at", 0) <= time.time():
        return None
    return Account(info["userinfo"]["preferred_username"], info["access_token"])


def organisations_of(token: str) -> frozenset[str]:
    """The organisations of a token's account; httpx.HTTPError where the Hub does not tell."""
    # What HfApi.whoami asks, which would wait without an end.
    answer = httpx.get(
        f"{constants.ENDPOINT}/api/whoami-v2",
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )
    answer.raise_for_status()
    return frozenset(one["name"].lower() for one in answer.json().get("orgs", ()))


class Members:
    """`names` are organisations or accounts, or SIGNED_IN for everybody who signed in."""

    def __init__(
        self,
        names: Collection[str],
        ask: Callable[[str], frozenset[str]] = organisations_of,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._names = frozenset(name.lower() for name in names)
        self._ask, self._clock = ask, clock
        self._known: BoundedStore[bytes, tuple[bool, float]] = BoundedStore(
            MOST_ACCOUNTS, lambda entry: 1
        )
        self._asked_again = 0.0  # when the Hub may be asked, by the clock
        self._asking = threading.Lock()  # a page that opens posts several things at once

    def include(self, account: Account) -> bool:
        """Whether it is one; where the Hub does not tell, what it told before, or else not."""
        if {SIGNED_IN, account.name.lower()} & self._names:
            return True
        key = hashlib.sha256(account.token.encode()).digest()
        with self._asking:
            known, until = self._known.get(key) or (False, 0.0)
            if self._clock() < max(until, self._asked_again):
                return known
            try:
                known = not self._names.isdisjoint(self._ask(account.token))
            except (httpx.HTTPError, ValueError, KeyError) as error:
                if not is_refused(error):
                    self._asked_again = self._clock() + PAUSE
                    log.warning("the Hub does not tell organisations (%s)", type(error).__name__)
                    return known
                known = False
            self._known.put(key, (known, self._clock() + REMEMBERED))
            return known


def is_refused(error: Exception) -> bool:
    """Whether the Hub refuses this token alone, which was taken back."""
    response = error.response if isinstance(error, httpx.HTTPStatusError) else None
    return response is not None and response.status_code in (401, 403)


class Membership:
    """ASGI middleware: writes into a request's scope which member it comes from."""

    def __init__(self, app: ASGIApp, members: Members) -> None:
        self.app, self._members = app, members
        self._threads = CapacityLimiter(ASKING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Only what is posted is drawn.
        if scope["type"] == "http" and scope["method"] == "POST":
            account = account_of(scope["session"])
            if account and await to_thread.run_sync(
                self._members.include, account, limiter=self._threads
            ):
                scope = scope | {MEMBER: account.name}
        await self.app(scope, receive, send)


async def explain_sign_in(request: Request, error: Exception) -> Response:
    """The page again for a visitor who changed their mind; a sentence for anything else."""
    if request.url.path.rpartition("/login/")[2] not in ("huggingface", "callback"):
        raise error
    if getattr(error, "error", None) == "access_denied":
        return RedirectResponse("../")
    log.warning("a visitor could not sign in (%s)", type(error).__name__)
    return PlainTextResponse(NOT_SIGNED_IN, 400 if isinstance(error, OAuthError) else 502)


EXCEPTION_HANDLERS = {OAuthError: explain_sign_in, httpx.HTTPError: explain_sign_in}
