"""Which drawings of a call are drawn together."""

from __future__ import annotations

from collections.abc import Sequence

from dall_e.sampling.decode import KnownTokens


def batches(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Rows that are drawn together: up to `most`, with prompts of one length."""
    by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_length.setdefault(length, []).append(row)
    return [
        rows[first : first + most]
        for rows in by_length.values()
        for first in range(0, len(rows), most)
    ]


def known_rows(known: KnownTokens | None, rows: Sequence[int]) -> KnownTokens | None:
    """The given tokens of the rows of a batch."""
    if known is None:
        return None
    return KnownTokens(known.codes_BN[list(rows)], known.mask_BN[list(rows)])
