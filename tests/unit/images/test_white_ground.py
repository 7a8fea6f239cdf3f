"""White around a drawing is taken away, white inside of it stays."""

import numpy as np

from dall_e.images.white_ground import without_white_ground


def on_white(side: int = 20) -> np.ndarray:
    """A red ring with a white middle, on white."""
    image_CHW = np.full((4, side, side), 255, dtype=np.uint8)
    image_CHW[1:3, 5:15, 5:15] = 0
    image_CHW[1:3, 8:12, 8:12] = 255
    return image_CHW


def test_the_ground_goes_and_the_white_inside_stays() -> None:
    image_CHW = without_white_ground(on_white())
    assert (image_CHW[:, 0, 0] == 0).all() and (image_CHW[:, 10, 10] == 255).all()
    assert image_CHW[:, 5, 5].tolist() == [255, 0, 0, 255]
    back_CHW = image_CHW[:3] + 255 - image_CHW[3:]
    assert np.array_equal(back_CHW, on_white()[:3]), "on white it is the same picture"


def test_a_mixed_edge_becomes_half_transparent() -> None:
    mixed_CHW = on_white()
    mixed_CHW[1:3, 4, 5:15] = 128
    assert without_white_ground(mixed_CHW)[:, 4, 9].tolist() == [127, 0, 0, 127]


def test_other_pictures_stay() -> None:
    blue_CHW = on_white()
    blue_CHW[0, :3] = 0
    blue_CHW[0, :, :3] = 0
    transparent_CHW = on_white()
    transparent_CHW[:, 0, 0] = 0
    blank_CHW = np.full((4, 9, 9), 255, dtype=np.uint8)
    for image_CHW in (blue_CHW, transparent_CHW, blank_CHW):
        assert np.array_equal(without_white_ground(image_CHW), image_CHW)
