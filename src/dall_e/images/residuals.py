"""What image tokens leave out of an image, patch by patch, in few bytes.

As in JPEG (Wallace 1992): each patch of the difference goes through a cosine transform, over its
rows, its columns and its colours; the coefficients are rounded to steps, so that most of them are
0; and deflate packs the rest. Of an emoji of 96 pixels whose tokens reach 26 dB, 1.9 KB bring it to
34.5 dB.

Shapes: C H W channels (4, premultiplied RGBA), rows and columns; N patches in raster order, S their
side, K = C S S coefficients, the coarse ones first.
"""

from __future__ import annotations

import math
import zlib
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

_STEP = 0.15
"""To which coefficients are rounded. Those of the differences, in [-1, 1], reach to some 8."""
_DEAD = 0.6
"""Steps below which a coefficient is 0: a little more than half of one saves many bytes."""
_MOST_STEPS = 127
_LEVEL = 9
_SURE, _SURE_OF_ZERO = 0.3, 0.6
"""Steps by which coefficients that are not 0 may be moved, and those that are. Half a step would be
right; 0.3 is 0.2 dB better."""
_ROUNDS = 2
_ALIKE, _NEAR, _WINDOW = 0.05, 1.5, 5
"""Colours that differ by less are smoothed, over so many pixels, within a window of this side."""
_COLOURS = np.array(
    [[1, 1, 1, 0], [1, 0, -1, 0], [1, -2, 1, 0], [0, 0, 0, 1]], dtype=np.float32
)  # fmt: skip
"""Grey, and two differences of colours, which are small; and alpha."""

Pixels = npt.NDArray[np.float32]


def pack_residual(difference_CHW: Pixels, side: int) -> bytes:
    """The difference of two images, in [-1, 1], as bytes; side: of a patch."""
    coefficients_NK = _patches(difference_CHW, side) @ _basis(side).T
    steps_NK = np.rint(coefficients_NK / _STEP)
    steps_NK[np.abs(coefficients_NK) < _DEAD * _STEP] = 0
    clipped_NK = steps_NK.clip(-_MOST_STEPS, _MOST_STEPS).astype(np.int8)

    # All patches' coarse coefficients, then the finer ones: the zeros stand together.
    return zlib.compress(clipped_NK.T.tobytes(), _LEVEL)


def unpack_residual(packed: bytes, size: int, side: int) -> Pixels:
    """The difference [4, H, W] of square images of this size, near to what was packed.

    Raises ValueError for bytes that are none of such an image.
    """
    num_patches, num_coefficients = (size // side) ** 2, 4 * side * side
    expected = num_patches * num_coefficients
    unpacker = zlib.decompressobj()
    try:
        steps = unpacker.decompress(packed, expected + 1)
    except zlib.error as error:
        raise ValueError(f"the details of a picture cannot be unpacked: {error}") from error
    if len(steps) != expected:
        raise ValueError(f"the details of a picture have {len(steps)} numbers, not {expected}")
    steps_KN = np.frombuffer(steps, dtype=np.int8).reshape(num_coefficients, num_patches)
    return _image((steps_KN.T.astype(np.float32) * _STEP) @ _basis(side), size, side)


def smoothed_residual(image_CHW: Pixels, residual_CHW: Pixels, side: int) -> Pixels:
    """Return a residual [4, H, W] of the same steps that leaves areas of one colour smooth.

    Rounding leaves open what a coefficient was, within a step: of all images that it may have been,
    this looks for one without ripple, by a bilateral filter and the steps in turn (Zakhor 1992).
    Patches without any residual stay as they are. image_CHW: what the residual is added to.
    """
    basis_KK = _basis(side)
    steps_NK = _patches(residual_CHW, side) @ basis_KK.T
    is_zero_NK = np.abs(steps_NK) < 0.5 * _STEP
    room_NK = np.where(is_zero_NK, _SURE_OF_ZERO, _SURE).astype(np.float32) * _STEP
    room_NK *= ~is_zero_NK.all(axis=1, keepdims=True)
    low_NK, high_NK = steps_NK - room_NK, steps_NK + room_NK

    size = residual_CHW.shape[1]
    for _ in range(_ROUNDS):
        whole_HWC = (image_CHW + residual_CHW).clip(0, 1).transpose(1, 2, 0)
        colours_HW3, alpha_HW = np.split(np.ascontiguousarray(whole_HWC), [3], axis=2)
        smooth_HWC = np.dstack(
            [
                cv2.bilateralFilter(np.ascontiguousarray(part), _WINDOW, _ALIKE, _NEAR)
                for part in (colours_HW3, alpha_HW)
            ]
        )
        wanted_CHW = np.ascontiguousarray(smooth_HWC.transpose(2, 0, 1)) - image_CHW
        moved_NK = (_patches(wanted_CHW, side) @ basis_KK.T).clip(low_NK, high_NK)
        residual_CHW = _image(moved_NK @ basis_KK, size, side)
    return residual_CHW


def _patches(image_CHW: Pixels, side: int) -> Pixels:
    """Patches [N, K] of an image, each in the order channel, row, column."""
    channels, height, width = image_CHW.shape
    split = image_CHW.reshape(channels, height // side, side, width // side, side)
    patches_NK: Pixels = split.transpose(1, 3, 0, 2, 4).reshape(-1, channels * side * side)
    return patches_NK


def _image(patches_NK: Pixels, size: int, side: int) -> Pixels:
    """The image [4, H, W] of its patches."""
    grid = size // side
    split = patches_NK.reshape(grid, grid, 4, side, side)
    image_CHW: Pixels = split.transpose(2, 0, 3, 1, 4).reshape(4, size, size)
    return image_CHW


@lru_cache(maxsize=4)
def _basis(side: int) -> Pixels:
    """Orthonormal rows [K, K]: cosines over a patch for each colour, the coarse ones first."""
    frequency_S1, place_1S = np.arange(side)[:, None], np.arange(side)[None]
    cosines_SS = np.cos(math.pi * (2 * place_1S + 1) * frequency_S1 / (2 * side))
    cosines_SS /= np.linalg.norm(cosines_SS, axis=1, keepdims=True)
    colours_CC = _COLOURS / np.linalg.norm(_COLOURS, axis=1, keepdims=True)

    # One row for each pair of frequencies and each colour.
    rows = np.einsum("ac,us,vt->uvacst", colours_CC, cosines_SS, cosines_SS)
    sums = np.add.outer(np.arange(side), np.arange(side)).ravel()
    ordered = rows.reshape(side * side, -1)[np.argsort(sums, kind="stable")]
    basis_KK: Pixels = ordered.reshape(4 * side * side, -1).astype(np.float32)
    return basis_KK
