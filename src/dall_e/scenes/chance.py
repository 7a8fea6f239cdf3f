"""Draws from a source of chance, or canonical values where there is none.

A scene can be varied (`rng` is a `random.Random`) or canonical (`rng` is None). Canonical scenes
leave nothing to chance that a caption does not say, which is far less for a generator to learn.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

Chance = random.Random | None
"""Where draws come from; None makes every draw canonical."""

T = TypeVar("T")

_MIDDLE = 2**52
"""The middle of the 53-bit integers that `random.Random` draws floats from."""


def fraction(rng: Chance) -> float:
    """Draw a number in [0, 1); canonical is 0.5."""
    return 0.5 if rng is None else rng.random()


def happens(rng: Chance, probability: float) -> bool:
    """Whether an event of this probability happens; canonical is what is more likely than not."""
    return fraction(rng) < probability


def uniform(rng: Chance, least: float, most: float) -> float:
    """Draw a number between two bounds; canonical is the middle."""
    return least + (most - least) * fraction(rng)


def choice(rng: Chance, options: Sequence[T]) -> T:
    """Draw one of several options; canonical is always the same one.

    Which one follows from the number of options: the first of two or four, the middle one of three.
    It is the option that the middle of the generator's range falls on. Published models were
    trained on scenes made this way, so the rule is fixed.
    """
    if rng is None:
        return options[_MIDDLE % len(options)]
    return rng.choice(options)


def shuffled(rng: Chance, options: Sequence[T]) -> list[T]:
    """All options in a random order; canonical has the last one first and the others after it."""
    order = list(options)
    if rng is None:
        return order[-1:] + order[:-1]

    rng.shuffle(order)
    return order
