"""A style found in pictures: what it says, how near it comes, and where none is found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from dall_e.images.colour import as_hex
from dall_e.images.effects.catalogue import EFFECTS, styled_groups, styled_pixels
from dall_e.images.effects.vectors import SIDE, in_oklab
from dall_e.images.painting import painted_svg
from dall_e.images.restyling import fitting
from dall_e.images.restyling.fitting import StyleFit, drawn, fit_style
from dall_e.images.svg import svg_document

from .conftest import SHAPES, STYLE_COLOURS, group, in_pen, pixels

OURS = [[group(paths)] for paths in SHAPES]


def fitted(images: list[np.ndarray], ours=OURS, others=()) -> StyleFit:
    return fit_style(images, ours, others, name="pen style", name_zh="pen风格")


@pytest.fixture(scope="module")
def pen(penned: list[np.ndarray]) -> StyleFit:
    return fitted(penned)


def test_a_pen_with_its_colours_is_found(pen: StyleFit) -> None:
    style = pen.style
    assert pen.is_found and pen.after < 0.1 * pen.before and pen.pairs == 4
    assert style.line_width * SIDE == pytest.approx(12, rel=0.2)
    assert style.line_colour == "#000000" and style.colours.is_strict
    assert not (style.effect or style.ground or style.grain or style.fall)
    for ours, theirs in STYLE_COLOURS.items():
        assert as_hex(style.colours(in_oklab(ours)[None])[0]) == theirs


def test_what_is_redrawn_is_the_image(pen: StyleFit, penned: list[np.ndarray]) -> None:
    for drawing, image in zip(OURS, penned, strict=True):
        again = drawn(drawing, pen.style, SIDE).astype(int)
        assert np.abs(again - image).mean() < 6


def test_it_is_the_same_each_time(pen: StyleFit, penned: list[np.ndarray]) -> None:
    assert fitted(penned).style.to_record() == pen.style.to_record()


def test_lines_are_around_things_only_where_the_images_have_them_so() -> None:
    outlined = []
    for paths in SHAPES:
        body, inner = paths.splitlines()
        outlined.append(pixels(in_pen(body) + "\n" + inner))
    style = fitted(outlined).style
    assert style.line_width and math.isinf(style.least_contrast)


def in_effect(effect: str) -> list[np.ndarray]:
    """The four things as an effect draws them."""
    images = []
    for seed, drawing in enumerate(OURS):
        groups = styled_groups(drawing, effect, seed)
        painted = painted_svg(svg_document(groups, SIDE), SIDE)
        images.append(styled_pixels(painted, effect, seed))
    return images


@pytest.mark.parametrize("effect", ["sketch", "stained glass"])
def test_an_effect_is_recognised(effect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    some = ("sketch", "watercolour", "stained glass", "line art", "neon")
    monkeypatch.setattr(fitting, "EFFECTS", {name: EFFECTS[name] for name in some})
    found = fitted(in_effect(effect))
    assert found.style.effect == effect and found.is_found


def test_line_art_is_lines_around_one_colour_and_needs_no_effect() -> None:
    images = in_effect("line art")
    found = fitted(images)
    assert found.is_found and not found.style.effect
    assert found.style.line_colour == "#000000" and not math.isinf(found.style.least_contrast)
    assert [as_hex(lab_3) for lab_3 in found.style.colours.palette_K3] == ["#ffffff"]
    for drawing, image in zip(OURS, images, strict=True):
        assert np.abs(drawn(drawing, found.style, SIDE).astype(int) - image).mean() < 2


def test_without_pairs_colours_go_to_the_nearest(penned: list[np.ndarray]) -> None:
    found = fitted(penned, [None] * 4, OURS)
    assert found.pairs == 0 and found.style.line_colour == "#000000"
    palette = set(STYLE_COLOURS.values())
    for ours in STYLE_COLOURS:
        assert as_hex(found.style.colours(in_oklab(ours)[None])[0]) in palette


def test_images_of_our_own_style_leave_our_drawings_as_they_are() -> None:
    own = fitted([pixels(paths) for paths in SHAPES])
    assert own.is_found and own.after <= own.before < 0.01
    assert not own.style.line_width and not own.style.effect


def test_photographs_have_no_style_that_is_found() -> None:
    rng = np.random.default_rng(0)
    photos = []
    for _ in range(4):
        small = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8))
        large = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        photos.append(np.dstack((large, np.full((SIDE, SIDE), 255, np.uint8))))
    assert not fitted(photos, [None] * 4, OURS).is_found


def test_too_few_or_empty_images_are_refused(penned: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="at least 3 pictures, and there are 2"):
        fitted(penned[:2], OURS[:2])
    empty = [np.zeros((SIDE, SIDE, 4), np.uint8)] * 4
    with pytest.raises(ValueError, match="show nothing"):
        fitted(empty)
    with pytest.raises(ValueError, match="no drawing of ours"):
        fitted(penned, [None] * 4)
