"""Winding: turns faces so that every closed piece of a mesh shows its outside. Knows topology, not
Blender."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from .shared.mesh import Mesh


def outward(mesh: Mesh) -> Mesh:
    """The same mesh with faces reversed where they must be; vertices, order of faces and first corners stay.

    A piece is what hangs together by edges that two faces share. Inside a piece all faces are made to agree.
    A closed piece is then turned to a positive signed volume. An open piece has no outside: it keeps the side
    that most of its faces had, so that a consistent one is not touched."""
    return reverse(mesh, _wrong(mesh))


def reverse(mesh: Mesh, which: np.ndarray) -> Mesh:
    """The mesh with the faces of a mask bool [F] wound the other way round, from the same first corner."""
    if not which.any():
        return mesh
    first = np.repeat(mesh.starts, mesh.sizes)
    corner = np.arange(len(mesh.loops)) - first
    back = first + (-corner) % np.repeat(mesh.sizes, mesh.sizes)
    order = np.where(np.repeat(which, mesh.sizes), back, np.arange(len(mesh.loops)))
    return Mesh(mesh.vertices, mesh.loops[order], mesh.sizes, mesh.parts)


def _wrong(mesh: Mesh) -> np.ndarray:
    """bool [F]: the faces to reverse."""
    wrong = np.zeros(len(mesh.sizes), bool)
    if not len(mesh.loops):
        return wrong
    neighbours, border = _neighbours(mesh)
    volume = _volumes(mesh)
    seen = np.zeros(len(mesh.sizes), bool)
    for seed in range(len(mesh.sizes)):
        if seen[seed]:
            continue
        seen[seed] = True
        piece, turn = [seed], {seed: False}
        for face in piece:  # grows as it is walked: breadth first
            for other, disagrees in neighbours[face]:
                if not seen[other]:
                    seen[other] = True
                    turn[other] = turn[face] != disagrees
                    piece.append(other)
        turned = np.array([turn[face] for face in piece])
        if border[piece].any():
            invert = turned.mean() > 0.5
        else:
            invert = np.where(turned, -volume[piece], volume[piece]).sum() < 0
        wrong[piece] = turned != invert
    return wrong


def _neighbours(mesh: Mesh) -> tuple[dict[int, list[tuple[int, bool]]], np.ndarray]:
    """face -> [(face across an edge, whether both run along it the same way: they disagree)], over edges that
    exactly two faces share; and bool [F]: the faces that have an edge that is not."""
    edges = mesh.edges().astype(np.int64)
    key = edges.min(1) * len(mesh.vertices) + edges.max(1)
    _, edge, count = np.unique(key, return_inverse=True, return_counts=True)
    owner = np.repeat(np.arange(len(mesh.sizes)), mesh.sizes)
    border = np.zeros(len(mesh.sizes), bool)
    border[owner[count[edge] != 2]] = True
    paired = np.flatnonzero(count[edge] == 2)
    pairs = paired[np.argsort(edge[paired], kind="stable")].reshape(-1, 2)
    same = edges[pairs[:, 0], 0] == edges[pairs[:, 1], 0]
    neighbours: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for (a, b), disagrees in zip(owner[pairs].tolist(), same.tolist(), strict=True):
        neighbours[a].append((b, disagrees))
        neighbours[b].append((a, disagrees))
    return neighbours, border


def _volumes(mesh: Mesh) -> np.ndarray:
    """float64 [F]: the signed volume between each face and the middle of the mesh; over a closed piece the
    choice of the middle cancels out."""
    corners = (mesh.vertices.astype(np.float64) - mesh.bounds().mean(0))[mesh.triangles()]  # [T, 3, 3]
    parts = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6.0
    return np.bincount(np.repeat(np.arange(len(mesh.sizes)), mesh.sizes - 2), parts, len(mesh.sizes))
