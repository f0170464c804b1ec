"""Mesh: polygons with named parts, in OBJ space (Y up, right-handed). Knows geometry; no text, no Blender."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

INDEX = np.int32


@dataclass(frozen=True, slots=True)
class Part:
    """A named piece of a mesh: the next `vertices` vertices and the next `faces` faces of its mesh."""

    name: str
    material: str
    vertices: int
    faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Vertices float32 [V, 3]; faces as `loops` int32 [L] (the vertex of each corner) and `sizes` int32 [F]
    (how many corners each has).

    `parts` is empty, or covers all vertices and faces in order; a part's faces use its own vertices only.
    """

    vertices: np.ndarray
    loops: np.ndarray
    sizes: np.ndarray
    parts: tuple[Part, ...] = field(default=())

    @classmethod
    def build(cls, vertices: ArrayLike, faces: Iterable[Sequence[int]], parts: Iterable[Part] = ()) -> Mesh:
        """A mesh from any [V, 3] and any iterable of corner lists. ValueError where it is none."""
        with np.errstate(over="ignore"):  # too large for float32 is infinite, and check() says so
            points = np.ascontiguousarray(vertices, dtype=np.float32)
        if points.size and (points.ndim != 2 or points.shape[1] != 3):
            raise ValueError("A vertex is not three numbers.")
        corners = [tuple(face) for face in faces]
        loops = np.fromiter((corner for face in corners for corner in face), dtype=np.int64)
        sizes = np.fromiter((len(face) for face in corners), dtype=INDEX, count=len(corners))
        mesh = cls(points.reshape(-1, 3), loops, sizes, tuple(parts))
        mesh.check()  # before large indices lose their upper bits
        return cls(mesh.vertices, loops.astype(INDEX), sizes, mesh.parts)

    @classmethod
    def join(cls, pieces: Iterable[tuple[str, str, np.ndarray, Sequence[Sequence[int]]]]) -> Mesh:
        """A mesh of parts from (name, material, vertices [V, 3], faces with indices of that piece alone)."""
        parts: list[Part] = []
        points: list[np.ndarray] = [np.zeros((0, 3), np.float32)]
        corners: list[list[int]] = []
        start = 0
        for name, material, vertices, faces in pieces:
            parts.append(Part(name, material, len(vertices), len(faces)))
            points.append(np.asarray(vertices, np.float32).reshape(-1, 3))
            corners += [[corner + start for corner in face] for face in faces]
            start += len(vertices)
        return cls.build(np.concatenate(points), corners, parts)

    def check(self) -> None:
        """ValueError, in a sentence, where the arrays do not make a mesh."""
        if not np.isfinite(self.vertices).all():
            raise ValueError("A vertex is not a finite number.")
        if len(self.sizes) and self.sizes.min() < 3:
            raise ValueError("A face has fewer than three corners.")
        if int(self.sizes.sum()) != len(self.loops):
            raise ValueError("The face sizes do not add up to the number of corners.")
        if len(self.loops) and not 0 <= self.loops.min() <= self.loops.max() < len(self.vertices):
            raise ValueError("A face names a vertex that does not exist.")
        if self.parts:
            counts = np.array([(part.vertices, part.faces) for part in self.parts])
            if counts.min() < 0 or (counts.sum(0) != (len(self.vertices), len(self.sizes))).any():
                raise ValueError("The parts do not cover the mesh.")
            if len(self.loops):
                numbers = np.arange(len(self.parts))
                of_corner = np.repeat(np.repeat(numbers, counts[:, 1]), self.sizes)
                if (np.repeat(numbers, counts[:, 0])[self.loops] != of_corner).any():
                    raise ValueError("A face uses the vertices of another part.")

    @property
    def starts(self) -> np.ndarray:
        """int32 [F]: where each face begins in `loops`."""
        return (np.cumsum(self.sizes) - self.sizes).astype(INDEX)

    def faces(self) -> list[tuple[int, ...]]:
        """The corner lists, one tuple a face."""
        corners = self.loops.tolist()
        ends = np.cumsum(self.sizes).tolist()
        return [tuple(corners[end - n : end]) for end, n in zip(ends, self.sizes.tolist(), strict=True)]

    def triangles(self) -> np.ndarray:
        """int32 [T, 3]: every face as a fan from its first corner. Right for convex faces, and for the signed
        volume of any; triangulate.py cuts concave ones."""
        counts = self.sizes - 2
        fans = np.repeat(self.starts, counts)  # [T] loop of the fan's first corner
        inside = np.arange(len(fans)) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.stack([self.loops[fans], self.loops[fans + inside + 1], self.loops[fans + inside + 2]], 1)

    def edges(self) -> np.ndarray:
        """int32 [L, 2]: the directed edge that starts at every corner."""
        following = np.arange(len(self.loops)) + 1
        if len(self.sizes):
            ends = np.cumsum(self.sizes)
            following[ends - 1] = self.starts
        return np.stack([self.loops, self.loops[following]], 1)

    def pieces(self) -> list[Mesh]:
        """The parts as meshes of their own; without parts the loose pieces (faces joined by shared vertices),
        each as one unnamed part. Vertices without a face belong to no piece."""
        if self.parts:
            v = f = 0
            out = []
            starts = np.append(self.starts, len(self.loops))
            for part in self.parts:
                loops = self.loops[starts[f] : starts[f + part.faces]] - INDEX(v)
                vertices = self.vertices[v : v + part.vertices]
                out.append(Mesh(vertices, loops, self.sizes[f : f + part.faces], (part,)))
                v, f = v + part.vertices, f + part.faces
            return out
        if not len(self.sizes):
            return []
        of_face = components(len(self.vertices), self.edges())[self.loops[self.starts]]
        order = np.argsort(of_face, kind="stable")  # faces by piece, each piece's in their order
        sizes = self.sizes[order]
        ends = np.cumsum(sizes)
        corners = np.arange(len(self.loops)) + np.repeat(self.starts[order] - (ends - sizes), sizes)
        cuts = np.flatnonzero(np.diff(of_face[order])) + 1
        out = []
        for group, loops in zip(np.split(sizes, cuts), np.split(self.loops[corners], ends[cuts - 1]), strict=True):
            used, inverse = np.unique(loops, return_inverse=True)
            part = Part("part", "", len(used), len(group))
            out.append(Mesh(self.vertices[used], inverse.reshape(-1).astype(INDEX), group, (part,)))
        return out

    def closed(self) -> bool:
        """Whether every directed edge is used once and its opposite once: closed, manifold, evenly wound."""
        if not len(self.loops):
            return False
        edges = self.edges().astype(np.int64)
        n = len(self.vertices)
        forward, backward = np.sort(edges[:, 0] * n + edges[:, 1]), np.sort(edges[:, 1] * n + edges[:, 0])
        return bool((forward == backward).all() and (np.diff(forward) > 0).all())

    def volume(self) -> float:
        """Signed volume, in cubed units: positive where a closed mesh has outward faces."""
        corners = self.vertices[self.triangles()].astype(np.float64)  # [T, 3, 3]
        return float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6.0)

    def area(self) -> float:
        """Surface area, in squared units; concave faces too. One that is not flat counts along its mean normal."""
        if not len(self.sizes):
            return 0.0
        corners = self.vertices[self.triangles()].astype(np.float64)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # [T, 3]
        counts = self.sizes - 2
        return float(np.linalg.norm(np.add.reduceat(normals, np.cumsum(counts) - counts), axis=1).sum() / 2.0)

    def bounds(self) -> np.ndarray:
        """float64 [2, 3]: the lowest and highest corner of the box; zeros for no vertices."""
        if not len(self.vertices):
            return np.zeros((2, 3))
        return np.stack([self.vertices.min(0), self.vertices.max(0)]).astype(np.float64)

    def with_vertices(self, vertices: np.ndarray) -> Mesh:
        """The same faces over other vertices [V, 3]."""
        return Mesh(np.ascontiguousarray(vertices, dtype=np.float32), self.loops, self.sizes, self.parts)


def components(count: int, ends: np.ndarray) -> np.ndarray:
    """int64 [count]: for each of `count` vertices the lowest one that edges `ends` [E, 2] join it with.

    Each round hooks every component onto its lowest neighbour and flattens the trees (Shiloach and Vishkin, 1982);
    edges inside a component drop out, so rounds get short."""
    parent = np.arange(count)
    a, b = ends.T
    while True:
        a, b = parent[a], parent[b]
        apart = a != b
        if not apart.any():
            return parent
        a, b = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
        order = np.argsort(-a, kind="stable")  # of several writes to one place the last one counts: the lowest
        parent[b[order]] = a[order]
        a, b = a[order], b[order]
        while True:
            further = parent[parent]
            if (further == parent).all():
                break
            parent = further
