"""The few colours that a flat drawing really has.

A network's pixels have every colour between two areas, and a little noise; the colours that are
meant are those inside of areas, and those of small spots: eyes, nostrils, highlights.

Shapes: H W rows and columns, C 4 channels (premultiplied RGBA), K colours, P pixels.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.colour import oklab

Floats = npt.NDArray[np.floating[Any]]
UInt8 = npt.NDArray[np.uint8]

_FLAT_STEP = 0.03
"""Neighbours inside of an area differ less than this, in OKLab."""
_SPOT_REACH = 14
"""Spots fit into a disc of this radius, in pixels of a picture of 384."""
_SPOT_CONTRAST = 0.16
"""Spots are so much darker or lighter than what is around them, in OKLab."""
_SPOT_AREA = (40, 700)
"""Pixels that a spot has, in a picture of 384."""
_LINE_CONTRAST, _LINE_AREA = 0.26, 500
"""The same for lines, and how many pixels they have."""
_NEW_COLOUR = 0.17
"""The palette lacks a spot's colour if none is so near, in OKLab."""
_MOST_SAMPLES = 6000
"""Pixels that the palette is found from."""


def straight_oklab(image_HWC: UInt8) -> Floats:
    """Return straight colours in OKLab, [H, W, 3]; black where nothing is shown."""
    alpha_HW1 = np.maximum(image_HWC[..., 3:].astype(np.float32), 1)
    straight_HW3 = (image_HWC[..., :3] * 255.0 / alpha_HW1).clip(0, 255).astype(np.uint8)
    return oklab(straight_HW3.reshape(-1, 3)).reshape(straight_HW3.shape)


def inner_pixels(lab_HW3: Floats, shown_HW: npt.NDArray[np.bool_], scale: float) -> Any:
    """Return where a pixel is inside of an area: like its neighbours, a little off the border."""
    steps_HW = np.zeros(shown_HW.shape, dtype=np.float32)
    for axis in (0, 1):
        step = np.linalg.norm(np.diff(lab_HW3, axis=axis), axis=2)
        padding = [(0, 0), (0, 0)]
        padding[axis] = (0, 1)
        np.maximum(steps_HW, np.pad(step, padding), out=steps_HW)
        padding[axis] = (1, 0)
        np.maximum(steps_HW, np.pad(step, padding), out=steps_HW)
    flat = (shown_HW & (steps_HW < _FLAT_STEP / max(scale, 0.5))).astype(np.uint8)
    eroded = cv2.erode(flat, disc(2 * scale)).astype(bool)
    # A drawing of nothing but borders has no inside: then every pixel that shows counts.
    for candidate in (eroded, flat.astype(bool)):
        if candidate.sum() >= 0.02 * shown_HW.sum():
            return candidate
    return shown_HW


def spots(lab_HW3: Floats, shown_HW: npt.NDArray[np.bool_], scale: float) -> Any:
    """Return a number for each small round spot that is much darker or lighter than its
    surroundings, at its core; 0 elsewhere.

    Eyes, nostrils and highlights are too small to have an inside, and too much to be lost.
    """
    lightness_HW = np.ascontiguousarray(lab_HW3[..., 0], dtype=np.float32)
    reach = disc(_SPOT_REACH * scale)
    cores_HW = np.zeros(shown_HW.shape, dtype=np.int32)
    number = 0
    for operation, outside in ((cv2.MORPH_BLACKHAT, 0.0), (cv2.MORPH_TOPHAT, 1.0)):
        # Outside is as dark as dark spots are, so that a dark rim is none.
        filled_HW = np.where(shown_HW, lightness_HW, np.float32(outside))
        contrast_HW = cv2.morphologyEx(filled_HW, operation, reach)
        mask_HW = ((contrast_HW > _SPOT_CONTRAST) & shown_HW).astype(np.uint8)
        _, parts_HW, stats, _ = cv2.connectedComponentsWithStats(mask_HW, connectivity=8)
        is_spot = is_round(stats)
        low, high = (value * scale**2 for value in _SPOT_AREA)
        is_spot &= (stats[:, cv2.CC_STAT_AREA] >= low) & (stats[:, cv2.CC_STAT_AREA] <= high)
        is_spot[0] = False
        is_line = stats[:, cv2.CC_STAT_AREA] >= _LINE_AREA * scale**2
        is_line[0] = False
        for part in np.flatnonzero(is_spot | is_line):
            here_HW = parts_HW == part
            if not is_spot[part] and np.median(contrast_HW[here_HW]) < _LINE_CONTRAST:
                continue
            number += 1
            cores_HW[here_HW & (contrast_HW > 0.7 * contrast_HW[here_HW].max())] = number
    return cores_HW


