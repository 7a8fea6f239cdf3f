"""Pixel art: a coarse grid of few colours, without in-between colours at its borders.

Shapes: S the side of the picture, G that of the grid, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from dall_e.images.colour import from_oklab, oklab
from dall_e.images.effects.texture import UInt8
from dall_e.images.palette import main_colours

GRID = 64
"""Cells in a row, where the side can be divided so."""
MOST_COLOURS = 24
"""Colours of a picture, its outline among them."""
_SAME = 0.035
"""Colours nearer than this are one, in OKLab."""
_DETAIL = 2.2
"""How much more the colours of small areas count in a cell."""
_SAMPLES = 5000
"""Pixels that the colours are found from."""
_OUTLINE = 0.45
"""Lightness of the outline as a part of that of what it surrounds."""


def pixel_art(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a drawing, premultiplied RGBA, in square cells of one colour; `ground`: on white."""
    side = len(image_SSC)
    cell = max(round(side / GRID), 1)
    cells_GG, palette_K3 = cells_of(image_SSC, rng, cell)
    colours = np.zeros((len(palette_K3) + 1, 4), dtype=np.uint8)
    colours[:-1, :3], colours[:-1, 3] = palette_K3, 255
    small_GGC = colours[cells_GG]
    if not (small_GGC[..., 3] == 255).all():
        small_GGC = _outlined(small_GGC)
    if ground:
        small_GGC[small_GGC[..., 3] == 0] = 255
    return np.ascontiguousarray(
        np.kron(small_GGC, np.ones((cell, cell, 1), dtype=np.uint8))[:side, :side]
    )


def cells_of(
    image_SSC: UInt8, rng: np.random.Generator, cell: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the colour of each cell of so many pixels, [G, G], -1 where it is empty, and the
    colours, sRGB [K, 3]."""
    grid = -(-len(image_SSC) // cell)
    whole: Any = cv2.resize(image_SSC, (grid * cell,) * 2, interpolation=cv2.INTER_AREA)
    labels_SS, palette_K3 = _reduced(whole, rng)
    return _strongest(labels_SS, len(palette_K3), cell), palette_K3


def _reduced(image_SSC: UInt8, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The number of each pixel's colour, -1 where nothing is shown, and the colours, sRGB."""
    shown_SS = image_SSC[..., 3] >= 128
    if not shown_SS.any():
        return np.full(shown_SS.shape, -1), np.zeros((0, 3), dtype=np.uint8)
    alpha_P1 = image_SSC[shown_SS][:, 3:].astype(np.float32)
    straight_P3 = (image_SSC[shown_SS][:, :3] * 255.0 / alpha_P1).clip(0, 255).astype(np.uint8)
    lab_P3 = oklab(straight_P3).astype(np.float32)
    sample_P3 = lab_P3[rng.permutation(len(lab_P3))[:_SAMPLES]]
    palette_K3 = main_colours(sample_P3, MOST_COLOURS - 2, _SAME)
    labels_SS = np.full(shown_SS.shape, -1)
    squares_PK = (palette_K3**2).sum(1) - 2 * lab_P3 @ palette_K3.T
    labels_SS[shown_SS] = squares_PK.argmin(1)
    return labels_SS, from_oklab(palette_K3).round().astype(np.uint8)


def _strongest(labels_SS: np.ndarray, count: int, cell: int) -> np.ndarray:
    """The colour that has most of each cell, [G, G]; -1 where most of it is empty."""
    grid = len(labels_SS) // cell
    cells = labels_SS.reshape(grid, cell, grid, cell)
    votes_KGG = np.stack(
        [(cells == k).sum((1, 3)) for k in range(count)] or [np.zeros((grid, grid))]
    )
    areas_K = np.maximum(votes_KGG.sum((1, 2)), 1)
    weights_K = np.clip((areas_K.mean() / areas_K) ** 0.25, 1, _DETAIL)
    is_empty_GG = 2 * votes_KGG.sum(0) < cell * cell
    return np.where(is_empty_GG, -1, (votes_KGG * weights_K[:, None, None]).argmax(0))


def _outlined(small_GGC: UInt8) -> UInt8:
    """Cells with one dark line around what is shown."""
    shown_GG = small_GGC[..., 3] > 0
    if not shown_GG.any():
        return small_GGC
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    around_GG = cv2.dilate(shown_GG.astype(np.uint8), cross).astype(bool) & ~shown_GG
    colours_P3: Any = small_GGC[shown_GG][:, :3]
    darkest_3 = colours_P3[colours_P3.astype(int).sum(1).argmin()]
    outlined_GGC: UInt8 = small_GGC.copy()
    outlined_GGC[around_GG, :3] = (darkest_3 * _OUTLINE).astype(np.uint8)
    outlined_GGC[around_GG, 3] = 255
    return outlined_GGC
