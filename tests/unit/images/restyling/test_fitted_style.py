"""A style as data: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dall_e.images.colour import as_hex
from dall_e.images.effects.vectors import in_oklab
from dall_e.images.restyling.colour_map import ColourMap
from dall_e.images.restyling.fitted_style import MOST_COLOURS, FittedStyle, in_bounds


def labs(*colours: str) -> np.ndarray:
    return np.array([in_oklab(colour) for colour in colours], np.float32).reshape(-1, 3)


@pytest.fixture
def style() -> FittedStyle:
    return FittedStyle(
        name="OpenMoji style",
        name_zh="OpenMoji风格",
        colours=ColourMap(
            anchors_A3=labs("#dd2e44", "#55acee"),
            targets_A3=labs("#ea5a47", "#92d3f5"),
            palette_K3=labs("#ea5a47", "#92d3f5", "#ffffff"),
            is_strict=True,
        ),
        line_width=0.0278,
        line_colour="#000000",
        least_contrast=0.14,
        room=0.86,
        ground="#f3e3c8",
        images=frozenset({"castle", "城堡"}),
    )


def test_a_style_is_read_as_it_was_written(style: FittedStyle) -> None:
    record = json.loads(json.dumps(style.to_record()))
    again = FittedStyle.from_record(record)
    assert again.to_record() == record
    assert again.images == style.images and again.colours.is_strict
    assert again.caption("castle") == "castle, OpenMoji style"
    assert again.short_name == "OpenMoji"
    around = FittedStyle.from_record({**record, "least_contrast": None})
    assert math.isinf(around.least_contrast)


def test_it_is_described_in_a_line(style: FittedStyle) -> None:
    said = style.describe()
    for part in ("lines of 2.8%", "#000000", "only 3 colours", "on #f3e3c8"):
        assert part in said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "name of a style"),
        ({"name": "x" * 100}, "name of a style"),
        ({"line_width": 3}, "line_width of a style is 3, not from"),
        ({"line_width": "wide"}, "line_width of a style is 'wide'"),
        ({"line_width": float("nan")}, "line_width"),
        ({"room": True}, "room of a style is True"),
        ({"line_colour": "black"}, "'black' is no colour"),
        ({"ground": "url(#x)"}, "no colour"),
        ({"palette": ["#12"]}, "'#12' is no colour"),
        ({"palette": ["#000000"] * (MOST_COLOURS + 1)}, "palette of a style is no list"),
        ({"colours": [["#000000"]]}, "not pairs"),
        ({"effect": "sparkle"}, "effect 'sparkle'.*is not known"),
        ({"strict": 1}, "strict"),
        ({"pictures": [3]}, "not named by short texts"),
        ({"pictures": "castle"}, "pictures of a style are no list"),
        ({"more": 1}, "has more"),
    ],
)
def test_what_is_damaged_is_refused(
    style: FittedStyle, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FittedStyle.from_record({**style.to_record(), **change})
    with pytest.raises(ValueError, match="not settings by name"):
        FittedStyle.from_record([])


def test_a_record_with_a_part_missing_is_refused(style: FittedStyle) -> None:
    record = style.to_record()
    del record["room"]
    with pytest.raises(ValueError, match="lacks.*room"):
        FittedStyle.from_record(record)


def test_measured_numbers_are_within_what_is_read() -> None:
    assert in_bounds(line_width=0.5, room=9, fall=-4) == {
        "line_width": 0.08, "room": 1.2, "fall": -0.8,
    }  # fmt: skip


def test_colours_of_a_strict_style_are_those_of_its_palette(style: FittedStyle) -> None:
    def new(colour: str) -> str:
        return as_hex(style.colours(in_oklab(colour)[None])[0])

    assert new("#dd2e44") == "#ea5a47" and new("#55acee") == "#92d3f5"
    assert new("#be1931") == "#ea5a47"
    assert new("#f4f4f4") == "#ffffff"


def test_places_of_a_strict_style_keep_their_hue(style: FittedStyle) -> None:
    few = replace(style.colours, palette_K3=labs("#d0cfce", "#92d3f5", "#5c9e31", "#3f3f3f"))

    def new(colour: str) -> str:
        return as_hex(few.of_places(in_oklab(colour)[None])[0])

    assert new("#bbddf5") == "#92d3f5", "a pale sky is blue, though grey is nearer"
    assert new("#254428") == "#5c9e31" and new("#ccd6dd") == "#d0cfce"
    free = replace(few, is_strict=False)
    sky_13 = labs("#bbddf5")
    assert np.array_equal(free.of_places(sky_13), free(sky_13))


def test_other_styles_shift_colours_and_keep_their_differences() -> None:
    warm = ColourMap(
        anchors_A3=labs("#808080"),
        targets_A3=labs("#908060"),
        palette_K3=labs("#908060"),
        is_strict=False,
    )
    first, second, far = warm(labs("#808080", "#888888", "#2040c0"))
    assert first[2] > 0.03 and second[0] > first[0]
    assert as_hex(far) == "#2040c0"
    nothing = ColourMap(anchors_A3=labs(), targets_A3=labs(), palette_K3=labs(), is_strict=False)
    assert np.array_equal(nothing(labs("#123456")), labs("#123456"))
