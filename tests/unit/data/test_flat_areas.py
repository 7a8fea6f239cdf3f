"""Drawings are taken apart into what they were drawn of: shapes with soft edges, noise, holes and outlines."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from dall_e.data.flat_areas import SIDE, FlatDrawing, flat_drawing, signed_distance
from dall_e.data.recolouring import from_oklab

RED, BLUE, WHITE, BLACK = (200, 30, 40), (40, 80, 200), (250, 250, 250), (20, 20, 20)
Shapes = list[tuple[tuple[int, int, int], str, tuple[int, int, int, int]]]
Drawn = Callable[..., npt.NDArray[np.uint8]]
TakenApart = Callable[..., FlatDrawing]


@pytest.fixture
def taken_apart(drawn: Drawn) -> TakenApart:
    def take(shapes: Shapes, noise: float = 0.0) -> FlatDrawing:
        drawing = flat_drawing(drawn(shapes, noise=noise))
        assert drawing is not None
        return drawing

    return take


@pytest.mark.parametrize("noise", [0.0, 6.0])
def test_a_face_is_its_parts(noise: float, taken_apart: TakenApart, face: Shapes) -> None:
    """As many areas as were drawn, in their colours, of their sizes, at their places."""
    skin, mouth, eyes = sorted(taken_apart(face, noise).areas, key=lambda area: (area.pieces, -area.size))
    assert [area.pieces for area in (skin, mouth, eyes)] == [1, 1, 2]
    for area, colour in ((skin, RED), (mouth, WHITE), (eyes, BLACK)):
        assert np.abs(from_oklab(area.colour[None])[0] - colour).max() < 14
    assert skin.filled_HW.sum() == pytest.approx(np.pi * 75.5**2, rel=0.02) and skin.size < skin.filled_HW.sum() - 900
    assert mouth.size == pytest.approx(51 * 16, rel=0.08) and eyes.size == pytest.approx(
        2 * np.pi * 6.5 * 10.5, rel=0.2
    )
    assert eyes.centre == pytest.approx([80, 95], abs=1) and not eyes.filled_HW[80, 95]
    low, high = eyes.box
    assert low == pytest.approx([70, 60], abs=2) and high == pytest.approx([91, 131], abs=2)


def test_what_stands_side_by_side_is_alike(taken_apart: TakenApart) -> None:
    """Three windows in a row are one area; a large one, a high one and a blue one are others."""
    row: Shapes = [(BLACK, "rectangle", (left, 60, left + 16, 80)) for left in (30, 60, 90)]
    others: Shapes = [
        (BLACK, "rectangle", (120, 40, 165, 100)),
        (BLACK, "rectangle", (30, 110, 46, 130)),
        (BLUE, "rectangle", (60, 110, 76, 130)),
    ]
    areas = taken_apart([(WHITE, "rectangle", (10, 10, 180, 180)), *row, *others]).areas
    assert sorted(area.pieces for area in areas) == [1, 1, 1, 1, 3]


def test_the_shine_in_an_eye_is_part_of_it(taken_apart: TakenApart) -> None:
    """A spot that is hardly lighter than the pupil, but much darker than the face."""
    eye: Shapes = [(BLACK, "ellipse", (60, 70, 84, 100)), ((48, 44, 44), "ellipse", (66, 76, 78, 88))]
    areas = taken_apart([(RED, "ellipse", (20, 20, 170, 170)), *eye]).areas
    assert len(areas) == 2
    assert min(area.size for area in areas) == pytest.approx(np.pi * 12.5 * 15.5, rel=0.15)


def test_the_form_of_a_disc_is_that_of_a_larger_one(taken_apart: TakenApart, face: Shapes) -> None:
    small, large = (
        taken_apart([(RED, "ellipse", edges)]).areas[0].form for edges in ((10, 20, 60, 70), (40, 40, 190, 190))
    )
    (eyes,) = (area.form for area in taken_apart(face).areas if area.pieces == 2)
    assert (small & large).sum() > 0.85 * (small | large).sum() and (small & eyes).sum() < 0.6 * (small | eyes).sum()


def test_every_solid_place_is_in_one_area(taken_apart: TakenApart, face: Shapes) -> None:
    drawing = taken_apart(face)
    assert np.array_equal(sum(area.mask_HW.astype(int) for area in drawing.areas), drawing.solid_HW.astype(int))
    assert drawing.corner == pytest.approx([20, 20], abs=1) and drawing.extent == pytest.approx([151, 151], abs=2)


def test_a_hole_that_shows_nothing_stays_open(drawn: Drawn) -> None:
    pixels = drawn([(RED, "ellipse", (20, 20, 170, 170))])
    pixels[70:120, 70:120] = 0
    drawing = flat_drawing(pixels)
    assert drawing is not None and len(drawing.areas) == 1
    assert not drawing.areas[0].filled_HW[75:115, 75:115].any()


def test_a_line_around_the_whole_is_its_outline(taken_apart: TakenApart, face: Shapes) -> None:
    drawing = taken_apart([(BLACK, "ellipse", (20, 20, 170, 170)), (WHITE, "ellipse", (26, 26, 164, 164))])
    assert len(drawing.areas) == 1 and drawing.outline is not None
    colour, width = drawing.outline
    assert colour[0] < 0.35 and width == pytest.approx(6, abs=2)
    assert taken_apart(face).outline is None


def test_soft_edges_are_no_areas(taken_apart: TakenApart) -> None:
    """Between red and blue there is purple, two pixels of it."""
    drawing = taken_apart([(RED, "rectangle", (20, 20, 170, 95)), (BLUE, "rectangle", (20, 96, 170, 170))])
    assert len(drawing.areas) == 2 and {area.size > 10_000 for area in drawing.areas} == {True}


def test_the_mirror_image(drawn: Drawn, taken_apart: TakenApart, face: Shapes) -> None:
    shapes = [*face, (BLUE, "rectangle", (150, 20, 185, 40))]
    mirrored = taken_apart(shapes).mirrored()
    again = flat_drawing(np.ascontiguousarray(drawn(shapes)[:, ::-1]))
    assert again is not None and np.array_equal(mirrored.solid_HW, again.solid_HW)
    assert mirrored.corner == pytest.approx(again.corner) and mirrored.extent == pytest.approx(again.extent)

    def centres(one: FlatDrawing) -> list[list[float]]:
        return sorted(area.centre.round(1).tolist() for area in one.areas)

    assert np.allclose(centres(mirrored), centres(again), atol=1)


def test_of_nothing_there_is_nothing() -> None:
    assert flat_drawing(np.zeros((SIDE, SIDE, 4), dtype=np.uint8)) is None
    faint = np.zeros((SIDE, SIDE, 4), dtype=np.uint8)
    faint[50:100, 50:100] = 90
    assert flat_drawing(faint) is None


def test_distances_to_an_edge() -> None:
    mask = np.zeros((9, 9), dtype=bool)
    mask[2:7, 2:7] = True
    field = signed_distance(mask)
    assert field[4, 4] == 3 and field[4, 0] == -2 and field[2, 4] == 1 and field[1, 4] == -1
