"""Areas of few colours in a painted picture, and the lines between them.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA), K colours. Lengths are in
pixels of a picture of `SIDE`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import cv2
import numpy as np

from dall_e.images.colour import from_oklab, oklab
from dall_e.images.effects.texture import SIDE, Floats, UInt8, blurred
from dall_e.images.palette import main_colours

_SAMPLES = 4000
"""Pixels that the colours are found from."""
_SAME = 0.045
"""Colours nearer than this are one, in OKLab."""
_MOST = 14
OUTSIDE = -1
"""The label where nothing is shown."""


class Segments:
    """A picture as areas of few colours."""

    def __init__(self, image_SSC: UInt8, rng: np.random.Generator, most: int = _MOST) -> None:
        """Find the areas of a picture, uint8 [S, S, C] premultiplied."""
        self.side = len(image_SSC)
        self.scale = self.side / SIDE
        self.alpha_SS: Floats = image_SSC[..., 3].astype(np.float32) / 255
        self.shown_SS: Any = image_SSC[..., 3] >= 128
        self.labels_SS: Any = np.full(self.shown_SS.shape, OUTSIDE)
        self.lab_K3: Floats = np.zeros((1, 3), dtype=np.float32)
        if not self.shown_SS.any():
            return
        pixels_PC = image_SSC[self.shown_SS].astype(np.float32)
        straight_P3 = (pixels_PC[:, :3] * 255 / pixels_PC[:, 3:]).clip(0, 255).astype(np.uint8)
        lab_P3 = oklab(straight_P3).astype(np.float32)
        sample_P3 = lab_P3[rng.permutation(len(lab_P3))[:_SAMPLES]]
        self.lab_K3 = main_colours(sample_P3, most, _SAME).astype(np.float32)
        squares_PK = (self.lab_K3**2).sum(1) - 2 * lab_P3 @ self.lab_K3.T
        self.labels_SS[self.shown_SS] = squares_PK.argmin(1)
        self._settle()

    def _settle(self) -> None:
        """Give every pixel the label of most around it: colours between two areas go."""
        reach = 2 * max(round(1.6 * self.scale), 1) + 1
        votes = [
            cv2.boxFilter((self.labels_SS == k).astype(np.float32), -1, (reach, reach))
            for k in range(len(self.lab_K3))
        ]
        best_SS = np.stack(votes).argmax(0)
        self.labels_SS = np.where(self.shown_SS, best_SS, OUTSIDE)

    @property
    def is_scene(self) -> bool:
        """Whether all of the picture is shown."""
        return bool(self.shown_SS.mean() > 0.97)

    @cached_property
    def colours_K3(self) -> Floats:
        """The colours in [0, 1]."""
        return np.asarray(from_oklab(self.lab_K3) / 255, dtype=np.float32)

    def spread(self, values_K: Any) -> Floats:
        """Return a value, or a colour, of each label as a picture; the first one's outside."""
        return np.asarray(np.asarray(values_K, dtype=np.float32)[np.maximum(self.labels_SS, 0)])

    @cached_property
    def flat_SS3(self) -> Floats:
        """Every pixel in the colour of its area; white outside."""
        flat_SS3 = self.spread(self.colours_K3)
        flat_SS3[~self.shown_SS] = 1
        return flat_SS3

    @cached_property
    def lightness_SS(self) -> Floats:
        """Lightness in OKLab; 1 outside."""
        return np.where(self.shown_SS, self.spread(self.lab_K3[:, 0]), 1).astype(np.float32)

    @cached_property
    def edge_SS(self) -> Any:
        """Where an area ends, one pixel wide; the picture's frame is no end."""
        labels = self.labels_SS
        edge_SS = np.zeros(labels.shape, dtype=bool)
        edge_SS[:, 1:] |= labels[:, 1:] != labels[:, :-1]
        edge_SS[1:] |= labels[1:] != labels[:-1]
        return edge_SS

    @cached_property
    def depth_SS(self) -> Floats:
        """How far each pixel is from the border of its area."""
        return _distances(~self.edge_SS) / self.scale

    @cached_property
    def inside_SS(self) -> Floats:
        """How far each pixel is from what is not shown."""
        if self.shown_SS.all():
            return np.full(self.shown_SS.shape, float(SIDE), dtype=np.float32)
        return _distances(self.shown_SS) / self.scale

    @cached_property
    def outside_SS(self) -> Floats:
        """How far each pixel is from what is shown."""
        if not self.shown_SS.any():
            return np.full(self.shown_SS.shape, float(SIDE), dtype=np.float32)
        return _distances(~self.shown_SS) / self.scale

    def lines(self, width: float, outer: float = 0.0) -> Floats:
        """Return lines between areas, [S, S] in [0, 1]; around everything they are `outer` wide."""
        lines_SS = drawn(self.depth_SS, width / 2, self.scale)
        if outer and not self.shown_SS.all() and self.shown_SS.any():
            # Of the two one is 0.
            rim_SS = self.inside_SS + self.outside_SS
            lines_SS = np.maximum(lines_SS, drawn(rim_SS, outer / 2, self.scale))
        return lines_SS

    def shadow(self, right: float, down: float, reach: float) -> Floats:
        """Return the soft shadow of what is shown, [S, S] in [0, 1]."""
        moved = np.array([[1, 0, right * self.scale], [0, 1, down * self.scale]], dtype=np.float32)
        cast_SS = cv2.warpAffine(self.alpha_SS, moved, (self.side, self.side))
        return blurred(np.asarray(cast_SS), reach)


def drawn(distance_SS: Floats, reach: float, scale: float) -> Floats:
    """Return where a distance is smaller than `reach`, with smooth borders, in [0, 1]."""
    return np.asarray(np.clip((reach - distance_SS) * scale + 0.5, 0, 1), dtype=np.float32)


def tinted(lab_K3: Floats, *, chroma: float = 1.0, light: float = 1.0, lift: float = 0.0) -> Floats:
    """Return colours [K, 3] in [0, 1]: chroma and lightness times a factor, and lifted."""
    lab_K3 = lab_K3 * np.array([light, chroma, chroma], dtype=np.float32)
    lab_K3[:, 0] = np.clip(lab_K3[:, 0] + lift, 0, 1)
    return np.asarray(from_oklab(lab_K3).clip(0, 255) / 255, dtype=np.float32)


def over(below_SS3: Any, colour: Any, alpha_SS: Any) -> Floats:
    """Return a colour laid over a picture with an opacity [S, S]."""
    alpha_SS1 = np.asarray(alpha_SS)[..., None]
    return np.asarray(below_SS3 * (1 - alpha_SS1) + np.asarray(colour) * alpha_SS1)


def _distances(mask_SS: Any) -> Floats:
    distance_SS = cv2.distanceTransform(mask_SS.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.minimum(distance_SS, len(mask_SS)), dtype=np.float32)
