"""Grid: the integer steps of the codec and the frame that they lie in. Floats to integers and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TIE = 1e-3
"""Part of a step by which rounding favours the upper integer. Centred symmetric meshes have many vertices
exactly between two steps; they must all go the same way, also after float32 has moved them by some 1e-4 of a
step."""


@dataclass(frozen=True, slots=True)
class Grid:
    """`bins` integer steps an axis over a cube with side `extent` (free units) around `centre` [3].

    Bound: a vertex inside the frame that is encoded and decoded moves by at most (0.5 + TIE) steps on each
    axis, a step being extent / (bins - 1), plus the rounding of float32 itself.
    """

    bins: int
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    extent: float = 1.0

    @classmethod
    def fit(cls, vertices: np.ndarray, bins: int) -> Grid:
        """The frame of vertices [V, 3]: the box centred, its longest side spanning 0..bins-1 exactly."""
        if not len(vertices):
            return cls(bins)
        low, high = vertices.min(0).astype(np.float64), vertices.max(0).astype(np.float64)
        x, y, z = ((low + high) / 2).tolist()
        return cls(bins, (x, y, z), float((high - low).max()) or 1.0)

    @property
    def step(self) -> float:
        """The side of one step, in the mesh's units."""
        return self.extent / (self.bins - 1)

    def encode(self, vertices: np.ndarray) -> np.ndarray:
        """int32 [V, 3] in 0..bins-1, rounded to the nearest step; what lies outside moves to the side."""
        middle = (self.bins - 1) / 2
        steps = (np.asarray(vertices, np.float64) - self.centre) / self.step + middle
        return np.clip(np.floor(steps + 0.5 + TIE), 0, self.bins - 1).astype(np.int32)

    def decode(self, steps: np.ndarray) -> np.ndarray:
        """float32 [V, 3] from integer steps [V, 3]."""
        middle = (self.bins - 1) / 2
        return ((np.asarray(steps, np.float64) - middle) * self.step + self.centre).astype(np.float32)
