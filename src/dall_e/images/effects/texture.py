"""What paints leave behind: noise, paper, trembling borders, and the borders of areas.

Shapes: S the side of the picture, C channels. Pixels are floats in [0, 1]; lengths in pixels of a
picture of `SIDE`.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
UInt8 = npt.NDArray[np.uint8]

SIDE = 384
"""Lengths are in pixels of a picture of this side."""
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""How light the three channels are."""


def noise(side: int, grain: float, rng: np.random.Generator) -> Floats:
    """Return smooth noise [S, S] around 0 of about unit deviation.

    grain: the size of a lump.
    """
    cells = max(round(SIDE / grain), 1) + 3
    values = rng.standard_normal((cells, cells), dtype=np.float32)
    margin = max(round(side / cells), 1)
    large = cv2.resize(values, (side + 2 * margin,) * 2, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[margin:-margin, margin:-margin] * 1.5, dtype=np.float32)


def clouds(side: int, grain: float, rng: np.random.Generator, octaves: int = 3) -> Floats:
    """Return noise [S, S] in [0, 1] with lumps of several sizes, the largest of `grain`."""
    total = np.zeros((side, side), dtype=np.float32)
    for octave in range(octaves):
        total += noise(side, max(grain / 2**octave, 1.0), rng) / 2**octave
    return np.asarray(np.clip(0.5 + 0.22 * total, 0, 1))


def paper(side: int, rng: np.random.Generator, grain: float = 3.0) -> Floats:
    """Return how the light falls on the bumps of a sheet, [S, S] around 0."""
    bumps_SS = noise(side, grain, rng) + 0.6 * noise(side, 2.2 * grain, rng)
    lit_SS = cv2.Sobel(bumps_SS, cv2.CV_32F, 1, 0) + cv2.Sobel(bumps_SS, cv2.CV_32F, 0, 1)
    return np.asarray(lit_SS / max(float(lit_SS.std()), 1e-6), dtype=np.float32)


def trembling(image_SSC: Floats, reach: float, grain: float, rng: np.random.Generator) -> Floats:
    """Return an image whose borders wander by about `reach`, in waves of `grain`."""
    side = len(image_SSC)
    length = reach * side / SIDE
    down_SS, across_SS = np.indices((side, side), dtype=np.float32)
    across_SS += length * noise(side, grain, rng)
    down_SS += length * noise(side, grain, rng)
    return np.asarray(
        cv2.remap(image_SSC, across_SS, down_SS, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def blurred(image: Floats, reach: float) -> Floats:
    """Return an image [S, S] or [S, S, C] blurred with a standard deviation of `reach`."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(reach * len(image) / SIDE, 0.3)))


def borders(image_SSC: Floats, reach: float) -> Floats:
    """Return how near each pixel is to a border of areas, [S, S] in [0, 1], in lines of `reach`."""
    soft_SSC = blurred(image_SSC, reach)
    across = cv2.Sobel(soft_SSC, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(soft_SSC, cv2.CV_32F, 0, 1, ksize=3)
    steps_SS = np.sqrt((across**2 + down**2).sum(2)) * (reach * len(image_SSC) / SIDE)
    return np.asarray(np.clip(steps_SS * 0.9, 0, 1), dtype=np.float32)


def on_white(image_SSC: Floats) -> Floats:
    """Return the colours [S, S, 3] of a premultiplied image on white."""
    return image_SSC[..., :3] + 1 - image_SSC[..., 3:]


def finished(colour_SS3: Any, alpha_SS: Any) -> UInt8:
    """Return straight colours with an opacity as uint8 [S, S, 4], premultiplied."""
    alpha_SS1 = np.broadcast_to(alpha_SS, colour_SS3.shape[:2])[..., None]
    image_SSC = np.concatenate((np.clip(colour_SS3, 0, 1) * alpha_SS1, alpha_SS1), axis=2)
    return np.asarray(np.clip(image_SSC, 0, 1) * 255 + 0.5, dtype=np.uint8)


def shading(alpha_SS: Floats) -> Floats:
    """Return how far each pixel is turned from a light at the upper left, [S, S] in [-1, 1].

    What is shown is taken for a cushion.
    """
    cushion_SS = blurred(alpha_SS, 26) + 0.5 * blurred(alpha_SS, 11)
    across = cv2.Sobel(cushion_SS, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(cushion_SS, cv2.CV_32F, 0, 1)
    turned_SS = -(0.6 * across + 0.8 * down) * len(alpha_SS) / SIDE
    return np.asarray(np.clip(turned_SS * 5.0, -1, 1), dtype=np.float32)
