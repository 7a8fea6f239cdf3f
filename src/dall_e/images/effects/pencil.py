"""Sketch: pencil lines drawn twice, and hatching where it is dark.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from dall_e.images.effects.texture import (
    LUMA,
    SIDE,
    Floats,
    UInt8,
    blurred,
    borders,
    clouds,
    finished,
    noise,
    on_white,
    paper,
    shading,
    trembling,
)

_LEAD = np.array([0.17, 0.17, 0.19], dtype=np.float32)
_PAPER = np.array([0.985, 0.98, 0.965], dtype=np.float32)


def sketch(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a drawing, premultiplied RGBA, in pencil; `ground` puts it on paper."""
    side = len(image_SSC)
    image = image_SSC.astype(np.float32) / 255
    grain_SS = noise(side, 1.2, rng)

    # Two lines that go apart and meet again
    lines_SS = np.zeros((side, side), dtype=np.float32)
    for strength, reach, grain in ((1.0, 1.4, 50), (0.75, 2.2, 70)):
        line_SS = np.clip(1.6 * borders(trembling(image, reach, grain, rng), 0.75) - 0.2, 0, 1)
        pressure_SS = 0.55 + 0.6 * clouds(side, 40, rng)
        lines_SS = np.maximum(lines_SS, strength * line_SS * pressure_SS)
    lines_SS *= np.clip(0.85 + 0.3 * grain_SS, 0.2, 1)

    # Hatching: one direction where it is half dark, a second one on top where it is dark
    dark_SS = blurred(np.clip(1 - on_white(image) @ LUMA, 0, 1) ** 1.15, 1.2)
    dark_SS *= np.clip(0.85 + 0.6 * shading(image[..., 3]), 0.35, 1.3)
    dark_SS += 0.1 * image[..., 3] * np.clip(shading(image[..., 3]), 0, 1)
    tones_SS = np.zeros((side, side), dtype=np.float32)
    for angle, least, most in ((52, 0.04, 0.62), (-35, 0.5, 1.0), (80, 0.72, 1.1)):
        tone_SS = np.clip((dark_SS - least) / (most - least), 0, 1)
        strokes_SS = _hatching(side, angle, rng)
        tones_SS += np.clip(strokes_SS - 1.1 + 1.5 * tone_SS, 0, 1) * (tone_SS > 0) * 0.6
    lead_SS = np.clip(0.9 * lines_SS + np.clip(tones_SS, 0, 0.85) * (0.9 - 0.2 * grain_SS), 0, 1)

    if not ground:
        shown_SS = np.maximum(image[..., 3], lead_SS)
        return finished(1 - lead_SS[..., None] * (1 - _LEAD), shown_SS)
    sheet_SS1 = paper(side, rng, 2.0)[..., None]
    return finished((1 - lead_SS[..., None] * (1 - _LEAD)) * _PAPER * (1 + 0.01 * sheet_SS1), 1.0)


def _hatching(side: int, angle: float, rng: np.random.Generator) -> Floats:
    """Return how much lead long strokes leave, [S, S] in [0, 1]: noise drawn out to lines."""
    wide = int(side * 1.5)
    scale = side / SIDE
    specks = rng.random((max(round(wide / scale / 3.2), 8), max(round(wide / scale / 46), 4)))
    drawn: Any = cv2.resize(specks.astype(np.float32), (wide, wide), interpolation=cv2.INTER_CUBIC)
    drawn += 0.25 * noise(wide, 1.5, rng) * 0.5
    turn: Any = cv2.getRotationMatrix2D((wide / 2, wide / 2), angle, 1.0)
    turn[:, 2] -= (wide - side) / 2
    lines_SS = cv2.warpAffine(drawn, turn, (side, side), flags=cv2.INTER_LINEAR)
    return np.asarray(np.clip(lines_SS, 0, 1))
