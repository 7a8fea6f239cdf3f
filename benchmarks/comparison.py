"""Drawing by turns, and the ratio of what was measured. Imports no torch."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Protocol

from benchmarks.clock import Times
from benchmarks.table import Cell


class Side(Protocol):
    """Whoever draws."""

    name: str
    """Who, in which version and number format."""

    def draw(self, tokens: int) -> Times:
        """Draw one image, or only its first `tokens` tokens and the pixels of any."""
        ...


def by_turns(
    sides: Sequence[Side], rounds: int, tokens: int, say: Callable[[str], None]
) -> list[list[Times]]:
    """Return the times of each side, where all sides draw in turn in every round.

    So a slow minute of the machine is everybody's. Before the first round each side draws two
    tokens that do not count, for what happens on first use.
    """
    for side in sides:
        say(f"{side.name}: warming up")
        side.draw(min(2, tokens))

    times_of_side: list[list[Times]] = [[] for _ in sides]
    for number in range(rounds):
        for side, times in zip(sides, times_of_side, strict=True):
            say(f"{side.name}: round {number + 1} of {rounds}")
            times.append(side.draw(tokens))
    return times_of_side


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> dict[str, Cell]:
    """Return how many times faster ours is: the median of the rounds' ratios, and their extremes.

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
