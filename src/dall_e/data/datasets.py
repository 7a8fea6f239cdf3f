"""Folders of images and webdataset shards to tensors, and the order in which training sees them.

The order keeps no state: what a step sees is a function of the seed and of how many images were
seen before, so a resumed run continues exactly where it stopped.

Shapes: N images, C 4 channels (premultiplied RGBA), H W the side in pixels.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import math
import os
import random
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dall_e.data.captions import training_caption
from dall_e.images.files import decode_image
from dall_e.text.language import COLOURS_ZH

Record = dict[str, Any]
IMAGE_EXTENSIONS = (".png", ".webp", ".jpg", ".jpeg", ".gif", ".bmp")

HELD_OUT_FRACTION = 0.05
"""Fraction of a folder without splits of its own that is held out."""
SMALLEST_TO_SPLIT = 20
"""In a folder of fewer images, training and measures share them all."""

TEXT_FIELDS = ("text", "en", "zh", "kind", "colour", "style_en", "style_zh", "split")
DAMAGE = (tarfile.TarError, lzma.LZMAError, zlib.error, OSError, EOFError, ValueError)
"""What reading a damaged shard raises."""
LIST_FIELDS = ("en_keywords", "zh_keywords", "en_synonyms", "en_hypernyms")


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """One split of a data set, in memory."""

    images_NCHW: torch.Tensor
    """uint8, premultiplied RGBA."""
    records: list[Record]
    """One per image, for `captions.py`; that of a user's own image has its caption in "text"."""
    skipped: list[str]
    """Files that could not be read, each with the reason."""

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """How often each image is drawn in training, relative to the others."""
        return np.array([float(record.get("weight", 1.0)) for record in self.records])

    def __len__(self) -> int:
        return len(self.records)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """An image that is not decoded yet."""

    name: str
    """What messages call it."""
    data: bytes
    record: Record


def load_images(folder: str | os.PathLike[str], size: int, split: str = "train") -> ImageSet:
    """One split of a folder, decoded at `size` x `size` pixels.

    The folder has shards (*.tar, *.tar.xz) or plain image files. Beside a plain image, NAME.txt is
    its caption; without one, the file name is. An image that cannot be read is left out and named
    in `skipped`. Raises ValueError if the folder is missing or the split holds no readable image.
    """
    root = Path(folder)
    skipped: list[str] = []
    entries = list(_entries(root, split, skipped))

    images_NCHW, problems = _decoded(entries, size)
    good = [index for index, problem in enumerate(problems) if not problem]
    skipped += [problem for problem in problems if problem]
    if not good:
        reason = "no pictures at all"
        if skipped:
            reason = f"{len(skipped)} unreadable, first: {skipped[0]}"
        raise ValueError(f"{root} has no readable picture in split {split!r} ({reason})")

    # A copy of what is good would take the memory twice, so it is made only where it must.
    if len(good) < len(entries):
        images_NCHW = images_NCHW[good]
    records = [entries[index].record for index in good]
    return ImageSet(images_NCHW=torch.from_numpy(images_NCHW), records=records, skipped=skipped)


def load_records(folder: str | os.PathLike[str], split: str = "train") -> list[Record]:
    """The records of one split of such a folder, without decoding its images.

    Raises ValueError if the folder is missing.
    """
    return [entry.record for entry in _entries(Path(folder), split, [])]


def _entries(root: Path, split: str, skipped: list[str]) -> Iterator[_Entry]:
    """The images of one split of a folder, of either kind. Raises ValueError if it is missing."""
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}; `dall-e data build` makes one")
    shards = sorted([*root.glob("*.tar"), *root.glob("*.tar.xz")])
    if shards:
        return _shard_entries(shards, split, skipped)
    return _folder_entries(root, split, skipped)


def _decoded(entries: Sequence[_Entry], size: int) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """All images, uint8 [N, C, H, W], and why each could not be decoded, or ""."""
    images_NCHW = np.zeros((len(entries), 4, size, size), dtype=np.uint8)

    def decode(index: int) -> str:
        try:
            images_NCHW[index] = decode_image(entries[index].data, size)
        except ValueError as error:
            return f"{entries[index].name}: {error}"
        return ""

    # Decoding releases the interpreter lock, so threads are enough.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        problems = list(threads.map(decode, range(len(entries)), chunksize=64))
    return images_NCHW, problems


# Shards


