"""Drawings that are packed in blocks: the same again, and refused where they are damaged."""

from __future__ import annotations

import pytest

from dall_e.images.packed_curves import BLOCK, PackedCurves, sums_of

CURVES = ["" if n % 7 == 3 else f'<path fill="#dd2e44" d="M{n},3.5 L14,2 Z"/>' for n in range(300)]


def test_each_drawing_comes_back() -> None:
    packed = PackedCurves.pack(CURVES)
    assert len(packed) == 300 and len(packed.blocks) == 3 and list(packed) == CURVES
    assert [packed[n] for n in (0, 3, BLOCK - 1, BLOCK, 299, -1)] == [
        CURVES[n] for n in (0, 3, BLOCK - 1, BLOCK, 299, -1)
    ]
    assert packed[126:131] == tuple(CURVES[126:131])
    assert sums_of(packed) == sums_of(CURVES) and len(set(sums_of(CURVES))) == 258
    assert len(PackedCurves.pack([])) == 0 and PackedCurves.pack([""])[0] == ""
    with pytest.raises(IndexError):
        packed[300]


def test_what_is_damaged_is_said_when_it_is_asked_for() -> None:
    packed = PackedCurves.pack(CURVES)
    cut = PackedCurves([packed.blocks[0][:-20], *packed.blocks[1:]], packed.sums)
    assert cut[BLOCK] == CURVES[BLOCK]
    with pytest.raises(ValueError, match="the curves of the memory are damaged"):
        cut[0]
    with pytest.raises(ValueError, match="cannot be unpacked"):
        PackedCurves([b"\xff" * 40], [0])[0]
    with pytest.raises(ValueError, match="300 drawings are not in 2 blocks"):
        PackedCurves(packed.blocks[:2], packed.sums)


def test_what_is_no_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="no curves of a drawing: '<script>'"):
        PackedCurves.pack(["", "<script>"])[1]


def test_a_block_that_grows_beyond_all_bounds_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dall_e.images.packed_curves._LARGEST", 1000)
    bomb = PackedCurves.pack(["Z" * 5000])
    assert len(bomb.blocks[0]) < 200
    with pytest.raises(ValueError, match="are damaged"):
        bomb[0]
