"""What a model is asked, to the byte: chat templates and task prompts, one place for each model family."""

from __future__ import annotations

import math
import re
import unicodedata

Turns = list[tuple[str, str]]  # (role, message)

# ------------------------------------------------------------------------------------------------------- LLaMA-Mesh
# Trained with LLaMA-Factory's "llama3" template: no default system prompt and no date block, unlike Meta's own 3.1
# template (LLaMA-Mesh issues 12 and 16; prompts from the paper's figure 3 and meshgen's tools.py).

GENERATE = "Create a 3D obj file using the following description: {}"
DESCRIBE = "What is this object?"
LOOKS = {  # the forms of a description
    "short": DESCRIBE,
    "long": "What is this object? Describe its shape, its parts and its proportions.",
    "prompt": "Which short description would have this object created? Answer with the description only.",
}
NAMED = "What is this object called? Answer with its name only, in one to three words."
SCENE = "These are the objects of a 3D scene, each with the two corners of its box (x, y, z; z is up):"
SCENES = {  # what is asked of a scene
    "describe": "Describe this scene in a few sentences.",
    "missing": "What is missing in this scene? Name up to five things, and say where each belongs.",
    "tasks": "List up to five things to do next in this scene, numbered.",
}
MEANT = "Which of these objects is meant by this: {}? Answer with their numbers only, or with 0 for none."
LLAMA3_STOPS = ("<|eot_id|>", "<|end_of_text|>")
LLAMA_MESH_CONTEXT = 8192  # tokens that it was trained on; the checkpoint's own figure is Llama 3.1's 131,072


def llama3_chat(turns: Turns) -> str:
    """The text of (role, message) turns, ending where the assistant's answer begins."""
    text = "<|begin_of_text|>"
    for role, message in turns:
        text += f"<|start_header_id|>{role}<|end_header_id|>\n\n{message}<|eot_id|>"
    return text + "<|start_header_id|>assistant<|end_header_id|>\n\n"


def llama_mesh_generate(prompt: str) -> str:
    return llama3_chat([("user", GENERATE.format(plain(prompt)))])


def llama_mesh_describe(obj: str, question: str = "") -> str:
    """`obj` is llama-mesh dialect text."""
    return llama3_chat(llama_mesh_look(obj, question))


def llama_mesh_look(obj: str, question: str = "", facts: str = "", dialogue: Turns | None = None) -> Turns:
    """A question about a mesh, with what is measured of it and what was said before. The model was trained on one
    mesh a dialogue, in the first turn: so the mesh as it is now stands there, whatever earlier answers were about."""
    asked = plain(question) or DESCRIBE
    first, *later = [*(dialogue or []), ("user", asked)]
    mesh = "\n".join(part for part in (plain(first[1]), plain(facts), obj.rstrip()) if part)
    return [("user", mesh), *((role, plain(message)) for role, message in later)]


def llama_mesh_scene(objects: list[str], request: str, dialogue: Turns | None = None) -> Turns:
    """A question about a scene: `objects` are lines that tell an object's name and box."""
    listed = "\n".join(f"{number}. {plain(line)}" for number, line in enumerate(objects, 1))
    said = [(role, plain(message)) for role, message in dialogue or []]
    return [*said, ("user", f"{SCENE}\n{listed}\n{plain(request)}")]


def llama_mesh_change(obj: str, instruction: str) -> str:
    """`obj` is llama-mesh dialect text; the instruction comes first, as the question of a description does."""
    return llama3_chat([("user", f"{plain(instruction)}\n{obj.rstrip()}")])


def plain(text: str) -> str:
    """A user's text without what a tokenizer could take for its own special tokens (`<|...|>`)."""
    return re.sub(r"<\|.*?\|>", " ", text, flags=re.DOTALL).strip()


# ---------------------------------------------------------------------------------------------------------- starter
# Tasks are single tokens; every token of mesh text stands for exact text: a line's head carries the newline before.

MAKE, READ, CHANGE, ANSWER, PLAN = "<make>", "<read>", "<change>", "<answer>", "\n# plan"
LONGEST_PROMPT = 60  # words; the starter's captions have at most about 40
SKETCHED = 100  # vertices of a sketch
SKETCHED_PARTS = 32
ALIKE = 3  # steps that the sides of equal parts may differ by
MOST_TOLD = 127  # vertices of a part, in its line


