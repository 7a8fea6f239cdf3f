"""Ink painting: washes of grey and a moving brush on rice paper.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

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
    shading,
    trembling,
)

_PAPER = np.array([0.965, 0.945, 0.895], dtype=np.float32)
_INK = np.array([0.075, 0.08, 0.1], dtype=np.float32)
_SEAL = np.array([0.74, 0.13, 0.1], dtype=np.float32)
_TINT = 0.2
"""How much of the colours is left in the washes."""
_OPAQUE, _MIST = 0.9, 0.5
_HALF = 16.0
"""Rows of a picture of SIDE after which half of the ink is left."""
_RIDGES, _THIN = 1.7, 0.7
"""Of scenes: ink under the upper borders of what is dark, and that of lines."""
_RED = 0.45
"""How much more of red: painters of ink have vermilion, too."""


def ink(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a drawing, premultiplied RGBA, as an ink painting; `ground` puts it on paper."""
    side = len(image_SSC)
    image = trembling(image_SSC.astype(np.float32) / 255, 2.0, 30, rng)
    alpha_SS = image[..., 3]
    colour_SS3 = on_white(image)
    grey_SS = colour_SS3 @ LUMA

    # Washes: dark where things turn from the light, and running a little over their borders
    red_SS = np.clip(1.4 * (colour_SS3[..., 0] - colour_SS3[..., 1:].max(2)), 0, 1)
    tone_SS = np.clip(1.08 * (1 - grey_SS), 0, 1) * (1 - 0.55 * red_SS)
    run_SS = blurred(tone_SS, 3.0)
    wet_SS = clouds(side, 80, rng, octaves=3)
    form_SS = np.clip(0.6 + 0.95 * shading(alpha_SS) + 0.35 * (wet_SS - 0.5), 0.15, 1.4)
    wash_SS = (0.7 * tone_SS + 0.3 * run_SS) * form_SS ** (1.15 - tone_SS)
    wash_SS += 0.1 * borders(image, 3.0) * wet_SS + 0.05 * alpha_SS * form_SS

    # Of a scene, what is far from its middle stays in the mist, and ridges run down into it.
    is_scene = alpha_SS.min() > _OPAQUE
    if is_scene:
        near_SS = np.clip(1.25 - _distances(side) + 0.8 * (wet_SS - 0.5), 0, 1)
        wash_SS = _MIST * wash_SS * near_SS + _RIDGES * _run_down(tone_SS) * (0.3 + wet_SS)

    # The brush: lines that swell, and dry out where it is lifted
    pressure_SS = clouds(side, 70, rng, octaves=2) + 0.25 * shading(alpha_SS)
    thin_SS, thick_SS = borders(image, 0.7), borders(image, 1.9)
    line_SS = thin_SS + np.clip(2.4 * pressure_SS - 0.8, 0, 1) * (thick_SS - thin_SS)
    line_SS = np.clip(1.35 * line_SS - 0.25, 0, 1)
    hairs_SS = 0.6 * noise(side, 5, rng) + noise(side, 14, rng)
    line_SS *= np.clip(0.2 * hairs_SS + 3.5 * (pressure_SS - 0.1), 0.3, 1)

    if is_scene:
        line_SS = np.asarray(_THIN * thin_SS * np.clip(2 * pressure_SS - 0.5, 0.1, 1))

    ink_SS = np.clip(0.92 * wash_SS + 0.85 * line_SS, 0, 0.96)
    tint_SS3 = (_TINT + _RED * red_SS * (0.6 + 0.5 * form_SS))[..., None] * (
        colour_SS3 - grey_SS[..., None]
    )
    painted_SS3 = 1 - ink_SS[..., None] * (1 - _INK) + tint_SS3 * (1 - ink_SS[..., None])
    if not ground:
        shown_SS = np.maximum(alpha_SS, np.clip(ink_SS * 1.2, 0, 1))
        shown_SS1 = np.maximum(shown_SS[..., None], 1e-3)
        return finished((painted_SS3 - (1 - shown_SS1)) / shown_SS1, shown_SS)

    fibres_SS1 = (0.5 * noise(side, 3, rng) + clouds(side, 90, rng) * 2 - 1)[..., None]
    painted_SS3 = painted_SS3 * _PAPER * (1 + 0.012 * fibres_SS1)
    return finished(sealed(painted_SS3, alpha_SS, rng), 1.0)


def _run_down(tone_SS: Floats) -> Floats:
    """Ink that is laid under borders with something lighter and thins out downwards, [S, S]."""
    side = len(tone_SS)
    step = max(round(3 * side / SIDE), 1)
    soft_SS = blurred(tone_SS, 1.5)
    edges_SS = np.zeros_like(soft_SS)
    edges_SS[step:] = np.clip(2.2 * (soft_SS[step:] - soft_SS[:-step]), 0, 1)
    kept = 0.5 ** (SIDE / (_HALF * side))
    for row in range(1, side):
        edges_SS[row] = np.maximum(edges_SS[row], kept * edges_SS[row - 1])
    return np.asarray(blurred(edges_SS, 1.2) * np.clip(2 * tone_SS, 0, 1), dtype=np.float32)


def _distances(side: int) -> Floats:
    """How far each pixel is from the middle, [S, S], 1 at the middle of an edge."""
    steps_S = np.linspace(-1, 1, side, dtype=np.float32)
    return np.hypot(steps_S[:, None], steps_S)


def sealed(painted_SS3: Floats, alpha_SS: Floats, rng: np.random.Generator) -> Floats:
    """Return a painting with the painter's seal in a corner that is empty, if one is."""
    side = len(painted_SS3)
    width = round(30 * side / SIDE)
    margin = round(16 * side / SIDE)
    low, high = margin, side - margin - width
    for top, left in ((high, high), (high, low), (low, high), (low, low)):
        box = (slice(top, top + width), slice(left, left + width))
        if alpha_SS[box].max() > 0.05:
            continue

        # White lines as of characters in a red square, worn at its edges
        pattern = np.ones((13, 13), dtype=np.float32)
        for row in (1, 7):
            for column in (1, 7):
                marks = rng.random((5, 5)) < 0.3
                marks[rng.integers(5)] = marks[:, rng.integers(5)] = True
                pattern[row : row + 5, column : column + 5] -= marks
        stamp = cv2.resize(pattern, (width, width), interpolation=cv2.INTER_AREA)
        stamp *= np.clip(0.9 + 0.25 * noise(width, 90, rng), 0, 1)
        painted_SS3 = painted_SS3.copy()
        stamp_1 = 0.9 * np.clip(stamp, 0, 1)[..., None]
        painted_SS3[box] = painted_SS3[box] * (1 - stamp_1) + _SEAL * stamp_1
        return painted_SS3
    return painted_SS3
