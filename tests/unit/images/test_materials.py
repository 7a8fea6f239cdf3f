"""Paint on areas made by hand: a thing of one colour with shades, and somebody with a face."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.areas import Areas
from dall_e.images.colour import oklab
from dall_e.images.materials import MATERIALS, Paint, painted_areas

RED, DARK_RED, BLACK, WHITE = (220, 40, 45), (170, 25, 30), (25, 25, 28), (250, 250, 250)
SKIN, HAIR, BEARD, SHIRT = (255, 210, 120), (90, 60, 40), (120, 80, 50), (50, 90, 200)


def areas_of(side: int, *discs: tuple[tuple[int, int, int], int, int, int, int]) -> Areas:
    """Areas of ellipses (colour, x, y, half width, half height), the last ones on top."""
    palette: list[tuple[int, int, int]] = []
    labels = np.zeros((side, side), dtype=np.int32)
    for colour, x, y, wide, tall in discs:
        if colour not in palette:
            palette.append(colour)
        label = palette.index(colour) + 1
        cv2.ellipse(labels, (x, y), (wide, tall), 0, 0, 360, label, cv2.FILLED)
    return Areas(labels_HW=labels, palette_K3=np.array(palette, dtype=np.uint8))


@pytest.fixture
def car() -> Areas:
    """A red body with a shaded part, black wheels and a white window."""
    return areas_of(
        200, (RED, 100, 100, 80, 45), (DARK_RED, 100, 130, 60, 12), (BLACK, 60, 145, 16, 16),
        (BLACK, 140, 145, 16, 16), (WHITE, 110, 85, 25, 14),
    )  # fmt: skip


@pytest.fixture
def man() -> Areas:
    """A face with eyes, a nose, hair on top, a beard below, and a shirt."""
    return areas_of(
        240, (SHIRT, 120, 235, 80, 60), (HAIR, 120, 80, 58, 56), (BEARD, 120, 130, 40, 44),
        (SKIN, 120, 98, 46, 48), (BLACK, 103, 95, 5, 7), (BLACK, 137, 95, 5, 7),
        (HAIR, 120, 115, 6, 5),
    )  # fmt: skip


def hue(colour: npt.NDArray[np.uint8]) -> float:
    lab = oklab(colour[None])[0]
    return float(np.degrees(np.arctan2(lab[2], lab[1])) % 360)


def colour_at(areas: Areas, x: int, y: int) -> tuple[int, ...]:
    return tuple(areas.image()[y, x, :3].tolist())


def test_no_paint_changes_nothing(car: Areas) -> None:
    painted, overlays = painted_areas(car, Paint())
    assert overlays == () and np.array_equal(painted.palette_K3, car.palette_K3)
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


@pytest.mark.parametrize("material", MATERIALS)
def test_a_material_changes_the_main_colour_only(car: Areas, material: str) -> None:
    painted, overlays = painted_areas(car, Paint(material=material))
    lab = oklab(painted.palette_K3)
    lightness, chroma, degrees = MATERIALS[material]
    assert lab[0, 0] == pytest.approx(lightness, abs=0.04)
    assert np.hypot(*lab[0, 1:]) == pytest.approx(chroma, abs=0.03)
    if chroma > 0.03:
        assert abs(hue(painted.palette_K3[0]) - degrees) < 12
    assert lab[1, 0] < lab[0, 0] - 0.04
    assert [tuple(colour) for colour in painted.palette_K3[2:]] == [BLACK, WHITE]
    assert [overlay.labels for overlay in overlays] == [frozenset({1, 2})]


def test_the_callers_areas_stay_as_they_are(car: Areas, man: Areas) -> None:
    before = car.palette_K3.copy(), man.labels_HW.copy()
    painted_areas(car, Paint(material="wood", colour="blue"))
    painted_areas(man, Paint(parts=(("hair", "red"),)))
    assert np.array_equal(before[0], car.palette_K3)
    assert np.array_equal(before[1], man.labels_HW)


def test_wool_has_the_things_own_colour_and_a_pattern_any_material(car: Areas) -> None:
    painted, overlays = painted_areas(car, Paint(material="wool", pattern="dotted"))
    assert np.array_equal(painted.palette_K3, car.palette_K3)
    assert [overlay.name for overlay in overlays] == ["wool", "dotted"]


def test_stripes_are_seen_on_a_light_and_on_a_dark_thing() -> None:
    for colour in (WHITE, (60, 60, 70), RED):
        thing = areas_of(120, (colour, 60, 60, 50, 50))
        _, (overlay,) = painted_areas(thing, Paint(pattern="striped"))
        stripe = overlay.tile.split('fill="#')[1][:6]
        other = np.array([[int(stripe[i : i + 2], 16) for i in (0, 2, 4)]], dtype=np.uint8)
        gap = oklab(other)[0] - oklab(thing.palette_K3)[0]
        assert np.linalg.norm(gap) > 0.15


@pytest.mark.parametrize(
    ("part", "inside"),
    [("hair", (120, 35)), ("beard", (120, 165)), ("clothes", (120, 225))],
)
def test_parts_have_colours_of_their_own(man: Areas, part: str, inside: tuple[int, int]) -> None:
    painted, _ = painted_areas(man, Paint(parts=((part, "green"),)))
    places = {
        "hair": (120, 35), "beard": (120, 165), "clothes": (120, 225), "skin": (120, 75),
        "eye": (103, 95), "nose": (120, 115),
    }  # fmt: skip
    for name, (x, y) in places.items():
        is_changed = colour_at(painted, x, y) != colour_at(man, x, y)
        assert is_changed == (name == part), name
    green = np.array(colour_at(painted, *inside), dtype=np.uint8)
    assert abs(hue(green) - 145) < 30


def test_each_part_and_the_rest_may_change_together(man: Areas) -> None:
    paint = Paint(parts=(("hair", "red"), ("beard", "white"), ("clothes", "green")))
    painted, _ = painted_areas(man, paint)
    assert abs(hue(np.array(colour_at(painted, 120, 35), dtype=np.uint8)) - 27) < 25
    assert min(colour_at(painted, 120, 165)) > 150
    assert abs(hue(np.array(colour_at(painted, 120, 225), dtype=np.uint8)) - 145) < 30


def test_who_has_no_face_has_clothes_only() -> None:
    doll = areas_of(200, (SHIRT, 100, 120, 50, 70), (BLACK, 100, 30, 20, 20))
    unchanged, _ = painted_areas(doll, Paint(parts=(("hair", "red"), ("beard", "red"))))
    assert np.array_equal(unchanged.image(), doll.image())
    dressed, _ = painted_areas(doll, Paint(parts=(("clothes", "red"),)))
    assert abs(hue(np.array(colour_at(dressed, 100, 120), dtype=np.uint8)) - 27) < 25
    assert colour_at(dressed, 100, 30) == BLACK


def test_nothing_can_be_painted() -> None:
    nothing = Areas(
        labels_HW=np.zeros((8, 8), dtype=np.int32), palette_K3=np.zeros((0, 3), dtype=np.uint8)
    )
    paint = Paint(colour="red", material="wood", pattern="dotted", parts=(("hair", "red"),))
    painted, overlays = painted_areas(nothing, paint)
    assert overlays == () and not painted.image().any()