def _shard_entries(shards: Sequence[Path], split: str, skipped: list[str]) -> Iterator[_Entry]:
    """Images of webdataset shards: members that share a stem.

    They are NNNNNN.png, or another image file, and NNNNNN.json or NNNNNN.txt.
    """
    for shard in shards:
        for stem, files in _shard_members(shard, skipped).items():
            name = f"{shard.name}/{stem}"
            try:
                record = _member_record(files, stem)
            except ValueError as error:
                skipped.append(f"{name}: caption file: {error}")
                continue

            images = [files[extension] for extension in IMAGE_EXTENSIONS if extension in files]
            if not images:
                skipped.append(f"{name}: no picture file")
            elif record.get("split", "train") == split:
                yield _Entry(name=name, data=images[0], record=record)


def _shard_members(shard: Path, skipped: list[str]) -> dict[str, dict[str, bytes]]:
    """The files of a shard by stem and extension; of a damaged one, those before the damage."""
    members: dict[str, dict[str, bytes]] = {}
    try:
        with tarfile.open(shard) as tar:
            for member in tar:
                stem, _, extension = member.name.rpartition(".")
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    members.setdefault(stem, {})[f".{extension.lower()}"] = content.read()
    except DAMAGE as error:
        skipped.append(f"{shard.name}: {' '.join(str(error).split())}")
    return members


def _member_record(files: dict[str, bytes], stem: str) -> Record:
    """The record of a shard's image. Raises ValueError if captions could not be made of it."""
    if ".json" not in files:
        text = files[".txt"].decode("utf-8", "replace").strip() if ".txt" in files else ""
        return {"text": text or _caption_of_name(stem)}
    try:
        record = json.loads(files[".json"])
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    if not record.get("en") and not record.get("text"):
        record["text"] = str(record.get("caption") or _caption_of_name(stem))
    _check_record(record)
    return record


def _check_record(record: Record) -> None:
    """Raise ValueError for a record that captions cannot be made of."""
    for name in TEXT_FIELDS:
        text = record.get(name, "")
        if not isinstance(text, str):
            raise ValueError(f"its entry {name!r} is no text: {text!r}")
        text.encode()  # a lone surrogate, half of a character, raises ValueError
    for name in LIST_FIELDS:
        words = record.get(name, [])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"its entry {name!r} is no list of texts: {words!r}")
    weight = record.get("weight", 1.0)
    if not isinstance(weight, int | float) or not 0 <= weight < math.inf:
        raise ValueError(f"its entry 'weight' is no number of at least 0: {weight!r}")
    if not record.get("text") and "kind" not in record:
        raise ValueError("it has no entry 'kind'")
    if record.get("colour", "") not in ("", *COLOURS_ZH):
        raise ValueError(f"its entry 'colour' is none of ours: {record['colour']!r}")


# Folders


def image_files(root: Path) -> list[Path]:
    """All image files in a folder, and in the folders in it, in order."""
    paths = (path for path in root.rglob("*") if path.suffix.lower() in IMAGE_EXTENSIONS)
    return sorted(path for path in paths if path.is_file())


def _folder_entries(root: Path, split: str, skipped: list[str]) -> Iterator[_Entry]:
    """Images of a folder; which ones are held out depends on their names only."""
    paths = image_files(root)
    held_out: set[Path] = set()
    if len(paths) >= SMALLEST_TO_SPLIT:
        number = round(HELD_OUT_FRACTION * len(paths))
        held_out.update(sorted(paths, key=lambda path: _hash_of_path(path, root))[:number])

    for path in paths:
        if held_out and (path in held_out) != (split != "train"):
            continue
        name = _readable(str(path.relative_to(root)))
        caption, text = path.with_suffix(".txt"), ""
        try:
            data = path.read_bytes()
            if caption.is_file():
                text = caption.read_text(encoding="utf-8-sig", errors="replace").strip()
        except OSError as error:
            skipped.append(f"{name}: {error.strerror or error}")
            continue
        text = text or _caption_of_name(_readable(path.stem))
        yield _Entry(name=name, data=data, record={"text": text, "name": name})


def _hash_of_path(path: Path, root: Path) -> bytes:
    """A hash that sorts the files of a folder in an order that looks random."""
    return hashlib.sha256(os.fsencode(path.relative_to(root))).digest()


def _readable(name: str) -> str:
    """A file name as text; bytes that are none become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _caption_of_name(stem: str) -> str:
    """ "red_car-2" to "red car 2"."""
    return " ".join(stem.rpartition("/")[2].replace("_", " ").replace("-", " ").split())


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
