"""Parts of somebody in colours of their own: hair, a beard, clothes or a half of them.

They are found from the face, which is the area of skin with most things in it.

Shapes: H W rows and columns, K colours.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY, Areas
from dall_e.images.colour import GREY_CHROMA, MainColour, oklab, recoloured
from dall_e.images.shades import main_of, shades_of

Mask = npt.NDArray[np.bool_]

_LEAST_FACE, _LEAST_PART, _LEAST_PIECE = 600, 120, 800
"""Pixels of the smallest face, of the smallest part, and of clothes that are not like others."""
_WAIST, _SHOES, _SPREAD = 0.5, 0.8, 0.14
"""How far down from the chin to the feet the waist is and shoes begin, and how much it varies."""
_CLOTHES = ("clothes", "top", "bottom", "garment")
_HALVES = ("top", "bottom")
_ALL_AROUND = 0.8
"""A headscarf is around a face, above as far as below."""
_WIDEST = 1.3
"""Widths of a face from which clothes reach to either side of it, at most."""
_AS_IT_IS = (0.0, 1.0, 0.0)
_BLOND = (-0.12, 0.85, -16.0)
"""Yellow hair is darker and warmer than the yellow skin of drawings."""
_TWIN_HUE = 14
"""Degrees between two shades of one piece of clothes, at most."""
_LEAST_FEATURES = 2
"""A face has at least so many things in it."""
_SAME_SKIN = 0.06
"""Colours nearer than this to that of the face are skin, too."""
_SKIN = ((0.55, 0.95), (0.045, 0.18), (38, 98))
"""Ranges of lightness, chroma and hue of skin as drawings have it."""


def with_part(areas: Areas, part: str, colour: str) -> Areas:
    """Return the areas with a part, one of the graph's PARTS, in one of `colour.TARGETS`.

    The part gets labels of its own. Areas in which it is not found stay as they are.
    """
    where_HW = _part(areas, part)
    if where_HW is None and part in _CLOTHES:
        main = main_of(areas)  # somebody drawn small is mostly clothes
        labels = shades_of(areas, main) if main else frozenset[int]()
        where_HW = np.isin(areas.labels_HW, sorted(labels))
    if where_HW is None or not where_HW.any():
        return areas

    labels_HW, palette = areas.labels_HW.copy(), [areas.palette_K3]
    new = len(areas.palette_K3) + 1
    for label in np.unique(labels_HW[where_HW]):
        labels_HW[where_HW & (areas.labels_HW == label)] = new
        palette.append(areas.palette_K3[label - 1 : label])
        new += 1
    whole = Areas(labels_HW=labels_HW, palette_K3=np.concatenate(palette))

    # Its own main colour is the one that changes.
    alone = _only(whole, where_HW)
    main = main_of(alone)
    if main is None:
        return areas
    labels = frozenset(range(len(areas.palette_K3) + 1, new))
    if part in _HALVES:
        # What is held before a shirt, and what shows under a jacket, has other colours.
        labels &= shades_of(alone, main)
    elif part == "garment":
        # Somebody at an act has other things before them, and a desk or a horse below.
        upper_HW = _part(areas, "top")
        upper = None if upper_HW is None else main_of(_only(whole, upper_HW))
        main = upper or main
        labels &= shades_of(alone, main)
    shade = _BLOND if part in ("hair", "beard") and colour == "yellow" else _AS_IT_IS
    return replace(whole, palette_K3=_toned(whole, main, colour, labels, shade))


def _only(areas: Areas, where_HW: Mask) -> Areas:
    """The areas with nothing but what is somewhere."""
    return replace(areas, labels_HW=np.where(where_HW, areas.labels_HW, EMPTY))


def _toned(
    areas: Areas,
    main: MainColour,
    colour: str,
    labels: frozenset[int],
    shade: tuple[float, float, float],
) -> Any:
    """The palette with some labels in shades of a colour, dark ones too; shade: `recoloured`."""
    palette_K3 = areas.palette_K3.copy()
    lab_K3 = oklab(palette_K3)
    for label in labels:
        # Hair may be as dark as an outline; what counts is how it differs from the main colour.
        own = MainColour(
            lightness=main.lightness,
            chroma=float(np.hypot(*lab_K3[label - 1, 1:])),
            hue=math.degrees(math.atan2(lab_K3[label - 1, 2], lab_K3[label - 1, 1])),
            grey=bool(np.hypot(*lab_K3[label - 1, 1:]) <= GREY_CHROMA),
        )
        pixel = np.full((1, 1, 4), 255, dtype=np.uint8)
        pixel[0, 0, :3] = palette_K3[label - 1]
        palette_K3[label - 1] = recoloured(pixel, own, colour, shade)[0, 0, :3]
    return palette_K3


def _part(areas: Areas, part: str) -> Mask | None:
    """Where hair, beard or clothes are; None where no face, or no such part, is found."""
    components = _components(areas)
    face = _face(areas, components)
    if face is None:
        return None
    face_HW, label = face
    rows, columns = np.flatnonzero(face_HW.any(1)), np.flatnonzero(face_HW.any(0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    middle, tall, wide = (top + bottom) // 2, bottom - top, right - left

    row_H1 = np.arange(len(face_HW))[:, None]
    column_1W = np.arange(face_HW.shape[1])[None]
    beside = (column_1W >= left - wide) & (column_1W <= right + wide)
    # A dog on a leash, or a cart, is farther off than clothes are.
    beneath = (column_1W >= left - _WIDEST * wide) & (column_1W <= right + _WIDEST * wide)
    regions = {
        "hair": (row_H1 < middle + tall) & beside,
        "beard": (row_H1 > middle + tall // 8) & (row_H1 < bottom + tall) & beside,
        **dict.fromkeys(_CLOTHES, (row_H1 > bottom - 2) & beneath),
    }
    near_HW = cv2.dilate(face_HW.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)

    candidates: list[tuple[Mask, int, bool]] = []
    skin = _like(areas, label)
    for component_HW, own in components:
        area = int(component_HW.sum())
        is_inside = (component_HW & face_HW).sum() > 0.5 * area
        outside = int((component_HW & ~regions[part]).sum())
        if own in skin or is_inside or area < _LEAST_PART or outside > 0.3 * area:
            continue
        if part in _CLOTHES:
            # A beard begins beside the chin, clothes below it.
            # What is small is a mouth in a beard, unless it has the colour of a larger piece.
            grows = area >= _LEAST_PIECE and not component_HW[: bottom - tall // 8].any()
        else:
            grows = _grows(component_HW & near_HW, part, middle)
        candidates.append((component_HW, own, grows))

    # What has the colour of what grows there belongs to it: pigtails.
    labels = {own for _, own, grows in candidates if grows}
    if part in _CLOTHES and not labels:
        labels = {own for _, own, _ in candidates}
    if part in _CLOTHES:
        labels |= {own for _, own, _ in candidates if _is_twin(areas, own, labels)}
    found = [component_HW for component_HW, own, _ in candidates if own in labels]
    if part in _CLOTHES:
        feet = int(np.flatnonzero((areas.labels_HW != EMPTY).any(1))[-1]) + 1
        found = _half(found, part, bottom, feet)
    return np.logical_or.reduce(found) if found else None


def _half(found: list[Mask], part: str, chin: int, feet: int) -> list[Mask]:
    """Clothes without shoes: all of them, or what is above or below the waist."""
    high = feet - chin
    waist, shoes = chin + _WAIST * high, chin + _SHOES * high
    spread = _SPREAD * high
    kept: list[Mask] = []
    for mask_HW in found:
        rows = np.flatnonzero(mask_HW.any(1))
        first, last = rows[0], rows[-1]
        if first >= shoes:
            continue
        is_top, is_bottom = last <= waist + spread, first >= waist - spread
        if (
            part in ("clothes", "garment")
            or (part == "top" and is_top)
            or (part == "bottom" and is_bottom)
        ):
            kept.append(mask_HW)
        elif not is_top and not is_bottom:
            # A dress is cut at the waist.
            row_H1 = np.arange(len(mask_HW))[:, None]
            kept.append(mask_HW & ((row_H1 < waist) == (part == "top")))
    return kept


def _grows(touching_HW: Mask, part: str, middle: int) -> bool:
    """Whether an area touches the face where hair or a beard grows."""
    touching_H = np.asarray(touching_HW.any(1))
    upper, lower = int(touching_H[:middle].sum()), int(touching_H[middle:].sum())
    if part == "hair":
        return upper > 0 and upper >= _ALL_AROUND * lower
    return lower > upper


def _like(areas: Areas, label: int) -> frozenset[int]:
    """Labels of colours that are nearly the one of a label."""
    lab_K3 = oklab(areas.palette_K3)
    near_K = np.linalg.norm(lab_K3 - lab_K3[label - 1], axis=1) < _SAME_SKIN
    return frozenset(int(k) + 1 for k in np.flatnonzero(near_K))


def _is_twin(areas: Areas, label: int, labels: Collection[int]) -> bool:
    """Whether a label is another shade of one of some: sleeves that are raised beside the face."""
    lab_K3 = oklab(areas.palette_K3)
    chroma_K = np.hypot(lab_K3[:, 1], lab_K3[:, 2])
    hue_K = np.degrees(np.arctan2(lab_K3[:, 2], lab_K3[:, 1]))
    for other in labels:
        is_coloured = min(chroma_K[label - 1], chroma_K[other - 1]) > GREY_CHROMA
        off = abs((hue_K[label - 1] - hue_K[other - 1] + 180) % 360 - 180)
        if is_coloured and off < _TWIN_HUE:
            return True
    return False


def _skin_labels(areas: Areas) -> frozenset[int]:
    lab_K3 = oklab(areas.palette_K3)
    values = (
        lab_K3[:, 0],
        np.hypot(lab_K3[:, 1], lab_K3[:, 2]),
        np.degrees(np.arctan2(lab_K3[:, 2], lab_K3[:, 1])) % 360,
    )
    is_skin_K = np.ones(len(lab_K3), dtype=bool)
    for value_K, (low, high) in zip(values, _SKIN, strict=True):
        is_skin_K &= (value_K >= low) & (value_K <= high)
    return frozenset(int(k) + 1 for k in np.flatnonzero(is_skin_K))


def _face(areas: Areas, components: list[tuple[Mask, int]]) -> tuple[Mask, int] | None:
    """The face with all that is in it, and the label of its skin.

    Of all areas in the colour of skin it is the one with most in it: eyes, a nose, a mouth.
    """
    best: tuple[int, Mask, int] | None = None
    skin = _skin_labels(areas)
    for component_HW, label in components:
        if label not in skin or component_HW.sum() < _LEAST_FACE:
            continue
        outlines, _ = cv2.findContours(
            component_HW.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        filled = np.zeros(component_HW.shape, dtype=np.uint8)
        cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
        holes, _ = cv2.connectedComponents(filled & ~component_HW.astype(np.uint8))
        if holes - 1 >= _LEAST_FEATURES and (best is None or holes > best[0]):
            best = (holes, filled.astype(bool), label)
    return None if best is None else best[1:]


def _components(areas: Areas) -> list[tuple[Mask, int]]:
    """Every connected area with its label."""
    parts: list[tuple[Mask, int]] = []
    for label in range(1, len(areas.palette_K3) + 1):
        mask = (areas.labels_HW == label).astype(np.uint8)
        count, numbers_HW = cv2.connectedComponents(mask, connectivity=8)
        parts += [(numbers_HW == number, label) for number in range(1, count)]
    return parts
