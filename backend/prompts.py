"""What a model is asked, to the byte: chat templates and task prompts, one place for each model family."""

from __future__ import annotations

import re
import unicodedata

# ------------------------------------------------------------------------------------------------------- LLaMA-Mesh
# Trained with LLaMA-Factory's "llama3" template: no default system prompt and no date block, unlike Meta's own 3.1
# template (LLaMA-Mesh issues 12 and 16; prompts from the paper's figure 3 and meshgen's tools.py).

GENERATE = "Create a 3D obj file using the following description: {}"
DESCRIBE = "What is this object?"
LLAMA3_STOPS = ("<|eot_id|>", "<|end_of_text|>")
LLAMA_MESH_CONTEXT = 8192  # tokens that it was trained on; the checkpoint's own figure is Llama 3.1's 131,072


def llama3_chat(turns: list[tuple[str, str]]) -> str:
    """The text of (role, message) turns, ending where the assistant's answer begins."""
    text = "<|begin_of_text|>"
    for role, message in turns:
        text += f"<|start_header_id|>{role}<|end_header_id|>\n\n{message}<|eot_id|>"
    return text + "<|start_header_id|>assistant<|end_header_id|>\n\n"


def llama_mesh_generate(prompt: str) -> str:
    return llama3_chat([("user", GENERATE.format(plain(prompt)))])


def llama_mesh_describe(obj: str, question: str = "") -> str:
    """`obj` is llama-mesh dialect text."""
    return llama3_chat([("user", f"{plain(question) or DESCRIBE}\n{obj.rstrip()}")])


def plain(text: str) -> str:
    """A user's text without what a tokenizer could take for its own special tokens (`<|...|>`)."""
    return re.sub(r"<\|.*?\|>", " ", text, flags=re.DOTALL).strip()


# ---------------------------------------------------------------------------------------------------------- starter
# Tasks are single tokens; every token of mesh text stands for exact text: a line's head carries the newline before.

MAKE, READ, ANSWER = "<make>", "<read>", "<answer>"
LONGEST_PROMPT = 60  # words; the starter's captions have at most about 40


def starter_generate(prompt: str) -> str:
    return f"{MAKE}{spaced(words(prompt)[:LONGEST_PROMPT])}{ANSWER}"


def starter_describe(obj: str) -> str:
    """`obj` is parts dialect text without a plan."""
    return f"{READ}{lines(obj)}{ANSWER}"


def words(text: str) -> list[str]:
    """The lowercase words and numbers of a text, without accents and punctuation: what the starter's captions are."""
    folded = unicodedata.normalize("NFKD", re.sub("['’]", "", text.lower()))
    return re.findall(r"[a-z]+|[0-9]+", "".join(c for c in folded if not unicodedata.combining(c)))


def spaced(parts: list[str]) -> str:
    return "".join(f" {word}" for word in parts)


def lines(obj: str) -> str:
    """OBJ text as the starter's tokens have it: the newline before each line, none at the end."""
    return "\n" + obj.rstrip("\n")
