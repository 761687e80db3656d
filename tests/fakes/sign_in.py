"""A stand-in for Hugging Face's sign-in on this machine: its OpenID addresses, and whoami-v2.

Layout: https://huggingface.co/.well-known/openid-configuration, https://huggingface.co/docs/hub/oauth.
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "ninefold-client", "ninefold-secret"
ACCOUNTS = {"ada": ["painters"], "bob": ["sculptors"], "eve": []}  # with their organisations


@dataclass
class Hub:
    """What the stand-in knows; `asked` counts the requests for each path."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"use": "sig"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)  # each is good for once
    tokens: dict[str, str] = field(default_factory=dict)  # accounts
    asked: dict[str, int] = field(default_factory=dict)
    address: str = ""

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/oauth/authorize",
            "token_endpoint": f"{self.address}/oauth/token",
            "userinfo_endpoint": f"{self.address}/oauth/userinfo",
            "jwks_uri": f"{self.address}/oauth/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile"],
        }

    def consent(self, query: dict[str, str]) -> str:
        """A page on which to choose who one is, or to change one's mind."""
        back, state = query["redirect_uri"], query["state"]
        assert query["client_id"] == CLIENT
        links = []
        for account in ACCOUNTS:
            code = secrets.token_hex(8)
            self.codes[code] = query | {"account": account}
            links.append((account, {"code": code, "state": state}))
        links.append(("deny", {"error": "access_denied", "state": state}))
        joint = "&" if "?" in back else "?"
        return "".join(f'<p><a href="{back}{joint}{urlencode(q)}">{n}</a></p>' for n, q in links)

    def token(self, form: dict[str, str], basic: str) -> dict[str, Any]:
        """The tokens for a code; KeyError where there is no such code, or no longer."""
        assert base64.b64decode(basic).decode() == f"{CLIENT}:{SECRET}"
        query = self.codes.pop(form["code"])
        assert form["redirect_uri"] == query["redirect_uri"]
        token = f"hf_oauth_{secrets.token_hex(8)}"
        self.tokens[token] = query["account"]
        claims = self.userinfo(token) | {
            "iss": self.address, "aud": CLIENT, "iat": int(time.time()),
            "exp": int(time.time()) + 3600, "nonce": query["nonce"],
        }  # fmt: skip
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": 28800,
            "scope": "openid profile",
            "id_token": jwt.encode({"alg": "RS256"}, claims, self.key),
        }

    def userinfo(self, token: str) -> dict[str, Any]:
        account = self.tokens[token]
        return {
            "sub": account,
            "name": account.title(),
            "preferred_username": account,
            "profile": f"{self.address}/{account}",
            "picture": f"{self.address}/{account}.png",
        }

    def whoami(self, token: str) -> dict[str, Any]:
        account = self.tokens[token]
        orgs = [{"type": "org", "name": name} for name in ACCOUNTS[account]]
        return {"type": "user", "name": account, "orgs": orgs}


def make_handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self._answer(parts.path, query)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(
                urlsplit(self.path).path, {n: values[0] for n, values in parse_qs(body).items()}
            )

        def _answer(self, path: str, given: dict[str, str]) -> None:
            hub.asked[path] = hub.asked.get(path, 0) + 1
            bearer = self.headers.get("Authorization", " ").split(" ", 1)[1]
            try:
                answer: Any = {
                    "/.well-known/openid-configuration": hub.configuration,
                    "/oauth/authorize": lambda: hub.consent(given),
                    "/oauth/token": lambda: hub.token(given, bearer),
                    "/oauth/jwks": lambda: {"keys": [hub.key.as_dict(private=False)]},
                    "/oauth/userinfo": lambda: hub.userinfo(bearer),
                    "/api/whoami-v2": lambda: hub.whoami(bearer),
                }[path]()
                status = 200
            except KeyError:
                answer, status = {"error": "invalid_grant"}, 401 if bearer else 404
            html = isinstance(answer, str)
            content = (answer if html else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if html else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *told: Any) -> None:
            pass

    return Handler


@contextmanager
def stand_in() -> Iterator[Hub]:
    """The stand-in, served on a free port of this machine."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(hub))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def variables(hub: Hub) -> dict[str, str]:
    """What a Space with `hf_oauth: true` sets, with the stand-in in the place of the Hub."""
    return {
        "SYSTEM": "spaces",
        "SPACE_ID": "me/it",
        "OAUTH_CLIENT_ID": CLIENT,
        "OAUTH_CLIENT_SECRET": SECRET,
        "OAUTH_SCOPES": "openid profile",
        "OPENID_PROVIDER_URL": hub.address,
        "HF_ENDPOINT": hub.address,
    }
