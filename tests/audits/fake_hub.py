"""As much of the Hub as a scheduler needs, on loopback: a data set held in memory."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeHub:
    """A data set by its files; `requests` has the method, path and token of each call."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, str]] = []
        self.squashed = 0
        self.created: dict = {}
        self.committed = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, content: object) -> None:
                body = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def note(self) -> bytes:
                token = self.headers.get("Authorization", "")
                hub.requests.append((self.command, self.path.split("?")[0], token))
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def do_GET(self) -> None:
                self.note()
                files = hub.files.items()
                self.answer(
                    [{"type": "file", "path": p, "oid": "0", "size": len(c)} for p, c in files]
                )

            def do_POST(self) -> None:
                body = self.note()
                path = self.path.split("?")[0]
                if path == "/api/repos/create":
                    hub.created = json.loads(body)
                    self.answer({"url": f"{hub.address}/datasets/owner/reports"})
                elif path.endswith("/preupload/main"):
                    names = [file["path"] for file in json.loads(body)["files"]]
                    self.answer({"files": [hub.regular(name) for name in names]})
                elif path.endswith("/commit/main"):
                    hub.commit([json.loads(line) for line in body.splitlines()])
                    self.answer(
                        {
                            "commitUrl": f"{hub.address}/datasets/owner/reports/commit/1",
                            "commitOid": "1",
                        }
                    )
                elif "/super-squash/" in path:
                    hub.squashed += 1
                    self.answer({})
                else:
                    self.send_error(404)

            def log_message(self, *arguments: object) -> None:
                """Nothing on the test's screen."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def regular(name: str) -> dict:
        return {"path": name, "uploadMode": "regular", "shouldIgnore": False}

    def commit(self, lines: list[dict]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                del self.files[value["path"]]
        self.committed.set()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
