"""Which of the corners that may come next let the part close: a surface without holes has every edge twice, once each
way. Knows vertex numbers, no tokens, no text.

Faces come in text order, so a vertex gets its last face before a higher one becomes the lowest corner of a face. What
is open at a vertex has to be closed by then. Where that can no longer be, the part stays open there and goes on.
"""

from __future__ import annotations

from .faces import EdgeFaces, bits


class ClosedFaces(EdgeFaces):
    """The faces of EdgeFaces, less those that would leave an edge with one face, as far as that can be seen."""

    def __init__(self, count: int, max_corners: int = 16):
        super().__init__(count, max_corners)
        self._open = (1 << count) - 1  # vertices without a face, or with an edge that has one face only

    def legal(self, left: int = 1_000) -> int:
        legal = super().legal(left)
        if not self.corners:
            return legal
        a, place = self.corners[0], len(self.corners)
        if place == 1:  # seconds ascend, so one that has to come is not passed
            wanted = self._into[a] & ~self._out[a]
            good = legal & ((wanted & -wanted) * 2 - 1) if wanted else legal
        elif place + 2 <= self.max_corners and left >= 2:
            good = legal
        else:  # the last corner's edge to the first is closed already, or still can be
            good = legal & (self._out[a] | self._above(self.corners[1]))
        return good or legal

    def can_end(self, left: int = 1_000) -> bool:
        """Also where the face would leave an edge open, if no further corner could mend that."""
        if not super().can_end():
            return False
        first, second, last = self.corners[0], self.corners[1], self.corners[-1]
        return bool(self._out[first] >> last & 1) or last > second or not super().legal(left)

    def after(self) -> tuple[bool, bool]:
        """If the face that is being told ended here: whether another could follow, and whether the part may end, since
        nothing is open, or no face could mend it."""
        open_, before = self._open, self._as_if_ended()
        another = self._any_first()
        whole = not another or not self._left_open()
        self._go_on(*before)
        self._open = open_
        return another, whole

    def _left_open(self) -> int:
        """Open vertices, without those that are past."""
        return self._open >> self._last[0] << self._last[0]

    def _firsts(self) -> int:
        """The lowest open vertex that can be a first corner."""
        for a in bits(self._left_open()):
            if a < self.count - 2 and self._can_begin(a):
                return 1 << a
        return super()._firsts()

    def _use(self) -> None:
        super()._use()
        for v in self.corners:
            if self._out[v] == self._into[v] != 1 << v:
                self._open &= ~(1 << v)
            else:
                self._open |= 1 << v
