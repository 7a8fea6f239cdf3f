"""What a style looks like as numbers, whatever it shows, and how far apart two sets are.

    edges      how strong gradients are, at two scales, and how light it is where they are
    colours    lightness, chroma, and hue where there is chroma
    surfaces   fine differences inside of areas, and equal pixels in rows, of which pixel art has
               many
    room       how much of the square is filled

Nothing of it is learned. Shapes: S the side, C 4 channels (premultiplied RGBA), F numbers, M
pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.colour import oklab

Floats = npt.NDArray[Any]
UInt8 = npt.NDArray[np.uint8]

DESCRIBED_SIDE = 128
"""Pictures are described at this side."""
_STRENGTHS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 10.0)
"""Bounds of how strong a gradient is, in OKLab a pixel."""
_EDGE = 0.12
_RUNS = (1, 2, 3, 5, 9, 17, 1000)
"""Bounds of the lengths of runs of one colour."""
_SAME = 0.012
_LEAST_SPREAD = 0.02


def style_numbers(image_SSC: UInt8) -> Floats:
    """Describe a picture of any side, uint8 [S, S, C]: [F], each number about 0 to 1."""
    side = (DESCRIBED_SIDE, DESCRIBED_SIDE)
    small_SSC = cv2.resize(image_SSC, side, interpolation=cv2.INTER_AREA)
    alpha_SS = small_SSC[..., 3]
    white_SS3 = np.asarray(small_SSC[..., :3] + (255 - alpha_SS[..., None]), dtype=np.uint8)
    lab_SS3 = oklab(white_SS3.reshape(-1, 3)).reshape(white_SS3.shape).astype(np.float32)
    shown_SS = alpha_SS >= 128
    shown_SS = shown_SS if shown_SS.any() else np.ones_like(shown_SS)
    parts = [
        *_edges(lab_SS3),
        *_edges(cv2.resize(lab_SS3, (DESCRIBED_SIDE // 2,) * 2, interpolation=cv2.INTER_AREA)),
        *_colours(lab_SS3[shown_SS]),
        *_surfaces(lab_SS3, shown_SS),
        np.array([shown_SS.mean(), _room(shown_SS)]),
    ]
    return np.concatenate(parts)


def style_distance(first_MF: Floats, second_MF: Floats) -> float:
    """How far apart two sets of pictures are: of each number the means, in deviations, and the
    deviations; 0 for sets alike in both."""
    mean = first_MF.mean(0) - second_MF.mean(0)
    spread_1, spread_2 = first_MF.std(0), second_MF.std(0)
    scale = np.maximum(np.sqrt((spread_1**2 + spread_2**2) / 2), _LEAST_SPREAD)
    return float(np.mean((mean / scale) ** 2 + 0.5 * ((spread_1 - spread_2) / scale) ** 2))


def distance_within(numbers_MF: Floats, rounds: int = 6) -> float:
    """How far apart two halves of one set are, on average: what a perfect copy would come to."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(rounds):
        order = rng.permutation(len(numbers_MF))
        half = len(order) // 2
        found.append(style_distance(numbers_MF[order[:half]], numbers_MF[order[half:]]))
    return float(np.mean(found))


def _edges(lab_SS3: Floats) -> Sequence[Floats]:
    across = np.linalg.norm(cv2.Sobel(lab_SS3, cv2.CV_32F, 1, 0, ksize=1), axis=2)
    down = np.linalg.norm(cv2.Sobel(lab_SS3, cv2.CV_32F, 0, 1, ksize=1), axis=2)
    strength_SS = np.hypot(across, down)
    counts = np.histogram(strength_SS, bins=_STRENGTHS)[0] / strength_SS.size
    edge_SS = strength_SS > _EDGE
    light = np.histogram(lab_SS3[..., 0][edge_SS], bins=6, range=(0, 1.0001))[0]
    return np.sqrt(counts), light / max(edge_SS.sum(), 1)


def _colours(lab_P3: Floats) -> Sequence[Floats]:
    light = np.histogram(lab_P3[:, 0], bins=10, range=(0, 1.0001))[0] / len(lab_P3)
    chroma_P = np.hypot(lab_P3[:, 1], lab_P3[:, 2])
    chroma = np.histogram(chroma_P, bins=8, range=(0, 0.32))[0] / len(lab_P3)
    hue_P = np.arctan2(lab_P3[:, 2], lab_P3[:, 1])
    strong = chroma_P > 0.04
    hue = np.histogram(hue_P[strong], bins=12, range=(-np.pi, np.pi))[0] / len(lab_P3)
    return np.sqrt(light), np.sqrt(chroma), np.sqrt(hue)


def _surfaces(lab_SS3: Floats, shown_SS: npt.NDArray[np.bool_]) -> Sequence[Floats]:
    light_SS = lab_SS3[..., 0]
    fine_SS = np.abs(light_SS - cv2.GaussianBlur(light_SS, (0, 0), 1.2))
    inner_SS = cv2.erode(shown_SS.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inner_SS = inner_SS if inner_SS.any() else shown_SS
    fine = np.percentile(fine_SS[inner_SS], (25, 50, 75, 90)) * 10

    # How long rows of one colour are
    same_SS = np.linalg.norm(np.diff(lab_SS3, axis=1), axis=2) < _SAME
    ends = np.flatnonzero(~np.pad(same_SS, ((0, 0), (0, 1))).ravel())
    lengths = np.diff(ends, prepend=-1)
    run = np.histogram(lengths, bins=_RUNS, weights=lengths)[0] / max(lengths.sum(), 1)
    return fine, np.sqrt(run)


def _room(shown_SS: npt.NDArray[np.bool_]) -> float:
    rows, columns = np.flatnonzero(shown_SS.any(1)), np.flatnonzero(shown_SS.any(0))
    return float(max(np.ptp(rows), np.ptp(columns)) + 1) / len(shown_SS)
