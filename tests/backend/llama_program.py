"""Stands in for llama.cpp's `llama-server` where a test needs one that fails: `python llama_program.py -m FILE ...`.

The prompt and the name of the file are the script: `crash` ends in the middle of an answer, `endless` never ends one;
`broken` is not loaded, and for `taken` the port is, twice. LISTED is what `--list-devices` prints."""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MESH = "v 0 0 0\nv 63 0 0\nv 0 63 0\nv 0 0 63\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            self.tell({"status": "ok"})
        elif self.path == "/props" and self.known():
            self.tell({"build_info": "b9999-made-up", "total_slots": 2})
        else:
            self.tell({}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.known():
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        said = body["prompt"]
        for line in MESH.splitlines(keepends=True):
            self.event({"choices": [{"text": line}]})
            if "crash" in said and line.startswith("f"):
                print("GGML_ASSERT failed: the script says so", flush=True)
                os._exit(134)
        while "endless" in said:
            self.event({"choices": [{"text": "f 1 2 4\n"}]})
            time.sleep(0.01)
        self.event({"choices": [{"text": "", "finish_reason": "stop"}]})
        self.wfile.write(b"0\r\n\r\n")

    def known(self) -> bool:
        if self.headers["Authorization"] == f"Bearer {os.environ['LLAMA_API_KEY']}":
            return True
        self.tell({"error": {"message": "Invalid API Key"}}, 401)
        return False

    def event(self, what: dict) -> None:
        data = f"data: {json.dumps(what)}\n\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def tell(self, what: dict, status: int = 200) -> None:
        data = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> int:
    if "--list-devices" in sys.argv:
        print("Available devices:\n" + os.environ.get("LISTED", ""))
        return 0
    told = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    file = Path(told["-m"])
    with open(file.with_suffix(".started"), "a") as log:
        log.write(" ".join(sys.argv[1:]) + "\n")
    starts = len(file.with_suffix(".started").read_text().splitlines())
    if "broken" in file.name:
        print("llama_model_load: error loading model: tensor 'x' not found", flush=True)
        return 1
    if "taken" in file.name and starts < 3:
        print(f"couldn't bind HTTP server socket, hostname: 127.0.0.1, port: {told['--port']}", flush=True)
        return 1
    ThreadingHTTPServer((told["--host"], int(told["--port"])), Answers).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
