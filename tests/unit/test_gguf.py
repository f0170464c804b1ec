"""GGUF files: their heads, and which one fits."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from meshscribe.backend.models import gguf
from meshscribe.backend.models.gguf import LLAMA_8B, WORK, Memory, Shape

GB = 10**9
FILES = {"f16": 16 * GB, "q8_0": 8 * GB, "q4_k_m": 5 * GB}
SAID = {
    "general.architecture": "llama",
    "general.name": "MeshScribe tiny",
    "general.tags": ["mesh", "text"],
    "llama.context_length": 512,
    "llama.block_count": 3,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "llama.rope.freq_base": 0.5,
}


def written(path: Path, said: dict[str, object]) -> Path:
    """A GGUF file with such a head, and nothing after it."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    def value(one: object) -> bytes:
        match one:
            case str():
                return struct.pack("<I", 8) + text(one)
            case int():
                return struct.pack("<II", 4, one)
            case float():
                return struct.pack("<If", 6, one)
            case list():
                return struct.pack("<IIQ", 9, 8, len(one)) + b"".join(map(text, one))
        raise TypeError

    head = b"GGUF" + struct.pack("<IQQ", 3, 0, len(said))
    path.write_bytes(head + b"".join(text(name) + value(one) for name, one in said.items()))
    return path


def test_a_head_says_how_large_the_model_is(tmp_path):
    said = gguf.head(written(tmp_path / "a.gguf", SAID | {"tokenizer.ggml.model": "rwkv"}))
    assert said == SAID
    assert gguf.shape(said, "a") == Shape(3, 2, 16)
    assert gguf.shape(said | {"llama.attention.key_length": 32}, "a").row(100) == 2 * 3 * 2 * 32 * 100 * 2


def test_what_is_no_such_file_is_a_sentence(tmp_path):
    whole = written(tmp_path / "a.gguf", SAID).read_bytes()
    lying = whole[:24] + struct.pack("<Q", 1 << 60) + whole[32:]
    for data in (b"", b"GGML", whole[:20], whole[:100], lying, whole[:24] + b"\xff" * 200):
        (tmp_path / "b.gguf").write_bytes(data)
        with pytest.raises(ValueError, match="b.gguf is"):
            gguf.head(tmp_path / "b.gguf")
    with pytest.raises(ValueError, match="does not say how large"):
        gguf.shape({"general.architecture": "llama"}, "b")


@pytest.mark.parametrize(
    ("device", "machine", "kind"),
    [
        (80, 64, "f16"),
        (12, 64, "q8_0"),
        (8, 64, "q4_k_m"),
        (6, 64, "q4_k_m"),  # the rest of it on the machine
        (0, 64, "q4_k_m"),  # no device: the quickest
        (0, 6, None),
        (3, 3, None),
    ],
)
def test_the_file_that_fits_is_chosen(device, machine, kind):
    assert gguf.chosen(FILES, LLAMA_8B.row(8192), Memory(device * GB, machine * GB)) == kind


def test_rows_are_what_is_left_beside_the_weights():
    row = LLAMA_8B.row(8192)
    assert row == 1 << 30
    assert [gguf.rows(5 * GB, row, 5 * GB + WORK + int(n * row)) for n in (-1, 0.9, 1, 3.5, 9)] == [0, 0, 1, 3, 4]
    assert "needs 6.7 GB of memory and 3.0 GB are free" in gguf.refusal("m", 5 * GB, row, Memory(GB, 2 * GB))
