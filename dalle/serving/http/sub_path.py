"""A server behind a proxy that shows it under a path, such as https://example.com/pictures.

The proxy may take the path off, and says so in X-Forwarded-Prefix, or hand on whole paths, with
the same path in GRADIO_ROOT_PATH. Pages and addresses of files are right either way.
"""

from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Scope


def under_path(scope: Scope, trusted: bool, root: str = "") -> Scope:
    """The request as it would be without the path; `root` is GRADIO_ROOT_PATH.

    Only a proxy of our own is believed.
    """
    prefix = _clean(urlsplit(root).path)
    if prefix:
        return _stripped(scope, prefix)
    headers = Headers(scope=scope)
    prefix = _clean(headers.get("x-forwarded-prefix", "").split(",")[0]) if trusted else ""
    if not prefix:
        return scope
    host = headers.get("x-forwarded-host", headers.get("host", "")).split(",")[0].strip()
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "http")).split(",")[0].strip()
    scope = _stripped(scope, prefix) | {"headers": list(scope["headers"]), "root_path": prefix}
    changed = MutableHeaders(scope=scope)
    # Gradio makes addresses of this header, and of X-Forwarded-Host where there is one.
    del changed["x-forwarded-host"]
    changed["x-gradio-server"] = f"{scheme}://{host}{prefix}"
    return scope


def _stripped(scope: Scope, prefix: str) -> Scope:
    path = scope["path"]
    if path != prefix and not path.startswith(f"{prefix}/"):
        return scope
    rest = path[len(prefix) :] or "/"
    return scope | {"path": rest, "raw_path": quote(rest).encode()}


def _clean(prefix: str) -> str:
    """ "/a/b" of " a/b/ "; "" for anything else."""
    prefix = prefix.strip()
    if "//" in prefix or not prefix.isprintable():
        return ""
    prefix = prefix.strip("/")
    return f"/{prefix}" if prefix else ""
