"""Near-copies are found, moved and scaled ones too; others are not.

Shapes: B samples, M training images, F numbers of a thumbnail.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from dall_e.evaluation.near_copies import NEAR_COPY, nearest, thumbnails
from dall_e.images.files import ImageArray


def drawing(kind: int, *, scale: int = 1, top: int = 0, left: int = 0) -> ImageArray:
    """One of three two-coloured signs of 16 x 12 times `scale` pixels on nothing, 64 x 64."""
    small = np.zeros((4, 16, 12), dtype=np.uint8)
    small[3], small[kind] = 255, 255
    small[:3, 4:9, 3:10] = np.array([kind * 90, 200, 40])[:, None, None]
    small = small.repeat(scale, axis=1).repeat(scale, axis=2)
    image = np.zeros((4, 64, 64), dtype=np.uint8)
    image[:, top : top + small.shape[1], left : left + small.shape[2]] = small
    return image


SIGNS = [drawing(0, scale=2, top=8, left=8), drawing(1, scale=2), drawing(2, scale=2)]
TRAINING = thumbnails(SIGNS)


def test_a_copy_is_found_wherever_it_lies() -> None:
    moved = drawing(1, scale=2, top=20, left=30)
    scaled = [drawing(2, scale=4), drawing(0, scale=3, top=5)]
    found = nearest(thumbnails([moved, *scaled]), TRAINING)
    assert [hit.index for hit in found] == [1, 2, 0]
    assert all(hit.near_copy and hit.distance < 0.05 for hit in found)


def test_a_mirror_image_is_a_copy() -> None:
    # The sign has its spot right of the middle.
    samples = thumbnails([drawing(kind, scale=2)[:, :, ::-1] for kind in (2, 0)])
    found = nearest(samples, TRAINING)
    assert [hit.index for hit in found] == [2, 0]
    assert all(hit.near_copy and hit.distance < 0.05 for hit in found)
    again = nearest(samples, TRAINING, redrawn=lambda rows: TRAINING[rows])
    assert [hit.index for hit in again] == [2, 0]


def test_another_colour_is_no_copy() -> None:
    swapped = drawing(1, scale=2)
    swapped[:3] = np.stack((swapped[1], swapped[0], swapped[2]))
    (hit,) = nearest(thumbnails([swapped]), TRAINING[1:2])
    # Green and red swapped in all but the middle: two channels of three are off by 255, which is
    # more than half.
    assert hit.distance > 0.5 and not hit.near_copy


def test_distance_is_the_difference_as_a_fraction_of_the_stronger_image() -> None:
    # Half and a quarter away from white: the difference is half of the stronger one.
    half, quarter = torch.full((1, 3072), 0.5), torch.full((1, 3072), 0.75)
    assert nearest(half, quarter)[0].distance == pytest.approx(0.5)
    assert nearest(quarter, half)[0].distance == nearest(half, quarter)[0].distance
    white = torch.ones(1, 3072)
    assert nearest(white, half)[0].distance == pytest.approx(1)
    for step, near in ((0.99, True), (1.01, False)):
        assert nearest(half, half + 0.5 * NEAR_COPY * step)[0].near_copy is near


def test_pale_images_are_not_alike_for_being_pale() -> None:
    upper, lower = torch.ones(1, 3, 32, 32), torch.ones(1, 3, 32, 32)
    upper[..., :16, :], lower[..., 16:, :] = 0.95, 0.95
    (hit,) = nearest(upper.flatten(1), lower.flatten(1))
    # The root mean square of the difference itself is 0.05.
    assert hit.distance > 0.9


def test_what_moved_by_a_step_is_found() -> None:
    lines = torch.ones(1, 3, 32, 32)
    lines[..., [4, 9]] = 0
    bent = lines.clone()
    bent[..., 10:20, :] = bent[..., 10:20, :].roll(1, -1)
    (hit,) = nearest(bent.flatten(1), lines.flatten(1))
    assert hit.distance == pytest.approx(0, abs=1e-6)
    far = lines.roll(2, -1)
    assert nearest(far.flatten(1), lines.flatten(1))[0].distance > 0.9


def test_half_of_an_image_is_no_copy_of_it() -> None:
    whole = torch.ones(1, 3, 32, 32)
    whole[..., 4:12, 4:12], whole[..., 20:28, 20:28] = 0, 0
    half = whole.clone()
    half[..., 20:28, 20:28] = 1
    # One of two equal squares is missing, from either side: half of the squares, hence its root.
    for sample, training in ((whole, half), (half, whole)):
        (hit,) = nearest(sample.flatten(1), training.flatten(1))
        assert hit.distance == pytest.approx(0.5**0.5)


def test_what_the_tokenizer_can_draw_counts_as_the_image() -> None:
    asked: list[list[int]] = []

    def redrawn(rows: list[int]) -> Tensor:
        asked.append(rows)
        return TRAINING[rows] * 0.5

    (hit,) = nearest(TRAINING[2:] * 0.5, TRAINING, redrawn=redrawn)
    assert hit.index == 2 and hit.distance == pytest.approx(0, abs=1e-6) and asked == [[0, 1, 2]]
    assert nearest(TRAINING[2:] * 0.5, TRAINING)[0].distance > 0.2


def test_an_empty_image_is_white() -> None:
    assert torch.equal(thumbnails([np.zeros((4, 64, 64), dtype=np.uint8)]), torch.ones(1, 3072))
