"""Drawing by turns, and the ratio of what was measured. No torch."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Protocol

from benchmarks.clock import Times
from benchmarks.table import Cell


class Side(Protocol):
    """Somebody who draws."""

    name: str
    """Who, in which version and number format."""

    def draw(self, tokens: int) -> Times:
        """Draws one picture, or only its first `tokens` tokens and the pixels of any."""
        ...


def by_turns(
    sides: Sequence[Side], rounds: int, tokens: int, say: Callable[[str], None]
) -> list[list[Times]]:
    """Times of each side: round after round all draw in turn, so that a slow minute of the machine
    is everybody's.

    Before the first round each draws two tokens that do not count, for what happens on first use.
    """
    for side in sides:
        say(f"{side.name}: warming up")
        side.draw(min(2, tokens))
    taken: list[list[Times]] = [[] for _ in sides]
    for number in range(rounds):
        for side, times in zip(sides, taken, strict=True):
            say(f"{side.name}: round {number + 1} of {rounds}")
            times.append(side.draw(tokens))
    return taken


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> dict[str, Cell]:
    """How many times faster ours is: the median of the rounds' own ratios, and their extremes.

    Raises ValueError unless both have as many rounds.
    """
    if len(theirs) != len(ours):
        raise ValueError(
            f"{len(theirs)} rounds of theirs, {len(ours)} of ours: a ratio is of one round"
        )
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 2),
        "ratio_least": round(min(ratios), 2),
        "ratio_most": round(max(ratios), 2),
    }
