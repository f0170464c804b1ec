"""Guessing the next tokens, for the decode loop to check in one pass. A guess never changes the text, only how many
passes it takes: the loop decides every token as if there were none."""

from __future__ import annotations

from typing import Protocol


class Draft(Protocol):
    """Follows the tokens of one text and guesses on."""

    def accept(self, token: int) -> None:
        """One more token of the text."""
        ...

    def guess(self, most: int) -> list[int]:
        """Up to `most` tokens that may come next."""
        ...

    def end(self) -> None:
        """The text is whole."""
        ...