def with_spots(palette_K3: Floats, lab_HW3: Floats, cores_HW: Any) -> Floats:
    """Return a palette [K, 3], behind it the colours of spots that it has none for."""
    for number in range(1, int(cores_HW.max()) + 1):
        colour = np.median(lab_HW3[cores_HW == number], axis=0)
        if np.linalg.norm(palette_K3 - colour, axis=1).min() > _NEW_COLOUR:
            palette_K3 = np.concatenate((palette_K3, colour[None]))
    return palette_K3.astype(np.float32)


def is_round(stats: Any) -> Any:
    """Return which components, by OpenCV's stats, fill about half of a box that is no strip."""
    wide, tall = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    is_long = np.maximum(wide, tall) > 2.6 * np.minimum(wide, tall)
    return ~is_long & (stats[:, cv2.CC_STAT_AREA] > 0.45 * wide * tall)


def disc(radius: float) -> UInt8:
    """Return a disc of ones, at least 3 pixels wide, for OpenCV."""
    side = 2 * max(round(radius), 1) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)


def main_colours(lab_P3: Floats, most: int, same: float) -> Floats:
    """Return the colours of inner pixels, OKLab [K, 3], the most used first.

    most: colours that are looked for. same: those nearer than this are one. It is
    k-means, started with the pixels that are farthest from all before, the middle of each cluster
    being its median; then colours that are alike become one.
    """
    stride = max(len(lab_P3) // _MOST_SAMPLES, 1)
    lab_P3 = np.ascontiguousarray(lab_P3[::stride], dtype=np.float32)

    # Started farthest first
    centres = [np.median(lab_P3, axis=0)]
    distances_P = np.linalg.norm(lab_P3 - centres[0], axis=1)
    while len(centres) < most and distances_P.max() > same:
        centres.append(lab_P3[distances_P.argmax()])
        np.minimum(distances_P, np.linalg.norm(lab_P3 - centres[-1], axis=1), out=distances_P)

    centres_K3 = np.stack(centres)
    for _ in range(5):
        owner_P = _closest(lab_P3, centres_K3)
        centres_K3 = np.stack(
            [
                np.median(lab_P3[owner_P == k], axis=0) if (owner_P == k).any() else centre
                for k, centre in enumerate(centres_K3)
            ]
        )
    counts_K = np.bincount(_closest(lab_P3, centres_K3), minlength=len(centres_K3))
    return _merged(centres_K3, counts_K, same)


def _closest(lab_P3: Floats, centres_K3: Floats) -> Any:
    """The number of the nearest centre of each pixel."""
    squares_PK = (centres_K3**2).sum(1) - 2 * lab_P3 @ centres_K3.T
    return squares_PK.argmin(1)


def _merged(centres_K3: Floats, counts_K: Any, same: float) -> Floats:
    """Colours of which no two are nearer than `same`; of two that are, the mean by use."""
    centres = [(int(n), c) for n, c in zip(counts_K, centres_K3, strict=True) if n]
    while len(centres) > 1:
        stacked = np.stack([c for _, c in centres])
        gaps = np.linalg.norm(stacked[:, None] - stacked[None], axis=2)
        np.fill_diagonal(gaps, np.inf)
        first, second = divmod(int(gaps.argmin()), len(centres))
        if gaps[first, second] >= same:
            break
        (n, a), (m, b) = centres[first], centres[second]
        centres = [c for i, c in enumerate(centres) if i not in (first, second)]
        centres.append((n + m, (n * a + m * b) / (n + m)))
    centres.sort(key=lambda c: -c[0])
    return np.stack([c for _, c in centres]).astype(np.float32)
