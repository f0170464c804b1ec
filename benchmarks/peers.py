"""The peers that ours is measured beside: transformers' `generate()` with its streamer, and llama.cpp's server, on the
starter's own weights. What they write is held to no grammar."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TextIteratorStreamer

from meshscribe.backend.models.store import STARTER

LLAMA = "MESHSCRIBE_LLAMA_SERVER"  # names llama.cpp's `llama-server`, where it is not on the PATH
UP = 60.0  # seconds that it may take to come up


@dataclass(frozen=True, slots=True)
class Made:
    """What a peer took for a text, in seconds; `face` is 0 where none came."""

    tokens: int
    whole: float
    face: float

    @property
    def speed(self) -> float:
        return self.tokens / self.whole


class Generate:
    """transformers: `generate()` on a thread of its own, its text taken off its streamer."""

    def __init__(self, kind: str, temperature: float):
        self.name, self.temperature = f"generate() {kind}", temperature
        self.model = AutoModelForCausalLM.from_pretrained(STARTER, dtype=getattr(torch, kind), local_files_only=True)
        words = Tokenizer.from_file(str(STARTER / "tokenizer.json"))
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="</s>", pad_token="<pad>")

    def run(self, prompt: list[int], seed: int, tokens: int) -> Made:
        torch.manual_seed(seed)
        streamer = TextIteratorStreamer(self.tokenizer, skip_prompt=True)
        ids, made = torch.tensor([prompt]), []
        began, face, text = time.perf_counter(), 0.0, ""
        options = {"do_sample": True, "temperature": self.temperature, "top_k": 0}
        options |= {"min_new_tokens": tokens, "max_new_tokens": tokens}  # a text without masks may end anywhere

        def work() -> None:
            made.append(self.model.generate(ids, attention_mask=torch.ones_like(ids), streamer=streamer, **options))

        thread = threading.Thread(target=work)
        thread.start()
        for piece in streamer:
            text += piece
            if not face and "\nf " in text:
                face = time.perf_counter() - began
        thread.join()
        return Made(made[0].shape[1] - len(prompt), time.perf_counter() - began, face)


class Llama:
    """llama.cpp's server over a GGUF file of the starter, asked for tokens; its own clock is taken for the whole text,
    so that HTTP is not counted."""

    def __init__(self, program: str, file: Path, kind: str, threads: int, temperature: float):
        self.name, self.temperature = f"llama.cpp {kind}, {threads} thread{'s' * (threads > 1)}", temperature
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [program, "-m", str(file), "--port", str(self.port), "-c", "4096", "-np", "1"]
        command += ["-t", str(threads), "-tb", str(threads), "--no-webui"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + UP
        while not self._up():
            if time.monotonic() > until or self.process.poll() is not None:
                self.close()
                raise OSError(f"{program} does not come up with {file.name}.")
            time.sleep(0.05)

    def run(self, prompt: list[int], seed: int, tokens: int) -> Made:
        asked = {
            "prompt": prompt, "n_predict": tokens, "seed": seed, "temperature": self.temperature, "stream": True,
            "samplers": ["temperature"], "cache_prompt": False, "ignore_eos": True,
        }  # fmt: skip
        began, face, text, last = time.perf_counter(), 0.0, "", {}
        for last in self._events(asked):
            text += last.get("content", "")
            if not face and "\nf " in text:
                face = time.perf_counter() - began
        told = last["timings"]
        return Made(told["predicted_n"], (told["prompt_ms"] + told["predicted_ms"]) / 1e3, face)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()

    def _up(self) -> bool:
        with contextlib.suppress(OSError):
            asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            asking.request("GET", "/health")
            return asking.getresponse().status == 200
        return False

    def _events(self, asked: dict) -> Iterator[dict]:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=UP)
        asking.request("POST", "/completion", json.dumps(asked), {"Content-Type": "application/json"})
        for line in asking.getresponse():
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])


def llama_program() -> str | None:
    """The `llama-server` of this machine, where the weights can be written for it as well."""
    return (os.environ.get(LLAMA) or shutil.which("llama-server")) if importlib.util.find_spec("gguf") else None


def llama_version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True)
    found = re.search(r"version: (.*)", said.stderr + said.stdout)
    return f"llama.cpp {found[1]}" if found else "llama.cpp"


def llamas(folder: Path, temperature: float) -> Iterator[Llama]:
    """A server for each precision and count of threads, one after another: ended when the next is asked for. The files
    go into `folder`."""
    program = llama_program()
    if program is None:
        return
    from meshscribe.training.gguf_file import KINDS, write

    for kind in KINDS:
        write(STARTER, file := folder / f"starter-{kind}.gguf", kind)
        for threads in (1, 2):
            server = Llama(program, file, kind, threads, temperature)
            try:
                yield server
            finally:
                server.close()
