"""Folders of images and webdataset shards to tensors, and the order in which training sees them.

`data/folders.py` finds files, `shards.py` and `caption_files.py` read them. The order keeps no
state: what a step sees is a function of the seed and of how many images were seen before, so a
resumed run continues exactly where it stopped.

Shapes: N images, C 4 channels (premultiplied RGBA), H W the side in pixels.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dall_e.data.caption_files import LARGEST_CAPTION_FILE, record_of
from dall_e.data.caption_tables import LARGEST_TABLE, CaptionTables
from dall_e.data.captions import training_caption
from dall_e.data.folders import FolderFiles, list_folder
from dall_e.data.grouping import extension, group_files
from dall_e.data.inventory import Inventory, readable
from dall_e.data.shards import shard_images
from dall_e.data.tar_files import LARGEST_MEMBER
from dall_e.errors import UnusableFileError
from dall_e.images.files import decode_image
from dall_e.images.headers import verify_image

Record = dict[str, Any]

HELD_OUT_FRACTION = 0.05
"""Fraction of a folder without splits of its own that is held out."""
SMALLEST_TO_SPLIT = 20
"""In a folder of fewer images, training and measures share them all."""


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """One split of a data set, in memory."""

    images_NCHW: torch.Tensor
    """uint8, premultiplied RGBA."""
    records: list[Record]
    """One per image, for `captions.py`; that of a user's own image has its caption in "text"."""
    skipped: list[str]
    """Files that could not be read, each with the reason."""
    inventory: Inventory = field(default_factory=Inventory)
    """All that was met in the folder, in all splits; of pictures that cannot be decoded, those of
    this split."""
    fingerprint: str = ""
    """A checksum of the files of the images, and of their records, in order; empty if they are from
    no folder."""

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """How often each image is drawn in training, relative to the others."""
        return np.array([float(record.get("weight", 1.0)) for record in self.records])

    def __len__(self) -> int:
        return len(self.records)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An image that is not decoded yet."""

    name: str
    """What messages call it."""
    read: Callable[[], bytes]
    """Gives the file's content; raises OSError or ValueError."""
    record: Record


def load_images(folder: str | os.PathLike[str], size: int, split: str = "train") -> ImageSet:
    """One split of a folder, decoded at `size` x `size` pixels.

    The folder has shards (*.tar, *.tar.xz, ...), image files, or both, also in folders in it.
    Beside an image, NAME.txt, NAME.caption or NAME.json has its caption, or a table such as
    metadata.csv does; else the file name is its caption. What cannot be read is left out and named
    in `skipped`. Raises ValueError if the folder is missing or the split holds no readable image.
    """
    root = Path(folder)
    inventory = Inventory(root=str(root))
    entries = entries_in(list_entries(root, inventory), split)
    images_NCHW, good, digests = read_entries(entries, size, inventory)
    if not good:
        raise ValueError(_nothing(root, split, inventory))
    records = [entries[index].record for index in good]
    return ImageSet(
        images_NCHW=images_NCHW,
        records=records,
        skipped=inventory.skipped,
        inventory=inventory,
        fingerprint=_fingerprint(digests, records),
    )


def load_all_images(
    folder: str | os.PathLike[str], size: int, *, held_out: bool = False
) -> ImageSet:
    """All pictures of a folder; of a data set with a part that is held out, that only if asked for.

    Raises ValueError for a folder without a picture.
    """
    images = load_images(folder, size)
    if any("split" in record for record in images.records) and not held_out:
        return images
    others = load_images(folder, size, split="val")
    if others.fingerprint == images.fingerprint:
        return images
    return dataclasses.replace(
        images,
        images_NCHW=torch.cat((images.images_NCHW, others.images_NCHW)),
        records=[*images.records, *others.records],
    )


def read_entries(
    entries: Sequence[Entry], size: int, inventory: Inventory
) -> tuple[torch.Tensor, list[int], list[bytes]]:
    """Pictures uint8 [N, C, H, W], which of the entries they are, and checksums of their files.

    Those that cannot be decoded are left out, and `inventory` gets the reasons.
    """
    images_NCHW, digests, problems = _decoded(entries, size)
    good = [index for index, problem in enumerate(problems) if not problem]
    for entry, problem in zip(entries, problems, strict=True):
        if problem:
            inventory.lose("picture that cannot be read", entry.name, problem)
    # A copy of what is good would take the memory twice, so it is made only where it must.
    if len(good) < len(entries):
        images_NCHW = images_NCHW[good]
    return torch.from_numpy(images_NCHW), good, [digests[index] for index in good]


