"""Pictures on white as drawings without a ground: what a model learned that draws on nothing.

Shapes: C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import cv2
import numpy as np

from dall_e.images.files import ImageArray

_WHITE = 250
"""Red, green and blue are at least this where it is white."""
_BORDER = 0.9
"""Fraction of the border that is white if the ground is."""


def without_white_ground(image_CHW: ImageArray) -> ImageArray:
    """An opaque picture on white without the white around what it shows, uint8 [4, H, W].

    White that the border does not reach stays, as the white of an eye. A pixel beside the ground is
    taken for a mixture with white. Any other picture is returned as it is.
    """
    if (image_CHW[3] < 255).any():
        return image_CHW
    white_HW = (image_CHW[:3].min(0) >= _WHITE).astype(np.uint8)
    border = np.concatenate((white_HW[0], white_HW[-1], white_HW[:, 0], white_HW[:, -1]))
    if border.mean() < _BORDER:
        return image_CHW

    # White that hangs together with the border
    _, labels_HW = cv2.connectedComponents(white_HW, connectivity=4)
    rim = np.concatenate((labels_HW[0], labels_HW[-1], labels_HW[:, 0], labels_HW[:, -1]))
    ground_HW = np.isin(labels_HW, np.unique(rim[border > 0])) & (white_HW > 0)
    if ground_HW.all():
        return image_CHW

    # The edge: as transparent as its lightest mixture with white can be
    beside_HW = cv2.dilate(ground_HW.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    alpha_HW = 255 - image_CHW[:3].min(0)
    alpha_HW = np.where(ground_HW, 0, np.where(beside_HW, alpha_HW, 255)).astype(np.int16)
    colour_CHW = image_CHW[:3].astype(np.int16) - (255 - alpha_HW)
    whole_CHW = np.concatenate((colour_CHW, alpha_HW[None]))
    clipped_CHW: ImageArray = np.clip(whole_CHW, 0, 255).astype(np.uint8)
    return clipped_CHW
