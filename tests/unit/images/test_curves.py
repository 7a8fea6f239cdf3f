"""Drawings as curves: one plain form, exact areas, and what cannot be had so."""

import numpy as np
import pytest

from dall_e.images.curves import (
    areas_of_curves,
    check_curves,
    curves_document,
    mirrored_curves,
    plain_curves,
    recoloured_curves,
)
from dall_e.images.materials import Paint
from dall_e.images.painting import painted_svg
from dall_e.images.svg import VectorDrawing

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36">'
FLAG = (
    f"{HEAD}<title>flag</title><g fill='#DD2E44'><rect x='3' y='3' width='18' height='12'/></g>"
    '<path d="M3 3v30" stroke="#292F33" stroke-width="2" stroke-linecap="round"/></svg>'
)
NOTHING_HWC = np.zeros((8, 8, 4), dtype=np.uint8)


def test_strokes_groups_and_shapes_are_filled_outlines() -> None:
    curves = plain_curves(FLAG)
    check_curves(curves)
    assert [line[12:19] for line in curves.splitlines()] == ["#dd2e44", "#292f33"]
    drawn, wanted = (
        painted_svg(document, 72).astype(int) for document in (curves_document(curves), FLAG)
    )
    assert np.abs(drawn - wanted).max() < 40 and np.abs(drawn - wanted).mean() < 0.5


def test_a_margin_is_left_free_and_a_wide_drawing_is_centred() -> None:
    wide = plain_curves(
        '<svg viewBox="0 0 20 10" xmlns="http://www.w3.org/2000/svg">'
        '<path fill="#ff0000" d="M0 0h20v10H0z"/></svg>',
        margin=0.125,
    )
    shown_HW = areas_of_curves(wide).labels_HW > 0
    rows, columns = np.flatnonzero(shown_HW.any(1)), np.flatnonzero(shown_HW.any(0))
    assert (columns[0], columns[-1]) == (48, 335) and (rows[0], rows[-1]) == (120, 263)


@pytest.mark.parametrize(
    "content",
    [
        '<linearGradient id="a"><stop stop-color="red"/></linearGradient>'
        '<rect fill="url(#a)" width="9" height="9"/>',
        '<rect fill="#ff0000" fill-opacity="0.5" width="9" height="9"/>',
        '<image href="other.png" width="9" height="9"/>',
        '<path d="M0 0',
        "",
    ],
)
def test_what_is_not_simple_has_no_curves(content: str) -> None:
    assert plain_curves(f"{HEAD}{content}</svg>") == ""


def test_without_a_view_box_there_are_none() -> None:
    assert plain_curves('<svg><path d="M0 0h9v9z"/></svg>') == ""


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '<path fill="url(#a)" d="M0,0 Z"/>', '<path d="M0,0 Z"/>',
     '<path fill="#ff0000" d="M0,0 Z" onclick="x"/>'],
)  # fmt: skip
def test_only_the_plain_form_passes(text: str) -> None:
    with pytest.raises(ValueError, match="no curves of a drawing"):
        check_curves(text)


def test_areas_are_exact() -> None:
    """Of the flag 18 x 12 units, less what its pole covers; each unit has (384 / 36)^2 pixels."""
    areas = areas_of_curves(plain_curves(FLAG))
    assert areas.palette_K3.tolist() == [[0xDD, 0x2E, 0x44], [0x29, 0x2F, 0x33]]
    scale = 384 / 36
    red = (areas.labels_HW == 1).sum() / scale**2
    assert abs(red - 17 * 12) < 1


def test_to_mirror_twice_is_to_leave_it() -> None:
    curves = plain_curves(FLAG)
    once = mirrored_curves(curves)
    check_curves(once)
    labels_HW = areas_of_curves(once).labels_HW
    assert (labels_HW[:, ::-1] != areas_of_curves(curves).labels_HW).mean() < 0.002
    assert mirrored_curves(once) == curves


def test_colours_are_changed_by_name_alone() -> None:
    curves = plain_curves(FLAG)
    blue = recoloured_curves(curves, {"#dd2e44": "#0000ff"})
    assert blue == curves.replace("#dd2e44", "#0000ff") and "#292f33" in blue


def test_a_drawing_keeps_its_curves_in_other_colours_and_not_in_other_areas() -> None:
    curves = plain_curves(FLAG)
    plain, blue, wooden = (
        VectorDrawing(NOTHING_HWC, paint, curves)
        for paint in (None, Paint(colour="blue"), Paint(material="wood"))
    )
    assert plain.paths == curves and plain.side == 384
    outlines = [line.partition(" d=")[2] for line in curves.splitlines()]
    assert [line.partition(" d=")[2] for line in blue.paths.splitlines()] == outlines
    assert "#dd2e44" not in blue.paths and "#292f33" in blue.paths
    assert all(outline in wooden.paths for outline in outlines) and "pattern" in wooden.paths
