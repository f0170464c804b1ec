"""Models on this machine: opens one, builds its prompt and grammar, and runs the decode loop. Imports torch only for
models that need it."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Protocol

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from meshscribe.backend import prompts
from meshscribe.backend.decode.draft import Draft
from meshscribe.backend.decode.draft_llama_mesh import LlamaMeshDraft
from meshscribe.backend.decode.draft_parts import FaceMemory, PartsDraft
from meshscribe.backend.decode.grammar import Grammar, LlamaMeshGrammar, PartsGrammar
from meshscribe.backend.decode.loop import Run, decode
from meshscribe.backend.decode.sampling import Sampler
from meshscribe.backend.facts import facts
from meshscribe.backend.forward.base import Forward
from meshscribe.backend.models.store import Located, Progress, locate
from meshscribe.backend.words import describe_plan
from meshscribe.shared import connection
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.messages import Describe, Finish, Generate, Outcome, Request
from meshscribe.shared.obj import DIALECTS, plan_words, write

from .base import EngineError, Hooks

log = logging.getLogger(__name__)


def open_engine(model: str, progress: Progress) -> LocalEngine:
    """Load a model by name (models/store.py says which names). EngineError where it is unknown, absent, or does not
    load."""
    located = locate(connection.home(), model)
    try:
        tokenizer = Tokenizer.from_file(str(located.folder / "tokenizer.json"))
    except Exception as error:  # what the library raises is a bare Exception
        raise EngineError("model_missing", f"The tokenizer in {located.folder} cannot be read: {error}") from None
    family = StarterPrompts(tokenizer) if located.prompts == "starter" else LlamaMeshPrompts(tokenizer)
    began = time.perf_counter()
    forward, device = _forward(located, progress)
    log.info("loaded %s (%s) on %s in %.2f s", located.name, located.precision, device, time.perf_counter() - began)
    return LocalEngine(located, tokenizer, family, forward, device)


def _forward(located: Located, progress: Progress) -> tuple[Forward, str]:
    """The model's forward pass, and its device."""
    if located.precision == "onnx" and not (located.folder / "model.onnx").is_file():
        raise EngineError("model_missing", f"{located.folder} holds no model.onnx: name it with :bf16 or :nf4.")
    try:
        if located.precision == "onnx":
            from meshscribe.backend.forward.onnx import OnnxForward

            return OnnxForward.open(located.folder), "cpu"
        from meshscribe.backend.forward.torch import TorchForward, device_name

        forward = TorchForward.open(
            located.folder, located.precision, lambda done, total: progress("load", done, total, "bytes")
        )
        return forward, device_name(forward.model)
    except ImportError:
        raise EngineError(
            "missing_library",
            f"{located.name} needs torch, transformers and bitsandbytes: pip install 'meshscribe[torch]'.",
        ) from None
    except Exception as error:  # safetensors and ONNX Runtime raise bare Exceptions for damaged files
        if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
            raise
        log.exception("loading %s failed", located.name)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EngineError("model_missing", f"{located.name} could not be loaded: {reason[:300]}") from None


class Prompts(Protocol):
    """How one model family is asked."""

    stops: frozenset[int]
    context: int | None  # tokens that it is any good with, where that is less than the model takes

    def grammar(self) -> Grammar: ...
    def draft(self) -> Draft: ...
    def generate(self, request: Generate) -> str: ...
    def describe(self, request: Describe, obj: str) -> str: ...


class StarterPrompts:
    """Task tokens and bare words; a mesh is read into its plan."""

    context = None

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.stops = frozenset({tokenizer.get_vocab()["</s>"]})
        self.memory = FaceMemory()  # of the meshes that were made so far

    def grammar(self, plan_only: bool = False) -> Grammar:
        return PartsGrammar(self.tokenizer, DIALECTS["parts"].bins, plan_only)

    def draft(self) -> Draft:
        return PartsDraft(self.tokenizer, DIALECTS["parts"].bins, self.memory)

    def generate(self, request: Generate) -> str:
        if not prompts.words(request.prompt):
            raise EngineError("bad_request", "The prompt has no words: say what to make, such as `a round table`.")
        return "<s>" + prompts.starter_generate(request.prompt)

    def describe(self, request: Describe, obj: str) -> str:
        largest = max(int(index) for index in re.findall(r" -(\d+)", obj))
        if self.tokenizer.token_to_id(f" -{largest}") is None:  # it would be read as two numbers
            raise EngineError(
                "over_budget",
                f"A piece of the mesh has {largest} vertices, more than this model reads in one piece: simplify it.",
            )
        return "<s>" + prompts.starter_describe(obj)


