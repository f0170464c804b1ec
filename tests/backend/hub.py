"""A hub on loopback with one repository: the few answers that huggingface_hub's client needs, and ways to fail."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
REPOSITORY = "someone/a-model"


class Hub:
    """Serves `files` {name: bytes}; large ones are said to be in LFS, with their SHA-256."""

    def __init__(self, files: dict[str, bytes]):
        self.files = dict(files)
        self.published = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        self.requests: list[str] = []  # "GET /path", with " from N" where a part is asked for
        self.stall = ""  # a file of which half is sent, and then nothing
        self.stalled = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a client that was killed

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._end = threading.Event()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._end.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, body: bool) -> None:
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.requests.append(f"{request.command} {request.path}" + (f" from {start}" if start else ""))
        path = request.path.split("?")[0]
        if path.startswith(f"/api/models/{REPOSITORY}/revision/"):
            self._send(request, json.dumps(self._information()).encode(), body)
        elif path == f"/api/models/{REPOSITORY}/tree/{COMMIT}":
            self._send(request, json.dumps(self._tree()).encode(), body)
        elif (name := path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")) in self.files:
            self._send_file(request, name, start, body)
        else:
            self._send(request, b"{}", body, status=404)

    def _information(self) -> dict:
        siblings = [
            {"rfilename": name, "size": len(data), "blobId": "0" * 40, **self._lfs(name, "sha256")}
            for name, data in self.files.items()
        ]
        return {"id": REPOSITORY, "modelId": REPOSITORY, "sha": COMMIT, "tags": [], "siblings": siblings}

    def _tree(self) -> list[dict]:
        return [
            {"type": "file", "path": name, "size": len(data), "oid": "0" * 40, **self._lfs(name, "oid")}
            for name, data in self.files.items()
        ]

    def _lfs(self, name: str, key: str) -> dict:
        if len(self.files[name]) < 1000:
            return {}
        return {"lfs": {key: self.published[name], "size": len(self.files[name]), "pointerSize": 130}}

    def _send_file(self, request: BaseHTTPRequestHandler, name: str, start: int, body: bool) -> None:
        data = self.files[name]
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{self.published[name]}"', "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        half = body and name == self.stall
        request.send_response(206 if start else 200)
        for key, value in {**headers, "Content-Length": str(len(data) - start)}.items():
            request.send_header(key, value)
        request.end_headers()
        if body:
            request.wfile.write(data[start : len(data) // 2] if half else data[start:])
        if half:
            request.wfile.flush()
            self.stalled.set()
            self._end.wait(60)
            request.close_connection = True

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, data: bytes, body: bool, status: int = 200) -> None:
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if body:
            request.wfile.write(data)
