"""Models on this machine: opens one, builds its prompt and grammar, and runs the decode loop. Imports torch only for
models that need it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from msgspec.structs import replace
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from meshscribe.backend.decode.draft import Draft
from meshscribe.backend.decode.grammar import Grammar
from meshscribe.backend.decode.loop import Run, Stream, decode
from meshscribe.backend.decode.sampling import Sampler
from meshscribe.backend.forward.base import Chunk, Forward
from meshscribe.backend.models import fit, quantized
from meshscribe.backend.models.store import Located, Progress, locate
from meshscribe.backend.understand.tasks import Understanding
from meshscribe.shared import connection
from meshscribe.shared.obj import DIALECTS
from meshscribe.shared.tasks import Change, Finish, Generate, Outcome, Request

from .base import EngineError, Hooks, Work
from .families import LlamaMeshPrompts, StarterPrompts
from .rows import Rows
from .understanding import fields, shown, understand, unpack

log = logging.getLogger(__name__)
DECLINE = 0.2  # probability of "none" over which the starter says that it cannot make something (training/LOG.md)


def open_engine(model: str, progress: Progress) -> LocalEngine:
    """Load a model by name (models/store.py says which names). EngineError where it is unknown, absent, or does not
    load."""
    located = locate(home := connection.home(), model)
    try:
        tokenizer = Tokenizer.from_file(str(located.folder / "tokenizer.json"))
    except Exception as error:  # what the library raises is a bare Exception
        raise EngineError("model_missing", f"The tokenizer in {located.folder} cannot be read: {error}.") from None
    starter = located.prompts == "starter"
    family = StarterPrompts(tokenizer, located.folder) if starter else LlamaMeshPrompts(tokenizer)
    began = time.perf_counter()
    forward, device = _forward(quantized.find(home, located), family.context or 2048, progress)
    log.info("loaded %s (%s) on %s in %.2f s", located.name, located.precision, device, time.perf_counter() - began)
    return LocalEngine(located, tokenizer, family, forward, device)


def _forward(located: Located, context: int, progress: Progress) -> tuple[Forward, str]:
    """The model's forward pass over texts of up to `context` tokens, and its device."""
    if located.precision == "onnx" and not (located.folder / "model.onnx").is_file():
        raise EngineError("model_missing", f"{located.folder} holds no model.onnx: name it with :bf16 or :nf4.")
    try:
        if located.precision == "onnx":
            from meshscribe.backend.forward.onnx import OnnxForward

            return OnnxForward.open(located.folder), "cpu"
        from meshscribe.backend.forward.torch import TorchForward, device_name
        from meshscribe.backend.models.loading import free

        rows = fit.rows(located.folder, located.precision, context, space := free())
        if not rows:
            sentence = fit.refusal(located.name, located.folder, located.precision, context, space)
            raise EngineError("out_of_memory", sentence)
        forward = TorchForward.open(
            located.folder, located.precision, lambda done, total: progress("load", done, total, "bytes"), rows
        )
        return forward, device_name(forward.model)
    except EngineError:
        raise
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


@dataclass(slots=True)
class Making:
    """A mesh in the making: what it was asked for, and what its text is decoded with."""

    work: Work
    prompt: list[int]
    grammar: Grammar | None
    limit: int
    text: Streamed
    draft: Draft | None
    stream: Stream = field(init=False)


