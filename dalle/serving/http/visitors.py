"""Who asks: visitors take turns by their addresses, members by their accounts.

Neither is ever logged.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv6Address, IPv6Network, ip_address

from gradio.context import LocalContext
from starlette.requests import HTTPConnection
from starlette.types import Scope

from dalle.engine.lanes import Visitor

HOUSEHOLD = 64  # bits of an IPv6 address that a provider gives; the rest is the visitor's choice


# Where the door writes the member that it recognised: in the scope, which no request can fill.
MEMBER = "ninefold.member"


_asking: ContextVar[Scope] = ContextVar("asking")  # threads that answer a request have it too


@contextmanager
def asking(scope: Scope) -> Iterator[None]:
    """While this request is answered, its visitor is the current one."""
    token = _asking.set(scope)
    try:
        yield
    finally:
        _asking.reset(token)


def current_visitor() -> Visitor | None:
    """The visitor of the gradio event or of the request that is being answered; None for neither.

    Gradio answers events apart from requests, in the order of its own queue.
    """
    event = LocalContext.request.get(None)
    request = getattr(event, "request", None)
    return visitor_of(request.scope if request else _asking.get({}))


def visitor_of(scope: Scope) -> Visitor | None:
    """The member of a request, or else the address that the guard found; None for neither."""
    if member := scope.get(MEMBER):
        return Visitor(member, member=True)
    return Visitor(scope["client"][0]) if scope.get("client") else None


def address_of(scope: Scope, trusted_hops: int) -> str:
    """The address behind `trusted_hops` proxies of our own; earlier entries are not believed.

    Each proxy adds the address that it sees at the right of X-Forwarded-For.
    """
    peer = scope["client"][0] if scope.get("client") else "unknown"
    if trusted_hops == 0:
        return peer
    lines = HTTPConnection(scope).headers.getlist("x-forwarded-for")
    hops = [hop.strip() for line in lines for hop in line.split(",") if hop.strip()]
    return hops[-min(trusted_hops, len(hops))][:64] if hops else peer


def network_of(address: str) -> str:
    """The address as visitors are counted: of IPv6 the network of a household, without a port."""
    try:
        parsed = ip_address(_without_port(address))
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), HOUSEHOLD), strict=False))


def _without_port(address: str) -> str:
    """Some proxies write 192.0.2.1:5000 or [2001:db8::1]:5000."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def current_line() -> str:
    """The line of the current visitor; empty where there is none."""
    visitor = current_visitor()
    return visitor.line if visitor else ""
