"""Drawings made by hand, blurred as a network's are: their areas are those that were drawn."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.areas import EMPTY, Areas, AreaSettings, flat_areas
from dall_e.images.painting import painted_svg

UInt8 = npt.NDArray[np.uint8]
SIDE = 192
GREY, RED, DARK = (200, 200, 205), (210, 40, 50), (25, 20, 20)


def soft(content: str, side: int = SIDE, blur: float = 1.5) -> UInt8:
    """SVG elements in a box of 192, painted with soft borders and a little noise."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 192 192">{content}</svg>'
    image = cv2.GaussianBlur(painted_svg(svg, side), (0, 0), blur * side / SIDE)
    noise = np.random.default_rng(0).integers(-3, 4, image.shape)
    noise[image == 0] = 0
    noisy = (image.astype(int) + noise).clip(0, 255)
    return np.minimum(noisy, noisy[..., 3:]).astype(np.uint8)


def disc(x: float, y: float, radius: float, colour: tuple[int, int, int]) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="rgb{colour}"/>'


def near(areas: Areas, *colours: tuple[int, int, int]) -> bool:
    """Whether the palette is these colours, in any order."""
    gaps = np.abs(areas.palette_K3[:, None].astype(int) - np.array(colours)[None]).max(2)
    return gaps.shape[0] == len(colours) and bool((gaps.min(0) < 12).all())


def colour_at(areas: Areas, x: float, y: float) -> tuple[int, ...]:
    """The colour at a point of the box of 192, premultiplied RGBA."""
    scale = len(areas.labels_HW) / SIDE
    return tuple(areas.image()[round(y * scale), round(x * scale)].tolist())


def test_the_colours_and_areas_that_were_drawn_are_found() -> None:
    areas = flat_areas(soft(disc(96, 96, 80, GREY) + disc(70, 80, 30, RED)))
    assert areas.labels_HW.shape == (2 * SIDE, 2 * SIDE)
    assert near(areas, GREY, RED)
    # To two parts of a hundred the discs' areas, at twice the side
    counts = np.bincount(areas.labels_HW.ravel())
    red = 1 + int(np.abs(areas.palette_K3.astype(int) - RED).sum(1).argmin())
    assert counts[red] == pytest.approx(np.pi * 60**2, rel=0.02)
    assert counts[1:].sum() == pytest.approx(np.pi * 160**2, rel=0.02)
    assert colour_at(areas, 5, 5) == (0, 0, 0, 0)


@pytest.mark.parametrize("side", [96, 192, 384])
def test_any_side_has_the_same_areas(side: int) -> None:
    areas = flat_areas(soft(disc(96, 96, 80, GREY) + disc(70, 80, 30, RED), side))
    assert near(areas, GREY, RED)
    assert (areas.labels_HW != EMPTY).mean() == pytest.approx(np.pi * 80**2 / 192**2, rel=0.03)


def test_specks_are_removed_and_eyes_are_kept() -> None:
    # A faint speck and a dark eye of the same size
    faint = (190, 188, 194)
    face = disc(96, 96, 80, GREY) + disc(96, 150, 3.4, faint) + disc(70, 80, 3.4, DARK)
    areas = flat_areas(soft(face, blur=1.0))
    assert colour_at(areas, 96, 150) == colour_at(areas, 96, 120)
    assert max(colour_at(areas, 70, 80)[:3]) < 90
    # A highlight is as well kept as an eye.
    areas = flat_areas(soft(disc(96, 96, 80, DARK) + disc(70, 80, 3.4, (250, 250, 250)), blur=1.0))
    assert min(colour_at(areas, 70, 80)[:3]) > 170


def test_a_dark_rim_is_no_eye() -> None:
    rim = '<circle cx="96" cy="96" r="79" fill="rgb(200,200,205)" stroke="#222" stroke-width="2"/>'
    areas = flat_areas(soft(rim))
    assert near(areas, GREY)