def load_records(folder: str | os.PathLike[str], split: str = "train") -> list[Record]:
    """The records of one split of such a folder, without decoding its images.

    Raises ValueError if the folder is missing.
    """
    entries = list_entries(Path(folder), Inventory())
    return [entry.record for entry in entries_in(entries, split)]


def list_entries(root: Path, inventory: Inventory) -> list[Entry]:
    """The images of a folder, not decoded yet; `inventory` gets what was met.

    Raises ValueError if there is no such folder.
    """
    return list(each_entry(root, inventory))


def each_entry(root: Path, inventory: Inventory) -> Iterator[Entry]:
    """The same one after the other, each read when it is its turn."""
    if not root.is_dir():
        if root.exists():
            raise UnusableFileError(root, "it is a file", "name the folder that it is in")
        raise ValueError(f"there is no folder {root}; `dall-e data build` makes one")
    files = list_folder(root, inventory)
    shards = (
        Entry(name=image, read=partial(bytes, content), record=record)
        for name in files.shards
        for image, content, record in shard_images(root / name, name, inventory)
    )
    for entry in chain(shards, loose_entries(root, files, inventory)):
        if split := entry.record.get("split"):
            inventory.splits.update([split])
        yield entry


def entries_in(entries: Sequence[Entry], split: str) -> list[Entry]:
    """The images of one split, in order.

    An image whose record names no split is held out by its name. Of too few such images none are,
    and if there is nothing else, they are in every split.
    """
    free = [entry.name for entry in entries if not entry.record.get("split")]
    held_out = _held_out(free)
    chosen = [entry for entry in entries if _is_in(entry, split, held_out)]
    if not chosen and not held_out and free:
        chosen = [entry for entry in entries if not entry.record.get("split")]
    return chosen


def _is_in(entry: Entry, split: str, held_out: set[str]) -> bool:
    own = entry.record.get("split")
    if own:
        return bool(own == split)
    return (entry.name in held_out) == (split != "train")


def _held_out(names: Sequence[str]) -> set[str]:
    """Which images without a split are held out; that depends on their names only."""
    if len(names) < SMALLEST_TO_SPLIT:
        return set()

    def order(name: str) -> bytes:
        return hashlib.sha256(os.fsencode(name)).digest()

    return set(sorted(names, key=order)[: round(HELD_OUT_FRACTION * len(names))])


def _decoded(
    entries: Sequence[Entry], size: int
) -> tuple[npt.NDArray[np.uint8], list[bytes], list[str]]:
    """All images, uint8 [N, C, H, W], the checksums of their files, and why each failed, or ""."""
    images_NCHW = np.zeros((len(entries), 4, size, size), dtype=np.uint8)
    digests = [b""] * len(entries)

    def decode(index: int) -> str:
        try:
            content = entries[index].read()
            digests[index] = hashlib.sha256(content).digest()
            verify_image(content)
            images_NCHW[index] = decode_image(content, size)
        except OSError as error:
            return error.strerror or str(error)
        except ValueError as error:
            return str(error)
        return ""

    # Decoding releases the interpreter lock, so threads are enough.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        problems = list(threads.map(decode, range(len(entries)), chunksize=64))
    return images_NCHW, digests, problems


def _fingerprint(digests: Sequence[bytes], records: Sequence[Record]) -> str:
    """What tells these pictures and captions, in this order, from others."""
    total = hashlib.sha256()
    for digest, record in zip(digests, records, strict=True):
        total.update(digest)
        total.update(json.dumps(record, sort_keys=True, default=str).encode())
    return total.hexdigest()


def _nothing(root: Path, split: str, inventory: Inventory) -> str:
    """What to say of a folder without a readable picture."""
    skipped = inventory.skipped
    reason = f"{len(skipped)} unreadable, first: {skipped[0]}" if skipped else "no pictures at all"
    met = "; ".join(part for part in (inventory.losses(), inventory.used()) if part)
    told = f": {met}" if met else ""
    return f"{root} has no readable picture in split {split!r} ({reason}){told}"


# Image files


