"""A Hub on this machine: folders as repositories, by the same addresses as the real one."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CHUNK = 1 << 16  # bytes


class FakeHub:
    """Repositories by name; their weights come half, and the rest once `opened` is set."""

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.opened = threading.Event()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address to give as HF_ENDPOINT."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def log_message(self, *arguments) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            self.opened.set()
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, body: bool) -> None:
        path = unquote(urlsplit(handler.path).path)
        owner, _, rest = path.removeprefix("/api/models").lstrip("/").partition("/")
        name, _, rest = rest.partition("/")
        folder = self.repositories.get(f"{owner}/{name}")
        if folder is None:
            self._send(handler, b"{}", 404, {"X-Error-Code": "RepoNotFound"})
        elif path.startswith("/api/models/") and rest.startswith("tree/"):
            self._send(handler, json.dumps(self._tree(folder)).encode())
        elif path.startswith("/api/models/"):
            about = {"id": f"{owner}/{name}", "sha": COMMIT, "siblings": self._siblings(folder)}
            self._send(handler, json.dumps(about).encode())
        else:
            _, commit, file = rest.split("/", 2)  # resolve/...
            file = folder / file
            content = file.read_bytes()
            headers = {"X-Repo-Commit": commit, "ETag": f'"{_digest(content)}"'}
            self._send(handler, content, headers=headers, body=body, file=file)

    def _tree(self, folder: Path) -> list[dict]:
        return [
            {
                "type": "file",
                "path": str(path.relative_to(folder)),
                "size": path.stat().st_size,
                "oid": _digest(path.read_bytes()),
            }
            for path in folder.rglob("*")
            if path.is_file()
        ]

    def _siblings(self, folder: Path) -> list[dict]:
        return [
            {"rfilename": file["path"], "size": file["size"], "blobId": file["oid"]}
            for file in self._tree(folder)
        ]

    def _send(self, handler, content, status=200, headers=None, body=True, file=None) -> None:
        whole, half = len(content), len(content) // 2
        start = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        if start and status == 200:  # who gave up waiting goes on from there
            content, status, half = content[start:], 206, max(0, half - start)
            headers = {**headers, "Content-Range": f"bytes {start}-{whole - 1}/{whole}"}
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if not body:
            return
        handler.wfile.write(content[:half])
        if file is not None and file.suffix in (".msgpack", ".safetensors"):
            self.opened.wait()
        handler.wfile.write(content[half:])


def _digest(content: bytes) -> str:
    """As git names a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
