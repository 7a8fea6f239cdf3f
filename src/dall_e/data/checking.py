"""`dall-e data check`: what training would make of a folder, before hours go into it."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dall_e.data.captions import plain_caption
from dall_e.data.datasets import SMALLEST_TO_SPLIT, Entry, Record, entries_in, list_entries
from dall_e.data.inventory import Inventory
from dall_e.images.files import decode_image
from dall_e.images.headers import ImageHeader, read_header, verify_image
from dall_e.text.tokenizer import TextTokenizer

LONGEST_SIDE_RATIO = 2
"""A picture that is more than this many times as long as wide leaves half of its square empty."""
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")
_DECODED = 64
"""Side in pixels at which pictures are compared."""


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What was found in a folder."""

    images: dict[str, int]
    """Readable pictures by split."""
    scripts: Counter[str]
    """Captions by the letters that they are in."""
    inventory: Inventory
    """All that was met, and all that was noticed."""


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """A readable picture."""

    entry: Entry
    header: ImageHeader
    file_digest: bytes
    pixel_digest: bytes


def check_folder(
    folder: str | os.PathLike[str], *, size: int, max_tokens: int, vocab_size: int
) -> CheckReport:
    """Read and decode everything in a folder as training does, and note what is odd.

    `size` is the side that pictures are trained at, `max_tokens` and `vocab_size` are those of the
    text tokenizer. Raises ValueError if there is no such folder.
    """
    inventory = Inventory(root=str(folder))
    entries = list_entries(Path(folder), inventory)
    checked = _readable(entries, inventory)
    _note_images(checked, size, inventory)
    scripts = _note_captions(checked, inventory)
    records = [item.entry.record for item in checked]
    _note_long(records, max_tokens, vocab_size, inventory)

    good = [item.entry for item in checked]
    splits = ["train", "val", *sorted({str(record.get("split")) for record in records})]
    images = {
        split: len(entries_in(good, split)) for split in dict.fromkeys(splits) if split != "None"
    }
    is_shared = entries_in(good, "train") == entries_in(good, "val")
    if good and is_shared:
        why = f"set of fewer than {SMALLEST_TO_SPLIT} pictures: measured on what it is trained on"
        inventory.note(why, str(folder))
        images.pop("val")
    return CheckReport(images=images, scripts=scripts, inventory=inventory)


def _readable(entries: Iterable[Entry], inventory: Inventory) -> list[_Checked]:
    """The pictures that can be decoded; the others are counted as losses."""
    checked = []
    for entry in entries:
        try:
            content = entry.read()
            verify_image(content)
            pixels = decode_image(content, _DECODED)
            header = read_header(content)
        except OSError as error:
            kind = "picture that cannot be read"
            inventory.lose(kind, entry.name, error.strerror or str(error))
            continue
        except ValueError as error:
            inventory.lose("picture that cannot be read", entry.name, str(error))
            continue
        checked.append(
            _Checked(
                entry=entry,
                header=header,
                file_digest=hashlib.sha256(content).digest(),
                pixel_digest=hashlib.sha256(pixels.tobytes()).digest(),
            )
        )
    return checked


def _note_images(checked: Sequence[_Checked], size: int, inventory: Inventory) -> None:
    """Sizes, shapes, colours, animations, and doubles."""
    files: dict[bytes, str] = {}
    pixels: dict[bytes, str] = {}
    cases: dict[str, str] = {}
    for item in checked:
        name, header = item.entry.name, item.header
        for way in _oddities(header, size):
            inventory.note(way, name)

        # The same file twice, or the same picture in two files.
        if first := files.get(item.file_digest):
            inventory.note("picture that is there twice", f"{name} = {first}")
        elif first := pixels.get(item.pixel_digest):
            inventory.note("picture that looks the same as another", f"{name} = {first}")
        files.setdefault(item.file_digest, name)
        pixels.setdefault(item.pixel_digest, name)

        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in cases:
            pair = f"{name}, {cases[folded]}"
            inventory.note("names that differ in capitals only: one file on other systems", pair)
        cases.setdefault(folded, name)


def _oddities(header: ImageHeader, size: int) -> list[str]:
    """What is odd about a picture."""
    short, long = sorted((header.width, header.height))
    odd = []
    if long > LONGEST_SIDE_RATIO * short:
        odd.append(f"picture more than {LONGEST_SIDE_RATIO} times as long as wide, padded a lot")
    if long < size:
        odd.append(f"picture smaller than {size} pixels, enlarged")
    if header.frames > 1:
        odd.append("animated picture, of which the first frame is used")
    if header.mode in _DEEP_MODES:
        odd.append("picture of more than 8 bits a channel, reduced to 8")
    if header.mode == "CMYK":
        odd.append("picture in CMYK, converted to RGB")
    if header.is_turned:
        odd.append("picture turned upright, as its camera says (EXIF)")
    return odd


def _note_captions(checked: Sequence[_Checked], inventory: Inventory) -> Counter[str]:
    """Empty captions, one for many pictures, damaged characters; returns numbers by script."""
    counts: Counter[str] = Counter()
    scripts: Counter[str] = Counter()
    for item in checked:
        for caption in _captions(item.entry.record):
            counts[caption] += 1
            if not caption:
                inventory.note("picture with an empty caption", item.entry.name)
            elif "\ufffd" in caption:
                inventory.note("caption with characters that cannot be read", item.entry.name)
            scripts[script_of(caption)] += 1
    for caption, count in counts.most_common():
        if count > max(2, len(checked) // 10):
            inventory.note("caption of many pictures", f"{caption!r} ({count})")
    return scripts


def _note_long(
    records: Sequence[Record], max_tokens: int, vocab_size: int, inventory: Inventory
) -> None:
    """Captions that the text tokenizer, as training would make it, has to cut."""
    captions = list(dict.fromkeys(caption for record in records for caption in _captions(record)))
    if not captions:
        return
    tokenizer = TextTokenizer.train(captions, vocab_size)
    dropped = tokenizer.encode(captions, max_tokens).dropped
    for caption, end in zip(captions, dropped, strict=True):
        if end:
            way = f"caption of more than {max_tokens - 2} tokens, cut"
            inventory.note(way, f"{caption[:40]!r}... loses {end[:40]!r}")


def _captions(record: Record) -> list[str]:
    """What a record says: all of its own captions, or the name of one of our data sets."""
    if record.get("captions"):
        return [str(caption) for caption in record["captions"]]
    names = [plain_caption(record)]
    if record.get("zh") and "text" not in record:
        names.append(plain_caption(record, "zh"))
    return names


def script_of(caption: str) -> str:
    """In which letters a caption is, in words; most of them decide."""
    scripts: Counter[str] = Counter()
    for letter in caption:
        if letter.isalpha():
            scripts[unicodedata.name(letter, "?").split(" ")[0].split("-")[0]] += 1
    if not scripts:
        return "no letters"
    # Japanese is written with Chinese characters too.
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > 0:
        return "Japanese"
    script = scripts.most_common(1)[0][0]
    return {"LATIN": "Latin letters", "CJK": "Chinese characters"}.get(
        script, f"{script.capitalize()} letters"
    )
