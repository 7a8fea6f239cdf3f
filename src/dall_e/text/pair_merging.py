"""Byte-pair encoding by hand: pieces are merged pair by pair, the best pair first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def merge_pairs(pieces: list[Any], merges: Mapping[Any, tuple[int, Any]]) -> list[Any]:
    """Merge neighbours until no pair is known: the pair of the lowest rank, at its first position.

    `merges` gives the rank of a pair, and what it becomes. Changes `pieces`, and returns it.
    """
    while len(pieces) > 1:
        pairs = zip(pieces, pieces[1:], strict=False)
        ranks = [merges[pair][0] if pair in merges else math.inf for pair in pairs]
        lowest = min(ranks)
        if lowest == math.inf:
            break
        start = ranks.index(lowest)
        left, right = pieces[start : start + 2]
        pieces[start : start + 2] = [merges[left, right][1]]
    return pieces
