"""Rendered pictures to the files of a data set: shards, captions, a report and the card."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from dall_e.data.build.card import dataset_card
from dall_e.data.build.catalogue import Source
from dall_e.data.build.records import Record, hash_fraction, weighed
from dall_e.data.shards import CHECKSUMS, checksum_list

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, how many are done, how many there are)."""
Skipped = dict[str, dict[str, list[str]]]
"""Names of left-out pictures by source and reason."""

WORD_FIELDS = ("en_keywords", "zh_keywords", "en_synonyms", "en_hypernyms")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A rendered picture that stays: its record, and where its PNG lies in the spool."""

    record: Record
    offset: int
    length: int


def write_data_set(
    folder: Path,
    kept: Sequence[Kept],
    spool: Path,
    *,
    sources: Sequence[Source],
    skipped: Skipped,
    size: int,
    shard_size: int,
    progress: Progress,
) -> list[Record]:
    """Write all files of a data set; the records that it holds, in their order.

    Shards hold the pictures of one split in a fixed mixed order.
    """
    kept = _numbered(kept, sources)
    records = [item.record for item in kept]

    done = 0
    progress("writing shards", 0, len(kept))
    with spool.open("rb") as images:
        for split in sorted({record["split"] for record in records}):
            members = [item for item in kept if item.record["split"] == split]
            for shard, start in enumerate(range(0, len(members), shard_size)):
                chunk = members[start : start + shard_size]
                _write_shard(folder / f"{split}-{shard:06d}.tar", chunk, images)
                done += len(chunk)
                progress("writing shards", done, len(kept))

    _write_text(folder / "captions.jsonl", "".join(_json(record) + "\n" for record in records))
    report = _report(records, skipped, size)
    text = json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    _write_text(folder / "report.json", text)
    _write_text(folder / "DATASET.md", dataset_card(records, sources, size))
    return records


def reason_counts(skipped: Skipped) -> dict[str, dict[str, int]]:
    """How many pictures were left out, by source and reason."""
    return {
        source: {reason: len(names) for reason, names in reasons.items()}
        for source, reasons in skipped.items()
    }


def _numbered(kept: Sequence[Kept], sources: Sequence[Source]) -> list[Kept]:
    """Pictures in the order of the shards, with their numbers and sampling weights."""

    def order(item: Kept) -> tuple[str, float]:
        record = item.record
        return record["split"], hash_fraction(f"{record['source']}/{record['name']}")

    kept = sorted(kept, key=order)
    records = weighed([item.record for item in kept], sources)
    return [
        replace(item, record={**record, "id": number})
        for number, (item, record) in enumerate(zip(kept, records, strict=True))
    ]


def _write_shard(path: Path, members: Sequence[Kept], spool: BinaryIO) -> None:
    """Write a tar of NNNNNN.png and NNNNNN.json pairs, and the list of their checksums.

    Nothing in it depends on when or by whom it was made.
    """
    digests: list[tuple[str, str]] = []
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for item in members:
            spool.seek(item.offset)
            number = f"{item.record['id']:06d}"
            files = (".png", spool.read(item.length)), (".json", _json(item.record).encode())
            for ending, content in files:
                _add(tar, number + ending, content)
                digests.append((number + ending, hashlib.sha256(content).hexdigest()))
        _add(tar, CHECKSUMS, checksum_list(digests))


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file without owner and date."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _report(records: Sequence[Record], skipped: Skipped, size: int) -> dict[str, object]:
    """What was made and what was left out."""
    with_words = {field: sum(bool(record[field]) for record in records) for field in WORD_FIELDS}
    return {
        "size": size,
        "pictures": len(records),
        "skipped": skipped,
        "skipped_counts": reason_counts(skipped),
        "with_words": with_words,
    }


def _write_text(path: Path, text: str) -> None:
    """Write UTF-8 with the same line ends on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(record: Record) -> str:
    """A record on one line."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
