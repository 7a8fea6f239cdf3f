"""Drawings that are packed in blocks: the same again, and refused where they are damaged."""

from __future__ import annotations

import copy
import pickle

import pytest

from dall_e.images.packed_curves import BLOCK, PackedCurves, absolute, relative, sums_of

CURVES = ["" if n % 7 == 3 else f'<path fill="#dd2e44" d="M{n},3.5 L14,2 Z"/>' for n in range(600)]


def test_each_drawing_comes_back() -> None:
    packed = PackedCurves.pack(CURVES)
    assert len(packed) == 600 and len(packed.blocks) == 3 and list(packed) == CURVES
    assert [packed[n] for n in (0, 3, BLOCK - 1, BLOCK, 599, -1)] == [
        CURVES[n] for n in (0, 3, BLOCK - 1, BLOCK, 599, -1)
    ]
    assert packed[254:259] == tuple(CURVES[254:259])
    assert sums_of(packed) == sums_of(CURVES) and len(set(sums_of(CURVES))) == 515
    assert len(PackedCurves.pack([])) == 0 and PackedCurves.pack([""])[0] == ""
    with pytest.raises(IndexError):
        packed[600]


def test_a_copy_has_the_same_drawings() -> None:
    packed = PackedCurves.pack([f"M{n} 0L9 {n}L0 {n}Z" for n in range(1, 5)])
    for other in (pickle.loads(pickle.dumps(packed)), copy.deepcopy(packed)):
        assert list(other) == list(packed) and other[2] == packed[2]


def test_what_is_damaged_is_said_when_it_is_asked_for() -> None:
    packed = PackedCurves.pack(CURVES)
    cut = PackedCurves([packed.blocks[0][:-20], *packed.blocks[1:]], packed.sums)
    assert cut[BLOCK] == CURVES[BLOCK]
    with pytest.raises(ValueError, match="damaged"):
        cut[0]
    other = PackedCurves(packed.blocks, [7, *packed.sums[1:]])
    assert other[1] == CURVES[1]
    with pytest.raises(ValueError, match="drawing 0 of the memory is damaged: its sum is another"):
        other[0]
    with pytest.raises(ValueError, match="cannot be unpacked"):
        PackedCurves([b"\xff" * 40], [0])[0]
    with pytest.raises(ValueError, match="600 drawings are not in 2 blocks"):
        PackedCurves(packed.blocks[:2], packed.sums)


def test_points_are_said_from_where_the_pen_is() -> None:
    curves = "\n".join(
        (
            '<path fill="#77b255" d="M22.8,353.6 L361.5,353.6 C366.7,353.6 370.9,357.8 370.9,363 Z '
            'M0,-1.5 Q2,3 4,5.5 Z"/>',
            '<path fill="#000000" d="M1,2"/>',
        )
    )
    said = "#77b255 m228,3536 l3387,0 c52,0 94,42 94,94z m-228,-3551 q20,45 40,70z\n#000000 m10,20"
    assert relative(curves).split() == said.replace("z m", "zm").split()
    assert absolute(relative(curves)) == curves
    assert absolute(relative("")) == ""


def test_more_drawings_leave_whole_blocks_as_they_are() -> None:
    packed = PackedCurves.pack(CURVES)
    more = packed.extended(CURVES[:200])
    assert list(more) == [*CURVES, *CURVES[:200]] and more.blocks[:2] == packed.blocks[:2]
    assert list(more) == list(PackedCurves.pack([*CURVES, *CURVES[:200]]))


def test_fewer_drawings_are_the_same_ones_and_whole_blocks_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = PackedCurves.pack(CURVES)
    monkeypatch.setattr("dall_e.images.packed_curves.absolute", None)  # none has to be read
    rows = [n for n in range(600) if n not in (300, 599)]
    fewer, none = packed.selected(rows), packed.selected([])
    monkeypatch.undo()
    assert list(fewer) == [CURVES[n] for n in rows] and fewer.blocks[0] == packed.blocks[0]
    assert len(none) == 0 and packed.selected(range(600)).blocks == packed.blocks


def test_a_block_that_grows_beyond_all_bounds_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = f'<path fill="#dd2e44" d="M1,1 {"L1,1 " * 5000}Z"/>'
    packed = PackedCurves.pack([drawing])
    assert len(packed.blocks[0]) < 400 and packed[0] == drawing
    monkeypatch.setattr("dall_e.images.packed_curves._LARGEST", 1000)
    with pytest.raises(ValueError, match="damaged"):
        PackedCurves(packed.blocks, packed.sums)[0]
