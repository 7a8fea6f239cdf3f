"""A text under reading: what is left of it, and what was used."""

from __future__ import annotations

from collections.abc import Iterable


class MarkedText:
    """A text that is read piece by piece, and which of its characters some rule has used."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self.text = text
        """What is left to read. Positions that the methods take are in this text."""
        self._offsets = list(range(len(text)))
        self._used: set[int] = set()

    def use(self, start: int, stop: int) -> None:
        """Mark characters as used."""
        self._used.update(self._offsets[start:stop])

    def keep_only(self, start: int, stop: int) -> None:
        """Use what is before and behind a part, and go on with this."""
        self.use(0, start)
        self.use(stop, len(self.text))
        self.text, self._offsets = self.text[start:stop], self._offsets[start:stop]

    def replace(self, spans: Iterable[tuple[int, int]], mark: str) -> None:
        """Put a mark of one character instead of each of some parts, without using them."""
        pieces: list[str] = []
        offsets: list[int] = []
        position = 0
        for start, stop in spans:
            pieces += [self.text[position:start], mark]
            offsets += self._offsets[position : start + 1]
            position = stop
        self.text = "".join([*pieces, self.text[position:]])
        self._offsets = [*offsets, *self._offsets[position:]]

    def unused(self) -> str:
        """Return the whole text, with a blank instead of every character that was used."""
        return "".join(
            " " if position in self._used else character
            for position, character in enumerate(self.whole)
        )
