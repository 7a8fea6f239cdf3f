"""Pictures of groups in a style: what changes, and what stays.

Shapes: S the side of a picture.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dall_e.images.effects.vectors import SIDE, box
from dall_e.images.painting import painted_svg
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.images.restyling.redrawing import needs_pixels, redrawn_groups, redrawn_pixels
from dall_e.images.svg import Group, svg_document

from .conftest import RED, SHAPES, group
from .test_fitted_style import labs
from .test_fitting import fitted


@pytest.fixture(scope="module")
def style(penned: list[np.ndarray]) -> FittedStyle:
    return fitted(penned).style


def painted(groups: list[Group]) -> np.ndarray:
    return painted_svg(svg_document(groups, SIDE), SIDE)


def test_things_are_redrawn_and_images_of_the_style_are_not(style: FittedStyle) -> None:
    thing = group(SHAPES[0])
    drawn = redrawn_groups([thing], style, 0)
    assert [each.name for each in drawn] == ["thing", "lines of thing"]
    assert RED not in drawn[0].paths and "stroke-width" in drawn[1].paths
    own = replace(thing, style=style.name)
    assert redrawn_groups([own], style, 0) == [own]
    other = replace(thing, style="another style")
    assert len(redrawn_groups([other], style, 0)) == 2


def test_a_thing_before_another_hides_its_lines(style: FittedStyle) -> None:
    back, front = group(SHAPES[2], "bar"), group(SHAPES[0], "square")
    names = [each.name for each in redrawn_groups([back, front], style, 0)]
    assert names == ["bar", "lines of bar", "square", "lines of square"]


def test_small_things_have_finer_lines(style: FittedStyle) -> None:
    small = replace(group(SHAPES[0]), matrix=(0.25, 0, 0, 0.25, 20, 20))
    lines_SSC = painted(redrawn_groups([small], style, 0)[1:])
    row = lines_SSC[20 + 45, :, 3] / 255
    width = row[20 + 15 - 8 : 20 + 15 + 8].sum()
    assert 0.35 * style.line_width * SIDE < width < 0.65 * style.line_width * SIDE


def test_edges_of_light_things_go_and_shadows_stay(style: FittedStyle) -> None:
    edge = replace(group(SHAPES[0]), role="edge")
    shadow = Group(name="shadow", paths='<ellipse cx="9" cy="9" rx="3" ry="1"/>', role="shadow")
    assert redrawn_groups([edge, shadow], style, 0) == [shadow]
    unlined = replace(style, line_width=0.0)
    assert [each.role for each in redrawn_groups([edge, shadow], unlined, 0)] == ["edge", "shadow"]


def test_what_is_cut_out_keeps_its_cut(style: FittedStyle) -> None:
    head = '<clipPath id="front-1"><path d="M60 60L180 60L180 300L60 300Z"/></clipPath>'
    front = group(f'{head}\n<g clip-path="url(#front-1)">\n{SHAPES[0]}\n</g>', "front of thing")
    image_SSC = painted(redrawn_groups([front], style, 0))
    assert image_SSC[192, 90, 3] == 255
    assert image_SSC[192, 186:, 3].max() == 0
    assert image_SSC[100, 170:179, :3].max() > 60


def test_backgrounds_are_in_the_colours_with_finer_lines(style: FittedStyle) -> None:
    meadow = Group(
        name="meadow",
        paths='<rect width="384" height="384" fill="#55acee"/>\n'
        '<rect y="200" width="384" height="184" fill="#3a9a3a"/>',
        role="background",
    )
    style = replace(style, least_contrast=0.14)
    drawn = redrawn_groups([meadow, group(SHAPES[0])], style, 0)
    assert [each.role for each in drawn] == ["background", "background", "thing", "edge"]
    image_SSC = painted(drawn)
    assert tuple(image_SSC[20, 20, :3]) == tuple(bytes.fromhex("92d3f5"))
    assert image_SSC[200, 20, :3].max() < 60 and image_SSC[100, 0, :3].max() > 200
    plain = box("#dd2e44", "plain")
    (only,) = redrawn_groups([plain], style, 0)
    assert "#ea5a47" in only.paths


def test_a_ground_is_behind_things_where_it_is_wanted(style: FittedStyle) -> None:
    cream = replace(style, ground="#f3e3c8")
    assert painted(redrawn_groups([group(SHAPES[0])], cream, 0))[5, 5, 3] == 255
    bare = redrawn_groups([group(SHAPES[0])], cream, 0, ground=False)
    assert painted(bare)[5, 5, 3] == 0


def test_things_are_as_large_as_in_the_style(style: FittedStyle) -> None:
    small = replace(style, room=0.5, line_width=0.0)
    shown_SS = painted(redrawn_groups([group(SHAPES[0])], small, 0))[..., 3] > 127
    assert np.ptp(np.flatnonzero(shown_SS.any(0))) + 1 == pytest.approx(120, abs=1)


def test_light_falls_off_in_svg(style: FittedStyle) -> None:
    lit = replace(style, fall=0.3, line_width=0.0)
    (thing,) = redrawn_groups([group(SHAPES[0])], lit, 0)
    image_SSC = painted([thing])
    assert image_SSC[70, 90, 0] > image_SSC[290, 90, 0] + 15


def test_grain_and_effects_on_pixels_are_laid_over(style: FittedStyle) -> None:
    assert not needs_pixels(style)
    grained = replace(style, grain=0.05)
    assert needs_pixels(grained) and needs_pixels(replace(style, effect="sketch"))
    assert not needs_pixels(replace(style, effect="line art"))
    image_SSC = painted([group(SHAPES[0])])
    rough_SSC = redrawn_pixels(image_SSC, grained, 3)
    inside = np.s_[70:110, 70:110, 0]
    assert rough_SSC[inside].std() > 4 > image_SSC[inside].std()
    assert np.array_equal(rough_SSC[..., 3], image_SSC[..., 3])
    assert np.array_equal(rough_SSC, redrawn_pixels(image_SSC, grained, 3))
    assert not np.array_equal(rough_SSC, redrawn_pixels(image_SSC, grained, 4))


def test_effects_on_groups_are_given_to_what_was_redrawn(style: FittedStyle) -> None:
    outlined = replace(style, effect="line art")
    image_SSC = painted(redrawn_groups([group(SHAPES[0])], outlined, 0))
    assert tuple(image_SSC[90, 90, :3]) == (255, 255, 255)


def test_a_style_without_anything_changes_nothing() -> None:
    from dall_e.images.restyling.colour_map import ColourMap

    nothing = ColourMap(anchors_A3=labs(), targets_A3=labs(), palette_K3=labs(), is_strict=False)
    plain = FittedStyle(name="x style", name_zh="x风格", colours=nothing)
    (same,) = redrawn_groups([group(SHAPES[0])], plain, 0)
    assert same.paths == SHAPES[0]
