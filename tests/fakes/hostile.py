"""Requests that nobody should send: bodies, paths, and addresses of other servers."""

import json
from collections.abc import Iterator

API = "/gradio_api"
OPENAI = "/v1/images/generations"
JSON = "application/json"

# What may stand where a value is expected.
VALUES = [
    None, True, False, 0, -1, 2**63, 1e308, -0.0, "", " ", "\x00", "a\x00b", "\ud800", "\udfff",
    "‮", "﷽" * 50, "a" * 30_000, [], [[]], ["a"] * 50, {}, {"a": {}}, {"__class__": "x"},
    "../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/", "${jndi:x}",
    "'; DROP TABLE x; --", "<script>alert(1)</script>", "%00", "%2e%2e%2f", "{{7*7}}", "nan",
    [None], "1" * 400, "🎲" * 400, "a\r\nSet-Cookie: x=1",
]  # fmt: skip

# Bodies that are no request at all.
RAW = [
    b"", b"{", b"}", b"[]", b"null", b"1", b'"a"', b"NaN", b"Infinity", b'{"a": NaN}',
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{" * 5000, b"[" * 50_000, b'{"a":' * 20_000,
    b'{"prompt": "\\ud800"}', b'{"prompt": "a", "prompt": "b"}', b"<xml/>", b"a=b&c=d",
    b'{"prompt": "a"' + b" " * 100_000 + b"}", b"%PDF-1.4", b"PK\x03\x04", b"\x1f\x8b\x08\x00",
    b'{"data": ' + b"9" * 10_000 + b"}", b"[" * 40_000 + b"]" * 40_000, b'{"prompt": "\xff"}',
    '{"prompt": "a cat"}'.encode("utf-16"), b'{"prompt": "\xe2\x82', b"1" * 5000,
]  # fmt: skip

TYPES = [JSON, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "a/b;"]


def bodies() -> Iterator[tuple[str, bytes, str]]:
    """Path, body and content type of more than 200 requests."""
    for value in VALUES:
        yield OPENAI, json.dumps({"prompt": value}).encode(), JSON
        yield OPENAI, json.dumps({"prompt": "a cat", "seed": value}).encode(), JSON
        yield f"{API}/call/v2/generate", json.dumps({"prompt": value}).encode(), JSON
        yield f"{API}/call/generate", json.dumps({"data": value}).encode(), JSON
        join = {"data": [value], "fn_index": value, "session_hash": value}
        yield f"{API}/queue/join", json.dumps(join).encode(), JSON
        call = {"name": "generate", "arguments": {"prompt": "a cat", "seed": value}}
        told = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        yield f"{API}/mcp/", json.dumps(told).encode(), JSON
    for raw in RAW:
        yield OPENAI, raw, JSON
        yield f"{API}/queue/join", raw, JSON
        yield f"{API}/component_server", raw, JSON
        yield f"{API}/mcp/", raw, JSON
    for kind in TYPES[1:]:  # forms and plain text, which any website can send
        for path in (f"{API}/call/v2/generate", f"{API}/component_server", f"{API}/mcp/"):
            yield path, b'{"prompt": "a cat"}', kind
    for kind in TYPES:
        yield OPENAI, b'{"prompt": 3}', kind
        yield f"{API}/upload", b"no boundary", kind
    field = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n1\r\n--x--\r\n'
    for name in (b"", b"files", b"upload"):
        yield f"{API}/upload", field % name, "multipart/form-data; boundary=x"
        yield f"{API}/upload?upload_id=x", field % name, "multipart/form-data; boundary=x"
    for index in (999, -1, 10**9, "0", 1.5, [], {}):
        join = {"data": [], "fn_index": index, "session_hash": "abc"}
        yield f"{API}/queue/join", json.dumps(join).encode(), JSON
        cancel = {"session_hash": "abc", "fn_index": index, "event_id": "x"}
        yield f"{API}/cancel", json.dumps(cancel).encode(), JSON
    for name in ("nothing", "..", "generate/../x", "%00", "a" * 3000):
        yield f"{API}/call/{name}", b'{"data": []}', JSON
        yield f"{API}/run/{name}", b'{"data": []}', JSON


TARGETS = [
    "/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/self/cmdline", "/root/.ssh/id_rsa",
    "../../../../etc/passwd", "..%2f..%2f..%2fetc/passwd", "%2fetc%2fpasswd", "//etc/passwd",
    "/tmp/../etc/passwd", "/tmp/gradio/../../etc/passwd", "/etc/passwd%00.png", "./app.py",
    "file:///etc/passwd", "%252fetc%252fpasswd", "/dev/zero", "/dev/random", "\\etc\\passwd",
    "app.py", "C:\\Windows\\win.ini", "/etc/./passwd", "/./etc/passwd",
]  # fmt: skip
SERVERS = [
    "http://127.0.0.1:22/", "http://localhost/", "http://2130706433/", "http://[::1]/",
    "http://169.254.169.254/latest/meta-data/", "https://example.com/", "HTTP://127.0.0.1/",
    "hTTps://example.com", "http:/127.0.0.1/", "http:%2f%2f127.0.0.1/", "ftp://127.0.0.1/",
    "gopher://127.0.0.1/", "//127.0.0.1/", "http://0/", "http://0x7f.1/", "http://127.1/",
    "https://user@127.0.0.1/", "http://metadata.google.internal/",
]  # fmt: skip
PLACES = [
    "/monitoring", "/monitoring/", "/monitoring/summary", f"{API}/deep_link", f"{API}/vibe-code/",
    f"{API}/vibe-edit", f"{API}/profiling/traces", f"{API}/profiling/summary", "/docs", "/redoc",
    "/openapi.json", f"{API}/dev/reload", f"{API}/custom_component/x/y/z/style.css", "/.env",
    "/.git/config", "/app.py", "/requirements.txt", f"{API}/stream/a/b/c/playlist.m3u8",
    f"{API}/process_recording", "/static/../app.py", "/static/..%2f..%2fapp.py",
    "/assets/%2e%2e/%2e%2e/app.py", "/login", "/token", f"{API}/token",
]  # fmt: skip


def addresses() -> list[str]:
    """More than 60 paths behind which there must be nothing."""
    files = [f"{API}/file={target}" for target in [*TARGETS, *SERVERS]]
    relays = [f"{API}/proxy={server}" for server in SERVERS[:6]]
    return [*files, *relays, *PLACES]
