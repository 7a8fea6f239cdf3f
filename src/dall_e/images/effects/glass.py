"""Pieces of glass and stone: stained glass, mosaic, and enamel pins.

Each takes a painted picture, uint8 [S, S, C] premultiplied, and returns its own.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from dall_e.images.effects.segments import Segments, drawn, over, tinted
from dall_e.images.effects.texture import SIDE, Floats, UInt8, blurred, clouds, finished, noise

_LEAD = np.array([0.1, 0.1, 0.12], dtype=np.float32)
_PANES = np.array(
    [[0.72, 0.86, 0.95], [0.8, 0.9, 0.86], [0.97, 0.9, 0.7], [0.86, 0.83, 0.95]], dtype=np.float32
)
"""Colours of the glass around a thing."""
_DEEP_PANES = np.array(
    [[0.36, 0.58, 0.86], [0.42, 0.7, 0.62], [0.92, 0.72, 0.36], [0.6, 0.5, 0.82]], dtype=np.float32
)
"""The same around what is light itself."""
_GROUT = np.array([0.87, 0.84, 0.78], dtype=np.float32)
_STONES = np.array([[0.93, 0.9, 0.82], [0.85, 0.88, 0.86], [0.9, 0.86, 0.8]], dtype=np.float32)
_GOLD = np.array([0.83, 0.64, 0.25], dtype=np.float32)


class _Cells:
    """Which of many cells, each about as large, a pixel is in."""

    def __init__(self, side: int, size: float, rng: np.random.Generator, jitter: float) -> None:
        step = max(size * side / SIDE, 2.0)
        count = max(int(side / step), 1) + 3
        grid = np.stack(np.meshgrid(np.arange(count), np.arange(count)), axis=-1) - 1.0
        grid[1::2, :, 0] += 0.5
        points = ((grid + jitter * (rng.random(grid.shape) - 0.5)) * step).reshape(-1, 2)
        seeds = np.full((side, side), 255, dtype=np.uint8)
        inside = points[((points >= 0) & (points < side - 1)).all(1)].astype(int)
        seeds[inside[:, 1], inside[:, 0]] = 0
        if not len(inside):
            seeds[0, 0] = 0
        _, labels = cv2.distanceTransformWithLabels(
            seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        self.labels_SS: Any = labels


def _pieces(segments: Segments, cells: _Cells) -> tuple[Any, Any, Floats]:
    """The number of each pixel's piece, how many there are, and how far its border is."""
    mixed = cells.labels_SS.astype(np.int64) * 64 + segments.labels_SS + 1
    edge_SS = np.zeros(mixed.shape, dtype=np.uint8)
    edge_SS[:, 1:] |= mixed[:, 1:] != mixed[:, :-1]
    edge_SS[1:] |= mixed[1:] != mixed[:-1]
    numbers, piece_SS = np.unique(mixed, return_inverse=True)
    depth_SS = cv2.distanceTransform(1 - edge_SS, cv2.DIST_L2, 5) / segments.scale
    return piece_SS.reshape(mixed.shape), len(numbers), np.asarray(depth_SS)


def stained_glass(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return panes of bright glass in lead; `ground` has pale panes around the thing."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    piece_SS, count, depth_SS = _pieces(segments, _Cells(side, 46, rng, 0.8))

    lab_K3 = segments.lab_K3.copy()
    lab_K3[:, 0] = np.clip(0.22 + 0.75 * lab_K3[:, 0], 0.2, 0.93)
    colour_SS3 = segments.spread(tinted(lab_K3, chroma=1.3))
    light_SS = segments.lightness_SS[segments.shown_SS]
    panes = _DEEP_PANES if light_SS.size and light_SS.mean() > 0.76 else _PANES
    around_SS3 = panes[rng.integers(len(panes), size=count)][piece_SS]
    colour_SS3 = np.where(segments.shown_SS[..., None], colour_SS3, around_SS3)

    # Light comes through unevenly: by the pane, in streaks, and less towards the lead.
    panes_SS = (0.86 + 0.24 * rng.random(count).astype(np.float32))[piece_SS]
    streaks_SS = 0.9 + 0.2 * clouds(side, 40, rng, octaves=2)
    glow_SS = 0.8 + 0.26 * np.clip(depth_SS / 16, 0, 1)
    colour_SS3 = colour_SS3 * (panes_SS * streaks_SS * glow_SS)[..., None]

    bold_SS = segments.lines(4.6, 6.0)
    lead_SS = np.maximum(bold_SS, drawn(depth_SS, 1.3, k))
    relief_SS = cv2.Sobel(blurred(lead_SS, 1.0), cv2.CV_32F, 0, 1) * k
    lit_SS3 = _LEAD + np.clip(relief_SS, 0, 1)[..., None] * 0.35
    colour_SS3 = over(colour_SS3, lit_SS3, lead_SS)
    alpha_SS = 1.0 if ground else np.maximum(segments.alpha_SS, bold_SS)
    return finished(colour_SS3, alpha_SS)


def mosaic(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return small stones in mortar; `ground` has pale stones around the thing."""
    segments = Segments(image_SSC, rng)
    piece_SS, count, depth_SS = _pieces(segments, _Cells(segments.side, 12.5, rng, 0.35))
    around_SS3 = _STONES[rng.integers(len(_STONES), size=count)][piece_SS]
    colour_SS3 = np.where(segments.shown_SS[..., None], segments.flat_SS3, around_SS3)
    tint_N3 = 1 + 0.09 * rng.standard_normal((count, 1)) + 0.02 * rng.standard_normal((count, 3))
    light_SS = 1 + 0.1 * np.clip(1 - depth_SS / 3, 0, 1)
    colour_SS3 = colour_SS3 * tint_N3.astype(np.float32)[piece_SS] * light_SS[..., None]
    colour_SS3 = over(colour_SS3, _GROUT * 0.86, drawn(depth_SS, 1.0, segments.scale))
    return finished(colour_SS3, 1.0 if ground else segments.alpha_SS)


def enamel_pin(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return glossy enamel between ridges of gold; `ground` lays the pin on cloth."""
    segments = Segments(image_SSC, rng)
    side = segments.side
    base_SS3 = segments.spread(tinted(segments.lab_K3, chroma=1.12))
    gloss_SS = np.clip(1 - segments.depth_SS / 7, 0, 1)
    sheen_SS = np.linspace(0.08, -0.06, side, dtype=np.float32)[:, None]
    colour_SS3: Any = base_SS3 * (1 - 0.12 * gloss_SS[..., None]) + sheen_SS[..., None]
    slope_SS = np.add.outer(np.arange(side), np.arange(side)).astype(np.float32) / side
    band_SS = np.exp(-(((slope_SS - 0.72) / 0.045) ** 2)) * (segments.depth_SS > 3)
    colour_SS3 = over(colour_SS3, 1.0, 0.32 * band_SS)

    ridge_SS = segments.lines(3.0, 11.0)
    metal_SS = 0.86 + 0.3 * np.sin(7 * slope_SS + 1.2) + 0.04 * noise(side, 3, rng)
    colour_SS3 = over(colour_SS3, _GOLD * metal_SS[..., None], ridge_SS)
    solid_SS = np.maximum(segments.alpha_SS, ridge_SS)
    if not ground:
        return finished(colour_SS3, solid_SS)
    cloth_SS = 1 + 0.02 * noise(side, 1.8, rng) - 0.3 * segments.shadow(4, 7, 5)
    table_SS3 = np.array([0.93, 0.91, 0.9], dtype=np.float32) * cloth_SS[..., None]
    return finished(over(table_SS3, colour_SS3, solid_SS), 1.0)
