"""Pictures as codes in a folder: what `dall-e data encode` writes and training reads.

A shard is two files: `NNNNN.npy` has the codes, int16, and stays on the disk until they are asked
for; `NNNNN.jsonl` has a head, and one record a picture. It is written last, so a shard that has it
is whole. `tokens.json`, written when all shards are, says what they were made with.

Shapes: V views, M pictures, N tokens, B pictures of a batch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dall_e.atomic_files import replace_text, write_atomically
from dall_e.bounded_files import naming
from dall_e.data.inventory import Inventory
from dall_e.errors import UnusableFileError

INDEX_FILE = "tokens.json"
_MEND = "run `dall-e data encode` again: it makes what is missing"

Record = dict[str, Any]


class StoredCodes:
    """Codes [V, M, N] on the disk, int16; those that are asked for are read."""

    def __init__(self, shards: Sequence[npt.NDArray[np.int16]], rows_M: Tensor) -> None:
        """Shards are [V, m, N]; `rows_M` says which of all their pictures count, in order."""
        self._shards = list(shards)
        self._ends = np.cumsum([shard.shape[1] for shard in shards])
        self._rows_M = rows_M
        self.shape: tuple[int, int, int] = (shards[0].shape[0], len(rows_M), shards[0].shape[2])

    def __len__(self) -> int:
        views: int = self.shape[0]
        return views

    def __getitem__(self, which: tuple[int | Tensor, Sequence[int] | Tensor]) -> Tensor:
        """Codes int16 [B, N] of pictures B, all in one view or each in its own."""
        views, rows = which
        rows_B = self._rows_M[torch.as_tensor(rows, dtype=torch.int64)].numpy()
        views_B = torch.as_tensor(views, dtype=torch.int64).expand(len(rows_B)).numpy()
        codes_BN = np.empty((len(rows_B), self.shape[2]), dtype=np.int16)
        shards_B = np.searchsorted(self._ends, rows_B, side="right")
        for place, (shard, view, row) in enumerate(zip(shards_B, views_B, rows_B, strict=True)):
            codes = self._shards[shard]
            codes_BN[place] = codes[view, row - self._ends[shard] + codes.shape[1]]
        return torch.from_numpy(codes_BN)


@dataclass(frozen=True, kw_only=True)
class TokenSet:
    """One split of a folder of codes, for training."""

    codes_VMN: StoredCodes
    records: list[Record]
    inventory: Inventory
    """What was met when the pictures were encoded."""
    fingerprint: str
    """A checksum of records and codes."""
    encoder: str
    """Which image tokenizer made the codes (`training/token_cache.py`)."""

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """How often each picture is drawn in training, relative to the others."""
        return np.array([float(record.get("weight", 1.0)) for record in self.records])

    def __len__(self) -> int:
        return len(self.records)


def is_token_folder(folder: str | Path) -> bool:
    """Whether a folder holds codes, finished or not, rather than pictures."""
    path = Path(folder)
    return (path / INDEX_FILE).exists() or any(path.glob("[0-9]*.npy"))


def write_shard(
    folder: Path, name: str, codes_VMN: Tensor, records: list[Record], head: dict[str, Any]
) -> None:
    """Write a shard: codes first, then the records that say it is whole. Raises OSError."""
    with write_atomically(folder / f"{name}.npy") as file:
        np.save(file, codes_VMN.numpy(), allow_pickle=False)
    digest = hashlib.sha256(codes_VMN.contiguous().numpy().tobytes()).hexdigest()
    lines = [{**head, "count": len(records), "codes": digest}, *records]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    replace_text(folder / f"{name}.jsonl", text)


def shard_head(folder: Path, name: str) -> dict[str, Any] | None:
    """The head of a whole shard; None for one that has to be made, again or for the first time."""
    try:
        with open(folder / f"{name}.jsonl", encoding="utf-8") as file:
            head: dict[str, Any] = json.loads(file.readline())
        codes = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return head if codes.shape[1] == head["count"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_index(folder: Path, names: Sequence[str], about: dict[str, Any]) -> None:
    """Say that all shards are there, and what they were made with. Raises OSError."""
    text = json.dumps({"format": 1, "shards": list(names), **about}, indent=2, ensure_ascii=False)
    replace_text(folder / INDEX_FILE, text + "\n")


def load_tokens(folder: str | Path, split: str = "train") -> TokenSet:
    """One split of a folder of codes. Without pictures that are held out, all are in every split.

    Raises ValueError if the folder is unfinished, or a shard is missing or damaged.
    """
    root = Path(folder)
    if not (root / INDEX_FILE).exists():
        raise UnusableFileError(root, "its pictures are not all encoded", _MEND)
    with naming(root / INDEX_FILE, "it is no list of shards", _MEND):
        index = json.loads((root / INDEX_FILE).read_text(encoding="utf-8"))
        names, encoder = list(index["shards"]), str(index["encoder"])
        inventory = Inventory(root=str(root), lost=index["lost"])

    shards: list[npt.NDArray[np.int16]] = []
    records: list[Record] = []
    total = hashlib.sha256()
    for name in names:
        head = shard_head(root, name)
        if head is None:
            raise UnusableFileError(root / f"{name}.npy", "this shard is damaged or missing", _MEND)
        shards.append(np.load(root / f"{name}.npy", mmap_mode="r", allow_pickle=False))
        with naming(root / f"{name}.jsonl", "it is damaged", _MEND):
            text = (root / f"{name}.jsonl").read_text(encoding="utf-8")
            mine = [json.loads(line) for line in text.splitlines()[1:]]
            if len(mine) != head["count"]:
                raise ValueError(f"{len(mine)} records for {head['count']} pictures")
        records += mine
        total.update(text.encode())

    chosen = [row for row, record in enumerate(records) if record["split"] == split]
    if not chosen:
        chosen = list(range(len(records)))
    return TokenSet(
        codes_VMN=StoredCodes(shards, torch.tensor(chosen, dtype=torch.int64)),
        records=[records[row] for row in chosen],
        inventory=inventory,
        fingerprint=f"{total.hexdigest()} {split}",
        encoder=encoder,
    )