class LocalEngine:
    """One loaded model. Not reentrant: a worker holds one engine, and calls it on one thread."""

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
        self.rows = forward.rows
        self._rows = Rows(forward)
        self._meant: list[int] = []  # the last prompt that the model took for something it can make

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        if not isinstance(request, Generate | Change):
            return self._understand(request, hooks)
        ((_, how),) = self.together(Work(request, hooks), lambda: None)
        if isinstance(how, EngineError):
            raise how
        return how

    def close(self) -> None:
        self.forward.close()

    def together(self, first: Work, more: Callable[[], Work | None]) -> Iterator[tuple[Work, Outcome | EngineError]]:
        """Run Generates and Changes side by side, each with its own row of the cache; yields each at its end. Between
        passes `more` is asked for another one, as long as rows are free."""
        makings: dict[int, Making] = {}  # by row
        waiting: list[Making] = []  # a mesh whose prompt is just being read for another one
        refused: list[tuple[Work, EngineError]] = []
        arriving = [first]

        def another() -> Stream | None:
            while making := waiting.pop() if waiting else prepared():
                if self._seat(making):
                    makings[making.stream.row] = making
                    return making.stream
                waiting.append(making)
                break
            return None

        def prepared() -> Making | None:
            while work := arriving.pop() if arriving else more():
                try:
                    return self._prepare(work)
                except EngineError as error:
                    refused.append((work, error))
            return None

        try:
            for stream in decode(self.forward, [], another):
                yield from refused
                refused.clear()
                making = makings.pop(stream.row)
                yield making.work, self._finish(making)
            yield from refused
        finally:
            for making in makings.values():
                self._rows.leave(making.stream.row, making.prompt)

    def _prepare(self, work: Work) -> Making:
        request = work.request
        assert isinstance(request, Generate | Change)
        if isinstance(request, Change):
            prompt = self._ids(self._change(request, work.hooks))
        else:
            prompt = self._ids(self.family.generate(request))
        grammar = self.family.grammar() if request.masks else None
        least = grammar.LEAST if grammar else 1
        limit = min(request.max_tokens or self.context - len(prompt), self.forward.context - len(prompt))
        if limit < least:
            if request.max_tokens and request.max_tokens < least:
                raise EngineError("bad_request", f"A mesh takes at least {least} tokens: raise max_tokens.")
            raise EngineError("over_budget", f"The prompt takes {len(prompt):,} tokens and leaves no room for a mesh.")
        if isinstance(request, Generate) and isinstance(self.family, StarterPrompts) and prompt != self._meant:
            self._decline(prompt, self.family)
            self._meant = prompt
        text = Streamed(self.tokenizer, work.hooks.emit)
        return Making(work, prompt, grammar, limit, text, self.family.draft() if grammar else None)

    def _change(self, request: Change, hooks: Hooks) -> str:
        """The prompt of a change. The starter says first what the mesh is: a plan is easier to change than a mesh."""
        mesh, family = unpack(request.mesh), self.family
        if isinstance(family, LlamaMeshPrompts):
            return family.change(request, shown(self, mesh, partial(family.change, request)))
        obj = shown(self, mesh, partial(family.change, request, plan=""))
        return family.change(request, obj, self.read_plan(obj, hooks)[0])

    def _seat(self, making: Making) -> bool:
        """Give a mesh its row, and begin its text; whether it could be now."""
        work, prompt = making.work, making.prompt
        if (place := self._rows.take(prompt)) is None:
            return False
        work.hooks.progress("prefill", 0, len(prompt), "tokens")
        least = self.family.min_p_change if isinstance(work.request, Change) else self.family.min_p
        making.stream = Stream(
            place[0],
            prompt,
            Sampler(work.request.seed, work.request.temperature, work.request.top_p, least),
            stops=self.family.stops,
            limit=making.limit,
            emit=making.text.add,
            grammar=making.grammar,
            draft=making.draft,
            cached=place[1],
            cancelled=work.hooks.cancelled,
        )
        return True

    def _finish(self, making: Making) -> Outcome:
        run = making.stream.run
        self._rows.leave(making.stream.row, making.prompt + run.tokens)
        if making.draft and run.finish != "cancelled":  # else the last line may be cut
            making.draft.end()
        if run.finish == "stop" or (making.grammar and run.finish == "length"):  # else the last line may be cut
            making.text.close()
        return self._outcome(run, making.work.request.seed, len(making.prompt), self.dialect.name)

    def _decline(self, prompt: list[int], family: StarterPrompts) -> None:
        """EngineError where the model holds a prompt for something that it cannot make; names what is nearest."""
        asked = [*prompt, family.plan]
        row, known = self._rows.take(asked, wait=False)
        self.forward.truncate(row, known)
        ids = np.array(sorted([*family.known, family.declined]), np.int64)
        logs = self.forward.extend({row: Chunk(asked[known:], 1, ids)})[row][0]
        self._rows.leave(row, asked)
        likely = [int(ids[i]) for i in np.argsort(-logs)]
        share = float(1 / np.exp(logs - logs[np.searchsorted(ids, family.declined)]).sum())
        if share > DECLINE:
            near = [family.known[token] for token in likely if token in family.known][:3]
            raise EngineError(
                "declined",
                f"The starter cannot make that. The nearest things it knows are {near[0]}, {near[1]} and {near[2]}; "
                "`meshscribe models` lists them all. LLaMA-Mesh makes other things.",
            )

    def _understand(self, request: Understanding, hooks: Hooks) -> Outcome:
        answer, run, told = understand(self, request, hooks)
        return replace(self._outcome(run, request.seed, told, ""), **fields(answer))

    @property
    def knows_language(self) -> bool:
        return not isinstance(self.family, StarterPrompts)

    def say(self, prompt: str, limit: int, request: Understanding, hooks: Hooks) -> tuple[str, Run, int]:
        """The model's words for a prompt, which are emitted as they come; the run, and the tokens of the prompt."""
        ids = self._ids(prompt)
        said: list[str] = []

        def emit(text: str, tokens: int) -> None:
            said.append(text)
            hooks.emit(text, tokens)

        limit = min(request.max_tokens or limit, self.forward.context - len(ids))
        text = Streamed(self.tokenizer, emit, newline=False)
        run = self._decode(ids, Sampler(request.seed, request.temperature, request.top_p), None, limit, text, hooks)
        return "".join(said), run, len(ids)

    def fits(self, prompt: str, answer: int) -> bool:
        """Whether a prompt leaves room for an answer of so many tokens."""
        return len(self._ids(prompt)) <= self.context - answer

    def read_plan(self, obj: str, hooks: Hooks) -> tuple[str, Run, int]:
        """The starter's plan for a mesh in dialect text: its words, the run, and the tokens of the question."""
        assert isinstance(self.family, StarterPrompts)
        prompt = self._ids(self.family.describe(obj))
        silent = Streamed(self.tokenizer, lambda text, tokens: None, newline=False)
        grammar = self.family.grammar(plan_only=True)
        run = self._decode(prompt, Sampler(0, 0.0), grammar, 64, silent, hooks)
        return self.tokenizer.decode(run.tokens).strip().removeprefix("# plan").strip(), run, len(prompt)

    def _decode(
        self, prompt: list[int], sampler: Sampler, grammar: Grammar | None, limit: int, text: Streamed, hooks: Hooks
    ) -> Run:
        """One text without guesses."""
        hooks.progress("prefill", 0, len(prompt), "tokens")
        row, cached = self._rows.take(prompt, wait=False)
        stream = Stream(
            row,
            prompt,
            sampler,
            stops=self.family.stops,
            limit=limit,
            emit=text.add,
            grammar=grammar,
            cached=cached,
            cancelled=hooks.cancelled,
        )
        for _ in decode(self.forward, [stream]):
            self._rows.leave(row, prompt + stream.run.tokens)
        return stream.run

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def _outcome(self, run: Run | None, seed: int, prompt: int, dialect: str) -> Outcome:
        if run is None:  # the rules sufficed
            return Outcome(finish="stop", model=self.model, revision=self.revision, device=self.device, seed=seed)
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
        )


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
