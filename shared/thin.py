"""Thinning: a mesh with its vertices gathered in the cells of a grid, in one pass over arrays, however many there are
(Rossignac and Borrel, 1993). Keeps the silhouette to within a cell; knows no quality beyond that."""

from __future__ import annotations

import numpy as np

from .mesh import INDEX, Mesh, Part
from .tasks import MAX_MESSAGE, MeshData

MOST_PARTS = 20_000  # in a message; the names of more are left out
ROOM = MAX_MESSAGE - (1 << 20)  # bytes of a mesh in a message: the rest is for its parts' names and all else
GRIDS = (192, 128, 96, 64, 48, 32, 16)  # tried in turn: a million faces come down to some 300,000


def packed(mesh: Mesh) -> MeshData:
    """A mesh for a message: as it is, or where it is too large a thinned copy of it, which says so. ValueError
    where no copy fits."""
    if len(mesh.parts) > MOST_PARTS:
        mesh = Mesh(mesh.vertices, mesh.loops, mesh.sizes)
    if _bytes(mesh) <= ROOM:
        return MeshData.pack(mesh)
    copies = (thin(mesh, cells) for cells in GRIDS)
    copy = next((copy for copy in copies if _bytes(copy) <= ROOM), None)
    if copy is None:
        raise ValueError("The mesh is too large to send: simplify it.")
    return MeshData.pack(copy, (len(mesh.vertices), len(mesh.sizes)))


def _bytes(mesh: Mesh) -> int:
    return 4 * (3 * len(mesh.vertices) + len(mesh.loops) + len(mesh.sizes))


def thin(mesh: Mesh, cells: int, groups: np.ndarray | None = None) -> Mesh:
    """A copy in triangles, the vertices that share a cell made one at their mean; `cells` are cubes, so many along the
    longest side of the box. Vertices of different parts stay apart, and of different `groups` (int [V], from 0). Faces
    that collapse go, also the second on the same three vertices, and parts without a face."""
    numbers = np.repeat(np.arange(len(mesh.parts)), [part.vertices for part in mesh.parts])
    owner = numbers if mesh.parts else np.zeros(len(mesh.vertices), np.int64)
    low, high = mesh.bounds()
    side = float((high - low).max()) / cells or 1.0
    at = np.minimum(((mesh.vertices - low) / side).astype(np.int64), cells - 1) @ [cells * cells, cells, 1]
    if groups is not None:
        owner_group = owner * (int(groups.max(initial=0)) + 1) + groups
        _, gathered = np.unique(owner_group, return_inverse=True)
    else:
        gathered = owner
    _, first, inverse = np.unique(gathered * cells**3 + at, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    counts = np.bincount(inverse, minlength=len(first))
    points = np.stack([np.bincount(inverse, axis, len(first)) for axis in mesh.vertices.T], 1) / counts[:, None]
    corners = inverse[mesh.triangles()] if len(mesh.sizes) else np.zeros((0, 3), np.int64)
    whole = (corners != np.roll(corners, 1, 1)).all(1)
    corners = corners[whole]
    keys = np.sort(corners, 1)
    order = np.lexsort(keys.T)
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(keys[order], axis=0) != 0).any(1)
    corners = corners[np.sort(order[fresh])]
    return _over(points, corners, owner[first], mesh.parts)


def _over(points: np.ndarray, corners: np.ndarray, owner: np.ndarray, parts: tuple[Part, ...]) -> Mesh:
    """Points [V, 3] of parts `owner` [V], and triangles [T, 3], in the order of their parts and without points that no
    triangle uses."""
    used = np.zeros(len(points), bool)
    used[corners] = True
    kept = np.flatnonzero(used)
    kept = kept[np.argsort(owner[kept], kind="stable")]
    place = np.zeros(len(points), np.int64)
    place[kept] = np.arange(len(kept))
    of_face = owner[corners[:, 0]]
    corners = place[corners[np.argsort(of_face, kind="stable")]]
    vertices, faces = np.bincount(owner[kept], minlength=len(parts)), np.bincount(of_face, minlength=len(parts))
    named = tuple(
        Part(part.name, part.material, int(v), int(f)) for part, v, f in zip(parts, vertices, faces, strict=False) if f
    )
    sizes = np.full(len(corners), 3, INDEX)
    return Mesh(points[kept].astype(np.float32), corners.reshape(-1).astype(INDEX), sizes, named)