def loose_entries(root: Path, files: FolderFiles, inventory: Inventory) -> Iterator[Entry]:
    """Images of a folder that are files of their own."""
    tables = CaptionTables(files.images, inventory)
    for table in files.tables:
        if not files.images:
            # The list beside shards of `dall-e data build`, which have it all in them.
            inventory.put_aside("table of captions without pictures beside it", table)
        elif (content := _content(root, table, LARGEST_TABLE, inventory)) is not None:
            tables.read(table, content)

    grouped = group_files([*files.images, *files.captions], one_a_key=False)
    for mask in grouped.masks:
        inventory.put_aside("mask or the like, beside its picture", mask)
    for name in grouped.alone:
        if extension(name) == ".json":
            inventory.put_aside("JSON file without a picture", name)
        else:
            inventory.note("text file without a picture of its name", name)
    for name in grouped.by_other_case:
        inventory.note("caption file named as its picture but for capitals or accents", name)

    for name, captions in grouped.captions.items():
        texts = {
            caption: content
            for caption in captions
            if (content := _content(root, caption, LARGEST_CAPTION_FILE, inventory)) is not None
        }
        try:
            record = record_of(texts, readable(name), inventory, tables.captions(name))
        except ValueError as error:
            kind = "picture whose JSON file is unusable"
            inventory.lose(kind, name, f"caption file: {error}")
            continue
        record.setdefault("name", readable(name))
        yield Entry(name=name, read=partial(_image_file, root / name), record=record)


def _content(root: Path, name: str, most: int, inventory: Inventory) -> bytes | None:
    """A text file, or None with the reason counted."""
    path = root / name
    try:
        size = path.stat().st_size
        if size <= most:
            return path.read_bytes()
        problem = f"its {size:,} bytes are more than {most:,}"
    except OSError as error:
        problem = error.strerror or str(error)
    inventory.lose("caption file that cannot be read", name, problem)
    return None


def _image_file(path: Path) -> bytes:
    """The content of a picture file. Raises OSError, or ValueError if it is too large."""
    size = path.stat().st_size
    if size > LARGEST_MEMBER:
        raise ValueError(f"its {size:,} bytes are more than {LARGEST_MEMBER:,}")
    return path.read_bytes()


# The order of training


def batch_indices(
    num: int, weights: npt.NDArray[np.float64] | None, seed: int, images_seen: int, batch_size: int
) -> npt.NDArray[np.int64]:
    """Indices [batch_size] of the images that come after the first `images_seen`.

    This is a pure function of its arguments. Every `num` images are an epoch. Without weights an
    epoch is a permutation; with weights it holds image i `num * weights[i] / sum(weights)` times,
    rounded up or down at random (systematic sampling), in random order.
    """
    if num < 1:
        raise ValueError("there are no pictures to draw from")
    parts: list[npt.NDArray[np.int64]] = []
    position, missing = images_seen, batch_size
    while missing > 0:
        epoch, offset = divmod(position, num)
        part = _epoch_order(num, weights, seed, epoch)[offset : offset + missing]
        parts.append(part)
        position += len(part)
        missing -= len(part)
    return np.concatenate(parts)


def _epoch_order(
    num: int, weights: npt.NDArray[np.float64] | None, seed: int, epoch: int
) -> npt.NDArray[np.int64]:
    """The indices [num] of one epoch."""
    rng = np.random.default_rng((seed, epoch))
    if weights is None:
        return rng.permutation(num)
    usable = len(weights) == num and np.all(np.isfinite(weights))
    if not usable or weights.min() < 0 or weights.sum() <= 0:
        raise ValueError(
            f"{num} pictures need {num} weights that are finite, at least 0 and not all 0"
        )

    # Whatever the rounding of the sum, an epoch has exactly `num` images.
    ends = np.cumsum(weights) * (num / weights.sum())
    ends[-1] = num
    marks = np.floor(ends + rng.random())
    counts = np.diff(marks, prepend=0.0).astype(np.int64)
    return rng.permutation(np.repeat(np.arange(num), counts)[:num])


def in_fold(record: Record, fold: int) -> bool:
    """Whether a record's image belongs to half 0 or 1 of a data set, which depends on its name."""
    key = f"{record.get('source', '')}/{record.get('name', '')}/{record.get('text', '')}"
    return hashlib.sha256(key.encode()).digest()[0] % 2 == fold


def images_in_fold(images: ImageSet, fold: int) -> ImageSet:
    """The images of one half, as `in_fold` splits them."""
    rows = [row for row, record in enumerate(images.records) if in_fold(record, fold)]
    return ImageSet(
        images_NCHW=images.images_NCHW[rows],
        records=[images.records[row] for row in rows],
        skipped=[],
        fingerprint=f"{images.fingerprint} half {fold}" if images.fingerprint else "",
    )


def batch_captions(
    records: Sequence[Record],
    indices: npt.NDArray[np.int64],
    *,
    seed: int,
    images_seen: int,
    other_words: float = 1.0,
) -> list[str]:
    """A caption for each image of a batch, by `training_caption`.

    This is a pure function of its arguments.
    """
    captions = []
    for row, index in enumerate(indices):
        rng = random.Random(f"{seed}/{images_seen}/{row}")
        captions.append(training_caption(records[int(index)], rng, other_words=other_words))
    return captions
