"""Who asks: the address that the guard found, by which visitors take turns. It is never logged."""

from gradio.context import LocalContext
from starlette.requests import HTTPConnection
from starlette.types import Scope


def current_visitor() -> str | None:
    """The visitor of the gradio event that is being answered; None outside of one."""
    request = LocalContext.request.get(None)
    client = getattr(request, "client", None)
    return client.host if client else None


def address_of(scope: Scope, trusted_hops: int) -> str:
    """The address behind so many proxies of our own; what others wrote before them is not believed.

    Each proxy adds the address that it sees at the right of X-Forwarded-For.
    """
    peer = scope["client"][0] if scope.get("client") else "unknown"
    if trusted_hops == 0:
        return peer
    lines = HTTPConnection(scope).headers.getlist("x-forwarded-for")
    hops = [hop.strip() for line in lines for hop in line.split(",") if hop.strip()]
    return hops[-min(trusted_hops, len(hops))][:64] if hops else peer
