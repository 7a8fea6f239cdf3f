"""What is counted in pictures of a style: lines, colours, grounds, light, grain."""

from __future__ import annotations

import numpy as np
import pytest

from dall_e.images.colour import as_hex
from dall_e.images.effects.vectors import SIDE
from dall_e.images.restyling.measuring import (
    fall_of_light,
    grain_of,
    is_line,
    lines_in,
    palette_in,
    room_of,
    seen,
)

from .conftest import SHAPES, STYLE_COLOURS, in_pen, pixels


@pytest.mark.parametrize("width", [5.0, 12.0, 18.0])
@pytest.mark.parametrize("colour", ["#000000", "#20365c"])
def test_the_width_and_the_colour_of_lines_are_found(width: float, colour: str) -> None:
    lines = lines_in([seen(pixels(in_pen(paths, width, colour))) for paths in SHAPES])
    assert lines is not None and lines.colour_3 is not None
    assert lines.width * SIDE == pytest.approx(width, rel=0.2)
    found = as_hex(lines.colour_3)
    differences = [abs(int(found[k : k + 2], 16) - int(colour[k : k + 2], 16)) for k in (1, 3, 5)]
    assert max(differences) < 12


def test_small_images_have_the_same_lines() -> None:
    from dall_e.images.files import from_pil, to_pil

    small = [to_pil(pixels(in_pen(p), 96).transpose(2, 0, 1), transparent=True) for p in SHAPES]
    large = [np.ascontiguousarray(from_pil(each, SIDE).transpose(1, 2, 0)) for each in small]
    lines = lines_in([seen(each) for each in large])
    assert lines is not None and lines.width * SIDE == pytest.approx(12, rel=0.3)


def test_drawings_without_lines_have_none_and_deeper_shades_are_told() -> None:
    assert lines_in([seen(pixels(paths)) for paths in SHAPES]) is None
    shaded = []
    for paths in SHAPES:
        elements = []
        for line in paths.splitlines():
            fill = line.split('fill="')[1][:7]
            deep = "#" + "".join(f"{int(fill[k : k + 2], 16) * 5 // 10:02x}" for k in (1, 3, 5))
            elements.append(line.replace("<path", f'<path stroke="{deep}" stroke-width="12"'))
        shaded.append(seen(pixels("\n".join(elements))))
    lines = lines_in(shaded)
    assert lines is not None and lines.colour_3 is None
    assert lines.shade == pytest.approx(0.26, abs=0.1)


def test_the_palette_has_the_colours_of_areas_and_not_of_lines(penned: list[np.ndarray]) -> None:
    looks = [seen(each) for each in penned]
    palette_K3, share_K, matched = palette_in(looks, lines_in(looks))
    assert sorted(map(as_hex, palette_K3)) == sorted(STYLE_COLOURS.values())
    assert share_K.sum() == pytest.approx(1) and matched > 0.98


def test_what_is_thick_is_no_line(penned: list[np.ndarray]) -> None:
    looks = [seen(each) for each in penned]
    lines = lines_in(looks)
    block = pixels('<path fill="#000000" d="M100,100 L280,100 L280,280 L100,280 Z"/>')
    assert is_line(looks[0], lines)[192, 60] and not is_line(looks[0], lines)[90, 90]
    assert not is_line(seen(block), lines)[192, 192]


def test_grounds_are_cut_and_white_is_none() -> None:
    ground = '<rect width="384" height="384" fill="{}"/>\n'
    cream = seen(pixels(ground.format("#f3e3c8") + SHAPES[0]))
    white = seen(pixels(ground.format("#ffffff") + SHAPES[0]))
    for look in (cream, white):
        assert not look.shown_SS[10, 10] and look.shown_SS[180, 90]
    assert white.ground_3 is None
    assert cream.ground_3 is not None and as_hex(cream.ground_3) == "#f3e3c8"

    # A photograph has no ground: noise up to its borders
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (SIDE, SIDE, 4), dtype=np.uint8)
    noise[..., 3] = 255
    assert seen(noise).ground_3 is None and seen(noise).shown_SS.all()


def test_light_that_falls_off_and_grain_are_measured() -> None:
    flat = [seen(pixels(paths)) for paths in SHAPES]
    assert abs(fall_of_light(flat)) < 0.01 and grain_of(flat) < 0.002
    gradient = (
        '<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop offset="0" '
        'stop-color="#e0e0e0"/><stop offset="1" stop-color="#909090"/></linearGradient></defs>\n'
        '<path fill="url(#g)" d="M40,40 L340,40 L340,340 L40,340 Z"/>'
    )
    assert fall_of_light([seen(pixels(gradient))]) > 0.15
    rng = np.random.default_rng(0)
    noisy = pixels(SHAPES[0]).astype(int)
    noisy[..., :3] += rng.normal(0, 12, (SIDE, SIDE, 1)).round().astype(int)
    noisy[..., :3] = noisy[..., :3].clip(0, noisy[..., 3:])
    assert grain_of([seen(noisy.astype(np.uint8))]) > 0.02


def test_how_much_of_the_square_is_filled() -> None:
    assert room_of([seen(pixels(SHAPES[0])).shown_SS]) == pytest.approx(240 / 384, abs=0.01)
    empty = np.zeros((SIDE, SIDE, 4), np.uint8)
    assert room_of([seen(empty).shown_SS]) == 1.0
