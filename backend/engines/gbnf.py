"""Grammars for servers (GBNF, which llama.cpp, vLLM and SGLang read alike): the form of a model's text, made from the
dialect. What no grammar can say, such as that an index names a vertex that is there, mend.py sees to."""

from __future__ import annotations

from meshscribe.shared.obj import DECLINED, LLAMA_MESH, PARTS, Dialect

WORD = "[a-z0-9_]+"
INDEX = "[1-9] [0-9]{0,4}"


def llama_mesh(dialect: Dialect = LLAMA_MESH) -> str:
    """All vertices, then all triangles."""
    return _rules(
        root="vertex vertex vertex vertex* face+",
        vertex='"v " step " " step " " step "\\n"',
        face='"f " index " " index " " index "\\n"',
        step=numbers(dialect.bins - 1),
        index=INDEX,
    )


def parts(dialect: Dialect = PARTS) -> str:
    """The parts dialect as its own models write it: the newline stands before each line. A plan of DECLINED alone
    says that the model cannot make it."""
    return _rules(
        root=f'"\\n# plan {DECLINED}" | plan? entry* part+',
        plan='"\\n# plan" (" " word)+',
        entry='"\\n# part " word count (" " word)? box',
        part='"\\ng " word ("\\nusemtl " word)? ("\\n# box" box)? vertex vertex vertex vertex* face+',
        vertex='"\\nv" point',
        face=f'"\\nf" corner corner corner corner{{0,{dialect.max_corners - 3}}}',
        corner='" -" index',
        box="point point count",
        count='" " index',
        point='" " step " " step " " step',
        word=WORD,
        step=numbers(dialect.bins - 1),
        index=INDEX,
    )


def plan() -> str:
    """The line that a model of the parts dialect answers with when it reads a mesh."""
    return _rules(root='"\\n# plan" (" " word)+', word=WORD)


def plain(dialect: Dialect = PARTS) -> str:
    """What a general model is asked for (prompts.py): parts with names, indices that count over the whole text."""
    return _rules(
        root="part+",
        part='"g " word "\\n" ("usemtl " word "\\n")? vertex vertex vertex vertex* face+',
        vertex='"v " step " " step " " step "\\n"',
        face=f'"f" corner corner corner corner{{0,{dialect.max_corners - 3}}} "\\n"',
        corner='" " index',
        word=WORD,
        step=numbers(dialect.bins - 1),
        index=INDEX,
    )


def numbers(last: int) -> str:
    """The alternatives for a whole number from 0 to `last`, without leading zeros: for 63 `[0-9] | [1-5] [0-9] |
    "6" [0-3]`."""
    digits = str(last)
    shorter = ["[0-9]"] + ["[1-9]" + " [0-9]" * more for more in range(1, len(digits) - 1)]
    found = shorter if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        ends = place == len(digits) - 1
        lowest, highest = ("1" if not place and len(digits) > 1 else "0"), int(digit) - (not ends)
        if highest < int(lowest):
            continue
        head = [f'"{digits[:place]}"'] if place else []
        found.append(" ".join([*head, f"[{lowest}-{highest}]", *["[0-9]"] * (len(digits) - place - 1)]))
    return " | ".join(found)


def _rules(**rules: str) -> str:
    return "".join(f"{name} ::= {rule}\n" for name, rule in rules.items())
