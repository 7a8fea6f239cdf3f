"""Curves of many drawings, packed: a block of them is unpacked when one is asked for.

A model knows thousands of drawings and needs a few of them for a picture. Neighbours are packed
together by LZMA, as drawings of one kind have much in common.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import overload

from dall_e.images.curves import check_curves

BLOCK = 128
"""Drawings that are packed together."""
_BETWEEN = "\n\n"
"""No drawing has an empty line."""
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]
_LARGEST = 2**26
"""Bytes of a block that is still unpacked."""
_MOST_BLOCKS = 16
"""Blocks that stay unpacked."""


class PackedCurves(Sequence[str]):
    """Drawings as texts in the plain form (`curves.py`), "" for one that has none."""

    def __init__(self, blocks: Sequence[bytes], sums: Sequence[int]) -> None:
        """Take what `pack` made. Raises ValueError for parts that do not go together.

        sums: the CRC-32 of each drawing.
        """
        if len(blocks) != -(-len(sums) // BLOCK):
            raise ValueError(f"{len(sums)} drawings are not in {len(blocks)} blocks of {BLOCK}")
        self.blocks = tuple(blocks)
        self.sums = tuple(sums)
        self._unpacked = lru_cache(_MOST_BLOCKS)(self._unpack)

    @classmethod
    def pack(cls, curves: Sequence[str]) -> PackedCurves:
        """Pack drawings."""
        blocks = [
            lzma.compress(
                _BETWEEN.join(curves[start : start + BLOCK]).encode(),
                format=lzma.FORMAT_RAW,
                filters=_FILTERS,
            )
            for start in range(0, len(curves), BLOCK)
        ]
        return cls(blocks, sums_of(curves))

    def __len__(self) -> int:
        return len(self.sums)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> tuple[str, ...]: ...

    def __getitem__(self, row: int | slice) -> str | tuple[str, ...]:
        """Raises ValueError where what is packed is damaged."""
        if isinstance(row, slice):
            return tuple(self[each] for each in range(*row.indices(len(self))))
        block, place = divmod(range(len(self))[row], BLOCK)
        return self._unpacked(block)[place]

    def __iter__(self) -> Iterator[str]:
        for block in range(len(self.blocks)):
            yield from self._unpack(block)

    def _unpack(self, block: int) -> list[str]:
        unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=_FILTERS)
        try:
            content = unpacker.decompress(self.blocks[block], max_length=_LARGEST)
            curves = content.decode().split(_BETWEEN)
        except (lzma.LZMAError, UnicodeDecodeError) as error:
            raise ValueError(f"the curves of the memory cannot be unpacked: {error}") from error
        if tuple(sums_of(curves)) != self.sums[block * BLOCK : (block + 1) * BLOCK]:
            raise ValueError("the curves of the memory are damaged: their sums are others")
        for each in curves:
            check_curves(each)
        return curves


def sums_of(curves: Iterable[str]) -> list[int]:
    """Return the CRC-32 of each drawing; of packed ones without unpacking them."""
    if isinstance(curves, PackedCurves):
        return list(curves.sums)
    return [zlib.crc32(each.encode()) for each in curves]
