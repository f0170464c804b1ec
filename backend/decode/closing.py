"""Which of the corners that may come next let the part close: a surface without holes has every edge twice, once each
way. Knows vertex numbers, no tokens, no text.

Faces come in text order, so a vertex gets its last face before a higher one becomes the lowest corner of a face. What
is open at a vertex has to be closed by then. Where that can no longer be, the part stays open there and goes on.
"""

from __future__ import annotations

import numpy as np

from .faces import EdgeFaces


class ClosedFaces(EdgeFaces):
    """The faces of EdgeFaces, less those that would leave an edge with one face, as far as that can be seen."""

    def next(self, left: int = 1_000) -> np.ndarray:
        legal = super().next(left)
        if not self.corners:
            return legal
        a, place = self.corners[0], len(self.corners)
        out, into = self._used[a], self._used[:, a]
        good = legal
        if place == 1:  # seconds ascend, so one that has to come is not passed
            wanted = np.flatnonzero(into & ~out)
            if len(wanted):
                good = legal[legal <= wanted[0]]
        elif len(legal):  # the last corner's edge to the first is closed already, or still can be
            ends = out[legal] | (legal > self.corners[1])
            more = place + 2 <= self.max_corners and left >= 2
            good = legal if more else legal[ends]
        return good if len(good) else legal

    @property
    def closable(self) -> bool:
        """Also where the face would leave an edge open, if no further corner could mend that."""
        if not super().closable:
            return False
        first, second, last = self.corners[0], self.corners[1], self.corners[-1]
        return bool(self._used[first, last]) or last > second or not len(super().next())

    def whole(self) -> bool:
        """Whether the part may end with the face that is being told: nothing is open, or no face could mend it."""
        with self._told():
            return not self._open().any() or not len(super()._firsts())

    def _open(self) -> np.ndarray:
        """bool [V]: vertices without a face, or with an edge that has one face only; none that are past."""
        open_ = (self._used != self._used.T).any(1) | (self._used.sum(1) == 1)
        open_[: self._last[0]] = False
        return open_

    def _firsts(self) -> np.ndarray:
        """The lowest open vertex that can be a first corner."""
        found = super()._firsts()
        open_ = np.intersect1d(found, np.flatnonzero(self._open()), assume_unique=True)
        return open_[:1] if len(open_) else found
