"""What each effect makes of a red face with dark eyes, and of a scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dall_e.images.effects.catalogue import (
    EFFECTS,
    is_drawn_in_groups,
    styled_groups,
    styled_pixels,
)
from dall_e.images.effects.outlines import line_art
from dall_e.images.effects.pixel_art import MOST_COLOURS
from dall_e.images.effects.tones import SILHOUETTE
from dall_e.images.effects.vectors import in_areas
from dall_e.images.painting import painted_svg
from dall_e.images.svg import Group, svg_document

ON_GROUPS = tuple(name for name in EFFECTS if is_drawn_in_groups(name))
ON_PIXELS = tuple(name for name in EFFECTS if name not in ON_GROUPS)
SIDE = 192

_EYE = "M150 150 L180 150 L180 180 L150 180 Z"
FACE = Group(
    name="face",
    paths='<path d="M50 50 L330 50 L330 330 L50 330 Z" fill="#d62828"/>\n'
    f'<path d="{_EYE}" fill="#1a1a1a" transform="translate(0,0)"/>\n'
    f'<path d="{_EYE}" fill="#1A1A1A" transform="translate(60,0)"/>',
)
SKY = Group(
    name="sky",
    paths='<path d="M0 0h384v384H0z" fill="#5AA0E6"/>',
    role="background",
)


def painted(groups: list[Group], side: int = SIDE) -> np.ndarray:
    return painted_svg(svg_document(groups, 384), side)


def of_groups(name: str, groups: tuple[Group, ...] = (FACE,), **how) -> np.ndarray:
    return painted(styled_groups(list(groups), name, how.pop("seed", 0), **how))


def of_pixels(name: str, seed: int = 0, ground: bool = True, side: int = SIDE) -> np.ndarray:
    return styled_pixels(painted([FACE], side), name, seed, ground=ground)


def drawn(name: str, seed: int) -> np.ndarray:
    return of_groups(name, seed=seed) if name in ON_GROUPS else of_pixels(name, seed, side=96)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_changes_the_picture_and_a_seed_is_a_picture(name: str) -> None:
    first = drawn(name, 5)
    assert not np.array_equal(first, painted([FACE], len(first)))
    assert np.array_equal(first, drawn(name, 5))
    if name in ("watercolour", "oil painting", "ink painting", "sketch"):
        assert not np.array_equal(first, drawn(name, 6))


@pytest.mark.parametrize("name", ["sticker", "poster"])
def test_seeds_choose_the_ground(name: str) -> None:
    assert len({tuple(drawn(name, seed)[0, 0]) for seed in range(12)}) > 1


def test_the_unknown_and_the_other_kind_leave_a_picture_alone() -> None:
    image = painted([FACE])
    for name in ("", "flat style", *ON_GROUPS):
        assert styled_pixels(image, name, 0) is image
    for name in ("", "flat style", *ON_PIXELS):
        assert styled_groups([FACE], name, 0) == [FACE]


@pytest.mark.parametrize("name", ON_PIXELS)
def test_paint_is_opaque_on_paper_and_keeps_what_is_empty(name: str) -> None:
    assert of_pixels(name, side=96)[..., 3].min() == 255
    image = of_pixels(name, ground=False, side=96)
    alpha = image[..., 3]
    assert alpha[:4, :4].max() == 0 and alpha[48, 48] == 255
    assert np.all(image[..., :3] <= alpha[..., None])


@pytest.mark.parametrize("name", ON_GROUPS)
def test_without_a_ground_the_corners_are_empty(name: str) -> None:
    alpha = of_groups(name, ground=False)[..., 3]
    assert alpha[:4, :4].max() == 0 and alpha[SIDE // 2, SIDE // 2] == 255


@pytest.mark.parametrize("name", EFFECTS)
def test_a_blank_picture_and_one_without_things_are_no_error(name: str) -> None:
    empty = np.zeros((64, 64, 4), dtype=np.uint8)
    assert styled_pixels(empty, name, 0, ground=False).max() == 0
    assert painted(styled_groups([Group(name="nothing", paths="")], name, 0)).shape[2] == 4


@pytest.mark.parametrize("name", ON_PIXELS)
@pytest.mark.parametrize("side", [8, 45, 96])
def test_any_side_is_painted(name: str, side: int) -> None:
    assert styled_pixels(painted([FACE], side), name, 1).shape == (side, side, 4)


# Each one


def test_pixel_art_is_a_grid_of_few_colours() -> None:
    image = of_pixels("pixel art", ground=False)
    cells = image.reshape(64, 3, 64, 3, 4)
    assert np.all(cells == cells[:, :1, :, :1])
    assert set(np.unique(image[..., 3])) == {0, 255}

    ramp = np.linspace(0, 255, SIDE).astype(np.uint8)
    many = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], 128, 255), axis=2)
    styled = styled_pixels(many.astype(np.uint8), "pixel art", 0)
    colours = np.unique(styled.reshape(-1, 4), axis=0)
    assert 8 < len(colours) <= MOST_COLOURS


def test_a_silhouette_has_one_colour() -> None:
    image = of_groups("silhouette")
    colours = np.unique(image[image[..., 3] == 255], axis=0)
    rgb = [int(SILHOUETTE[start : start + 2], 16) for start in (1, 3, 5)]
    assert colours.tolist() == [[*rgb, 255]]
    assert np.array_equal(image[..., 3], painted([FACE])[..., 3])

    lit = of_groups("silhouette", (SKY, FACE))
    assert lit[0, 0].min() > 100 and lit[100, 100].tolist() == [*rgb, 255]


def test_line_art_is_black_and_white() -> None:
    image = of_groups("line art", (SKY, FACE)).astype(int)
    assert np.ptp(image[..., :3], axis=2).max() == 0
    ends = (image[..., 0] < 8) | (image[..., 0] > 247)
    assert ends.mean() > 0.93 and (image[..., 0] < 8).mean() > 0.01
    # The eyes are small and dark, the face is to be coloured.
    assert image[82, 82, 0] == 0 and image[130, 130, 0] == 255


def test_black_and_white_has_no_chroma_and_keeps_what_is_lighter() -> None:
    image = of_groups("black and white", (SKY, FACE)).astype(int)
    assert np.ptp(image[..., :3], axis=2).max() == 0
    sky, face, eye = image[4, 4, 0], image[130, 130, 0], image[82, 82, 0]
    assert sky > face > eye


def test_a_sticker_has_a_white_rim_around_what_it_shows() -> None:
    image = of_groups("sticker", ground=False)
    middle = image[SIDE // 2]
    is_red = (middle[:, 0] > 150) & (middle[:, 1] < 90)
    first = int(is_red.argmax())
    assert np.all(middle[first - 4 : first - 1] == 255)
    assert middle[first - 9, :3].max() < 60 and 0 < middle[first - 9, 3] < 140
    scene = of_groups("sticker", (SKY, FACE), ground=False)
    assert scene[0, 0, 3] == 0 and scene[SIDE // 2, 9].tolist() == [255] * 4


@pytest.mark.parametrize("name", ["logo", "icon"])
def test_a_mark_is_white_on_the_colour_of_the_thing(name: str) -> None:
    image = of_groups(name)
    assert image[SIDE // 2 + 20, SIDE // 2].tolist() == [255] * 4
    ground = image[SIDE // 2, 20]
    assert ground[0] > 150 and ground[1] < 110 and ground[3] == 255
    assert image[0, 0, 3] == 0


def test_what_is_grey_gets_a_colour_by_seed() -> None:
    grey = Group(name="face", paths=FACE.paths.replace("#d62828", "#bbbbbb"))
    grounds = {tuple(of_groups("logo", (grey,), seed=seed)[SIDE // 2, 20]) for seed in range(9)}
    assert len(grounds) > 2


def test_neon_is_light_on_dark() -> None:
    image = of_groups("neon").astype(int)
    light = image[..., :3].max(2)
    assert np.median(light) < 60 and light.max() > 230
    assert image[..., 3].min() == 255


def test_a_poster_has_few_colours_and_its_areas_keep_apart() -> None:
    near = Group(name="face", paths=FACE.paths.replace("#1a1a1a", "#d65f2e"))
    image = of_groups("poster", (near,))
    colours, counts = np.unique(image.reshape(-1, 4), axis=0, return_counts=True)
    assert (counts > 100).sum() <= 12
    assert image[82, 82].tolist() != image[130, 130].tolist()


def test_a_sketch_is_grey_and_darker_where_it_is_dark() -> None:
    image = of_pixels("sketch").astype(int)
    assert np.ptp(image[..., :3], axis=2).max() < 12
    eye, face, sheet = (
        image[rows, rows, 0].mean() for rows in (slice(78, 88), slice(110, 150), slice(0, 20))
    )
    assert eye < face < sheet


def test_watercolour_is_paler_and_pools_at_borders() -> None:
    image = of_pixels("watercolour").astype(int)
    assert image[..., 1][110:150, 110:150].mean() > painted([FACE])[130, 130, 1]
    dark = image[:, 60:130].sum(2).mean(1)
    assert dark[156:166].min() < dark[110:150].mean()


def test_ink_is_grey_on_warm_paper_with_a_red_seal() -> None:
    blue = Group(name="face", paths=FACE.paths.replace("#d62828", "#2850d6"))
    image = styled_pixels(painted([blue]), "ink painting", 0).astype(int)
    paper = image[:10, :10].reshape(-1, 4).mean(0)
    assert paper[0] > paper[1] > paper[2] > 200
    assert np.ptp(image[110:150, 110:150, :3], axis=2).mean() < 70
    red = (image[..., 0] - image[..., 1:3].max(2)) > 60
    assert red.any() and not red[40:150, 40:150].any()


def test_oil_has_strokes_of_many_shades() -> None:
    face = of_pixels("oil painting")[100:150, 100:150, :3].astype(int)
    assert len(np.unique(face.reshape(-1, 3), axis=0)) > 200
    assert abs(face.mean((0, 1)) - (214, 40, 40)).max() < 45


def test_a_background_in_areas_stays_in_its_place() -> None:
    half = replace(SKY, paths=f'{SKY.paths}<path d="M0 192h384v192H0z" fill="#77B255"/>')
    before, after = painted([half]), painted([in_areas(half)])
    assert np.abs(before.astype(int) - after).mean() < 4


def test_a_colour_without_letters_is_lined_once() -> None:
    """What is dark and small keeps its colour, and "#000000" is the same in large letters."""
    path = '<path fill="#000000" d="M10,10 L30,10 L30,30 L10,30 Z"/>'
    (lined,) = line_art([Group(name="dot", paths=path)], np.random.default_rng(0), ground=False)
    assert lined.paths.count("stroke=") == 1
    painted_svg(svg_document([lined], 384), 64)
