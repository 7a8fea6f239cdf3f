"""What a thing is made of, what is on it, and parts of it in colours of their own.

All of it works on areas of one colour (`images/areas.py`): colours of the palette change in OKLab
and keep their differences in lightness, so shading stays; grain and stripes are SVG patterns laid
over the areas of the main colour.

Shapes: H W rows and columns, K colours, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY, Areas
from dall_e.images.colour import (
    DARK,
    GREY_CHROMA,
    MainColour,
    from_oklab,
    largest_colour,
    oklab,
    recoloured,
)

Mask = npt.NDArray[np.bool_]

MATERIALS: dict[str, tuple[float, float, float]] = {
    "wood": (0.60, 0.095, 58), "stone": (0.68, 0.012, 250), "gold": (0.82, 0.155, 88),
    "silver": (0.83, 0.010, 250), "metal": (0.62, 0.018, 250), "glass": (0.89, 0.045, 222),
    "leather": (0.47, 0.085, 50), "ice": (0.87, 0.060, 215),
}  # fmt: skip
"""Lightness, chroma and hue in degrees of each material. Wool has any colour."""

_DYED = frozenset(("leather", "glass"))
"""Materials that have the colour that is said: of red leather only the grain is leather."""

_OVERLAYS: dict[str, tuple[str, str]] = {
    # A tile's side, and what is drawn on it; {ink} is a darker shade of the thing's own colour.
    "wood": (
        "64",
        '<path d="M0 9C18 3 34 15 64 9M0 25c22 7 40-6 64 0M0 42c20-6 42 7 64 0'
        'M0 57c16 5 44-5 64 0" fill="none" stroke="{ink}" stroke-width="2.4" stroke-opacity="0.5"/>'
        '<ellipse cx="40" cy="33" rx="6" ry="3" fill="none" stroke="{ink}" stroke-width="2" '
        'stroke-opacity="0.45"/>',
    ),
    "stone": (
        "60",
        '<path d="M0 20h60M0 40h60M0 60h60M20 0v20M48 20v20M12 40v20" fill="none" stroke="{ink}" '
        'stroke-width="2.2" stroke-opacity="0.45"/>',
    ),
    "gold": ("90", '<path d="M-10 70L60 -10h18L-10 92z" fill="#fff" fill-opacity="0.38"/>'),
    "silver": ("90", '<path d="M-10 70L60 -10h18L-10 92z" fill="#fff" fill-opacity="0.5"/>'),
    "metal": ("90", '<path d="M-10 70L60 -10h18L-10 92z" fill="#fff" fill-opacity="0.3"/>'),
    "glass": (
        "110",
        '<path d="M0 80L70 0h14L0 96z" fill="#fff" fill-opacity="0.65"/>'
        '<path d="M10 100L96 4h5L15 104z" fill="#fff" fill-opacity="0.5"/>',
    ),
    "ice": (
        "80",
        '<path d="M0 50L40 10h10L0 60z" fill="#fff" fill-opacity="0.7"/>'
        '<path d="M50 70l18-18M56 76l10-10" stroke="#fff" stroke-width="3" stroke-opacity="0.7"/>',
    ),
    "leather": (
        "22",
        '<path d="M3 11h8M14 22h8M14 0h8" stroke="{ink}" stroke-width="1.6" stroke-opacity="0.4"/>',
    ),
    "wool": (
        "20",
        '<path d="M0 4l5 6 5-6 5 6 5-6M0 14l5 6 5-6 5 6 5-6" fill="none" stroke="{ink}" '
        'stroke-width="2" stroke-opacity="0.45"/>',
    ),
    "striped": ("44", '<path d="M0 0h44v20H0z" fill="{contrast}"/>'),
    "dotted": (
        "48",
        '<circle cx="12" cy="12" r="8" fill="{contrast}"/>'
        '<circle cx="36" cy="36" r="8" fill="{contrast}"/>',
    ),
    "checked": (
        "52",
        '<path d="M0 0h52v22H0z" fill="{contrast}" fill-opacity="0.55"/>'
        '<path d="M0 0h22v52H0z" fill="{contrast}" fill-opacity="0.55"/>',
    ),
}
_TURNED = {"striped": 38, "wood": -4}
"""Degrees by which the tiles of an overlay are turned."""
_NEAR_HUE = 34
"""Degrees from the main hue within which a colour is a shade of it."""
_NEAR_GREY = 0.26
"""Lightness from the main grey within which a grey is a shade of it."""
_LEAST_FACE, _LEAST_PART = 600, 120
"""Pixels of the smallest face, and of the smallest part."""
_LEAST_FEATURES = 2
"""A face has at least so many things in it."""
_SAME_SKIN = 0.06
"""Colours nearer than this to that of the face are skin, too."""
_SKIN = ((0.55, 0.95), (0.045, 0.18), (38, 98))
"""Ranges of lightness, chroma and hue of skin as drawings have it."""


@dataclass(frozen=True, kw_only=True)
class Paint:
    """What is done with a drawing after it is drawn; nothing said leaves it as it is."""

    colour: str = ""
    """One of `colour.TARGETS`, for its main colour."""
    material: str = ""
    """One of MATERIALS, or wool."""
    pattern: str = ""
    """striped, dotted or checked."""
    parts: tuple[tuple[str, str], ...] = ()
    """Parts of somebody (hair, beard, clothes) and their colours."""


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """A pattern over all areas of some labels."""

    labels: frozenset[int]
    name: str
    """One of the patterns, for its id."""
    tile: str
    """The SVG pattern's content."""
    side: float
    angle: float = 0.0
    """Degrees."""


