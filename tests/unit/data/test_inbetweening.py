"""What lies between two drawings: checked on shapes whose middle is known."""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from dall_e.data.flat_areas import SIDE, flat_drawing
from dall_e.data.inbetweening import in_between
from dall_e.data.recolouring import from_oklab
from dall_e.data.scene_variety import Mix

RED, BLUE, WHITE, BLACK = (200, 30, 40), (40, 80, 200), (250, 250, 250), (20, 20, 20)
HALF = Mix(details=0, shapes=0.5)
Shapes = list[tuple[tuple[int, int, int], str, tuple[int, int, int, int]]]
Drawn = Callable[..., npt.NDArray[np.uint8]]


@pytest.fixture
def mixed(drawn: Drawn) -> Drawn:
    def mix_them(first: Shapes, second: Shapes, mix: Mix = HALF, turns: bool = False) -> npt.NDArray[np.uint8]:
        found = in_between(drawn(first), drawn(second), mix, turns=turns)
        assert found is not None and found.shape == (SIDE, SIDE, 4) and (found[..., :3] <= found[..., 3:]).all()
        return found

    return mix_them


def box(mask: npt.NDArray[np.bool_]) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [int(edge) for edge in (columns[0], rows[0], columns[-1], rows[-1])]


@pytest.mark.parametrize(("shapes", "wanted"), [(0.0, 60), (0.5, 80), (0.75, 90), (1.0, 100)])
def test_the_size_is_in_between(shapes: float, wanted: int, mixed: Drawn) -> None:
    """A disc of 60 pixels and one of 100 give one of 60 to 100, not a ring."""
    small: Shapes = [(RED, "ellipse", (66, 66, 126, 126))]
    large: Shapes = [(RED, "ellipse", (46, 46, 146, 146))]
    solid = mixed(small, large, dataclasses.replace(HALF, shapes=shapes))[..., 3] > 127
    left, top, right, bottom = box(solid)
    assert right - left == pytest.approx(wanted, abs=2) and bottom - top == pytest.approx(wanted, abs=2)
    assert solid.sum() == pytest.approx(np.pi * (wanted / 2) ** 2, rel=0.06)


def test_a_square_and_a_disc_give_what_is_neither(mixed: Drawn) -> None:
    square: Shapes = [(RED, "rectangle", (40, 40, 150, 150))]
    disc: Shapes = [(RED, "ellipse", (40, 40, 150, 150))]
    solid = mixed(square, disc)[..., 3] > 127
    assert box(solid) == pytest.approx([40, 40, 150, 150], abs=3)
    full, round_ = 111**2, np.pi * 55.5**2
    assert round_ + 0.2 * (full - round_) < solid.sum() < full - 0.2 * (full - round_)


def test_parts_meet_half_way(mixed: Drawn, face: Shapes) -> None:
    """Eyes that are near and low, and eyes that are far and high: each eye is between its two."""
    other: Shapes = [
        (RED, "ellipse", (20, 20, 170, 170)),
        (BLACK, "ellipse", (40, 50, 52, 70)),
        (BLACK, "ellipse", (138, 50, 150, 70)),
        (WHITE, "rectangle", (70, 125, 120, 140)),
    ]
    drawing = flat_drawing(mixed(face, other))
    assert drawing is not None
    (eyes,) = (area for area in drawing.areas if area.colour[0] < 0.4)
    assert eyes.pieces == 2
    places = sorted(ndimage.center_of_mass(eyes.mask_HW, ndimage.label(eyes.mask_HW)[0], [1, 2]), key=lambda at: at[1])
    assert places == [pytest.approx([70, 56], abs=2), pytest.approx([70, 134], abs=2)]


def test_half_way_is_as_far_from_one_as_from_the_other(drawn: Drawn) -> None:
    """Both are discs with a spot: the spot of the one is large. Its details make a drawing more like it."""
    small: Shapes = [(RED, "ellipse", (20, 20, 170, 170)), (WHITE, "ellipse", (80, 80, 110, 110))]
    large: Shapes = [(BLUE, "ellipse", (20, 20, 170, 170)), (WHITE, "ellipse", (40, 40, 150, 150))]

    def lean(mix: Mix) -> float:
        found = in_between(drawn(small), drawn(large), mix, turns=False)
        assert found is not None
        far = [float(np.square(found.astype(float) - drawn(one)).mean() ** 0.5) for one in (small, large)]
        return (far[0] - far[1]) / sum(far)

    for details in (0, 1):
        colours = 0.3 if details else -0.3
        assert abs(lean(Mix(details=details, colours=colours))) < 0.15
        assert abs(lean(Mix(details=details, shapes=0.5, colours=colours))) > 0.2
    # Of twice the same nothing else is half-way.
    same = in_between(drawn(small), drawn(small), Mix(details=0), turns=False)
    assert same is not None and (np.abs(same.astype(int) - drawn(small)) < 40).mean() > 0.97


