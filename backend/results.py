"""A finished generation: read strictly, written to files, and told as one JSON object or one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from meshscribe import __version__
from meshscribe.shared.grid import Grid
from meshscribe.shared.obj import DIALECTS, ObjError, plan_words, read
from meshscribe.shared.tasks import Generate, Outcome

from . import meshfiles
from .prompts import words


def write(request: Generate, outcome: Outcome, text: str, folder: Path, formats: list[str]) -> dict[str, Any]:
    """Write the files of a mesh, standing on y = 0, its longest side 1. What there is to say of it, ready for JSON;
    `valid` is False, and there is no file, where the text is not a whole mesh. meshfiles.FileError."""
    found: dict[str, Any] = {
        "prompt": request.prompt,
        "seed": outcome.seed,
        "model": outcome.model,
        "finish": outcome.finish,
        "plan": "",
        "file": None,
        "vertices": 0,
        "faces": 0,
        "parts": [],
        "tokens": outcome.tokens,
        "passes": outcome.passes,
        "seconds": round(outcome.seconds, 4),
        "valid": False,
        "closed": False,
        "masked_mass": round(outcome.masked_mass, 6),
    }
    dialect = DIALECTS[outcome.dialect or "parts"]
    try:
        reading = read(text, dialect)
    except ObjError:
        return found
    mesh = reading.mesh.with_vertices(Grid(dialect.bins).decode(reading.mesh.vertices))
    placed = mesh.with_vertices(mesh.vertices - (0, mesh.bounds()[0][1], 0))
    paths = [folder / f"{slug(request.prompt)}-{outcome.seed}.{name}" for name in formats]
    for path in paths:
        meshfiles.save(
            placed, path, f"{request.prompt}\nMeshScribe {__version__}, {outcome.model}, seed {outcome.seed}"
        )
    return found | {
        "plan": reading.plan,
        "file": str(paths[0]),
        "vertices": len(mesh.vertices),
        "faces": len(mesh.sizes),
        "parts": [part.name for part in mesh.parts],
        "valid": True,
        "closed": all(piece.closed() for piece in mesh.pieces()),
    }


def line(found: dict[str, Any]) -> str:
    """What `write` returned, for people."""
    if not found["valid"]:
        return f"No mesh for {found['prompt']!r}: the text ended ({found['finish']}) before it was whole."
    count = len(found["parts"])
    parts = f", {count} {'part' if count == 1 else 'parts'}" if count else ""
    cut = " (cut at the limit)" if found["finish"] == "length" else ""
    family, attributes = plan_words(found["plan"])
    plan = ", ".join([family, *(f"{name} {value}" for name, value in attributes.items())])
    return (
        f"{found['file']}{cut}: {found['vertices']} vertices, {found['faces']} faces{parts}, "
        f"{found['seconds']:.2f} s, seed {found['seed']}.{f' Understood as: {plan}.' if plan else ''}"
    )


def slug(prompt: str) -> str:
    """A prompt as a file name."""
    return "-".join(words(prompt))[:48].rstrip("-") or "mesh"
