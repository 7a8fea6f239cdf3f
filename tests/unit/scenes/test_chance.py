"""Draws: the same as those of `random.Random`, or canonical without one."""

import random

import pytest

from dall_e.scenes import chance


class Half(random.Random):
    """Python's own rule where every draw is one half."""

    def random(self) -> float:
        return 0.5


@pytest.mark.parametrize("number", range(1, 13))
def test_a_canonical_choice_is_where_one_half_falls(number: int) -> None:
    options = list(range(number))
    assert chance.choice(None, options) == Half().choice(options)


@pytest.mark.parametrize("number", range(1, 4))
def test_a_canonical_order_is_that_of_one_half(number: int) -> None:
    """A scene has up to three objects."""
    order = list(range(number))
    Half().shuffle(order)
    assert chance.shuffled(None, range(number)) == order


def test_canonical_numbers_are_in_the_middle() -> None:
    assert chance.uniform(None, -0.3, 0.5) == Half().uniform(-0.3, 0.5)
    assert chance.happens(None, 0.51) and not chance.happens(None, 0.5)


def test_with_a_source_the_draws_are_its_own() -> None:
    rng, same = random.Random(3), random.Random(3)
    draws = [chance.fraction(rng), chance.uniform(rng, 2, 5), chance.choice(rng, "abcdef")]
    assert draws == [same.random(), same.uniform(2, 5), same.choice("abcdef")]
    order = list(range(9))
    same.shuffle(order)
    assert chance.shuffled(rng, range(9)) == order
    assert chance.happens(rng, 0.4) == (same.random() < 0.4)
