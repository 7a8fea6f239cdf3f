"""Somebody with a face, made by hand, whose hair, beard and clothes get colours of their own."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.areas import Areas
from dall_e.images.colour import oklab
from dall_e.images.materials import Paint, painted_areas

BLACK = (25, 25, 28)
SKIN, HAIR, BEARD, SHIRT = (255, 210, 120), (90, 60, 40), (120, 80, 50), (50, 90, 200)


@pytest.fixture
def man(areas_of: Callable[..., Areas]) -> Areas:
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


def test_the_callers_areas_stay_as_they_are(man: Areas) -> None:
    before = man.palette_K3.copy(), man.labels_HW.copy()
    painted_areas(man, Paint(parts=(("hair", "red"),)))
    assert np.array_equal(before[0], man.palette_K3)
    assert np.array_equal(before[1], man.labels_HW)


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


def test_blond_hair_is_no_skin(man: Areas) -> None:
    painted, _ = painted_areas(man, Paint(parts=(("hair", "yellow"),)))
    colours = np.array([colour_at(painted, 120, 35), (255, 220, 93)], dtype=np.uint8)
    assert np.linalg.norm(np.diff(oklab(colours), axis=0)) > 0.1


def test_a_cart_beside_somebody_keeps_its_colour(areas_of: Callable[..., Areas]) -> None:
    areas = areas_of(
        240, (SHIRT, 60, 190, 34, 70), (HAIR, 60, 60, 22, 24), (SKIN, 60, 75, 20, 22),
        (BLACK, 53, 75, 3, 4), (BLACK, 67, 75, 3, 4), (HAIR, 60, 84, 4, 3),
        (BEARD, 180, 190, 50, 60),
    )  # fmt: skip
    painted, _ = painted_areas(areas, Paint(parts=(("clothes", "green"),)))
    assert colour_at(painted, 180, 190) == colour_at(areas, 180, 190)
    assert colour_at(painted, 60, 190) != colour_at(areas, 60, 190)


def test_each_part_and_the_rest_may_change_together(man: Areas) -> None:
    paint = Paint(parts=(("hair", "red"), ("beard", "white"), ("clothes", "green")))
    painted, _ = painted_areas(man, paint)
    assert abs(hue(np.array(colour_at(painted, 120, 35), dtype=np.uint8)) - 27) < 25
    assert min(colour_at(painted, 120, 165)) > 150
    assert abs(hue(np.array(colour_at(painted, 120, 225), dtype=np.uint8)) - 145) < 30


@pytest.mark.parametrize(("part", "places"), [("top", [0]), ("bottom", [1]), ("clothes", [0, 1])])
@pytest.mark.parametrize("is_dress", [True, False])
def test_clothes_end_at_the_waist_and_have_no_shoes(
    part: str, places: list[int], is_dress: bool, areas_of: Callable[..., Areas]
) -> None:
    low = SHIRT if is_dress else BEARD
    girl = areas_of(
        384, (SHIRT, 192, 220, 50, 50), (low, 192, 290, 50, 40), (HAIR, 192, 360, 30, 14),
        (SKIN, 192, 120, 60, 60), (BLACK, 172, 115, 6, 8), (BLACK, 212, 115, 6, 8),
        (HAIR, 192, 145, 8, 6),
    )  # fmt: skip
    painted, _ = painted_areas(girl, Paint(parts=((part, "green"),)))
    spots = [(192, 220), (192, 310), (192, 360)]
    changed = [spot for spot in spots if colour_at(painted, *spot) != colour_at(girl, *spot)]
    assert changed == [spots[place] for place in places]


def test_who_has_no_face_has_clothes_only(areas_of: Callable[..., Areas]) -> None:
    doll = areas_of(200, (SHIRT, 100, 120, 50, 70), (BLACK, 100, 30, 20, 20))
    unchanged, _ = painted_areas(doll, Paint(parts=(("hair", "red"), ("beard", "red"))))
    assert np.array_equal(unchanged.image(), doll.image())
    dressed, _ = painted_areas(doll, Paint(parts=(("clothes", "red"),)))
    assert abs(hue(np.array(colour_at(dressed, 100, 120), dtype=np.uint8)) - 27) < 25
    assert colour_at(dressed, 100, 30) == BLACK