def test_a_sliver_between_two_colours_is_removed_and_a_line_of_another_is_kept() -> None:
    halves = (
        '<path d="M20 20h76v150h-76z" fill="rgb(220,30,40)"/>'
        '<path d="M96 20h76v150h-76z" fill="rgb(40,140,60)"/>'
    )
    sliver = '<path d="M94.5 20h3v150h-3z" fill="rgb({})"/>'
    between = flat_areas(soft(halves + sliver.format("135,92,52"), blur=0.8))
    assert near(between, (220, 30, 40), (40, 140, 60))
    line = flat_areas(soft(halves + sliver.format("250,240,60"), blur=0.8))
    assert line.palette_K3.shape[0] == 3 and colour_at(line, 96, 90)[1] > 180


def test_a_stain_and_a_gradient_go_to_their_area_and_a_shade_with_an_edge_stays() -> None:
    stain = (
        '<defs><radialGradient id="s"><stop offset="0" stop-color="rgb(240,150,50)"/>'
        '<stop offset="1" stop-color="rgb(255,200,70)"/></radialGradient></defs>'
        '<rect x="16" y="16" width="160" height="160" fill="rgb(255,200,70)"/>{}'
    )
    soft_stain = stain.format('<circle cx="90" cy="40" r="34" fill="url(#s)"/>')
    assert near(flat_areas(soft(soft_stain)), (255, 200, 70))
    hard_stain = stain.format('<circle cx="90" cy="40" r="22" fill="rgb(240,150,50)"/>')
    assert near(flat_areas(soft(hard_stain)), (255, 200, 70), (240, 150, 50))


def test_borders_are_smooth() -> None:
    """A circle's border with teeth of two pixels becomes about as long as the circle."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    teeth = 70 + 1.5 * np.sign(np.sin(110 * np.arctan2(rows, columns)))
    image = np.zeros((SIDE, SIDE, 4), dtype=np.uint8)
    image[np.hypot(rows, columns) < teeth] = (*RED, 255)

    def roundness(mask: npt.NDArray[np.bool_]) -> float:
        (outline,), _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        hull = cv2.convexHull(outline)
        return cv2.contourArea(outline) / cv2.contourArea(hull)

    before, after = image[..., 3] > 0, flat_areas(image).labels_HW != EMPTY
    assert roundness(before) < 0.95 < 0.96 < roundness(after)


def test_a_drawing_that_shows_nothing_has_no_area() -> None:
    areas = flat_areas(np.zeros((SIDE, SIDE, 4), dtype=np.uint8))
    assert areas.palette_K3.shape == (0, 3) and not areas.labels_HW.any()
    assert areas.labels_HW.shape == (2 * SIDE, 2 * SIDE)
    assert not areas.image().any()


def test_an_opaque_drawing_is_areas_up_to_its_edges() -> None:
    sky = '<path d="M0 0h192v100H0z" fill="rgb(90,170,240)"/>'
    areas = flat_areas(soft(sky + '<path d="M0 100h192v92H0z" fill="rgb(80,150,60)"/>'))
    assert (areas.labels_HW != EMPTY).all() and near(areas, (90, 170, 240), (80, 150, 60))


@pytest.mark.parametrize("side", [1, 2, 7])
def test_tiny_drawings_of_one_colour(side: int) -> None:
    image = np.full((side, side, 4), 255, dtype=np.uint8)
    image[..., :3] = RED
    areas = flat_areas(image)
    assert areas.labels_HW.tolist() == np.ones((2 * side, 2 * side), dtype=int).tolist()
    assert np.abs(areas.palette_K3[0].astype(int) - RED).max() <= 2


def test_noise_is_areas_all_the_same() -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (48, 48, 4), dtype=np.uint8)
    image[..., :3] = np.minimum(image[..., :3], image[..., 3:])
    areas = flat_areas(image)
    assert areas.labels_HW.max() <= len(areas.palette_K3) <= AreaSettings().most_colours + 60


@pytest.mark.parametrize(
    ("settings", "count"),
    [(AreaSettings(), 2), (AreaSettings(same_colour=0.6), 1), (AreaSettings(least_area=50000), 1)],
)
def test_settings_say_what_is_kept(settings: AreaSettings, count: int) -> None:
    image = soft(disc(96, 96, 80, GREY) + disc(70, 80, 30, RED))
    areas = flat_areas(image, settings)
    assert len(areas.palette_K3) == count


def test_what_is_given_is_not_written_into() -> None:
    image = soft(disc(96, 96, 60, RED))
    before = image.copy()
    flat_areas(image)
    assert np.array_equal(image, before)
