"""What the pictures of a style have in common: lines, colours, grounds, gradients, grain.

Everything is counted in the pictures themselves, at SIDE pixels; nothing is learned.

Shapes: S the side of a picture, C 4 channels (premultiplied RGBA), K colours, P pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.effects.vectors import SIDE
from dall_e.images.palette import main_colours, straight_oklab

Floats = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
UInt8 = npt.NDArray[np.uint8]

_GROUND_FRACTION, _GROUND_NEAR = 0.92, 0.05
"""Of a picture's border has one colour if that is its ground; how near colours are to it."""
_WHITE = 0.985
"""A ground so light is none: it is what pictures lie on."""
_RIM = (1.5, 3.5)
"""How deep in a drawing its outline is looked for, in pixels."""
_DEEP = 0.07
"""What is so deep in a drawing is no outline, as a fraction of the side."""
_LINE_NEAR = 0.11
"""Colours of a line differ less from each other, in OKLab."""
_LINE_FRACTION, _LINE_GAIN = 0.55, 1.6
"""An outline has such a part of the rim, and so much more of it than of the inside."""
_WIDEST = 0.06
"""Lines are thinner than this, as a fraction of the side."""
_COUNTED = -0.5
"""What has to be added to twice the depth of the middle of a line, in pixels, for its width."""
_FLAT_STEP = 0.03
"""Neighbours inside of an area differ less, in OKLab."""
_SHADE = 0.1
"""Outlines in a deeper shade of each colour are darker than it by this at least, in OKLab."""
_SAMPLES = 500
"""Pixels of each picture for its colours."""
_MOST_COLOURS, _SAME_COLOUR = 28, 0.045
_LEAST_FRACTION = 0.002
"""Colours of fewer pixels are borders between others."""
_MATCHES = 0.035
"""A pixel that is so near to a colour of the palette has it."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One picture, without its ground."""

    lab_SS3: Floats
    """Straight colours in OKLab."""
    shown_SS: Bools
    """Where anything is."""
    ground_3: Floats | None
    """The colour behind it, if it has one."""

    @property
    def depth_SS(self) -> Floats:
        """How far each pixel is from where nothing is, in pixels; the picture's frame is an end."""
        shown = np.pad(self.shown_SS.astype(np.uint8), 1)
        return np.asarray(cv2.distanceTransform(shown, cv2.DIST_L2, 5)[1:-1, 1:-1])

    def flat_SS(self) -> Bools:
        """Where pixels are inside of areas: like their neighbours."""
        steps_SS = np.zeros(self.shown_SS.shape, np.float32)
        down = np.linalg.norm(np.diff(self.lab_SS3, axis=0), axis=2)
        across = np.linalg.norm(np.diff(self.lab_SS3, axis=1), axis=2)
        steps_SS[1:] = down
        steps_SS[:, 1:] = np.maximum(steps_SS[:, 1:], across)
        flat = ((steps_SS < _FLAT_STEP) & self.shown_SS).astype(np.uint8)
        return np.asarray(cv2.erode(flat, np.ones((3, 3), np.uint8)) > 0)


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The outlines of a style."""

    width: float
    """As a fraction of the side."""
    colour_3: Floats | None
    """In OKLab; None where each area has a deeper shade of its own colour."""
    shade: float
    """How much darker than the area that is."""


def seen(image_SSC: UInt8) -> Seen:
    """Look at a picture of SIDE pixels, uint8 [S, S, C]."""
    lab_SS3 = straight_oklab(image_SSC).astype(np.float32)
    shown_SS = image_SSC[..., 3] >= 128
    border = np.zeros(shown_SS.shape, bool)
    border[[0, 1, -2, -1]] = border[:, [0, 1, -2, -1]] = True
    if shown_SS[border].mean() < 1:
        return Seen(lab_SS3=lab_SS3, shown_SS=shown_SS, ground_3=None)

    # An opaque picture: its ground is what hangs together with the border and has its colour
    colour_3 = np.median(lab_SS3[border], axis=0)
    near_SS = np.linalg.norm(lab_SS3 - colour_3, axis=2) < _GROUND_NEAR
    if near_SS[border].mean() < _GROUND_FRACTION:
        return Seen(lab_SS3=lab_SS3, shown_SS=shown_SS, ground_3=None)
    _, labels_SS = cv2.connectedComponents(near_SS.astype(np.uint8), connectivity=4)
    ground_SS = np.isin(labels_SS, np.unique(labels_SS[border & near_SS]))
    is_white = colour_3[0] > _WHITE and np.hypot(*colour_3[1:]) < 0.01
    return Seen(lab_SS3=lab_SS3, shown_SS=~ground_SS, ground_3=None if is_white else colour_3)


# Lines


def lines_in(images: Sequence[Seen]) -> Lines | None:
    """Find the outlines of a style; None if it has none."""
    rims, insides, drops = [], [], []
    for image in images:
        depth_SS = image.depth_SS
        rim_SS = (depth_SS >= _RIM[0]) & (depth_SS <= _RIM[1]) & image.shown_SS
        deep_SS = depth_SS > _DEEP * SIDE
        if not rim_SS.any():
            continue
        rims.append(_sampled(image.lab_SS3[rim_SS]))
        if deep_SS.any():
            insides.append(_sampled(image.lab_SS3[deep_SS]))
            drops.append(_drop(image, rim_SS, deep_SS))
    if not rims:
        return None
    rim_P3 = np.concatenate(rims)
    colour_3 = _most_common(rim_P3)
    fraction = _near(rim_P3, colour_3).mean()
    inside = _near(np.concatenate(insides), colour_3).mean() if insides else 0.0
    if fraction > _LINE_FRACTION and (fraction > _LINE_GAIN * inside or not insides):
        # A pixel belongs to a line that is more like it than like what it is around.
        gaps_P = np.linalg.norm(np.concatenate(insides or rims) - colour_3, axis=1)
        fills_P = gaps_P[gaps_P > _LINE_NEAR]
        reach = max(float(np.median(fills_P)) / 2, _LINE_NEAR) if len(fills_P) else _LINE_NEAR
        width = _line_width(images, colour_3, reach)
        return Lines(width=width, colour_3=colour_3, shade=0.0) if width else None
    if drops:
        drop_P = np.concatenate(drops)
        if (drop_P > _SHADE).mean() > _LINE_FRACTION:
            shade = float(np.median(drop_P[drop_P > _SHADE]))
            return Lines(width=_shade_width(images, shade), colour_3=None, shade=shade)
    return None


def is_line(image: Seen, lines: Lines | None) -> Bools:
    """Where the lines of a picture are: thin, and of their colour."""
    if lines is None or lines.colour_3 is None:
        return np.zeros(image.shown_SS.shape, dtype=bool)
    of_colour = (_near(image.lab_SS3, lines.colour_3) & image.shown_SS).astype(np.uint8)
    side = max(round(1.5 * lines.width * SIDE), 3)
    thick = cv2.morphologyEx(
        of_colour, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    )
    return np.asarray((of_colour > 0) & (thick == 0))


def _line_width(images: Sequence[Seen], colour_3: Floats, reach: float) -> float:
    """The usual width of what has a line's colour at the rim, as a fraction of the side."""
    widths = []
    for image in images:
        mask = (_near(image.lab_SS3, colour_3, reach) & image.shown_SS).astype(np.uint8)
        inner_SS = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        ridge_SS = (inner_SS > 0) & (inner_SS >= cv2.dilate(inner_SS, np.ones((3, 3))))
        ridge_SS &= image.depth_SS < _WIDEST * SIDE
        if ridge_SS.any():
            widths.append(2 * np.median(inner_SS[ridge_SS]) + _COUNTED)
    width = float(np.median(widths)) / SIDE if widths else 0.0
    return width if width < _WIDEST else 0.0