def painted_areas(areas: Areas, paint: Paint) -> tuple[Areas, tuple[Overlay, ...]]:
    """Return the areas with other colours, and the patterns to lay over them.

    A part that is not found is left as it is.
    """
    for part, colour in paint.parts:
        areas = _with_part(areas, part, colour)
    main = _main(areas)
    if main is None:
        return areas, ()

    labels = _shades_of(areas, main)
    if paint.colour:
        areas = replace(areas, palette_K3=_recoloured(areas, main, paint.colour, labels))
    is_dyed = bool(paint.colour) and paint.material in _DYED
    if paint.material in MATERIALS and not is_dyed:
        areas = replace(areas, palette_K3=_of_material(areas, main, paint.material, labels))
    overlays = [_overlay(name, areas, labels) for name in (paint.material, paint.pattern) if name]
    return areas, tuple(overlay for overlay in overlays if overlay)


# The main colour


def _main(areas: Areas) -> MainColour | None:
    """The colour of the largest part."""
    small_HWC = np.ascontiguousarray(areas.image()[::3, ::3])
    return largest_colour(small_HWC)


def _shades_of(areas: Areas, main: MainColour) -> frozenset[int]:
    """Labels whose colours are shades of the main one; outlines are none."""
    lab_K3 = oklab(areas.palette_K3)
    chroma_K = np.hypot(lab_K3[:, 1], lab_K3[:, 2])
    if main.grey:
        near_K = (chroma_K < 2 * GREY_CHROMA) & (np.abs(lab_K3[:, 0] - main.lightness) < _NEAR_GREY)
    else:
        hue_K = np.degrees(np.arctan2(lab_K3[:, 2], lab_K3[:, 1]))
        off_K = np.abs((hue_K - main.hue + 180) % 360 - 180)
        near_K = (chroma_K > GREY_CHROMA) & (off_K < _NEAR_HUE)
    if main.lightness > DARK:
        near_K &= lab_K3[:, 0] > DARK - 0.05
    return frozenset(int(k) + 1 for k in np.flatnonzero(near_K))


def _recoloured(areas: Areas, main: MainColour, colour: str, labels: frozenset[int]) -> Any:
    """The palette with the shades of the main colour moved to another colour."""
    opaque_1KC = np.full((1, len(areas.palette_K3), 4), 255, dtype=np.uint8)
    opaque_1KC[0, :, :3] = areas.palette_K3
    palette_K3 = recoloured(opaque_1KC, main, colour)[0, :, :3]
    kept = [k for k in range(len(palette_K3)) if k + 1 not in labels]
    palette_K3[kept] = areas.palette_K3[kept]
    return palette_K3


