"""The hands and paws of a drawing, and their outlines: fingers close over what they hold.

Of somebody who is seen from head to foot a hand is the lower end of an area in the colour of the
face. Paws are two alike, at one height below the mouth.

Coordinates are fractions of the drawing's box, from its upper left corner; y grows downwards.
Shapes: H W rows and columns of the box, K colours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY
from dall_e.planning.anchors import Anchors
from dall_e.planning.outlines import Hand, components, rings_of

Labels = npt.NDArray[np.int32]

_HAND = 0.072
"""Of somebody's height is a hand."""
_ARMS_END, _SHORT_LEGS = 0.68, 0.84
"""Skin is that of legs below this; the second is for those with a large head."""
_LEAST_ARM = 0.003
"""Fraction of somebody's area that an arm or a hand has at least."""
_IN_FACE = 0.15
"""Fraction of the lower part of the head that the face has at least."""
_PAW_AREA = (0.002, 0.05)
"""Fraction of an animal's area that a paw has."""
_PAWS_WITHIN = 0.86
"""Paws that hold are not below this; those are feet."""


def hands_of(labels_HW: Labels, anchors: Anchors) -> tuple[Hand, ...]:
    """Find up to two hands of a drawing in its labels, from left to right; () if there are none."""
    has_arms = anchors.is_whole or (anchors.is_person and not anchors.is_bust)
    found = _arms(labels_HW, anchors) if has_arms else _paws(labels_HW, anchors)
    return tuple(sorted(found, key=lambda hand: hand.point[0]))


def _skins(labels_HW: Labels, anchors: Anchors) -> list[int]:
    """The labels that may be the face's: those of the lower part of the head, the largest first."""
    height, width = labels_HW.shape
    left, top, right, bottom = anchors.head
    first = round((top + 0.35 * (bottom - top)) * height)
    face = labels_HW[first : max(round(bottom * height), first + 1), round(left * width) :]
    face = face[:, : max(round((right - left) * width), 1)]
    counts = np.bincount(face[face != EMPTY], minlength=1)
    wanted = np.flatnonzero(counts >= _IN_FACE * max(int(counts.sum()), 1))
    return sorted((int(label) for label in wanted if label != EMPTY), key=lambda k: -counts[k])


def _arms(labels_HW: Labels, anchors: Anchors) -> list[Hand]:
    """The lower ends of two areas of skin below the face, alike on both sides if there are such."""
    found = [_ends_of_arms(labels_HW == skin, anchors) for skin in _skins(labels_HW, anchors)]
    level = [hands for hands in found if len(hands) == 2 and _are_level(*hands)]
    return next(iter((*level, *(hands for hands in found if hands))), [])


def _are_level(first: Hand, second: Hand) -> bool:
    (x, y), (x2, y2) = first.point, second.point
    return abs(x + x2 - 1) < 0.3 and abs(y - y2) < 0.12 and abs(x - x2) > 0.12


def _ends_of_arms(skin_HW: npt.NDArray[np.bool_], anchors: Anchors) -> list[Hand]:
    height, width = skin_HW.shape
    ends = round((_ARMS_END if anchors.is_whole else _SHORT_LEGS) * height)
    face = round(anchors.mouth[1] * height)
    below_HW = skin_HW.copy()
    below_HW[ends:] = False
    arms = [part for part in components(below_HW) if part[0][1] > face]
    arms = [part for part in arms if part[0][4] >= _LEAST_ARM * height * width]
    arms.sort(key=lambda part: -part[0][4])

    hands = []
    for (_, top, _, tall, _), arm_HW in arms[:2]:
        rows = np.arange(height)[:, None]
        hand_HW = arm_HW & (rows >= top + tall - _HAND * height)
        ys, xs = np.nonzero(hand_HW)
        point = (float(xs.mean() + 0.5) / width, float(ys.mean() + 0.5) / height)
        hands.append(Hand(point, rings_of(hand_HW)))
    return hands


def _paws(labels_HW: Labels, anchors: Anchors) -> list[Hand]:
    """Two areas alike, left and right of the middle of the head."""
    height, width = labels_HW.shape
    is_frontal = anchors.has_eyes and not anchors.facing
    if not is_frontal and width > 1.05 * height:
        return []
    middle, mouth = (anchors.mouth[0], anchors.mouth[1]) if is_frontal else (0.5, 0.45)
    shown = max(int((labels_HW != EMPTY).sum()), 1)
    spots = []
    for label in np.unique(labels_HW[labels_HW != EMPTY]):
        for (left, top, wide, tall, area), mask_HW in components(labels_HW == label):
            x, y = (left + wide / 2) / width, (top + tall / 2) / height
            is_size = _PAW_AREA[0] * shown <= area <= _PAW_AREA[1] * shown
            if is_size and max(wide, tall) < 2.2 * min(wide, tall):
                if mouth + 0.06 < y < _PAWS_WITHIN:
                    spots.append((x, y, area, mask_HW))

    # The most alike pair, the higher one of two
    pairs = []
    for first, (x, y, area, _) in enumerate(spots):
        for second, (x2, y2, area2, _) in enumerate(spots[:first]):
            likeness = min(area, area2) / max(area, area2)
            off_middle = abs((x + x2) / 2 - middle)
            is_pair = abs(y - y2) < 0.05 and abs(x - x2) > 0.12 and off_middle < 0.08
            if is_pair and likeness > 0.6:
                pairs.append((likeness - y - off_middle, second, first))
    if not pairs:
        return []
    _, second, first = max(pairs)
    return [Hand((x, y), rings_of(mask_HW)) for x, y, _, mask_HW in (spots[second], spots[first])]
