"""Paint on areas made by hand: a thing of one colour with shades."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.areas import Areas
from dall_e.images.colour import oklab
from dall_e.images.materials import Paint, painted_areas
from dall_e.images.textures import MATERIALS

RED, DARK_RED, BLACK, WHITE = (220, 40, 45), (170, 25, 30), (25, 25, 28), (250, 250, 250)
GLASS, LIQUID = (190, 222, 246), (205, 35, 50)


@pytest.fixture
def car(areas_of: Callable[..., Areas]) -> Areas:
    """A red body with a shaded part, black wheels and a white window."""
    return areas_of(
        200, (RED, 100, 100, 80, 45), (DARK_RED, 100, 130, 60, 12), (BLACK, 60, 145, 16, 16),
        (BLACK, 140, 145, 16, 16), (WHITE, 110, 85, 25, 14),
    )  # fmt: skip


def hue(colour: npt.NDArray[np.uint8]) -> float:
    lab = oklab(colour[None])[0]
    return float(np.degrees(np.arctan2(lab[2], lab[1])) % 360)


def test_no_paint_changes_nothing(car: Areas) -> None:
    painted, surface = painted_areas(car, Paint())
    assert surface is None and np.array_equal(painted.palette_K3, car.palette_K3)
    assert np.array_equal(painted.labels_HW, car.labels_HW)


@pytest.mark.parametrize(("colour", "hue_of"), [("blue", 260), ("green", 145), ("yellow", 95)])
def test_a_colour_changes_the_main_colour_and_its_shades(
    car: Areas, colour: str, hue_of: int
) -> None:
    painted, _ = painted_areas(car, Paint(colour=colour))
    red, dark, black, white = painted.palette_K3
    assert abs(hue(red) - hue_of) < 25 and abs(hue(dark) - hue_of) < 25
    lightness = oklab(painted.palette_K3)[:, 0]
    assert lightness[1] < lightness[0] - 0.04  # its shading is kept
    assert tuple(black) == BLACK and tuple(white) == WHITE


@pytest.mark.parametrize("material", [name for name, colour in MATERIALS.items() if colour])
def test_a_material_changes_the_main_colour_only(car: Areas, material: str) -> None:
    painted, surface = painted_areas(car, Paint(material=material))
    lab, target = oklab(painted.palette_K3), MATERIALS[material]
    assert target and surface
    lightness, chroma, degrees = target
    assert lab[0, 0] == pytest.approx(lightness, abs=0.04)
    assert np.hypot(*lab[0, 1:]) == pytest.approx(chroma, abs=0.03)
    if chroma > 0.03:
        assert abs(hue(painted.palette_K3[0]) - degrees) < 12
    assert lab[1, 0] < lab[0, 0] - 0.04
    assert [tuple(colour) for colour in painted.palette_K3[2:]] == [BLACK, WHITE]
    assert surface.labels == frozenset({1, 2}) and surface.material == material


def test_the_callers_areas_stay_as_they_are(car: Areas) -> None:
    before = car.palette_K3.copy()
    painted_areas(car, Paint(material="wood", colour="blue"))
    assert np.array_equal(before, car.palette_K3)


def test_wool_has_the_things_own_colour_and_a_pattern_any_material(car: Areas) -> None:
    painted, surface = painted_areas(car, Paint(material="wool", pattern="dotted"))
    assert np.array_equal(painted.palette_K3, car.palette_K3)
    assert surface and (surface.material, surface.pattern) == ("wool", "dotted")


def test_what_is_said_of_the_colour_counts_but_for_metals_that_are_one(car: Areas) -> None:
    wooden, _ = painted_areas(car, Paint(material="wood", colour="blue"))
    golden, _ = painted_areas(car, Paint(material="gold", colour="blue"))
    assert abs(hue(wooden.palette_K3[0]) - 260) < 25
    assert abs(hue(golden.palette_K3[0]) - 88) < 12


def test_windows_of_a_car_are_not_of_its_material(areas_of: Callable[..., Areas]) -> None:
    pale = (255, 190, 190)
    thing = areas_of(200, (RED, 100, 100, 80, 45), (pale, 110, 85, 25, 14))
    painted, surface = painted_areas(thing, Paint(material="gold"))
    assert tuple(painted.palette_K3[1]) == pale and surface and surface.labels == frozenset({1})


def test_a_blue_potion_is_blue_and_its_glass_is_clear(areas_of: Callable[..., Areas]) -> None:
    cork = (200, 110, 80)
    potion = areas_of(
        200, (cork, 100, 20, 15, 15), (GLASS, 100, 110, 75, 75), (LIQUID, 100, 120, 50, 45)
    )
    painted, _ = painted_areas(potion, Paint(colour="blue"))
    assert abs(hue(painted.palette_K3[2]) - 260) < 25
    assert np.array_equal(painted.palette_K3[:2], potion.palette_K3[:2])

    # Of what only stands before glass it is the glass that is painted.
    beside = areas_of(200, (GLASS, 100, 110, 75, 75), (LIQUID, 150, 160, 50, 45))
    painted, _ = painted_areas(beside, Paint(colour="blue"))
    assert np.array_equal(painted.palette_K3[1], beside.palette_K3[1])


@pytest.mark.parametrize("colour", [WHITE, (60, 60, 70), RED, (190, 200, 210)])
def test_patterns_and_grain_are_seen_on_light_and_on_dark_things(
    areas_of: Callable[..., Areas], colour: tuple[int, int, int]
) -> None:
    thing = areas_of(120, (colour, 60, 60, 50, 50))
    _, surface = painted_areas(thing, Paint(pattern="striped"))
    assert surface
    for other, least in ((surface.contrast, 0.15), (surface.ink, 0.1)):
        rgb = np.array([[int(other[i : i + 2], 16) for i in (1, 3, 5)]], dtype=np.uint8)
        assert np.linalg.norm(oklab(rgb)[0] - oklab(thing.palette_K3)[0]) > least


def test_nothing_can_be_painted() -> None:
    nothing = Areas(
        labels_HW=np.zeros((8, 8), dtype=np.int32), palette_K3=np.zeros((0, 3), dtype=np.uint8)
    )
    paint = Paint(colour="red", material="wood", pattern="dotted", parts=(("hair", "red"),))
    painted, surface = painted_areas(nothing, paint)
    assert surface is None and not painted.image().any()


@pytest.mark.parametrize("colour", ["pink", "white", "yellow", "black"])
def test_a_pattern_lies_on_the_body_whatever_it_is_painted(car: Areas, colour: str) -> None:
    _, surface = painted_areas(car, Paint(colour=colour, pattern="checked"))
    assert surface is not None and surface.labels >= {1, 2}