def _of_material(areas: Areas, main: MainColour, material: str, labels: frozenset[int]) -> Any:
    """The palette with the shades of the main colour as shades of a material."""
    lightness, chroma, hue = MATERIALS[material]
    lab_K3 = oklab(areas.palette_K3)
    rows = [label - 1 for label in sorted(labels)]
    shaded = (lightness + 0.85 * (lab_K3[rows, 0] - main.lightness)).clip(0.2, 0.97)
    angle = math.radians(hue)
    new_lab = np.stack(
        [
            shaded,
            np.full_like(shaded, chroma * math.cos(angle)),
            np.full_like(shaded, chroma * math.sin(angle)),
        ],
        axis=1,
    ).astype(np.float32)
    palette_K3 = areas.palette_K3.copy()
    palette_K3[rows] = from_oklab(new_lab).round().astype(np.uint8)
    return palette_K3


def _overlay(name: str, areas: Areas, labels: frozenset[int]) -> Overlay | None:
    """The pattern of a material, or that somebody asked for, over the areas of some labels."""
    if name not in _OVERLAYS or not labels:
        return None
    side, tile = _OVERLAYS[name]
    lab_K3 = oklab(areas.palette_K3[[label - 1 for label in sorted(labels)]])
    middle = np.median(lab_K3, axis=0)
    ink = middle * np.array([0.62, 1.0, 1.0], dtype=np.float32)
    is_light = middle[0] > 0.86
    contrast = middle * np.array([0.66, 1.6, 1.6], dtype=np.float32)
    if is_light and np.hypot(*middle[1:]) < GREY_CHROMA:
        contrast = np.array([0.60, 0.02, -0.16], dtype=np.float32)
    if not is_light:
        contrast = np.array([0.97, 0.0, 0.0], dtype=np.float32)
    return Overlay(
        labels=labels,
        name=name,
        tile=tile.format(ink=_hex(ink), contrast=_hex(contrast)),
        side=float(side),
        angle=_TURNED.get(name, 0),
    )


def _hex(lab_3: Any) -> str:
    red, green, blue = from_oklab(np.asarray(lab_3, dtype=np.float32)[None])[0].round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


# Parts of somebody


def _with_part(areas: Areas, part: str, colour: str) -> Areas:
    """The areas with a part in a colour of its own, which needs labels of its own."""
    where_HW = _part(areas, part)
    if where_HW is None and part == "clothes":
        main = _main(areas)  # somebody drawn small is mostly clothes
        labels = _shades_of(areas, main) if main else frozenset[int]()
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
    alone_HW = np.where(where_HW, labels_HW, EMPTY)
    alone = Areas(labels_HW=alone_HW, palette_K3=whole.palette_K3)
    main = _main(alone)
    if main is None:
        return areas
    labels = frozenset(range(len(areas.palette_K3) + 1, new))
    return replace(whole, palette_K3=_toned(whole, main, colour, labels))


def _toned(areas: Areas, main: MainColour, colour: str, labels: frozenset[int]) -> Any:
    """The palette with some labels in shades of a colour, dark ones too."""
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
        palette_K3[label - 1] = recoloured(pixel, own, colour)[0, 0, :3]
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
    regions = {
        "hair": (row_H1 < middle + tall) & beside,
        "beard": (row_H1 > middle + tall // 8) & (row_H1 < bottom + tall) & beside,
        "clothes": (row_H1 > bottom - 2) & (column_1W >= 0),
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
        if part == "clothes":
            # A beard begins beside the chin, clothes below it.
            grows = not component_HW[: bottom - tall // 8].any()
        else:
            grows = _grows(component_HW & near_HW, part, middle)
        candidates.append((component_HW, own, grows))

    # What has the colour of what grows there belongs to it: pigtails.
    labels = {own for _, own, grows in candidates if grows}
    if part == "clothes" and not labels:
        labels = {own for _, own, _ in candidates}
    found = [component_HW for component_HW, own, _ in candidates if own in labels]
    return np.logical_or.reduce(found) if found else None


def _grows(touching_HW: Mask, part: str, middle: int) -> bool:
    """Whether an area touches the face where hair or a beard grows."""
    touching_H = np.asarray(touching_HW.any(1))
    upper, lower = int(touching_H[:middle].sum()), int(touching_H[middle:].sum())
    if part == "hair":
        return upper > 0 and upper >= lower
    return lower > upper


def _like(areas: Areas, label: int) -> frozenset[int]:
    """Labels of colours that are nearly the one of a label."""
    lab_K3 = oklab(areas.palette_K3)
    near_K = np.linalg.norm(lab_K3 - lab_K3[label - 1], axis=1) < _SAME_SKIN
    return frozenset(int(k) + 1 for k in np.flatnonzero(near_K))


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
