"""The starter's tokenizer: a token for each grid step, relative index, line head and known word; letters for the rest.

A WordPiece vocabulary that is written down, not learned. The texts of the tokens, "##" taken off, joined, are the text
that went in, so that streamed tokens are streamed OBJ text.
"""

from __future__ import annotations

import string
from pathlib import Path
from random import Random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from meshscribe.backend.prompts import ANSWER, CHANGE, MAKE, READ
from meshscribe.shared.materials import COLOURS
from meshscribe.shared.obj import DECLINED

from .captions import request
from .changes import instruction, pair
from .phrases import NUMBERS
from .shapes.base import Family

SPECIALS = ("<pad>", "<s>", "</s>", "<unk>", MAKE, READ, CHANGE, ANSWER)
HEADS = ("\n# plan", "\n# part", "\n# box", "\ng", "\nusemtl", "\nv", "\nf")
LARGEST_PART = 128  # vertices: relative indices reach from -1 to -128


def build(families: dict[str, Family], samples: int = 400) -> Tokenizer:
    """The tokenizer for these families: their words are gathered from `samples` captions, changes,
    plans and meshes of each."""
    known = {f" {word}" for word in [*NUMBERS, *COLOURS, "part", DECLINED]}
    for family in families.values():
        random = Random(0)
        known.add(f" {family.name}")
        known |= {f" {text}" for a in family.attributes for text in (a.name, *a.values)}
        for _ in range(samples):
            plan = family.sample(random)
            known |= {f" {word}" for word in request(family, plan, random)[0].split()}
            known |= {f" {word}" for word in instruction(family, *pair(family, random), random).split()}
            known |= {f" {piece.name}" for piece in family.build(plan, random)}
    numbers = [f" {step}" for step in range(128)] + [f" -{index}" for index in range(1, LARGEST_PART + 1)]
    letters = string.ascii_lowercase + string.digits + "_"
    spelling = [f" {c}" for c in letters] + [f"##{c}" for c in letters]
    ordered = [*SPECIALS, *HEADS, *numbers, *sorted(known - set(numbers)), *spelling]
    vocabulary = {text: i for i, text in enumerate(dict.fromkeys(ordered))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>", continuing_subword_prefix="##"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(
        Regex(r"\n# (?:plan|part|box)|\n(?:g|usemtl|v|f)(?= )| [^ \n]+"), "isolated"
    )
    tokenizer.decoder = decoders.Sequence([decoders.Replace("##", ""), decoders.Fuse()])
    tokenizer.add_special_tokens(list(SPECIALS))
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
