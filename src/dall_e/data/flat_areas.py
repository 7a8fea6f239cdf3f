"""A flat drawing as what it was drawn of: areas of one colour each, those that lie on others on top.

Works on drawings with soft edges and a little noise, as a decoder makes them. Shapes: H, W rows and columns, P pixels,
N colours, C 4 channels (red, green, blue, alpha; premultiplied); points are row and column, colours OKLab.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from dall_e.data.recolouring import Floats, oklab

Mask = npt.NDArray[np.bool_]

SIDE = 192
"""Side in pixels of the drawings that the numbers below are for; others should be resized to it."""
_SOLID, _CLEAN = 128, 230
"""Least alpha of what is drawn, and of pixels whose colour is their own."""
_SAME_COLOUR = 0.075
"""Distance in OKLab up to which pixels are of one colour."""
_FLAT = 0.045
"""Most that a colour changes within a step, inside an area."""
_MOST_COLOURS, _LEAST_OF_COLOUR = 16, 16
_LEAST_AREA, _LEAST_CORE, _LEAST_THICKNESS = 18, 4, 1.5
"""Pixels; what is smaller or thinner is the soft edge between two areas."""
_SMALL, _STANDS_OUT = 120, 0.12
"""Pixels, and distance in OKLab: smaller areas are part of what is around them if they look much like it."""
_NO_PART = 250
"""Pixels: smaller areas are part of the one that they border on most, if they look much like it."""
_PER_STEP = 0.03
"""How much less alike a colour counts for each step that it is away."""
_LEVEL, _SAME_SHAPE, _SAME_SIZE = 1.0, 0.5, 0.8
"""Areas of one colour stand side by side whose rows differ by no more than so many of their spreads, and the logarithms
of their spreads and sizes by no more than this."""
_FORM_REACH, _FORM_SIDE = 2.2, 24
"""How many spreads to each side of its centre the form of an area is looked at, and at how many places."""
_MARGIN = 24
"""Pixels around a shape up to which distances to it are measured."""
_ROUNDED, _LEAST_ROUNDED, _MOST_ROUNDED = 0.1, 1.0, 3.0
"""Edges are smoothed over this share of the length of a shape, from so many pixels to so many: those of drawings are
ragged where a decoder was unsure."""
_SOFT, _LEAST_INSIDE = 2, 12
"""Pixels from its edge that an area has the colours of its neighbours too; and how many it must have besides."""
_OUTLINE_AROUND, _OUTLINE_SHARE = 0.8, 0.25
"""An outline goes around this share of the drawing, and is no more than this share of what it goes around."""


class Edge(NamedTuple):
    """A shape by the distances to its edge."""

    field_HW: Floats
    """In pixels, smoothed, above 0 inside; of the shape and some places around it."""
    corner: tuple[int, int]
    """The row and column of the drawing where it begins."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Area:
    """A part of a drawing that has one colour, in one piece or in several that stand side by side."""

    mask_HW: Mask
    """What is seen of it."""
    filled_HW: Mask
    """And what it is hidden by where that lies wholly on it, as the eyes on a face."""
    ink: int
    """Which of the drawing's colours it has: 0 is the commonest."""
    colour: Floats
    pieces: int = 1
    """How many stand side by side: the eyes of a face are one area of two."""

    @cached_property
    def size(self) -> int:
        """Pixels that are seen of it."""
        return int(self.mask_HW.sum())

    @cached_property
    def centre(self) -> Floats:
        """Mean of its rows and columns."""
        return np.array([places.mean() for places in np.nonzero(self.mask_HW)])

    @cached_property
    def spread(self) -> Floats:
        """Standard deviations of its rows and columns, and 1."""
        return np.array([places.std() + 1 for places in np.nonzero(self.mask_HW)])

    @cached_property
    def box(self) -> tuple[Floats, Floats]:
        """Its first row and column, and those after its last."""
        lines = box_of(self.filled_HW)
        return np.array([line.start for line in lines], float), np.array([line.stop for line in lines], float)

    @cached_property
    def form(self) -> Mask:
        """Its shape, wherever it is and however large, as a grid of places."""
        steps = np.linspace(-_FORM_REACH, _FORM_REACH, _FORM_SIDE)
        rows, columns = (
            np.round(centre + spread * steps).astype(int).clip(-1, side) + 1
            for centre, spread, side in zip(self.centre, self.spread, self.filled_HW.shape, strict=True)
        )
        return np.asarray(np.pad(self.filled_HW, 1)[np.ix_(rows, columns)])

    @cached_property
    def edge(self) -> Edge:
        """Where it ends; what it is hidden by is inside."""
        return _edge(self.filled_HW)

    @cached_property
    def inside(self) -> npt.NDArray[np.int32] | None:
        """For each place of the box of what is seen, the nearest row and column that has its colours alone, [2, H, W].

        None if there are too few of these.
        """
        mask_HW = self.mask_HW[box_of(self.mask_HW)]
        inner_HW = ndimage.binary_erosion(np.pad(mask_HW, 1), iterations=_SOFT)[1:-1, 1:-1]
        if inner_HW.sum() < _LEAST_INSIDE:
            return None
        return np.asarray(ndimage.distance_transform_edt(~inner_HW, return_distances=False, return_indices=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class FlatDrawing:
    """A drawing by its areas."""

    areas: tuple[Area, ...]
    solid_HW: Mask
    """Where anything is drawn."""
    colours_HW3: Floats
    """OKLab of each place, shading and all; they go on beyond the edge."""
    outline: tuple[Floats, float] | None = None
    """Colour, and width in pixels, of a line around the whole; it is not among the areas."""

    @cached_property
    def corner(self) -> Floats:
        """The first row and column where anything is drawn."""
        return np.array([line.start for line in box_of(self.solid_HW)], float)

    @cached_property
    def extent(self) -> Floats:
        """How many rows and columns there are of it."""
        return np.array([line.stop for line in box_of(self.solid_HW)]) - self.corner

    @cached_property
    def edge(self) -> Edge:
        """Where it ends."""
        return _edge(self.solid_HW)

    def mirrored(self) -> FlatDrawing:
        """The same, looking the other way."""
        areas = tuple(
            replace(area, mask_HW=area.mask_HW[:, ::-1], filled_HW=area.filled_HW[:, ::-1]) for area in self.areas
        )
        return replace(self, areas=areas, solid_HW=self.solid_HW[:, ::-1], colours_HW3=self.colours_HW3[:, ::-1])


def flat_drawing(picture_HWC: npt.NDArray[np.uint8]) -> FlatDrawing | None:
    """A premultiplied picture, uint8 [H, W, C], as areas; None if nothing is drawn, or nothing flat."""
    solid_HW = picture_HWC[..., 3] >= _SOLID
    if not (picture_HWC[..., 3] >= _CLEAN).any():
        return None
    lab_HW3 = _clean_colours(picture_HWC)
    labels_HW, inks, core_HW = _labelled(lab_HW3, solid_HW)
    areas = [
        _area(mask_HW, ink, core_HW, lab_HW3, solid_HW)
        for mask_HW, ink in ((labels_HW == label, ink) for label, ink in enumerate(inks, 1))
        if mask_HW.any()
    ]
    if not areas:
        return None
    lines = [area for area in areas if _is_outline(area, solid_HW)]
    seen = [area for area in areas if area not in lines] or areas
    return FlatDrawing(
        areas=tuple(map(_as_one, _side_by_side(seen))), solid_HW=solid_HW, colours_HW3=lab_HW3,
        outline=(lines[0].colour, _width(lines[0])) if lines else None,
    )  # fmt: skip


def box_of(mask_HW: Mask, margin: int = 0) -> tuple[slice, slice]:
    """The rows and columns of a shape, and so many around it."""
    rows, columns = (np.flatnonzero(mask_HW.any(axis)) for axis in (1, 0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + margin + 1),
    )


def signed_distance(mask_HW: Mask) -> Floats:
    """Pixels from each place to the edge of a shape, float32 [H, W]: above 0 inside."""
    inside_HW, outside_HW = (ndimage.distance_transform_edt(shape_HW) for shape_HW in (mask_HW, ~mask_HW))
    return np.asarray(inside_HW - outside_HW, dtype=np.float32)


def _edge(mask_HW: Mask) -> Edge:
    rows, columns = box_of(mask_HW, _MARGIN)
    rounded = np.clip(_ROUNDED * np.sqrt(mask_HW.sum()), _LEAST_ROUNDED, _MOST_ROUNDED)
    field_HW = ndimage.gaussian_filter(signed_distance(mask_HW[rows, columns]), rounded)
    return Edge(field_HW=field_HW, corner=(rows.start, columns.start))


def _clean_colours(picture_HWC: npt.NDArray[np.uint8]) -> Floats:
    """OKLab [H, W, 3] without specks; colours go on beyond the edge, where else they would fade."""
    alpha_HW = picture_HWC[..., 3]
    nearest_2HW = ndimage.distance_transform_edt(alpha_HW < _CLEAN, return_distances=False, return_indices=True)
    pixels_HWC = picture_HWC[nearest_2HW[0], nearest_2HW[1]].astype(np.uint16)
    straight_HW3 = np.minimum(pixels_HWC[..., :3] * 255 // pixels_HWC[..., 3:], 255).astype(np.uint8)
    lab_HW3 = oklab(straight_HW3.reshape(-1, 3)).reshape(straight_HW3.shape)
    return np.stack([ndimage.median_filter(lab_HW3[..., channel], 3) for channel in range(3)], axis=-1)


def _labelled(lab_HW3: Floats, solid_HW: Mask) -> tuple[npt.NDArray[np.int32], list[int], Mask]:
    """Numbers of the areas [H, W], from 1, their inks, and where colours are their own, unmixed [H, W]."""
    flat_HW, core_HW = _cores(lab_HW3, solid_HW)
    colours_N3 = _palette(lab_HW3[core_HW], np.where(flat_HW[core_HW], 1.0, 0.6))
    labels_HW = np.zeros(solid_HW.shape, dtype=np.int32)
    inks: list[int] = []
    if not len(colours_N3):
        return labels_HW, inks, core_HW
    far_HWN = np.linalg.norm(lab_HW3[:, :, None] - colours_N3, axis=-1)
    nearest_HW = far_HWN.argmin(-1)
    core_HW = core_HW & (far_HWN.min(-1) < _SAME_COLOUR)
    # A soft edge belongs to whichever colour beside it is more alike.
    for number in range(len(colours_N3)):
        far_HWN[..., number] += _PER_STEP * ndimage.distance_transform_edt(~(core_HW & (nearest_HW == number)))
    own_HW = far_HWN.argmin(-1)
    votes_HWN = np.stack(
        [ndimage.uniform_filter((own_HW == n) * solid_HW * 1.0, 3) for n in range(len(colours_N3))], -1
    )
    own_HW = np.where(solid_HW, votes_HWN.argmax(-1), -1)
    for number in range(len(colours_N3)):
        for mask_HW in _parts(own_HW == number, core_HW & (nearest_HW == number)):
            if mask_HW.sum() < _SMALL and not _stands_out(mask_HW, lab_HW3, solid_HW):
                continue
            inks.append(number)
            labels_HW[mask_HW] = len(inks)
    if inks:
        nearest_2HW = ndimage.distance_transform_edt(labels_HW == 0, return_distances=False, return_indices=True)
        labels_HW = np.where(solid_HW, labels_HW[nearest_2HW[0], nearest_2HW[1]], 0)
        labels_HW = _joined(labels_HW, lab_HW3)
    return labels_HW, inks, core_HW


def _joined(labels_HW: npt.NDArray[np.int32], lab_HW3: Floats) -> npt.NDArray[np.int32]:
    """Small areas become part of their main neighbour where they look much like it: the shine in an eye, of the eye."""
    joined_HW: npt.NDArray[np.int32] = labels_HW.copy()
    sizes = np.bincount(joined_HW.ravel())
    for label in np.argsort(sizes):
        if label == 0 or not 0 < sizes[label] < _NO_PART:
            continue
        mask_HW = joined_HW == label
        box = box_of(mask_HW, 1)
        around_P = joined_HW[box][ndimage.binary_dilation(mask_HW[box]) & ~mask_HW[box] & (joined_HW[box] > 0)]
        if not around_P.size:
            continue
        other = np.bincount(around_P).argmax()
        colour, other_colour = (np.median(lab_HW3[part_HW], axis=0) for part_HW in (mask_HW, joined_HW == other))
        if np.linalg.norm(colour - other_colour) < _STANDS_OUT:
            joined_HW[mask_HW] = other
            sizes[other] += sizes[label]
    return joined_HW


def _cores(lab_HW3: Floats, solid_HW: Mask) -> tuple[Mask, Mask]:
    """Where the colour does not change [H, W]; and there or in the middle of a thin stroke [H, W]."""
    changes = [
        ndimage.maximum_filter(lab_HW3[..., c], 3) - ndimage.minimum_filter(lab_HW3[..., c], 3) for c in range(3)
    ]
    lightness_HW = lab_HW3[..., 0]
    darkest_HW, lightest_HW = ndimage.minimum_filter(lightness_HW, 9), ndimage.maximum_filter(lightness_HW, 9)
    stroke_HW = (lightness_HW <= darkest_HW + 0.02) | (lightness_HW >= lightest_HW - 0.02)
    stroke_HW &= lightest_HW - darkest_HW > 0.08
    flat_HW = solid_HW & (np.max(changes, axis=0) < _FLAT)
    return flat_HW, solid_HW & (flat_HW | stroke_HW)


def _palette(lab_P3: Floats, weight_P: Floats) -> Floats:
    """The colours of a drawing [N, 3], the commonest first."""
    found: list[Floats] = []
    while len(found) < _MOST_COLOURS and weight_P.sum() >= _LEAST_OF_COLOUR:
        cells_P = np.round(lab_P3 / 0.035).astype(np.int64) @ np.array([1, 1009, 1009 * 1009])
        _, cell_P = np.unique(cells_P, return_inverse=True)
        centre = lab_P3[cell_P == np.bincount(cell_P, weight_P).argmax()].mean(0)
        near_P = np.linalg.norm(lab_P3 - centre, axis=1) < _SAME_COLOUR
        for _ in range(4):
            centre = np.average(lab_P3[near_P], axis=0, weights=weight_P[near_P])
            moved_P = np.linalg.norm(lab_P3 - centre, axis=1) < _SAME_COLOUR
            near_P = moved_P if moved_P.any() else near_P
        if weight_P[near_P].sum() >= _LEAST_OF_COLOUR:
            found.append(centre)
        lab_P3, weight_P = lab_P3[~near_P], weight_P[~near_P]
    return np.array(found)


def _parts(mask_HW: Mask, core_HW: Mask) -> Iterator[Mask]:
    """The connected parts of a colour that are more than a soft edge."""
    parts_HW, count = ndimage.label(mask_HW)
    if not count:
        return
    for number, box in enumerate(ndimage.find_objects(parts_HW), 1):
        part_hw = parts_HW[box] == number
        size, core = part_hw.sum(), (part_hw & core_HW[box]).sum()
        if size >= _LEAST_AREA and core >= _LEAST_CORE and _thickness(part_hw) >= _LEAST_THICKNESS:
            yield parts_HW == number


def _thickness(mask_HW: Mask) -> float:
    """Pixels from the edge of a shape to its innermost place."""
    return float(ndimage.distance_transform_edt(np.pad(mask_HW, 1)).max())


def _stands_out(mask_HW: Mask, lab_HW3: Floats, solid_HW: Mask) -> bool:
    """Whether an area has clearly another colour than what is around it; true of what lies by itself."""
    box = box_of(mask_HW, 5)
    mask_HW, lab_HW3 = mask_HW[box], lab_HW3[box]
    around_HW = ndimage.binary_dilation(mask_HW, iterations=4) & ~ndimage.binary_dilation(mask_HW) & solid_HW[box]
    if around_HW.sum() < _LEAST_CORE:
        return True
    far_P = np.linalg.norm(lab_HW3[around_HW] - np.median(lab_HW3[mask_HW], axis=0), axis=1)
    return float(np.percentile(far_P, 25)) > _STANDS_OUT


def _area(mask_HW: Mask, ink: int, core_HW: Mask, lab_HW3: Floats, solid_HW: Mask) -> Area:
    own_HW, box, filled_HW = mask_HW & core_HW, box_of(mask_HW), mask_HW.copy()
    # Holes that show what is behind the drawing stay holes.
    filled_HW[box] = ndimage.binary_fill_holes(mask_HW[box]) & solid_HW[box]
    colour = np.median(lab_HW3[own_HW if own_HW.any() else mask_HW], axis=0)
    return Area(mask_HW=mask_HW, filled_HW=filled_HW, ink=ink, colour=colour)


def _side_by_side(areas: list[Area]) -> list[list[Area]]:
    """The areas, those together that stand in a row and are alike: the eyes of a face, the wheels of a car."""
    rows: list[list[Area]] = []
    for area in areas:
        like = [row for row in rows if any(_are_alike(area, other) for other in row)]
        rows = [row for row in rows if row not in like] + [sum(like, [area])]
    return rows


def _are_alike(one: Area, other: Area) -> bool:
    level = abs(one.centre[0] - other.centre[0]) < _LEVEL * min(one.spread[0], other.spread[0])
    shape = np.abs(np.log(one.spread / other.spread)).max() < _SAME_SHAPE
    size = abs(np.log(one.size / other.size)) < _SAME_SIZE
    return bool(level and shape and size and np.linalg.norm(one.colour - other.colour) < _SAME_COLOUR)


def _as_one(row: list[Area]) -> Area:
    if len(row) == 1:
        return row[0]
    return Area(
        mask_HW=np.any([area.mask_HW for area in row], axis=0),
        filled_HW=np.any([area.filled_HW for area in row], axis=0),
        ink=min(area.ink for area in row),
        colour=np.mean([area.colour for area in row], axis=0),
        pieces=len(row),
    )


def _is_outline(area: Area, solid_HW: Mask) -> bool:
    around = int(area.filled_HW.sum())
    return around > _OUTLINE_AROUND * int(solid_HW.sum()) and area.size < _OUTLINE_SHARE * around


def _width(area: Area) -> float:
    """Of a line, in pixels."""
    deep_P = ndimage.distance_transform_edt(area.mask_HW)[area.mask_HW]
    return 2 * float(np.median(deep_P[deep_P >= np.percentile(deep_P, 70)]))
