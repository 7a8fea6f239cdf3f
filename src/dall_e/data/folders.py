"""The files of a folder and of the folders in it: what may be read, and what is left and why."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from dall_e.data.caption_tables import is_table
from dall_e.data.grouping import CAPTION_EXTENSIONS, IMAGE_EXTENSIONS, extension, is_hidden
from dall_e.data.inventory import Inventory

SHARD_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz")
_UNREAD_IMAGES = frozenset(
    ".heic .heif .hif .svg .svgz .psd .xcf .ai .eps .pdf .jxl .jp2 .j2k .ico .icns .tga .pcx .ppm "
    ".pgm .pbm .pnm .exr .hdr .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .raw .qoi .dds .wmf".split()
)
_UNREAD_ARCHIVES = (
    ".zip", ".7z", ".rar", ".tar.zst", ".tar.lz4", ".parquet", ".arrow", ".tfrecord", ".lmdb",
    ".h5", ".gz", ".xz", ".bz2", ".zst",
)  # fmt: skip


@dataclass(kw_only=True)
class FolderFiles:
    """What may be read, as paths seen from the folder, with slashes, in order."""

    images: list[str] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    shards: list[str] = field(default_factory=list)


def image_files(root: Path, inventory: Inventory | None = None) -> list[Path]:
    """All image files in a folder, and in the folders in it, in order.

    Hidden ones are not among them; `inventory` gets what is left.
    """
    files = list_folder(root, inventory or Inventory())
    return [root / name for name in files.images]


def list_folder(root: Path, inventory: Inventory) -> FolderFiles:
    """Look through a folder; links to folders are followed, none is looked through twice.

    What cannot be read, or is nothing to train on, goes to `inventory`.
    """
    files = FolderFiles()
    seen: set[tuple[int, int]] = set()
    names: list[str] = []
    # Links to folders come last: where two lead to one place, the place's own name counts.
    waiting: list[str] = [""]
    links: list[str] = []
    while waiting or links:
        folder = waiting.pop() if waiting else links.pop(0)
        for entry in _entries(root, folder, seen, inventory):
            name = f"{folder}/{entry.name}" if folder else entry.name
            kind = _kind(entry)
            if is_hidden(entry.name):
                inventory.put_aside(f"hidden {kind}", name)
            elif kind == "folder":
                (links if entry.is_symlink() else waiting).append(name)
            elif kind == "file":
                names.append(name)
            else:
                inventory.lose(kind, name)

    for name in sorted(names, key=lambda name: name.split("/")):
        _sort_in(name, files, inventory)
    return files


def _entries(
    root: Path, folder: str, seen: set[tuple[int, int]], inventory: Inventory
) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; nothing if it was looked through before."""
    try:
        status = os.stat(root / folder)
        place = (status.st_dev, status.st_ino)
        if place in seen:
            inventory.put_aside("link to a folder that is read already", folder)
            return []
        seen.add(place)
        with os.scandir(root / folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        inventory.lose("folder that cannot be opened", folder or ".", error.strerror or str(error))
        return []


def _kind(entry: os.DirEntry[str]) -> str:
    """What a name leads to: "folder", "file", or what is wrong with it."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
    except OSError as error:
        return f"file that cannot be looked at ({error.strerror})"
    return "link that leads nowhere" if entry.is_symlink() else "device or pipe"


def _sort_in(name: str, files: FolderFiles, inventory: Inventory) -> None:
    """Put a file where it belongs, by its name."""
    ending = extension(name)
    if name.lower().endswith(SHARD_ENDINGS):
        files.shards.append(name)
    elif is_table(name):
        files.tables.append(name)
    elif ending in IMAGE_EXTENSIONS:
        files.images.append(name)
    elif ending in CAPTION_EXTENSIONS:
        files.captions.append(name)
    elif ending in _UNREAD_IMAGES:
        inventory.lose("picture in a format that is not read", name, _UNREAD_MEND)
    elif name.lower().endswith(_UNREAD_ARCHIVES):
        inventory.lose("archive of a kind that is not read", name, "unpack it, or make it a .tar")
    else:
        inventory.put_aside(f"other file: {ending or 'no ending'}", name)


_UNREAD_MEND = "convert it to PNG or JPEG"
