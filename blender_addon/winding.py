"""Winding: turns faces so that every closed piece of a mesh shows its outside. Knows topology, not
Blender."""

from __future__ import annotations

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
    count = len(mesh.sizes)
    if not count:
        return np.zeros(0, bool)
    pairs, disagree, border = _neighbours(mesh)
    # Every face is there twice, as it is (f) and turned (f + F): what hangs together then agrees. Faces that carry the
    # label of their piece's lowest face stay, the others are turned against it.
    a, b = pairs[:, 0], pairs[:, 1]
    label = _labels(
        2 * count,
        np.concatenate([a, a + count]),
        np.concatenate([np.where(disagree, b + count, b), np.where(disagree, b, b + count)]),
    )
    piece = np.minimum(label[:count], label[count:])  # [F] the lowest face of the piece
    turned = label[:count] != piece
    faces = np.bincount(piece, minlength=count)
    open_ = np.bincount(piece, border, count) > 0
    volume = _volumes(mesh)
    inside_out = np.bincount(piece, np.where(turned, -volume, volume), count) < 0
    mostly = np.bincount(piece, turned, count) > 0.5 * faces
    return turned != np.where(open_, mostly, inside_out)[piece]


def _labels(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """int [count]: for every node, the lowest node that it hangs together with, over the pairs (a, b)."""
    label = np.arange(count)
    while True:
        before, low = label.copy(), np.minimum(label[a], label[b])
        np.minimum.at(label, label[a], low)
        np.minimum.at(label, label[b], low)
        label = label[label]
        if (label == before).all():
            return label


def _neighbours(mesh: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """int [P, 2]: faces across an edge, over edges that exactly two faces share; bool [P]: whether both run along
    it the same way: they disagree; and bool [F]: the faces that have an edge that is not shared so."""
    edges = mesh.edges().astype(np.int64)
    key = edges.min(1) * len(mesh.vertices) + edges.max(1)
    _, edge, count = np.unique(key, return_inverse=True, return_counts=True)
    owner = np.repeat(np.arange(len(mesh.sizes)), mesh.sizes)
    border = np.zeros(len(mesh.sizes), bool)
    border[owner[count[edge] != 2]] = True
    paired = np.flatnonzero(count[edge] == 2)
    pairs = paired[np.argsort(edge[paired], kind="stable")].reshape(-1, 2)
    return owner[pairs], edges[pairs[:, 0], 0] == edges[pairs[:, 1], 0], border


def _volumes(mesh: Mesh) -> np.ndarray:
    """float64 [F]: the signed volume between each face and the middle of the mesh; over a closed piece the
    choice of the middle cancels out."""
    corners = (mesh.vertices.astype(np.float64) - mesh.bounds().mean(0))[mesh.triangles()]  # [T, 3, 3]
    parts = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6.0
    return np.bincount(np.repeat(np.arange(len(mesh.sizes)), mesh.sizes - 2), parts, len(mesh.sizes))
