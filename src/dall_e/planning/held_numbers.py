"""How the things that somebody holds are numbered, so that each copy of an owner has its own.

What the second of two cats holds is numbered from `PER_OWNER` on. Files say by which number they
count, and those of older versions, which do not, are read by what fits them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dall_e.planning.layers import Layer

PER_OWNER = 64
"""Numbers of one owner. Files hold these numbers: this never changes."""
OF_OLD_FILES = (12, 6)
"""The same in files that do not say it: those of version 0.16, and those before."""


def held_number(owner_copy: int, place: int) -> int:
    """Return the copy of a thing that is the `place`-th, from 0, of a copy of its owner."""
    return owner_copy * PER_OWNER + place


def owner_copy_of(copy: int) -> int:
    """Return which copy of its owner has a thing."""
    return copy // PER_OWNER


def renumbered(
    layers: Sequence[Layer], holders: Mapping[int, int], per_owner: int | None
) -> tuple[Layer, ...]:
    """Return layers of a file with the numbers that this version gives.

    holders: the object that holds an object. per_owner: what the file counts by; None if it does
    not say it.
    """
    base = per_owner or _fitting(layers, holders)
    return tuple(
        replace(layer, copy=held_number(*divmod(layer.copy, base)))
        if layer.object in holders
        else layer
        for layer in layers
    )


def _fitting(layers: Sequence[Layer], holders: Mapping[int, int]) -> int:
    """The number by which most things have an owner, and most owners something; of 0.16 if several.

    Each of several owners was given the same things, so one that has nothing is a wrong reading.
    """
    things = {layer.owner for layer in layers if layer.kind == "thing"}

    def fit(base: int) -> tuple[int, int]:
        owners = [(holders[index], copy // base) for index, copy in things if index in holders]
        owned = [owner for owner in owners if owner in things]
        return len(owned), len(set(owned))

    return max((*OF_OLD_FILES, PER_OWNER), key=fit)
