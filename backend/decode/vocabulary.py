"""The tokens of each dialect, as a tokenizer numbers them: made once a tokenizer, shared by all texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
from tokenizers import Tokenizer

from meshscribe.shared.obj import DECLINED

from .faces import members


def ids(values: Iterable[int]) -> np.ndarray:
    """int64 [K], ascending, as a grammar answers. Not to be changed: it may be shared."""
    return np.array(sorted(values), np.int64)


class PartsTokens:
    """The starter's tokens (training/tokenizer.py)."""

    def __init__(self, tokenizer: Tokenizer, bins: int):
        vocabulary = tokenizer.get_vocab()
        self.stop = vocabulary["</s>"]
        self.plan, self.part, self.box, self.g, self.usemtl, self.v, self.f = heads = [
            vocabulary["\n" + head] for head in ("# plan", "# part", "# box", "g", "usemtl", "v", "f")
        ]
        self.steps = np.array([vocabulary[f" {i}"] for i in range(bins)], np.int64)
        largest = next(i for i in range(1, len(vocabulary)) if f" -{i + 1}" not in vocabulary)
        self.back = np.array([vocabulary[f" -{i + 1}"] for i in range(largest)], np.int64)
        self.step_of = {int(token): i for i, token in enumerate(self.steps)}
        self.back_of = {int(token): i + 1 for i, token in enumerate(self.back)}
        self.words = ids(i for t, i in vocabulary.items() if t[0] == " " and len(t) > 2 and t[1:].isalpha())
        self.families = self.words[self.words != vocabulary[f" {DECLINED}"]]
        plan = [*self.words.tolist(), *self.steps[:21].tolist()]
        self.planned = {end: ids([*plan, end]) for end in (self.part, self.stop)}  # by what ends the plan
        self.all = ids({self.stop, *heads, *self.words.tolist(), *self.steps.tolist(), *self.back.tolist()})
        self.only = {int(token): ids([token]) for token in self.all}  # where there is no choice
        self.corners = lru_cache(maxsize=4096)(self._corners)

    def _corners(self, count: int, vertices: int, follow: tuple[int, ...]) -> np.ndarray:
        """The tokens of a set of a part's `count` vertices, and of what else may come."""
        back = self.back[count - 1 - members(vertices)]
        return np.sort(np.concatenate([back, np.array(follow, np.int64)]) if follow else back)

    def without(self, words: Iterable[int]) -> np.ndarray:
        """All words but some."""
        left = np.ones(len(self.words), bool)
        left[self.words.searchsorted(list(words))] = False
        return self.words[left]


Plans = Mapping[int, list[np.ndarray]]  # a family's token -> what may follow it: an attribute, its values, ...


def plan_tokens(tokenizer: Tokenizer, families: Mapping[str, Mapping[str, Iterable[str]]]) -> Plans:
    """The plans that may be told of families whose attributes have these values. KeyError where one is no token."""
    vocabulary = tokenizer.get_vocab()

    def told(words: Iterable[str]) -> np.ndarray:
        return ids(vocabulary[f" {word}"] for word in words)

    return {
        vocabulary[f" {name}"]: [told(words) for attribute, values in of.items() for words in ([attribute], values)]
        for name, of in families.items()
    }


class LlamaMeshTokens:
    """A Llama-3 tokenization: every number is one token. ValueError where the tokenizer has it otherwise."""

    NUMBERS = 1000

    def __init__(self, tokenizer: Tokenizer, bins: int):
        self.v, self.f, self.space, self.line = (_single(tokenizer, text) for text in ("v", "f", " ", "\n"))
        self.numbers = np.array([_single(tokenizer, str(i)) for i in range(self.NUMBERS)], np.int64)
        self.number_of = {int(token): i for i, token in enumerate(self.numbers)}
        self.order = np.argsort(self.numbers)  # the numbers, by their tokens
        self.place = np.argsort(self.order)  # of each number among them
        self.sorted = self.numbers[self.order]
        self.steps = ids(self.numbers[:bins].tolist())
        self.all = ids({self.v, self.f, self.space, self.line, *self.numbers.tolist()})
        self.only = {token: ids([token]) for token in (self.v, self.f, self.space, self.line)}


parts_tokens = lru_cache(maxsize=4)(PartsTokens)
llama_mesh_tokens = lru_cache(maxsize=4)(LlamaMeshTokens)


def _single(tokenizer: Tokenizer, text: str) -> int:
    """The one token of a text. ValueError where the tokenizer splits it, or does not know it."""
    found = tokenizer.encode(text, add_special_tokens=False).ids
    if len(found) != 1 or tokenizer.decode(found) != text:
        raise ValueError(
            f"The tokenizer has no token for {text!r} alone, so this model cannot be held to the llama-mesh dialect."
        )
    return found[0]
