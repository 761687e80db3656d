"""A Hub on this machine that takes Spaces: what huggingface_hub asks of the real one to make one.

Small files come in the commit. Others come before it, to the store of chunks that the Hub has
(Xet; what is sent there is counted, not read) or by the protocol of Git LFS.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import yaml

LARGEST_IN_COMMIT = 10 * 2**20  # bytes
MAX_DESCRIPTION = 60  # characters
NOT_FOUND = 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"}


class RefusalError(Exception):
    """A status and a sentence."""


class SpacesHub:
    """One Space, "me/dice", and the stages that its app goes through after each commit."""

    def __init__(self, stages: list[str], plan: str = "pro", tells_commit: bool = True) -> None:
        self.stages = stages
        self.plan = plan
        self.tells_commit = tells_commit
        self.exists = False
        self.commits = 0
        self.files: dict[str, bytes] = {}
        self.large: dict[str, bytes] = {}  # by their sha256, as Git LFS sends them
        self.transfers: list[list[str]] = []  # ways of sending that were offered to Git LFS
        self.chunk_bytes = 0  # that came to the store of chunks
        self.created: dict[str, Any] = {}
        self.variables: dict[str, str] = {}
        self.hardware = ""
        self.address = ""

    @property
    def commit(self) -> str:
        """The name of the newest one."""
        return f"{self.commits:040x}"

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address to give as HF_ENDPOINT."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self)

            def do_POST(self) -> None:
                hub.answer(self)

            def do_PUT(self) -> None:
                hub.answer(self)

            def log_message(self, *arguments) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self.address
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = read_body(handler)
        path = urlsplit(handler.path).path
        for method, pattern, take in (
            ("POST", "/api/repos/create", self.create),
            ("GET", "/api/spaces/me/dice", self.describe),
            ("GET", "/api/spaces/me/dice/tree/main", self.list_files),
            ("GET", "/api/spaces/me/dice/runtime", self.runtime),
            ("POST", "/api/spaces/me/dice/variables", self.set_variable),
            ("POST", "/api/spaces/me/dice/hardware", self.set_hardware),
            ("POST", "/api/validate-yaml", self.validate),
            ("POST", "/api/spaces/me/dice/preupload/main", self.preupload),
            ("GET", "/api/spaces/me/dice/xet-write-token/main", self.chunk_token),
            ("POST", "/spaces/me/dice.git/info/lfs/objects/batch", self.lfs_batch),
            ("PUT", "/lfs/[0-9a-f]{64}", lambda body: self.put_large(path, body)),
            ("POST", "/lfs/verify", self.verify_large),
            ("POST", "/v1/xorbs/.*", self.put_chunks),
            ("POST", "/(v1/)?shards", self.put_shard),
            ("POST", "/api/spaces/me/dice/commit/main", self.take_commit),
        ):
            if handler.command == method and re.fullmatch(pattern, path):
                try:
                    send(handler, 200, take(body))
                except RefusalError as refusal:
                    send(handler, *refusal.args)
                return
        send(handler, *NOT_FOUND)

    def create(self, body: bytes) -> Any:
        asked = {"hardware": "cpu-basic"} | json.loads(body)
        if self.exists:
            url = f"{self.address}/spaces/me/dice"
            raise RefusalError(409, {"error": "You already created this space repo", "url": url})
        if self.plan == "free" and asked["hardware"] != "zero-a10g":
            raise RefusalError(402, {"error": "Gradio Spaces require a PRO subscription"})
        self.exists, self.created = True, asked
        self.hardware = asked["hardware"]
        self.variables |= {each["key"]: each["value"] for each in asked.get("variables", [])}
        self.files = {".gitattributes": b"*.png filter=lfs\n", "README.md": b"---\nsdk: gradio\n"}
        return {"url": f"{self.address}/spaces/me/dice"}

    def describe(self, body: bytes) -> Any:
        if not self.exists:
            raise RefusalError(*NOT_FOUND)
        return {"id": "me/dice", "sha": self.commit, "siblings": []}

    def list_files(self, body: bytes) -> Any:
        return [
            {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
            for path, content in self.files.items()
        ]

    def runtime(self, body: bytes) -> Any:
        stage = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
        told: dict[str, Any] = {
            "stage": stage,
            "hardware": {"current": self.hardware, "requested": self.hardware},
            "domains": [{"domain": "me-dice.hf.space", "stage": "READY"}],
        }
        if stage == "BUILD_ERROR":
            told["errorMessage"] = "No matching distribution\nfound for jax==9.9"
        # While another one is built, the former commit runs.
        building = stage.startswith("RUNNING_")
        about = f"{self.commits - building:040x}"
        return told | ({"sha": about} if self.tells_commit else {})

    def set_variable(self, body: bytes) -> Any:
        asked = json.loads(body)
        self.variables[asked["key"]] = asked["value"]
        return {key: {"key": key, "value": value} for key, value in self.variables.items()}

    def set_hardware(self, body: bytes) -> Any:
        self.hardware = json.loads(body)["flavor"]
        return {"stage": "BUILDING", "hardware": {"requested": self.hardware}}

    def validate(self, body: bytes) -> Any:
        front = yaml.safe_load(json.loads(body)["content"].split("---")[1])
        if len(front.get("short_description", "")) > MAX_DESCRIPTION:
            told = f'"short_description" must have at most {MAX_DESCRIPTION} characters'
            raise RefusalError(400, {"errors": [{"message": told}], "warnings": []})
        return {"errors": [], "warnings": []}

    def preupload(self, body: bytes) -> Any:
        def mode(file: dict[str, Any]) -> str:
            binary = b"\0" in base64.b64decode(file["sample"])
            return "lfs" if binary or file["size"] > LARGEST_IN_COMMIT else "regular"

        return {
            "files": [
                {"path": file["path"], "uploadMode": mode(file), "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
        }

    def chunk_token(self, body: bytes) -> Any:
        return {"accessToken": "any", "exp": 2**40, "casUrl": self.address}

    def put_chunks(self, body: bytes) -> Any:
        self.chunk_bytes += len(body)
        return {"was_inserted": True}

    def put_shard(self, body: bytes) -> Any:
        return {"result": 1}

    def lfs_batch(self, body: bytes) -> Any:
        asked = json.loads(body)
        self.transfers.append(asked["transfers"])
        return {"transfer": "basic", "objects": [self.lfs_actions(one) for one in asked["objects"]]}

    def lfs_actions(self, one: dict[str, Any]) -> dict[str, Any]:
        """Where to send a large file, nowhere if it is here."""
        told = {"oid": one["oid"], "size": one["size"]}
        if one["oid"] in self.large:
            return told
        return told | {
            "actions": {
                "upload": {"href": f"{self.address}/lfs/{one['oid']}"},
                "verify": {"href": f"{self.address}/lfs/verify"},
            }
        }

    def put_large(self, path: str, body: bytes) -> Any:
        name = path.rpartition("/")[2]
        if hashlib.sha256(body).hexdigest() != name:
            raise RefusalError(422, {"error": "another content than was announced"})
        self.large[name] = body
        return {}

    def verify_large(self, body: bytes) -> Any:
        asked = json.loads(body)
        if len(self.large.get(asked["oid"], b"")) != asked["size"]:
            raise RefusalError(422, {"error": "not here"})
        return {}

    def take_commit(self, body: bytes) -> Any:
        for line in body.splitlines():
            each = json.loads(line)
            value = each["value"]
            if each["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif each["key"] == "lfsFile":
                self.files[value["path"]] = f"lfs {value['oid']} {value['size']}".encode()
            elif each["key"] == "deletedFile":
                del self.files[value["path"]]
        self.commits += 1
        return {
            "commitUrl": f"{self.address}/spaces/me/dice/commit/{self.commit}",
            "commitOid": self.commit,
        }


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """The body of a request, in one piece or in chunks."""
    if handler.headers.get("Transfer-Encoding") != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


def send(
    handler: BaseHTTPRequestHandler, status: int, told: Any, headers: dict[str, str] | None = None
) -> None:
    """An answer in JSON."""
    content = json.dumps(told).encode()
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
