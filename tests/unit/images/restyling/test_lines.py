"""Lines around areas: between which colours, around what, and of which width.

Shapes: S the side of a picture.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from dall_e.images.effects.vectors import SIDE
from dall_e.images.painting import painted_svg
from dall_e.images.restyling.lines import Pen, lines_of, parts_of
from dall_e.images.svg import svg_document

from .conftest import BLUE, DARK, GREEN, RED, SHAPES, group


def drawn_lines(paths: str, pen: Pen, colour: str = "#000000", shade: float = 0.0) -> np.ndarray:
    """Where lines are, [S, S] in 0 to 255, and their colour."""
    parts = parts_of(group(paths), pen)
    assert parts is not None
    lines = lines_of(parts, pen, "thing", colour, shade)
    return painted_svg(svg_document([lines], SIDE), SIDE)


PEN = Pen(width=12 / SIDE, least_contrast=0.1)


def test_lines_have_their_width_around_and_between_areas() -> None:
    lines_SSC = drawn_lines(SHAPES[0], PEN)
    row = lines_SSC[192, :, 3] / 255
    for border in (60, 120, 240, 300):
        assert row[border - 12 : border + 12].sum() == pytest.approx(12, abs=1.5)
        assert row[border] > 0.9
    assert row[90] == row[180] == row[20] == 0


def test_colours_that_hardly_differ_have_no_line_between_them() -> None:
    shaded = SHAPES[0].replace(GREEN, "#c02238")
    inner = drawn_lines(shaded, PEN)[192, 110:130, 3]
    assert inner.max() == 0
    assert drawn_lines(shaded, Pen(width=12 / SIDE, least_contrast=0.01))[192, 120, 3] > 200
    around = drawn_lines(SHAPES[0], Pen(width=12 / SIDE, least_contrast=math.inf))
    assert around[192, 120, 3] == 0 and around[192, 60, 3] > 200


def test_pupils_have_no_line_and_whiskers_become_one() -> None:
    eye = f'{SHAPES[0]}\n<path fill="{DARK}" d="M260,90 L266,90 L266,96 L260,96 Z"/>'
    assert drawn_lines(eye, PEN)[80:106, 250:276, 3].max() == 0
    whisker = f'<path fill="{BLUE}" d="M300,180 L370,180 L370,186 L300,186 Z"/>\n{SHAPES[0]}'
    lines_SSC = drawn_lines(whisker, PEN)
    column = lines_SSC[150:220, 345, 3] / 255
    assert column.sum() == pytest.approx(12, abs=2)
    assert lines_SSC[183, 345, :3].max() == 0


def test_lines_can_be_a_deeper_shade_of_each_area() -> None:
    lines_SSC = drawn_lines(SHAPES[0], PEN, "", 0.2)
    red, green, blue, alpha = lines_SSC[180, 60].astype(int)
    assert alpha > 200 and red > green + 40 and red < 0xDD
    inner = lines_SSC[180, 120].astype(int)
    assert inner[1] > inner[0]


def test_what_shows_nothing_has_no_parts() -> None:
    assert parts_of(group(""), PEN) is None


def test_gradients_are_taken_to_areas() -> None:
    paths = (
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#ff0000"/>'
        '<stop offset="1" stop-color="#ffd000"/></linearGradient></defs>\n'
        '<path fill="url(#g)" d="M60,60 L300,60 L300,300 L60,300 Z"/>'
    )
    parts = parts_of(group(paths), PEN)
    assert parts is not None and len(parts.colours_K3) < 30
    assert drawn_lines(paths, Pen(width=12 / SIDE, least_contrast=math.inf))[192, 60, 3] > 200


def test_red_is_where_it_was() -> None:
    parts = parts_of(group(SHAPES[0]), PEN)
    assert parts is not None
    part = int(parts.lined_SS[180, 180])
    assert tuple(parts.colours_K3[part - 1]) == tuple(bytes.fromhex(RED[1:]))
