"""Models of YouTokenToMe, which ruDALL-E uses: letters and pairs as numbers, pieces of a word.

The model's file is numbers as text: how many letters and pairs there are, a line for each letter
(code point, id), one for each pair (left, right, both), and the ids of the marks: unknown letters,
padding, start and end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from dall_e.text.pair_merging import merge_pairs

_SPACE = "\u2581"
"""Stands before each word."""
_UNKNOWN = -1
"""Stands for letters without an id while pairs are merged: no pair has it."""


@dataclass(frozen=True, kw_only=True)
class YouTokenToMe:
    """A model, as its file holds it."""

    letters: dict[str, int]
    """Ids of letters."""
    pairs: list[list[int]]
    """Left id, right id, id of both; the best pair first."""
    marks: list[int]
    """Ids of unknown letters, padding, start and end."""

    def __post_init__(self) -> None:
        if _SPACE not in self.letters:
            raise ValueError("the tokenizer has no mark for spaces: it is no model of YouTokenToMe")
        if len(self.marks) != 4 or not all(len(pair) == 3 for pair in self.pairs):
            raise ValueError("the tokenizer's pairs or marks are not those of YouTokenToMe")

    @classmethod
    def from_text(cls, text: str) -> YouTokenToMe:
        """From the text of a model file. Raises ValueError if it is not one."""
        try:
            numbers = [int(word) for word in text.split()]
            num_letters, num_pairs = numbers[:2]
            if min(num_letters, num_pairs) < 0:
                raise ValueError("a number of letters or pairs is below 0")
            if len(numbers) != 2 + 2 * num_letters + 3 * num_pairs + 4:
                raise ValueError(
                    f"{len(numbers)} numbers are not {num_letters} letters and {num_pairs} pairs"
                )
            rows = numbers[2 : 2 + 2 * num_letters]
            letters = {chr(rows[2 * row]): rows[2 * row + 1] for row in range(num_letters)}

            rest = numbers[2 + 2 * num_letters :]
            pairs = [rest[3 * row : 3 * row + 3] for row in range(num_pairs)]
            marks = rest[3 * num_pairs :]
        except (ValueError, IndexError, OverflowError) as error:
            raise ValueError(f"not a model of YouTokenToMe: {error}") from error
        return cls(letters=letters, pairs=pairs, marks=marks)

    def pieces(self, word: str) -> list[int]:
        """Ids of a word. Unknown letters that follow each other are one unknown piece."""
        ids = [self.letters[_SPACE]]
        for letter in word:
            letter_id = self.letters.get(letter, _UNKNOWN)
            if letter_id != _UNKNOWN or ids[-1] != _UNKNOWN:
                ids.append(letter_id)

        merged = merge_pairs(ids, self._merges)
        return [self.marks[0] if piece == _UNKNOWN else piece for piece in merged]

    @cached_property
    def _merges(self) -> dict[tuple[int, int], tuple[int, int]]:
        """The rank of each pair, and the id of both."""
        ranked = enumerate(self.pairs)
        return {(left, right): (rank, both) for rank, (left, right, both) in ranked}
