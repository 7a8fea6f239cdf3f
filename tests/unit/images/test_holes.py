"""What lies within a selection is found, and a hole gets the colours around it."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from dall_e.images.holes import filled, free_ground, things_within
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


def test_nothing_to_fill_from_is_said() -> None:
    image = landscape(None)
    with pytest.raises(ValueError, match="all of the picture is selected"):
        filled(np.array(image), selection_of((0, 0, 200, 200), image))


def test_the_ground_is_free_and_things_are_not() -> None:
    free_HW = free_ground(np.array(landscape((75, 75, 125, 125))))
    assert free_HW[10, 10] == 255 and free_HW[190, 190] == 255 and free_HW[100, 90] == 0
