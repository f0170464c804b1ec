"""What can be computed of a mesh exactly: size, counts, parts, closedness, area, volume."""

from __future__ import annotations

from typing import Any

from meshscribe.shared.mesh import Mesh


def facts(mesh: Mesh) -> dict[str, Any]:
    """Facts in the mesh's own units, ready for JSON.

    size [x, y, z] of the box; vertices, faces; parts (loose pieces); closed (every piece watertight and consistently
    wound); area; volume (signed sum over the pieces: positive where faces point outward; None where not closed).
    """
    pieces = Mesh(mesh.vertices, mesh.loops, mesh.sizes).pieces()
    closed = bool(pieces) and all(piece.closed() for piece in pieces)
    low, high = mesh.bounds()
    return {
        "size": [round(float(side), 6) for side in high - low],
        "vertices": len(mesh.vertices),
        "faces": len(mesh.sizes),
        "parts": len(pieces),
        "closed": closed,
        "area": mesh.area(),
        "volume": mesh.volume() if closed else None,
    }


def sentence(facts: dict[str, Any]) -> str:
    """The facts in one line for people."""
    size = " x ".join(f"{side:g}" for side in facts["size"])
    pieces = "1 piece" if facts["parts"] == 1 else f"{facts['parts']:,} pieces"
    return (
        f"{facts['vertices']:,} vertices, {facts['faces']:,} faces, {pieces}, "
        f"{'closed' if facts['closed'] else 'not closed'}, {size} units."
    )
