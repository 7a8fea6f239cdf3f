"""What lies within a selection is found, and a hole gets the colours around it."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from dall_e.images.holes import filled, free_ground, held_within, things_within
from dall_e.images.selections import bounds_of, selection_of

SKY, GRASS, RED = (150, 200, 250), (60, 160, 60), (220, 40, 40)
BOX = (60, 50, 140, 150)


def landscape(ball: tuple[int, int, int, int] | None) -> Image.Image:
    image = Image.new("RGBA", (200, 200), (*SKY, 255))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 100, 200, 200), fill=(*GRASS, 255))
    if ball:
        pen.ellipse(ball, fill=(*RED, 255))
        middle = (ball[0] + ball[2]) // 2, (ball[1] + ball[3]) // 2
        pen.ellipse((middle[0] - 8, middle[1] - 8, middle[0] + 8, middle[1] + 8), fill="black")
    return image


def within(image: Image.Image) -> npt.NDArray[np.uint8]:
    return things_within(np.array(image), selection_of(BOX, image))


def test_a_thing_inside_is_found_with_its_parts() -> None:
    found_HW = within(landscape((75, 75, 125, 125)))
    assert found_HW[100, 100] == 255 and found_HW[80, 100] == 255
    assert found_HW[60, 70] == 0 and found_HW[145, 70] == 0
    left, top, right, bottom = bounds_of(found_HW)
    assert abs(left - 75) < 6 and abs(bottom - 125) < 6


def test_a_thing_that_goes_on_outside_stays_with_its_parts() -> None:
    assert not within(landscape((75, 75, 175, 125))).any()


def test_a_hole_is_closed_along_the_horizon() -> None:
    image = landscape((75, 75, 125, 125))
    hole_HW = selection_of((70, 70, 130, 130), image)
    closed_HWC = filled(np.array(image), hole_HW)
    wanted_HWC = np.array(landscape(None))
    differs_HW = (np.abs(closed_HWC.astype(int) - wanted_HWC) > 12).any(2)
    assert differs_HW.mean() < 0.01
    assert np.array_equal(closed_HWC[hole_HW == 0], np.array(image)[hole_HW == 0])


def test_a_hole_at_the_edge_goes_on_level() -> None:
    image = landscape(None)
    hole_HW = selection_of((120, 40, 200, 160), image)
    closed_HWC = filled(np.array(image), hole_HW)
    assert (np.abs(closed_HWC.astype(int) - np.array(image)) > 12).any(2).mean() < 0.015


def test_what_a_box_cuts_is_held_by_it_if_nothing_as_large_lies_within() -> None:
    image = landscape((75, 75, 175, 125))
    held_HW, ground_HW = held_within(np.array(image), selection_of(BOX, image))
    assert held_HW[100, 130] == 255 and held_HW[100, 145] == 0
    assert held_HW[60, 70] == 0 and held_HW[145, 70] == 0
    assert ground_HW[60, 50] == 255 and ground_HW[100, 145] == 0

    # The red of what is left is none of the colours that fill the part.
    closed_HWC = filled(np.array(image), held_HW, ground_HW).astype(int)
    cut = held_HW >= 128
    to_ground = np.minimum(
        *(np.abs(closed_HWC[..., :3] - colour).max(2) for colour in (SKY, GRASS))
    )
    assert (to_ground[cut] < 12).all()
    assert np.array_equal(closed_HWC[~cut], np.array(image)[~cut])


def test_beside_a_thing_that_lies_within_what_a_box_cuts_stays() -> None:
    image = landscape((65, 75, 115, 125))
    ImageDraw.Draw(image).rectangle((125, 80, 190, 120), fill="orange")
    held_HW, _ = held_within(np.array(image), selection_of(BOX, image))
    assert held_HW[100, 90] == 255 and held_HW[100, 135] == 0


def test_ground_that_a_thing_cuts_in_two_is_ground() -> None:
    """A thing from edge to edge hides the horizon, and the two pieces have one colour."""
    image = landscape(None)
    ImageDraw.Draw(image).rectangle((80, 60, 120, 200), fill="red")
    selected_HW = selection_of((60, 40, 140, 170), image)
    held_HW, ground_HW = held_within(np.array(image), selected_HW)
    assert held_HW[100, 100] == 255 and held_HW[150, 70] == 0 == held_HW[150, 130]
    assert ground_HW[150, 50] == 255 == ground_HW[150, 150]


def test_nothing_to_fill_from_is_said() -> None:
    image = landscape(None)
    with pytest.raises(ValueError, match="all of the picture is selected"):
        filled(np.array(image), selection_of((0, 0, 200, 200), image))


def test_the_ground_is_free_and_things_are_not() -> None:
    free_HW = free_ground(np.array(landscape((75, 75, 125, 125))))
    assert free_HW[10, 10] == 255 and free_HW[190, 190] == 255 and free_HW[100, 90] == 0
