"""`dall-e data pack`: a data set as one small file per split, to travel to another machine.

Each file is a tar of NNNNNN.json and NNNNNN.webp. It is compressed as a whole, so that neither the
padding of a tar nor words that come back in every caption cost anything. `load_images` reads the
folder as it is.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from dall_e.atomic_files import replace_files
from dall_e.data.datasets import ImageSet, load_images
from dall_e.images.files import encode_webp

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, how many are done, how many there are)."""


@dataclass(frozen=True, kw_only=True)
class PackReport:
    """What `pack` wrote."""

    images: dict[str, int]
    """How many, by split."""
    sizes: dict[str, int]
    """Bytes of each file, by name."""
    skipped: list[str]
    """Pictures that could not be read, each with the reason."""


def pack(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    size: int,
    splits: Sequence[str] = ("train", "val"),
    dropped_bits: int = 0,
    progress: Progress | None = None,
) -> PackReport:
    """Write SPLIT.tar.xz into `out` for each of `splits` of the data set or image folder `folder`.

    Images become lossless WebP of `size` pixels, after the rounding of `encode_webp` by
    `dropped_bits`. The same input gives the same bytes, and no file is replaced before all are
    whole. Raises ValueError for a split without images or an output folder that holds other
    images, OSError for a full or read-only disk.
    """
    target = Path(out)
    progress = progress or (lambda task, done, total: None)
    names = {split: f"{split}.tar.xz" for split in splits}
    _check_target(target, Path(folder), names.values())
    target.mkdir(parents=True, exist_ok=True)

    images: dict[str, int] = {}
    skipped: dict[str, None] = {}
    try:
        with replace_files(*(target / name for name in names.values())) as archives:
            for split, archive in zip(names, archives, strict=True):
                loaded = load_images(folder, size, split)
                images[split] = len(loaded)
                skipped |= dict.fromkeys(loaded.skipped)
                _write(archive, split, loaded, dropped_bits, progress)
    except OSError as error:
        raise OSError(
            f"{error.strerror or error} while writing to {target}: free some space"
        ) from error

    sizes = {name: (target / name).stat().st_size for name in names.values()}
    return PackReport(images=images, sizes=sizes, skipped=list(skipped))


def _check_target(target: Path, folder: Path, names: Collection[str]) -> None:
    """Refuse an output folder that holds other archives, or that is what is to be packed."""
    others = sorted(path.name for path in target.glob("*.tar*") if path.name not in names)
    if others or target.resolve() == folder.resolve():
        reason = f"it holds {others[0]}" if others else "it is what is to be packed"
        raise ValueError(
            f"{target} cannot take the packed data, since {reason}: choose another folder"
        )


def _write(path: Path, split: str, loaded: ImageSet, dropped_bits: int, progress: Progress) -> None:
    """Write one split as a compressed tar."""
    total = len(loaded)
    task = f"packing {split}"
    progress(task, 0, total)

    def encoded(image_CHW: torch.Tensor) -> bytes:
        return encode_webp(image_CHW.numpy(), dropped_bits)

    # Encoding releases the interpreter lock, so threads are enough.
    with (
        tarfile.open(path, "w:xz", preset=6) as tar,
        ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads,
    ):
        # All captions first: what they have in common is then near enough to be found.
        for number, record in enumerate(loaded.records):
            text = json.dumps({**record, "split": split}, ensure_ascii=False, separators=(",", ":"))
            _add(tar, f"{number:06d}.json", text.encode())
        for number, content in enumerate(threads.map(encoded, loaded.images_NCHW)):
            _add(tar, f"{number:06d}.webp", content)
            if (number + 1) % 25 == 0 or number + 1 == total:
                progress(task, number + 1, total)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file without owner and date."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
