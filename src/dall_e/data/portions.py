"""A folder of pictures in portions, each small enough to be in memory at once.

A tar shard is a portion; files that lie in folders make portions of so many. Processes share them
out by their numbers, which depend on the folder alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from dall_e.data.datasets import HELD_OUT_FRACTION, Entry, Record, loose_entries
from dall_e.data.folders import list_folder
from dall_e.data.inventory import Inventory
from dall_e.data.shards import shard_images


class Portion(NamedTuple):
    """Some pictures of a folder."""

    name: str
    """The shard, or the first of its files."""
    entries: Callable[[Inventory], list[Entry]]
    """Reads it; the inventory gets what was met."""
    files: list[str]
    """The files that it is made of."""


def portions(root: Path, most: int, inventory: Inventory) -> list[Portion]:
    """The portions of a folder, in order; `inventory` gets what is met beside pictures.

    `most` pictures that are files of their own make one.
    """
    files = list_folder(root, inventory)
    found = [Portion(name, partial(_of_shard, root, name), [name]) for name in files.shards]
    loose = list(loose_entries(root, files, inventory))
    for start in range(0, len(loose), most):
        some = loose[start : start + most]
        found.append(Portion(some[0].name, partial(_as_they_are, some), [e.name for e in some]))
    return found


def _of_shard(root: Path, name: str, inventory: Inventory) -> list[Entry]:
    images = shard_images(root / name, name, inventory)
    return [
        Entry(name=image, read=partial(bytes, content), record=record)
        for image, content, record in images
    ]


def _as_they_are(entries: list[Entry], inventory: Inventory) -> list[Entry]:
    del inventory  # What was met of them was told when they were listed.
    return entries


def with_split(entry: Entry, *, holds_out: bool) -> Record:
    """The record of a picture with its split: its own, or by a checksum of its name.

    So a portion need not know the others. Nothing is held out of a folder that is too small.
    """
    number = int.from_bytes(hashlib.sha256(os.fsencode(entry.name)).digest()[:8], "big")
    is_held_out = holds_out and number < HELD_OUT_FRACTION * 2**64
    return {"split": "val" if is_held_out else "train", **entry.record}
