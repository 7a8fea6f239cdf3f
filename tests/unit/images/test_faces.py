"""A face on a thing that has none."""

from __future__ import annotations

import cv2
import numpy as np

from dall_e.images.faces import with_face


def disc(colour: tuple[int, int, int]) -> np.ndarray:
    image = np.zeros((256, 256, 4), np.uint8)
    cv2.circle(image, (128, 128), 100, (*colour, 255), -1)
    return image


def test_a_light_thing_has_two_dark_eyes_side_by_side_and_red_cheeks() -> None:
    image = with_face(disc((255, 204, 77)))
    dark = (image[..., :3].max(2) < 70) & (image[..., 3] > 0)
    count, _, _, middles = cv2.connectedComponentsWithStats(dark.astype(np.uint8))
    assert count == 4  # the ground, two eyes and a mouth
    rows = sorted(middles[1:, 1])
    assert rows[1] - rows[0] < 3 < rows[2] - rows[1]
    assert (image[..., :3] == (234, 89, 110)).all(2).any()


def test_eyes_on_a_dark_thing_are_seen_and_an_empty_drawing_stays() -> None:
    assert (with_face(disc((60, 40, 30)))[..., :3] == 255).all(2).sum() > 100
    empty = np.zeros((64, 64, 4), np.uint8)
    assert with_face(empty) is empty