def _drop(image: Seen, rim_SS: Bools, deep_SS: Bools) -> Floats:
    """How much darker pixels of the rim are than the inside next to them."""
    _, nearest_SS = cv2.distanceTransformWithLabels(
        (~deep_SS).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    light_of = np.zeros(int(nearest_SS.max()) + 1, np.float32)
    light_of[nearest_SS[deep_SS]] = image.lab_SS3[deep_SS][:, 0]
    return _sampled(light_of[nearest_SS[rim_SS]] - image.lab_SS3[rim_SS][:, 0])


def _shade_width(images: Sequence[Seen], shade: float) -> float:
    """How deep the dark rim goes, as a fraction of the side."""
    most = round(_DEEP * SIDE)
    totals, counts = np.zeros(most + 1), np.zeros(most + 1)
    for image in images:
        depth_SS = image.depth_SS.round().astype(int)
        here_SS = image.shown_SS & (depth_SS <= most)
        np.add.at(totals, depth_SS[here_SS], image.lab_SS3[here_SS][:, 0])
        np.add.at(counts, depth_SS[here_SS], 1)
    light = totals[1:] / np.maximum(counts[1:], 1)
    above = np.flatnonzero(light > light[-1] - shade / 2)
    return float(above[0] + 1 if len(above) else most) / SIDE


def _near(lab: Floats, colour_3: Floats, reach: float = _LINE_NEAR) -> Bools:
    return np.asarray(np.linalg.norm(lab - colour_3, axis=-1) < reach)


def _sampled(values_P: Floats) -> Floats:
    return values_P[:: max(len(values_P) // _SAMPLES, 1)][:_SAMPLES]


def _most_common(lab_P3: Floats) -> Floats:
    """The middle of the densest place among colours."""
    some = lab_P3[:: max(len(lab_P3) // 1500, 1)]
    near = np.linalg.norm(some[:, None] - some[None], axis=2) < _LINE_NEAR / 2
    best = int(near.sum(1).argmax())
    return np.asarray(np.median(some[near[best]], axis=0))


# Colours


def palette_in(images: Sequence[Seen], lines: Lines | None) -> tuple[Floats, Floats, float]:
    """Find the colours of a style's areas.

    Returns them in OKLab [K, 3], which part of all areas each has [K], and which part of the areas
    has just these colours, from 0 to 1.
    """
    samples = []
    for image in images:
        fills_SS = image.flat_SS() & ~is_line(image, lines)
        if fills_SS.any():
            samples.append(_sampled(image.lab_SS3[fills_SS]))
    if not samples:
        return np.zeros((0, 3), np.float32), np.zeros(0), 0.0
    lab_P3 = np.concatenate(samples)
    found_K3 = main_colours(lab_P3, _MOST_COLOURS, _SAME_COLOUR)
    nearest_P, gap_P = nearest(lab_P3, found_K3)
    fraction_K = np.bincount(nearest_P, minlength=len(found_K3)) / len(lab_P3)
    kept = fraction_K >= _LEAST_FRACTION
    matched = float((gap_P[kept[nearest_P]] < _MATCHES).sum() / len(gap_P))
    return found_K3[kept].astype(np.float32), fraction_K[kept], matched


def nearest(lab_P3: Floats, palette_K3: Floats) -> tuple[Floats, Floats]:
    """Return the number of the nearest colour for each, and how far it is."""
    gaps_PK = np.linalg.norm(lab_P3[:, None] - palette_K3[None], axis=2)
    return gaps_PK.argmin(1), gaps_PK.min(1)


# Surfaces


def fall_of_light(images: Sequence[Seen]) -> float:
    """By how much areas are darker at the bottom of the picture than at its top, in OKLab."""
    falls = []
    for image in images:
        flat_SS = image.flat_SS()
        both = flat_SS[1:] & flat_SS[:-1]
        if both.any():
            step = image.lab_SS3[:-1, :, 0] - image.lab_SS3[1:, :, 0]
            falls.append(float(step[both].mean()) * SIDE)
    return float(np.median(falls)) if falls else 0.0


def grain_of(images: Sequence[Seen]) -> float:
    """The deviation of fine differences of lightness inside of areas, in OKLab."""
    grains = []
    for image in images:
        light_SS = image.lab_SS3[..., 0]
        fine_SS = light_SS - cv2.GaussianBlur(light_SS, (0, 0), 2.0)
        inner_SS = image.depth_SS > 6
        if inner_SS.any():
            grains.append(float(np.percentile(np.abs(fine_SS[inner_SS]), 50)) * 1.48)
    return float(np.median(grains)) if grains else 0.0


def room_of(shown_MSS: Sequence[Bools], grown: float = 0.0) -> float:
    """How large things are, as a fraction of the picture's side: the median.

    shown_MSS: where anything is, of each picture [S, S].

    Of each it is the mean of its longer side and of the side of a square of its area. grown: by how
    much they are made larger on all sides first.
    """
    reach = 2 * round(grown * SIDE) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    rooms = []
    for own_SS in shown_MSS:
        shown_SS = cv2.dilate(np.pad(own_SS.astype(np.uint8), reach), disc) > 0
        rows, columns = np.flatnonzero(shown_SS.any(1)), np.flatnonzero(shown_SS.any(0))
        if len(rows):
            length = max(np.ptp(rows), np.ptp(columns)) + 1
            rooms.append((float(length) + float(np.sqrt(shown_SS.sum()))) / 2)
    return float(np.median(rooms)) / SIDE if rooms else 1.0