def test_two_eyes_are_not_paired_with_one(mixed: Drawn, face: Shapes) -> None:
    """A face from the front keeps both, or has none: the one eye of a profile is not half of them."""
    profile = [face[0], (BLACK, "ellipse", (40, 70, 52, 90)), face[3]]
    for details, eyes in ((0, 2), (1, 1)):
        drawing = flat_drawing(mixed(face, profile, Mix(details=details, shapes=0.5)))
        assert drawing is not None
        dark_HW = np.any([area.mask_HW for area in drawing.areas if area.colour[0] < 0.4], axis=0)
        assert ndimage.label(dark_HW)[1] == eyes


def test_where_shapes_have_little_in_common_there_is_one_of_them() -> None:
    """Between an upright cross and a slanting one there is a star or a blot: it is rather one or the other."""
    rows, columns = np.indices((SIDE, SIDE)) - 96
    upright = np.minimum(np.abs(rows), np.abs(columns)) < 8
    slanting = np.minimum(np.abs(rows - columns), np.abs(rows + columns)) < 11
    crosses = [
        (cross & (np.maximum(np.abs(rows), np.abs(columns)) < 80))[..., None] * np.array([*RED, 255], dtype=np.uint8)
        for cross in (upright, slanting)
    ]
    for details, solid, empty in ((0, (96, 40), (50, 50)), (1, (50, 50), (96, 40))):
        found = in_between(crosses[0], crosses[1], Mix(details=details, shapes=0.5), turns=False)
        assert found is not None and found[solid][3] > 200 and found[empty][3] < 50


def test_shading_is_that_of_one_in_colours_of_both(drawn: Drawn) -> None:
    """A disc that grows lighter to the right, and a plain one of another colour."""
    disc: Shapes = [(BLUE, "ellipse", (20, 20, 170, 170))]
    plain, shaded = drawn([(RED, "ellipse", (20, 20, 170, 170))]), drawn(disc).astype(float)
    shaded[..., :3] *= np.linspace(0.8, 1.2, SIDE)[None, :, None]
    shaded[..., :3] = np.minimum(shaded[..., :3], shaded[..., 3:])
    for details, ramp in ((0, True), (1, False)):
        found = in_between(shaded.astype(np.uint8), plain, Mix(details=details, shapes=0.5), turns=False)
        assert found is not None
        left, right = found[96, 40, :3].astype(int), found[96, 150, :3].astype(int)
        assert (right.sum() - left.sum() > 60) == ramp and abs(right.sum() - left.sum()) < 160
        assert found[96, 96, 0] > BLUE[0] + 20 and found[96, 96, 2] > RED[2] + 20


def test_nothing_lies_beyond_the_whole_or_the_picture(mixed: Drawn) -> None:
    """A stripe that grows is no wider than the card that it is on, and a card that grows stays in the picture."""
    card: Shapes = [(RED, "rectangle", (8, 40, 182, 150)), (BLACK, "rectangle", (12, 60, 178, 80))]
    grown = Mix(details=0, shapes=0.5, parts=((0.0, 0.4),))
    found = mixed(card, card, grown)
    assert box(found[..., 3] > 127) == pytest.approx([8, 40, 182, 150], abs=2)
    assert (found[57:59, 96, 0] < 100).all(), "the stripe is larger"


