"""Model families: how each is asked for its tasks, and with which grammar and guesses its answers are decoded."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer

from meshscribe.backend import prompts
from meshscribe.backend.decode.draft import Draft
from meshscribe.backend.decode.draft_llama_mesh import LlamaMeshDraft
from meshscribe.backend.decode.draft_parts import PartsDraft, PartsMemory
from meshscribe.backend.decode.grammar import Grammar, LlamaMeshGrammar, PartsGrammar
from meshscribe.backend.decode.vocabulary import llama_mesh_tokens, plan_tokens
from meshscribe.shared.obj import DECLINED, DIALECTS
from meshscribe.shared.tasks import Change, Describe, Generate

from .base import EngineError


class StarterPrompts:
    """Task tokens and bare words; a mesh is read into its plan."""

    context = None
    min_p = 0.1
    min_p_change = 0.5  # what nobody asked to change stays as it is

    def __init__(self, tokenizer: Tokenizer, folder: Path):
        self.tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab()
        self.stops = frozenset({vocabulary["</s>"]})
        self.plan = vocabulary["\n# plan"]
        self.declined = vocabulary[f" {DECLINED}"]
        families = json.loads((folder / "families.json").read_text("utf-8"))
        self.known = {vocabulary[f" {name}"]: name for name in families}  # token -> what it can make
        self.plans = plan_tokens(
            tokenizer, {name: {each: of["values"] for each, of in said.items()} for name, said in families.items()}
        )
        self.memory = PartsMemory()  # of the meshes that were made so far

    def grammar(self, plan_only: bool = False) -> Grammar:
        return PartsGrammar(self.tokenizer, DIALECTS["parts"].bins, plan_only, self.plans)

    def draft(self) -> Draft:
        return PartsDraft(self.tokenizer, DIALECTS["parts"].bins, self.memory)

    def generate(self, request: Generate) -> str:
        if not prompts.words(request.prompt):
            raise EngineError("bad_request", "The prompt has no words: say what to make, such as `a round table`.")
        return "<s>" + prompts.starter_generate(request.prompt)

    def describe(self, obj: str) -> str:
        return "<s>" + prompts.starter_describe(prompts.sketch(obj))

    def change(self, request: Change, obj: str, plan: str) -> str:
        """`plan`: the words that the starter has read the mesh as."""
        if not prompts.words(request.instruction):
            raise EngineError(
                "bad_request", "The instruction has no words: say what to change, such as `make it taller`."
            )
        return "<s>" + prompts.starter_change(prompts.sketch(obj), plan, request.instruction)


class LlamaMeshPrompts:
    """Chat turns in Llama 3's template."""

    context = prompts.LLAMA_MESH_CONTEXT
    min_p = min_p_change = 0.0

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
        known = llama_mesh_tokens(self.tokenizer, DIALECTS["llama-mesh"].bins)
        return LlamaMeshDraft(known.v, known.f, known.space, known.line, known.numbers.tolist())

    def generate(self, request: Generate) -> str:
        if not prompts.plain(request.prompt):
            raise EngineError("bad_request", "The prompt is empty: say what to make, such as `a round table`.")
        return prompts.llama_mesh_generate(request.prompt)

    def describe(self, request: Describe, obj: str) -> str:
        return prompts.llama_mesh_describe(obj, request.prompt)

    def change(self, request: Change, obj: str) -> str:
        if not prompts.plain(request.instruction):
            raise EngineError("bad_request", "The instruction is empty: say what to change, such as `make it taller`.")
        return prompts.llama_mesh_change(obj, request.instruction)
