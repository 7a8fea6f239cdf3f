"""A ground of one colour goes, what is cut out or on a place stays; things apart are parted."""

import cv2
import numpy as np
import pytest

from dall_e.images.flat_ground import without_flat_ground
from dall_e.images.parts import separate_parts


def on_colour(colour: tuple[int, int, int], side: int = 40) -> np.ndarray:
    """A dark ring with a middle of the colour around it."""
    image_CHW = np.full((4, side, side), 255, dtype=np.uint8)
    image_CHW[:3] = np.array(colour, np.uint8)[:, None, None]
    image_CHW[:3, 10:30, 10:30] = np.array((20, 0, 60), np.uint8)[:, None, None]
    image_CHW[:3, 17:23, 17:23] = np.array(colour, np.uint8)[:, None, None]
    return image_CHW


@pytest.mark.parametrize("colour", [(255, 255, 255), (60, 120, 200), (0, 255, 0)])
def test_the_ground_goes_and_its_colour_inside_stays(colour: tuple[int, int, int]) -> None:
    seen_HW = without_flat_ground(on_colour(colour))[3] > 0
    assert not seen_HW[:10].any() and not seen_HW[:, 30:].any()
    assert seen_HW[10:30, 10:30].all()


def test_jpeg_makes_a_ground_uneven_and_it_goes_all_the_same() -> None:
    rgb_HW3 = on_colour((60, 120, 200))[:3].transpose(1, 2, 0)
    _, content = cv2.imencode(".jpg", rgb_HW3, [cv2.IMWRITE_JPEG_QUALITY, 50])
    image_CHW = on_colour((0, 0, 0))
    image_CHW[:3] = cv2.imdecode(content, cv2.IMREAD_COLOR).transpose(2, 0, 1)
    seen_HW = without_flat_ground(image_CHW)[3] > 0
    assert not seen_HW[:7].any() and seen_HW[11:29, 11:16].all()


def test_a_picture_that_is_not_square_stands_between_bars() -> None:
    barred_CHW = np.zeros((4, 60, 40), np.uint8)
    barred_CHW[:, 10:50] = on_colour((60, 120, 200))
    seen_HW = without_flat_ground(barred_CHW)[3] > 0
    assert not seen_HW[:20].any() and seen_HW[20:40, 10:30].all()


def test_other_pictures_stay() -> None:
    cut_out = on_colour((255, 255, 255))
    cut_out[:, 0, 0] = 0
    place = on_colour((90, 160, 250))
    place[:3, 20:] = np.array((30, 140, 40), np.uint8)[:, None, None]
    blank = np.full((4, 9, 9), 255, dtype=np.uint8)
    for image_CHW in (cut_out, place, blank):
        assert np.array_equal(without_flat_ground(image_CHW), image_CHW)


def test_things_that_stand_apart_are_parted_from_left_to_right() -> None:
    image_CHW = np.zeros((4, 60, 60), np.uint8)
    image_CHW[[0, 3], 5:25, 35:55] = 255
    image_CHW[[2, 3], 20:50, 5:25] = 255
    image_CHW[3, 58, 58] = 255  # Dust
    blue, red = separate_parts(image_CHW)
    assert blue[2].max() == 255 and not blue[0].any() and blue.shape[1:] >= (30, 20)
    assert red[0].max() == 255 and not red[2].any()
    assert separate_parts(np.zeros((4, 8, 8), np.uint8)) == []