class LlamaMeshPrompts:
    """Chat turns in Llama 3's template."""

    context = prompts.LLAMA_MESH_CONTEXT

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        found = (tokenizer.token_to_id(stop) for stop in (*prompts.LLAMA3_STOPS, "</s>"))
        self.stops = frozenset(i for i in found if i is not None)

    def grammar(self) -> LlamaMeshGrammar:
        try:
            return LlamaMeshGrammar(self.tokenizer, DIALECTS["llama-mesh"].bins, self.stops)
        except ValueError as error:
            raise EngineError("bad_request", str(error)) from None

    def draft(self) -> Draft:
        known = self.grammar()
        return LlamaMeshDraft(known.v, known.f, known.space, known.line, known.numbers.tolist())

    def generate(self, request: Generate) -> str:
        if not prompts.plain(request.prompt):
            raise EngineError("bad_request", "The prompt is empty: say what to make, such as `a round table`.")
        return prompts.llama_mesh_generate(request.prompt)

    def describe(self, request: Describe, obj: str) -> str:
        return prompts.llama_mesh_describe(obj, request.prompt)


class LocalEngine:
    """One loaded model. `run` is not reentrant: a worker holds one engine and runs one job at a time."""

    def __init__(
        self,
        located: Located,
        tokenizer: Tokenizer,
        family: StarterPrompts | LlamaMeshPrompts,
        forward: Forward,
        device: str,
    ):
        self.model, self.device, self.revision = located.name, device, located.revision
        self.dialect = DIALECTS[located.dialect]
        self.tokenizer, self.family, self.forward = tokenizer, family, forward
        self.context = min(forward.context, family.context or forward.context)
        self._cached: list[int] = []  # the tokens in the forward pass's cache

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        if isinstance(request, Generate):
            return self._generate(request, hooks)
        return self._describe(request, hooks)

    def close(self) -> None:
        del self.forward

    def _generate(self, request: Generate, hooks: Hooks) -> Outcome:
        prompt = self._ids(self.family.generate(request))
        grammar = self.family.grammar() if request.masks else None
        least = grammar.LEAST if grammar else 1
        limit = min(request.max_tokens or self.context - len(prompt), self.forward.context - len(prompt))
        if limit < least:
            if request.max_tokens and request.max_tokens < least:
                raise EngineError("bad_request", f"A mesh takes at least {least} tokens: raise max_tokens.")
            raise EngineError("over_budget", f"The prompt takes {len(prompt):,} tokens and leaves no room for a mesh.")
        text = Streamed(self.tokenizer, hooks.emit)
        run = self._decode(
            prompt, Sampler(request.seed, request.temperature, request.top_p), grammar, limit, text, hooks
        )
        if run.finish == "stop" or (grammar and run.finish == "length"):  # else the last line may be cut
            text.close()
        return self._outcome(run, request.seed, len(prompt), self.dialect.name)

    def _describe(self, request: Describe, hooks: Hooks) -> Outcome:
        mesh = unpack(request)
        known = facts(mesh)
        written = write(mesh, self.dialect)
        if not written.faces:
            raise EngineError("bad_request", "The mesh has no face with an area, so there is nothing to describe.")
        prompt = self._ids(self.family.describe(request, written.text))
        reserve = 64 if isinstance(self.family, StarterPrompts) else 256
        room = self.context - reserve
        if len(prompt) > room:
            share = room / len(prompt)
            raise EngineError(
                "over_budget",
                f"The mesh takes {len(prompt):,} tokens and {self.model} reads {room:,}: "
                f"simplify it to about {int(written.faces * share * 0.95):,} faces.",
            )
        if isinstance(self.family, StarterPrompts):
            run, sentence = self._read_plan(prompt, request, hooks)
            if run.finish != "cancelled":
                hooks.emit(sentence, len(run.tokens))
        else:
            limit = min(request.max_tokens or 512, self.forward.context - len(prompt))
            text = Streamed(self.tokenizer, hooks.emit, newline=False)
            run = self._decode(prompt, Sampler(request.seed, request.temperature), None, limit, text, hooks)
        return self._outcome(run, request.seed, len(prompt), "", known)

    def _read_plan(self, prompt: list[int], request: Describe, hooks: Hooks) -> tuple[Run, str]:
        """The starter answers with a plan, which is put into a sentence."""
        assert isinstance(self.family, StarterPrompts)
        silent = Streamed(self.tokenizer, lambda text, tokens: None, newline=False)
        grammar = self.family.grammar(plan_only=True)
        run = self._decode(prompt, Sampler(request.seed, request.temperature), grammar, 64, silent, hooks, drafts=False)
        line = self.tokenizer.decode(run.tokens).strip()
        family, attributes = plan_words(line.removeprefix("# plan").strip())
        return run, describe_plan(family, attributes)

    def _decode(
        self,
        prompt: list[int],
        sampler: Sampler,
        grammar: Grammar | None,
        limit: int,
        text: Streamed,
        hooks: Hooks,
        drafts: bool = True,
    ) -> Run:
        hooks.progress("prefill", 0, len(prompt), "tokens")
        same = (i for i, (a, b) in enumerate(zip(self._cached, prompt, strict=False)) if a != b)
        cached, self._cached = next(same, min(len(self._cached), len(prompt))), []
        draft = self.family.draft() if grammar and drafts else None
        run = decode(
            self.forward,
            prompt,
            sampler,
            stops=self.family.stops,
            limit=limit,
            emit=text.add,
            grammar=grammar,
            draft=draft,
            cached=cached,
            cancelled=hooks.cancelled,
        )
        self._cached = [*prompt, *run.tokens][: self.forward.length]
        if draft:
            draft.end()
        return run

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def _outcome(self, run: Run, seed: int, prompt: int, dialect: str, known: dict | None = None) -> Outcome:
        finish: Finish = "cancelled" if run.finish == "cancelled" else "length" if run.finish == "length" else "stop"
        return Outcome(
            finish=finish,
            model=self.model,
            revision=self.revision,
            device=self.device,
            seed=seed,
            prompt_tokens=prompt,
            tokens=len(run.tokens),
            passes=run.passes,
            seconds=run.seconds,
            first_token=run.first_token,
            masked_mass=run.masked_mass,
            dialect=dialect,
            facts=known,
        )


def unpack(request: Describe) -> Mesh:
    """The mesh of a request. EngineError where it is none."""
    try:
        mesh = request.mesh.unpack()
    except ValueError as error:
        raise EngineError("bad_request", f"The mesh could not be read: {error}") from None
    if not len(mesh.sizes):
        raise EngineError("bad_request", "The mesh has no faces, so there is nothing to describe.")
    return mesh


class Streamed:
    """Tokens into text as it becomes whole; a leading newline is left out, and one is put at the end of a mesh."""

    def __init__(self, tokenizer: Tokenizer, emit: Callable[[str, int], None], newline: bool = True):
        self.tokenizer, self.emit, self.newline = tokenizer, emit, newline
        self._stream = DecodeStream(skip_special_tokens=True)
        self._tokens = 0
        self._last = ""

    def add(self, tokens: list[int]) -> None:
        text = "".join(self._stream.step(self.tokenizer, token) or "" for token in tokens)
        self._tokens += len(tokens)
        if not self._last:
            text = text.lstrip("\n")
        if text:
            self._last = text[-1]
            self.emit(text, self._tokens)

    def close(self) -> None:
        if self.newline and self._last and self._last != "\n":
            self.emit("\n", self._tokens)
