"""The things of a picture that stand apart from each other, each as a drawing of its own.

Shapes: C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import cv2
import numpy as np

from dall_e.images.files import ImageArray

_SEEN = 40
"""Alpha that belongs to a drawing."""
_GAP = 3
"""Drawings nearer than so many pixels are one."""
_SMALLEST = 0.01
"""Fraction of the picture; what is smaller is no thing."""


def separate_parts(image_CHW: ImageArray) -> list[ImageArray]:
    """The drawings of a picture without a ground, uint8 [4, h, w], from left to right."""
    seen_HW = (image_CHW[3] > _SEEN).astype(np.uint8)
    grown_HW = cv2.dilate(seen_HW, np.ones((_GAP, _GAP), np.uint8))
    count, labels_HW, boxes, _ = cv2.connectedComponentsWithStats(grown_HW)
    parts: list[tuple[int, ImageArray]] = []
    for label in range(1, count):
        left, top, width, height, area = (int(number) for number in boxes[label])
        if area < _SMALLEST * seen_HW.size:
            continue
        inside = np.s_[top : top + height, left : left + width]
        is_own_hw = labels_HW[inside] == label
        part_Chw: ImageArray = np.where(is_own_hw, image_CHW[:, inside[0], inside[1]], np.uint8(0))
        parts.append((left, part_Chw))
    return [part_Chw for _, part_Chw in sorted(parts, key=lambda part: part[0])]