def test_details_are_those_of_one_and_move_with_what_they_lie_on(mixed: Drawn) -> None:
    """A spot on a disc that is on the left in one drawing and on the right in the other."""
    plain: Shapes = [(RED, "rectangle", (10, 20, 100, 180)), (WHITE, "rectangle", (120, 20, 180, 180))]
    spotted: Shapes = [(RED, "rectangle", (10, 20, 60, 180)), (WHITE, "rectangle", (80, 20, 180, 180))]
    spotted.append((BLUE, "ellipse", (25, 90, 45, 110)))
    for details, spots in ((0, 0), (1, 1)):
        drawing = flat_drawing(mixed(plain, spotted, dataclasses.replace(HALF, details=details)))
        assert drawing is not None
        blue = [area for area in drawing.areas if np.abs(from_oklab(area.colour[None])[0] - BLUE).max() < 30]
        assert len(blue) == spots
        if blue:  # In the middle of the red part, which is now 70 wide.
            assert blue[0].centre == pytest.approx([100, 45], abs=3)


def test_colours_are_mixed_and_stay_strong(mixed: Drawn) -> None:
    red: Shapes = [(RED, "rectangle", (30, 30, 160, 160))]
    blue: Shapes = [(BLUE, "rectangle", (30, 30, 160, 160))]
    for share, wanted in ((0.0, RED), (1.0, BLUE)):
        found = mixed(red, blue, Mix(details=0, shapes=0.5, colours=share - 0.5))[96, 96, :3]
        assert np.abs(found.astype(int) - wanted).max() < 8
    middle = mixed(red, blue)[96, 96, :3].astype(int)
    assert middle.max() - middle.min() > 80, "no grey"


def test_one_that_looks_the_other_way_is_turned(mixed: Drawn) -> None:
    left: Shapes = [(RED, "ellipse", (60, 60, 180, 150)), (BLUE, "ellipse", (10, 30, 70, 90))]
    right: Shapes = [(RED, "ellipse", (10, 60, 130, 150)), (BLUE, "ellipse", (120, 30, 180, 90))]
    drawing = flat_drawing(mixed(left, right, turns=True))
    assert drawing is not None
    (head,) = (area for area in drawing.areas if np.abs(from_oklab(area.colour[None])[0] - BLUE).max() < 30)
    assert head.centre == pytest.approx([60, 40], abs=4)


def test_nothing_lies_between_what_has_little_in_common(drawn: Drawn) -> None:
    disc: Shapes = [(RED, "ellipse", (20, 20, 170, 170))]
    dots: Shapes = [(BLUE, "rectangle", (left, top, left + 8, top + 8)) for left in (20, 160) for top in (20, 160)]
    assert in_between(drawn(disc), drawn(dots), HALF, turns=False) is None
    place: Shapes = [(RED, "rectangle", (0, 0, 191, 191))]
    assert in_between(drawn([(RED, "ellipse", (60, 60, 130, 130))]), drawn(place), HALF, turns=False) is None
    nothing = np.zeros((SIDE, SIDE, 4), dtype=np.uint8)
    assert in_between(nothing, drawn(disc), HALF, turns=False) is None


def test_between_crowded_drawings_lies_nothing(drawn: Drawn) -> None:
    colours = (RED, BLUE, WHITE, BLACK, (60, 160, 70), (240, 200, 60))
    squares: Shapes = [
        (colours[(row + column) % 6], "rectangle", (30 * column + 10, 30 * row + 10, 30 * column + 36, 30 * row + 36))
        for row in range(6)
        for column in range(6)
    ]
    assert in_between(drawn(squares), drawn(squares), HALF, turns=False) is None
    assert in_between(drawn(squares[:18]), drawn(squares[:18]), HALF, turns=False) is not None


def test_drawings_of_any_side(drawn: Drawn, face: Shapes) -> None:
    small = drawn(face)[::2, ::2]
    found = in_between(small, drawn(face), HALF, turns=False)
    assert found is not None and found.shape == (SIDE, SIDE, 4)
    near = np.abs(found.astype(int) - drawn(face)) < 40
    assert near.mean() > 0.97, "of twice the same nearly the same comes"


def test_thin_things_far_apart(drawn: Drawn) -> None:
    """Two poles, and two others: whatever the grid that forms are looked at on, there is a drawing, or none."""
    for width in (1, 2, 4, 6):
        poles, others = (
            drawn([(RED, "rectangle", (at, 20, at + width, 170)) for at in places]) for places in ((20, 165), (30, 150))
        )
        for details in (0, 1):
            found = in_between(poles, others, Mix(details=details), turns=True)
            assert found is None or (found[..., 3] > 127).any()
