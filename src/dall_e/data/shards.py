"""Webdataset shards: tar files of pictures and their captions, with every loss named.

Shards of `dall-e data build` end with a list of checksums. By it a member that is lost or changed
is known by its name, even where the archive itself looks whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dall_e.data.caption_files import LARGEST_CAPTION_FILE, Record, record_of
from dall_e.data.grouping import (
    CAPTION_EXTENSIONS,
    IMAGE_EXTENSIONS,
    extension,
    group_files,
    is_hidden,
    stem,
)
from dall_e.data.inventory import Inventory
from dall_e.data.tar_files import Damage, Member, read_tar
from dall_e.errors import UnusableFileError

CHECKSUMS = "SHA256SUMS"
"""The last member of our own shards, as `sha256sum --check` reads it."""
_WANTED = (*IMAGE_EXTENSIONS, *CAPTION_EXTENSIONS, CHECKSUMS.lower())


@dataclass(kw_only=True)
class _Shard:
    """What was read of one shard."""

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    damages: list[str] = field(default_factory=list)
    checksums: dict[str, str] | None = None


def checksum_list(digests: Iterable[tuple[str, str]]) -> bytes:
    """The content of the member `CHECKSUMS`, of (name, SHA-256) of all others."""
    return "".join(f"{digest}  {name}\n" for name, digest in digests).encode()


def shard_images(
    path: Path, name: str, inventory: Inventory
) -> Iterator[tuple[str, bytes, Record]]:
    """(name, file, record) of every picture in a shard, in the order of their names."""
    shard = _read(path, name, inventory)
    if shard is None:
        return
    _check(shard, inventory)

    grouped = group_files(shard.files, one_a_key=True)
    for mask in grouped.masks:
        inventory.put_aside("mask or the like, beside its picture", f"{name}/{mask}")
    for second in grouped.seconds:
        inventory.lose("further picture of a key that has one", f"{name}/{second}")
    for caption in grouped.alone:
        kind = "caption in a shard without a picture"
        inventory.lose(kind, f"{name}/{caption.rpartition('.')[0]}", "no picture file")
    have_captions = any(grouped.captions.values())
    for image, captions in grouped.captions.items():
        if shard.damages and have_captions and not captions:
            inventory.lose("picture whose caption is lost", f"{name}/{image}")
            continue
        files = {f"{name}/{caption}": shard.files[caption] for caption in captions}
        try:
            record = record_of(files, f"{name}/{image}", inventory)
        except ValueError as error:
            key = f"{name}/{image.rpartition('.')[0]}"
            inventory.lose("picture whose JSON file is unusable", key, f"caption file: {error}")
            continue
        yield f"{name}/{image}", shard.files[image], record


def _read(path: Path, name: str, inventory: Inventory) -> _Shard | None:
    """The files of a shard; of a damaged one, all that can be read."""
    shard = _Shard(name=name)
    try:
        for item in read_tar(path, _WANTED):
            if isinstance(item, Damage):
                shard.damages.append(item.what)
            else:
                _take(shard, item, inventory)
    except UnusableFileError as error:
        inventory.lose("shard that cannot be read", name, f"{error.why}; {error.mend}".rstrip("; "))
        return None
    except OSError as error:
        inventory.lose("shard that cannot be read", name, error.strerror or str(error))
        return None
    return shard


def _take(shard: _Shard, member: Member, inventory: Inventory) -> None:
    """Keep a member, or say why not."""
    name = f"{shard.name}/{member.name}"
    base = member.name.removeprefix("./")
    if member.kind == "folder":
        return
    if is_hidden(base):
        inventory.put_aside("hidden file in a shard", name)
    elif member.kind == "unwanted":
        inventory.put_aside(f"other file in a shard: {extension(base) or 'no ending'}", name)
    elif member.content is None:
        inventory.lose(f"file in a shard that is not read: {member.kind}", name)
    elif base == CHECKSUMS:
        shard.checksums = _checksums(member.content)
    elif len(member.content) > LARGEST_CAPTION_FILE and extension(base) in CAPTION_EXTENSIONS:
        inventory.lose("caption file that is too large", name, f"{len(member.content):,} bytes")
    else:
        if base in shard.files:
            inventory.lose("file that is twice in a shard; the last one counts", name)
        shard.files[base] = member.content


def _checksums(content: bytes) -> dict[str, str]:
    """Checksums by name."""
    lines = content.decode("utf-8", "replace").splitlines()
    pairs = (line.partition("  ") for line in lines)
    return {name: checksum for checksum, _, name in pairs}


def _check(shard: _Shard, inventory: Inventory) -> None:
    """Name what is damaged, lost or changed, and take what is changed out."""
    known = shard.checksums
    if known is None:
        for damage in shard.damages:
            told = f"{damage}; {len(shard.files):,} files of it are read"
            inventory.lose("damaged shard", shard.name, told)
        return

    missing = [name for name in known if name not in shard.files]
    changed = [
        name
        for name, content in shard.files.items()
        if known.get(name) != hashlib.sha256(content).hexdigest()
    ]
    for name in missing:
        inventory.lose(
            "file that a shard's checksums list and that is lost", f"{shard.name}/{name}"
        )
    for name in changed:
        told = "it is not what was written (by the shard's checksums)"
        inventory.lose("file in a shard that is damaged", f"{shard.name}/{name}", told)
    # A picture without its caption is lost with it.
    broken = {stem(name) for name in missing + changed}
    for name in [name for name in shard.files if stem(name) in broken]:
        del shard.files[name]
        if name not in changed:
            inventory.lose("partner of a lost or damaged file", f"{shard.name}/{name}")
    for damage in shard.damages:
        told = f"{damage}; {len(missing)} of its {len(known)} files are lost"
        inventory.lose("damaged shard", shard.name, f"{told}, {len(changed)} damaged")