def starter_generate(prompt: str) -> str:
    return f"{MAKE}{spaced(words(prompt)[:LONGEST_PROMPT])}{ANSWER}"


def starter_describe(sketched: str) -> str:
    return f"{READ}{sketched}{ANSWER}"


def starter_change(sketched: str, plan: str, instruction: str) -> str:
    """The second turn of a dialogue: `plan` are the words that the starter has read the mesh as."""
    told = f"{starter_describe(sketched)}{PLAN}{spaced(plan.split())}"
    return f"{told}{CHANGE}{spaced(words(instruction)[:LONGEST_PROMPT])}{ANSWER}"


def sketch(obj: str, vertices: int = SKETCHED) -> str:
    """Parts dialect text as a question holds it: the sides and proportions of the whole, the outline with each part's
    sides, then names and vertices of the parts that fit into that many vertices. Without faces, so it is the same
    whether a mesh is triangulated or not. Of more than SKETCHED_PARTS parts, the ones with the largest boxes. Where
    all parts have one name, the outline counts those that are alike."""
    outline, *blocks = ("\n" + obj.rstrip("\n")).split("\ng ")
    parts = [line for line in outline.split("\n") if line.startswith("# part ")]
    whole = _whole(parts)
    if len(parts) > SKETCHED_PARTS:
        kept = sorted(sorted(range(len(parts)), key=lambda i: -_room(parts[i]))[:SKETCHED_PARTS])
        parts, blocks = [parts[i] for i in kept], [blocks[i] for i in kept]
    if len({line.split()[2] for line in parts}) == 1:
        parts = _alike(parts)
    told = []
    for block in blocks:
        rows = block.split("\n")
        points = [row for row in rows if row.startswith("v ")]
        if len(points) <= vertices:
            vertices -= len(points)
            told += [f"g {rows[0]}", *points]
    measured = [f"{part}{spaced([str(side) for side in _sides(part)])}" for part in parts]
    return "".join(f"\n{line}" for line in [whole, *measured, *told])


def _sides(part: str) -> list[int]:
    """Width, height and depth of a part line's box, in steps."""
    corners = [int(number) for number in part.split()[-7:-1]]
    return [high - low for low, high in zip(corners[:3], corners[3:], strict=True)]


def _whole(parts: list[str]) -> str:
    """The sides of the box around all parts, and height to width, depth to width, height to depth: 64 stands for equal,
    16 more for twice. A small model does not divide."""
    corners = [[int(number) for number in part.split()[-7:-1]] for part in parts]
    low, high = ([pick(axis) for axis in zip(*corners, strict=True)] for pick in (min, max))
    x, y, z = (high[axis + 3] - low[axis] for axis in range(3))
    shares = (round(64 + 16 * math.log2((a + 1) / (b + 1))) for a, b in ((y, x), (z, x), (y, z)))
    return " ".join(["# box", *(str(side) for side in (x, y, z)), *(str(min(max(share, 0), 127)) for share in shares)])


def _alike(parts: list[str]) -> list[str]:
    """Part lines whose countdown is over the parts with as many vertices and the same sides, whichever way they lie."""
    sorts: list[tuple[int, list[int], list[int]]] = []  # vertices, sides, the parts' numbers
    for number, part in enumerate(parts):
        count, sides = int(part.split()[-1]), sorted(_sides(part))
        same = (
            s for s in sorts if s[0] == count and all(abs(a - b) <= ALIKE for a, b in zip(s[1], sides, strict=True))
        )
        sort = next(same, None) or (count, sides, [])
        if not sort[2]:
            sorts.append(sort)
        sort[2].append(number)
    left = {number: len(numbers) - i for _, _, numbers in sorts for i, number in enumerate(numbers)}
    rows = [part.split() for part in parts]
    return [
        " ".join([*row[:3], str(left[i]), *row[4:-1], str(min(int(row[-1]), MOST_TOLD))]) for i, row in enumerate(rows)
    ]


