"""Meshes for the codec's tests: random soups, and closed solids with outward faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from meshscribe.shared.mesh import Mesh

Faces = list[tuple[int, ...]]
SEEDS = st.integers(0, 2**32 - 1)


def points(rng: np.random.Generator, count: int) -> np.ndarray:
    """float32 [V, 3]: free, on a quarter grid, symmetric or flat; at the origin or up to 20 sizes away."""
    p = rng.uniform(-1, 1, (count, 3)) * rng.choice([0.01, 0.3, 1.0], 3)
    kind = rng.integers(5)
    if kind == 1:
        p = rng.integers(-9, 9, (count, 3)) / 4
    elif kind == 2:
        half = np.round(p * rng.choice([4, 64, 1000])) / 64
        p = np.concatenate([half, half * (-1, 1, 1)])
    elif kind == 3:
        p[:, rng.integers(3)] = 0.25
    size = float(np.ptp(p, axis=0).max()) * rng.choice([1e-3, 1.0, 7.7, 1e4])
    p = p * (size / float(np.ptp(p, axis=0).max() or 1))
    if rng.integers(3) == 0:
        p = p + rng.uniform(-20, 20, 3) * size
    return p.astype(np.float32)


def soup(seed: int, corners: Sequence[int] = (3, 3, 3, 4, 4, 5, 7, 18)) -> Mesh:
    """Random faces over random points: some merge, repeat or stand opposite; some points are unused."""
    rng = np.random.default_rng(seed)
    pieces = []
    for _ in range(rng.integers(1, 4)):
        p = points(rng, int(rng.integers(3, 30)))
        faces: Faces = []
        for _ in range(rng.integers(1, 25)):
            count = min(int(rng.choice(corners)), len(p))
            faces.append(tuple(int(c) for c in rng.choice(len(p), count, replace=rng.integers(8) == 0)))
        if rng.integers(2):
            faces += [face[::-1] for face in faces[:2]] + [face[1:] + face[:1] for face in faces[:2]]
        pieces.append((str(rng.choice(["leg", "Seat Top", "é*", ""])), str(rng.choice(["wood", ""])), p, faces))
    joined = Mesh.join(pieces)
    return joined if rng.integers(2) else Mesh(joined.vertices, joined.loops, joined.sizes)


def prism(outline: Sequence[tuple[float, float]], height: float = 1.0) -> Mesh:
    """A closed prism along Z over an outline that runs counter-clockwise: quads and two n-gons, outward."""
    n = len(outline)
    flat = np.array(outline, float)
    low, high = np.c_[flat, np.zeros(n)], np.c_[flat, np.full(n, height)]
    sides = [(i, (i + 1) % n, n + (i + 1) % n, n + i) for i in range(n)]
    return Mesh.build(np.concatenate([low, high]), [*sides, tuple(range(n))[::-1], tuple(range(n, 2 * n))])


def star(points: int, inner: float = 0.4) -> list[tuple[float, float]]:
    """A concave outline with 2 * points corners."""
    angle = np.arange(2 * points) * np.pi / points
    radius = np.where(np.arange(2 * points) % 2, inner, 1.0)
    return list(zip((radius * np.cos(angle)).tolist(), (radius * np.sin(angle)).tolist(), strict=True))


CUBE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
L_SHAPE = [(0.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0)]
OUTLINES = [CUBE, L_SHAPE, star(3), star(5), star(9), star(12, 0.7)]


def solid(seed: int) -> Mesh:
    """One closed prism, thick enough for 64 bins, turned and moved."""
    rng = np.random.default_rng(seed)
    mesh = prism(OUTLINES[rng.integers(len(OUTLINES))], float(rng.uniform(0.4, 3)))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn[0] *= np.linalg.det(turn)
    return mesh.with_vertices(mesh.vertices @ turn * rng.choice([0.01, 1.0, 50.0]) + rng.uniform(-3, 3, 3))


def shuffled(mesh: Mesh, seed: int) -> Mesh:
    """The same mesh with its vertices, faces and parts in another order and its faces begun elsewhere."""
    rng = np.random.default_rng(seed)
    if mesh.parts:
        pieces = mesh.pieces()
        rng.shuffle(pieces)
        mixed = [shuffled(Mesh(p.vertices, p.loops, p.sizes), seed + 1) for p in pieces]
        names = [piece.parts[0] for piece in pieces]
        return Mesh.join((n.name, n.material, m.vertices, m.faces()) for n, m in zip(names, mixed, strict=True))
    order = rng.permutation(len(mesh.vertices))  # new -> old
    place = np.argsort(order)
    faces = [tuple(place[list(face)].tolist()) for face in mesh.faces()]
    faces = [face[k:] + face[:k] for face in faces for k in [int(rng.integers(len(face)))]]
    rng.shuffle(faces)
    return Mesh.build(mesh.vertices[order], [tuple(map(int, face)) for face in faces])
