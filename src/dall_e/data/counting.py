"""How many pictures a folder has, as far as that counts: most of a large one is not read."""

from __future__ import annotations

import os
from pathlib import Path

from dall_e.data.datasets import HELD_OUT_FRACTION, SMALLEST_TO_SPLIT, each_entry
from dall_e.data.inventory import Inventory


def count_up_to(folder: str | os.PathLike[str], most: int) -> int:
    """Return how many pictures of a folder are trained on, or `most` + 1 if there are more.

    Those of `load_records`, but not one is read beyond the first that are more. Raises ValueError
    if the folder is missing.
    """
    train = free = 0
    for entry in each_entry(Path(folder), Inventory()):
        split = entry.record.get("split")
        train += split == "train"
        free += not split
        if train + _trained_on(free) > most:
            return most + 1
    return train + _trained_on(free)


def _trained_on(free: int) -> int:
    """How many of so many pictures without a split are not held out."""
    return free - (round(HELD_OUT_FRACTION * free) if free >= SMALLEST_TO_SPLIT else 0)