def _room(part: str) -> int:
    """The volume of a part line's box, in cubed steps."""
    return math.prod(side + 1 for side in _sides(part))


def words(text: str) -> list[str]:
    """The lowercase words and numbers of a text, without accents and punctuation: what the starter's captions are."""
    folded = unicodedata.normalize("NFKD", re.sub("['’]", "", text.lower()))
    return re.findall(r"[a-z]+|[0-9]+", "".join(c for c in folded if not unicodedata.combining(c)))


def spaced(parts: list[str]) -> str:
    return "".join(f" {word}" for word in parts)


def lines(obj: str) -> str:
    """OBJ text as the starter's tokens have it: the newline before each line, none at the end."""
    return "\n" + obj.rstrip("\n")


# ------------------------------------------------------------------------------------------------------ general models
# Models that were never trained on meshes: a short instruction and one example. Coordinates are the grid of the parts
# dialect; indices count over the whole text, as in every OBJ that such a model has read.

GENERAL = (
    "You write 3D models as OBJ text, for an artist who will edit them. Answer with the OBJ text alone: no words, no "
    "fence, no comments.\n"
    "- Each part of the object: `g name`, `usemtl material`, then its vertices, then its faces. Names are one "
    "lowercase word.\n"
    "- `v x y z`: whole numbers from 0 to 127, y is up, the front looks towards +z; the longest side of the object "
    "takes 0 to 127.\n"
    "- `f a b c` or `f a b c d`: indices count from 1 over the whole text. Counter-clockwise seen from outside.\n"
    "- Every part is closed. Use as many vertices as the form needs: 8 to 24 for a round cross-section."
)
GENERAL_LOOK = (
    "You look at a 3D object for an artist. What is measured is exact: rely on it, and do not contradict it. Say only "
    "what you can tell; answer in plain sentences, without lists or headings."
)
GENERAL_FORMS = {
    "short": "Say in one sentence what this object is.",
    "long": "Describe this object in a paragraph: what it is, its parts and their forms, its proportions and style.",
    "prompt": "Answer with the words, at most 20, that an artist would type to have such an object made; nothing else.",
}


def general_generate(prompt: str) -> Turns:
    return [("system", GENERAL), ("user", "a low bench with 2 legs"), ("assistant", _bench()), ("user", plain(prompt))]


def general_change(obj: str, instruction: str) -> Turns:
    """`obj` counts its indices over the whole text."""
    asked = f"{obj}\nThis is an object. Change it: {plain(instruction)}. Answer with the whole changed object."
    return [("system", GENERAL), ("user", asked)]


def general_describe(facts: list[str], obj: str = "", question: str = "", form: str = "short") -> Turns:
    """`facts` in sentences; `obj` "" where it is too long, or the model is shown pictures."""
    told = "Measured: " + " ".join(facts)
    text = f"\nIts OBJ text:\n{obj}" if obj else ""
    return [("system", GENERAL_LOOK), ("user", f"{told}{text}\n{plain(question) or GENERAL_FORMS[form]}")]


def counted(obj: str) -> str:
    """Parts dialect text with indices that count over the whole text, without plan, outline and boxes."""
    lines, known = [], 0
    for line in obj.splitlines():
        known += line.startswith("v ")
        if line.startswith("f "):
            line = " ".join(["f", *(str(known + 1 + int(corner)) for corner in line.split()[1:])])
        if not line.startswith("#"):
            lines.append(line)
    return "\n".join(lines)


def _bench() -> str:
    boxes = (
        ("seat", (0, 40, 40), (127, 50, 87)),
        ("leg", (8, 0, 44), (18, 40, 83)),
        ("leg", (109, 0, 44), (119, 40, 83)),
    )
    lines = []
    for number, (name, low, high) in enumerate(boxes):
        lines += [f"g {name}", "usemtl wood"]
        ends = list(zip(low, high, strict=True))
        lines += [f"v {x} {y} {z}" for x in ends[0] for y in ends[1] for z in ends[2]]
        sides = ((1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4))
        lines += ["f " + " ".join(str(8 * number + corner) for corner in side) for side in sides]
    return "\n".join(lines)
