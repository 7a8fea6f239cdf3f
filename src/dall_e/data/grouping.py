"""Which caption files belong to which picture, by their names alone.

The same in a folder and in a webdataset shard. Files of one key, what stands before the first dot,
belong together: `7.image.jpg`, `7.mask.png` and `7.txt` are one picture with its caption. Still,
`1.5 litre.png` and `1.7 litre.png` are two.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

IMAGE_EXTENSIONS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".gif", ".bmp", ".tif",
    ".tiff",
)  # fmt: skip
"""Of several files of one key in a shard, the first of these is the picture."""
CAPTION_EXTENSIONS = (".txt", ".caption", ".json")
"""In the order in which they are asked for a caption."""

_MASKS = frozenset(
    "mask masks matte alpha seg segm segmentation depth edge edges canny normal normals pose "
    "label labels instance thumb thumbnail preview control conditioning".split()
)
"""What stands before the ending of a file that belongs to a picture but is none to train on."""
_IMAGES = frozenset("image img picture photo rgb original input target".split())
_HIDDEN = frozenset(("@eadir", "__macosx", "#recycle", "$recycle.bin", "lost+found"))
_SYSTEM_FILES = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db"))


@dataclass(kw_only=True)
class Grouped:
    """Pictures with their captions, and what has no partner."""

    captions: dict[str, list[str]] = field(default_factory=dict)
    """The caption files of each picture; the pictures are in the order of their names."""
    masks: list[str] = field(default_factory=list)
    """Masks and the like, beside the picture that they belong to."""
    seconds: list[str] = field(default_factory=list)
    """Further pictures of a key of which one is taken."""
    alone: list[str] = field(default_factory=list)
    """Caption files without a picture."""
    by_other_case: list[str] = field(default_factory=list)
    """Caption files that are named as their picture but for capitals or accents' spelling."""


def is_hidden(name: str) -> bool:
    """Whether a path, with slashes, leads through something hidden, or is a system's own file."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return any(part.startswith(".") or part.lower() in _HIDDEN for part in parts) or (
        bool(parts) and parts[-1].lower() in _SYSTEM_FILES
    )


def extension(name: str) -> str:
    """What stands from the last dot on, in small letters; empty without one."""
    base = name.rpartition("/")[2]
    _, dot, ending = base.rpartition(".")
    return f"{dot}{ending}".lower()


def stem(name: str) -> str:
    """A path without what stands from the last dot on."""
    return name[: len(name) - len(extension(name))]


def group_files(names: Iterable[str], *, one_a_key: bool) -> Grouped:
    """Pictures and caption files, by their paths with slashes; other files must not be among them.

    With `one_a_key`, as in webdataset shards, `7.jpg` and `7.png` are one picture and a further
    one; else they are two pictures with one caption.
    """
    keys: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: name.split("/")):
        folder, slash, base = name.rpartition("/")
        keys.setdefault(folder + slash + base.partition(".")[0], []).append(name)

    grouped = Grouped()
    for key, files in keys.items():
        _group_key(key, files, one_a_key, grouped)
    _match_loosely(grouped)
    grouped.captions = {
        name: grouped.captions[name]
        for name in sorted(grouped.captions, key=lambda name: name.split("/"))
    }
    return grouped


def _group_key(key: str, files: list[str], one_a_key: bool, grouped: Grouped) -> None:
    """The pictures and captions of one key."""
    images = [name for name in files if extension(name) in IMAGE_EXTENSIONS]
    texts = [name for name in files if extension(name) in CAPTION_EXTENSIONS]
    texts.sort(key=lambda name: CAPTION_EXTENSIONS.index(extension(name)))

    masks = [name for name in images if _role(name) in _MASKS]
    if len(masks) < len(images):
        grouped.masks += masks
        images = [name for name in images if name not in masks]

    # "cat.txt" and "cat.png.txt" are of "cat.png" only; a text with the key's name is of all.
    own = {name: [text for text in texts if stem(text) in (stem(name), name)] for name in images}
    of_key = [text for text in texts if stem(text) == key]
    if one_a_key:
        seconds = _seconds(key, images, bool(of_key), own)
        grouped.seconds += seconds
        images = [name for name in images if name not in seconds]

    claimed: set[str] = set()
    for name in images:
        single = texts if len(images) == 1 else of_key
        grouped.captions[name] = own[name] or single
        claimed.update(grouped.captions[name])
    grouped.alone += [text for text in texts if text not in claimed]


def _seconds(
    key: str, images: list[str], has_caption: bool, own: dict[str, list[str]]
) -> list[str]:
    """The pictures of a key beyond the one that is trained on."""
    by_order = sorted(images, key=lambda name: IMAGE_EXTENSIONS.index(extension(name)))
    first = [name for name in by_order if stem(name) == key] or [
        name for name in by_order if _role(name) in _IMAGES
    ]
    if len(images) < 2 or not first:
        return []
    # Where the key has no caption for all, "7.left.jpg" is a picture of its own.
    return [
        name
        for name in images
        if name != first[0] and (stem(name) == key or (has_caption and not own[name]))
    ]


def _role(name: str) -> str:
    """ "mask" of "7.mask.png"; empty for a name with one dot."""
    parts = name.rpartition("/")[2].lower().split(".")
    return parts[-2] if len(parts) > 2 else ""


def _match_loosely(grouped: Grouped) -> None:
    """Give what is left to pictures without a caption whose names differ in capitals only."""
    wanting: dict[str, list[str]] = {}
    for name, texts in grouped.captions.items():
        if not texts:
            wanting.setdefault(_folded(stem(name)), []).append(name)
    left = []
    for text in grouped.alone:
        images = wanting.get(_folded(stem(text)), [])
        if len(images) == 1:
            grouped.captions[images[0]] = [*grouped.captions[images[0]], text]
            grouped.by_other_case.append(text)
        else:
            left.append(text)
    grouped.alone = left


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
