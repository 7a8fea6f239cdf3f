"""Curves of many drawings, packed: a block of them is unpacked when one is asked for.

A model knows thousands of drawings and needs a few of them for a picture. Neighbours are packed
together by LZMA, as drawings of one kind have much in common. Before that, each point is said from
where the pen is, in tenths of a unit: the same shape at another place is the same text then.

    <path fill="#dd2e44" d="M12,3.5 L14,2 Z"/>    becomes    #dd2e44 m120,35l20,-15z
"""

from __future__ import annotations

import lzma
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, overload

from dall_e.images.curves import check_curves

BLOCK = 256
"""Drawings that are packed together."""
_BETWEEN = "\n\n"
"""No drawing has an empty line."""
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]
_TENTHS = 10
"""Steps in a unit."""
_POINTS = {"M": 1, "L": 1, "C": 3, "Q": 2}
"""Points of each command, the last of which is where the pen goes."""
_ABSOLUTE = re.compile(r"[MLCQZ]|-?[\d.]+,-?[\d.]+")
_RELATIVE = re.compile(r"[mlcqz]|-?\d+,-?\d+")
_PATH = re.compile(r'<path fill="(#[0-9a-f]{6})" d="([^"]*)"/>')
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
        """Pack drawings. Their coordinates are kept in tenths."""
        said = [relative(each) for each in curves]
        return cls(_packed(said), sums_of(map(absolute, said)))

    def extended(self, curves: Sequence[str]) -> PackedCurves:
        """These drawings and some more; only the last block is packed anew."""
        whole = len(self) // BLOCK
        rest = PackedCurves.pack([*self[whole * BLOCK :], *curves])
        sums = (*self.sums[: whole * BLOCK], *rest.sums)
        return PackedCurves((*self.blocks[:whole], *rest.blocks), sums)

    def selected(self, rows: Sequence[int]) -> PackedCurves:
        """Some of these drawings; blocks that stay as they are are not packed anew."""
        same = next((place for place, row in enumerate(rows) if place != row), len(rows))
        whole = same // BLOCK
        said = []
        for row in rows[whole * BLOCK :]:
            block, place = divmod(row, BLOCK)
            said.append(self._unpacked(block)[place])
        return PackedCurves(
            (*self.blocks[:whole], *_packed(said)), [self.sums[row] for row in rows]
        )

    def __reduce__(self) -> tuple[type[PackedCurves], tuple[Any, Any]]:
        """What was unpacked lately is not pickled."""
        return PackedCurves, (self.blocks, self.sums)

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
        row = range(len(self))[row]
        block, place = divmod(row, BLOCK)
        return self._drawing(self._unpacked(block)[place], row)

    def __iter__(self) -> Iterator[str]:
        for block in range(len(self.blocks)):
            for place, packed in enumerate(self._unpack(block)):
                yield self._drawing(packed, block * BLOCK + place)

    def _drawing(self, packed: str, row: int) -> str:
        """A drawing in the plain form. Raises ValueError for what is none, or another one."""
        try:
            curves = absolute(packed)
            check_curves(curves)
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError(f"drawing {row} of the memory is damaged: {error}") from error
        if zlib.crc32(curves.encode()) != self.sums[row]:
            raise ValueError(f"drawing {row} of the memory is damaged: its sum is another")
        return curves

    def _unpack(self, block: int) -> list[str]:
        unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=_FILTERS)
        try:
            content = unpacker.decompress(self.blocks[block], max_length=_LARGEST)
            curves = content.decode().split(_BETWEEN)
        except (lzma.LZMAError, UnicodeDecodeError) as error:
            raise ValueError(f"the curves of the memory cannot be unpacked: {error}") from error
        if len(curves) != len(self.sums[block * BLOCK : (block + 1) * BLOCK]):
            raise ValueError(f"the curves of the memory are damaged: block {block} is cut short")
        return curves


def _packed(said: Sequence[str]) -> list[bytes]:
    """Blocks of drawings, each as `relative` says it."""
    return [
        lzma.compress(
            _BETWEEN.join(said[start : start + BLOCK]).encode(),
            format=lzma.FORMAT_RAW,
            filters=_FILTERS,
        )
        for start in range(0, len(said), BLOCK)
    ]


def sums_of(curves: Iterable[str]) -> list[int]:
    """Return the CRC-32 of each drawing; of packed ones without unpacking them."""
    if isinstance(curves, PackedCurves):
        return list(curves.sums)
    return [zlib.crc32(each.encode()) for each in curves]


def relative(curves: str) -> str:
    """Say a drawing from where the pen is, in tenths."""
    lines = []
    for fill, outline in _PATH.findall(curves):
        said: list[str] = []
        pen, begun, command, left = (0, 0), (0, 0), "", 0
        for token in _ABSOLUTE.findall(outline):
            if token.isalpha():
                command = token
                left = _POINTS.get(token, 0)
                pen = begun if token == "Z" else pen
                said.append(token.lower())
                continue
            x, y = (round(float(value) * _TENTHS) for value in token.split(","))
            said.append(f"{x - pen[0]},{y - pen[1]} ")
            left -= 1
            if not left:
                pen = (x, y)
                begun = pen if command == "M" else begun
        lines.append(f"{fill} {''.join(said).replace(' z', 'z')}".rstrip())
    return "\n".join(lines)


def absolute(packed: str) -> str:
    """Return the drawing that `relative` said."""
    lines = []
    for line in packed.splitlines():
        said: list[str] = []
        pen, begun, command, left = (0, 0), (0, 0), "", 0
        for token in _RELATIVE.findall(line[8:]):
            if token.isalpha():
                command = token.upper()
                left = _POINTS.get(command, 0)
                pen = begun if command == "Z" else pen
                said.append(command)
                continue
            across, down = token.split(",")
            x, y = pen[0] + int(across), pen[1] + int(down)
            is_first = left == _POINTS[command]
            point = f"{x / _TENTHS:.9g},{y / _TENTHS:.9g}"
            said[-1:] = [said[-1] + point] if is_first else [said[-1], point]
            left -= 1
            if not left:
                pen = (x, y)
                begun = pen if command == "M" else begun
        lines.append(f'<path fill="{line[:7]}" d="{" ".join(said)}"/>')
    return "\n".join(lines)
