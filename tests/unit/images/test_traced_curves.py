"""Curves of a flat picture: near to it, in the plain form; none of a photograph."""

from __future__ import annotations

import numpy as np

from dall_e.images.curves import check_curves, curves_document
from dall_e.images.packed_curves import PackedCurves
from dall_e.images.painting import painted_svg
from dall_e.images.traced_curves import curves_in

from .restyling.conftest import SHAPES, in_pen, pixels


def test_curves_of_a_flat_image_are_the_image_at_any_size() -> None:
    for paths in SHAPES:
        curves = curves_in(pixels(in_pen(paths)))
        check_curves(curves)
        assert 'fill="#000000"' in curves
        for side in (96, 384):
            again = painted_svg(curves_document(curves), side).astype(int)
            assert np.abs(again - pixels(in_pen(paths), side)).mean() < 3


def test_they_can_be_packed() -> None:
    curves = curves_in(pixels(in_pen(SHAPES[0])))
    assert PackedCurves.pack([curves])[0] == curves


def test_noise_and_nothing_have_none() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (384, 384, 4), dtype=np.uint8)
    noise[..., 3] = 255
    assert curves_in(noise) == ""
    assert curves_in(np.zeros((384, 384, 4), np.uint8)) == ""
