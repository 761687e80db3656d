"""Which names the server answers to, and which other websites may call it from a browser.

A website may make its name point to a visitor's own machine (DNS rebinding). It asks under its own
name, so other names than ours are refused. A page of another origin may call where the owner says
so, as a public Space does; a server on a private machine is not for websites that its owner visits.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))
ANY = "*"
OURS = ("same-origin", "none")  # Sec-Fetch-Site of our own page, or of a typed address
# Of what a Host header may be, "" too; of a longer text a parser reads some part as the name.
HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[\w.-]*)(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
PREFLIGHT = {"Access-Control-Allow-Methods": "GET, POST, DELETE", "Access-Control-Max-Age": "600"}
EXPOSED = "Retry-After, Mcp-Session-Id"


@dataclass(frozen=True)
class Origins:
    """`hosts` are names of this server, `callers` those of other sites: "*", "*.a.b" or a name."""

    hosts: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()

    def knows(self, headers: Headers) -> bool:
        """Whether the request is for this server, by its Host header."""
        host = headers.get("host", "")
        name = name_of(f"//{host}") if HOST.fullmatch(host) else None
        if name is None:
            return False
        # An attacker's name is never an address, ours, or of this machine alone.
        known = (*LOCAL, "", own_name(), f"{own_name()}.local")
        return name in known or is_address(name) or matches(name, (*self.hosts, "*.hf.space"))

    def may_call(self, headers: Headers) -> bool:
        """Whether the page that makes the browser ask may do so; programs have no page."""
        origin = headers.get("origin")
        # A browser says so itself, also where a proxy writes another Host.
        if origin is None or headers.get("sec-fetch-site") in OURS:
            return True
        authority = urlsplit_or_none(origin)
        if authority and authority in (headers.get("host"), headers.get("x-forwarded-host")):
            return True
        name = name_of(origin) or ""
        if matches(name, self.callers):
            return True
        return name in LOCAL and name_of(f"//{headers.get('host', '')}") in LOCAL

    def preflight(self, headers: Headers) -> Response:
        """The answer to a browser that asks whether another page may call."""
        response = Response(status_code=204, headers=PREFLIGHT)
        wanted = headers.get("access-control-request-headers")
        if wanted:
            response.headers["Access-Control-Allow-Headers"] = wanted
        self.allow(headers, response.headers)
        return response

    def allow(self, headers: Headers, answer: MutableHeaders) -> None:
        """Lets the page that asked read the answer, never with cookies or a password."""
        if "origin" not in headers or not self.may_call(headers):
            return
        anybody = ANY in self.callers
        answer["Access-Control-Allow-Origin"] = ANY if anybody else headers["origin"]
        answer["Access-Control-Expose-Headers"] = EXPOSED
        if not anybody:
            answer.add_vary_header("Origin")


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns is the name, "*", or "*." and an ending of it."""
    return any(
        pattern in (ANY, name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))
        for pattern in patterns
    )


def name_of(url: str) -> str | None:
    """The host in an address, lower case and without a port; None where it cannot be read."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return None


def urlsplit_or_none(origin: str) -> str | None:
    """Host and port of an origin."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def own_name() -> str:
    return socket.gethostname().lower()
