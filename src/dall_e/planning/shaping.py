"""The form that a plan gives a drawing: its proportions, and what has happened to it."""

from __future__ import annotations

from dall_e.images.areas import flat_areas
from dall_e.images.faces import MOODS, with_face
from dall_e.images.forms import UInt8, in_condition, seen_box, stretched, with_large_head
from dall_e.images.limbs import HANDS, with_limbs, with_wings
from dall_e.planning.anchors import anchors_of
from dall_e.planning.planned_object import PlannedObject

_LEAST_HEAD = 0.3
"""Side of the smallest head of a young one, as a fraction of the longer side of the drawing."""


def shaped(image_SSC: UInt8, planned: PlannedObject) -> UInt8:
    """Return a drawing [S, S, 4] in the form that is planned; nothing said leaves it as it is."""
    if planned.build == "baby":
        image_SSC = _young(image_SSC)
    elif planned.build:
        image_SSC = stretched(image_SSC, planned.build)
    if planned.condition in MOODS:
        image_SSC = with_face(image_SSC, planned.condition)
        if planned.condition in HANDS:
            return with_limbs(image_SSC, hands=HANDS[planned.condition])
        return image_SSC
    if planned.condition == "winged":
        return with_wings(image_SSC)
    return in_condition(image_SSC, planned.condition) if planned.condition else image_SSC


def _young(image_SSC: UInt8) -> UInt8:
    """Somebody with the head of a young one, where a rule finds the head."""
    areas = flat_areas(image_SSC)
    scale = len(image_SSC) / len(areas.labels_HW)
    box = seen_box(areas.image())
    if box is None:
        return image_SSC
    left, top, right, bottom = box
    found = anchors_of(areas.labels_HW[top:bottom, left:right], areas.palette_K3)
    wide, high = right - left, bottom - top
    x0, y0, x1, y1 = found.head
    least = _LEAST_HEAD * max(wide, high)
    if min((x1 - x0) * wide, (y1 - y0) * high) < least:
        # Of a head that is an eye and a horn, all around those is meant.
        middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
        half_x, half_y = least / wide / 2, least / high / 2
        x0, x1 = max(middle_x - half_x, 0.0), min(middle_x + half_x, 1.0)
        y0, y1 = max(middle_y - half_y, 0.0), middle_y + half_y
    sides = (left + x0 * wide, top + y0 * high, left + x1 * wide, top + y1 * high)
    head = tuple(round(scale * side) for side in sides)
    return with_large_head(image_SSC, head)  # type: ignore[arg-type]
