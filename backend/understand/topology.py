"""The edges of a mesh, and what is wrong with them, as arrays: quick for a million faces. Knows no places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshscribe.shared.mesh import Mesh


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The undirected edges of a mesh: `ends` int64 [E, 2], the lower vertex first, sorted; `faces` int64 [E], how many
    faces use each; `forward` int64 [E], how many of them from the lower to the higher vertex."""

    ends: np.ndarray
    faces: np.ndarray
    forward: np.ndarray

    @classmethod
    def of(cls, mesh: Mesh) -> Edges:
        """Without the edges from a vertex to itself, which a face with a corner twice has."""
        a, b = mesh.edges().astype(np.int64).T
        a, b = a[a != b], b[a != b]
        count = max(len(mesh.vertices), 1)
        keys = np.sort((np.minimum(a, b) * count + np.maximum(a, b)) * 2 + (a < b))
        whole = keys >> 1
        starts = np.flatnonzero(np.diff(whole, prepend=-1))
        faces = np.diff(starts, append=len(whole))
        forward = np.add.reduceat(keys & 1, starts) if len(starts) else faces
        return cls(np.stack(np.divmod(whole[starts], count), 1), faces, forward)

    @property
    def open(self) -> np.ndarray:
        """bool [E]: used by one face."""
        return self.faces == 1

    @property
    def crowded(self) -> np.ndarray:
        """bool [E]: used by more than two faces, so that the surface is no manifold there."""
        return self.faces > 2

    @property
    def twisted(self) -> np.ndarray:
        """bool [E]: used by two faces that are wound against each other."""
        return (self.faces == 2) & (self.forward != 1)
