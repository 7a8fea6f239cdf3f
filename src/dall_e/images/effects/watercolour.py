"""Watercolour: pale washes that pool at their borders, on rough paper.

A wash of colour C with density d is C (1 - (1 - C)(d - 1)), of A. Bousseau et al., "Interactive
watercolor rendering with temporal coherence and abstraction" (2006).

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import numpy as np

from dall_e.images.colour import from_oklab, oklab
from dall_e.images.effects.texture import (
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

_PAPER = np.array([0.995, 0.985, 0.965], dtype=np.float32)
"""The colour of the sheet."""
_COOLER = 0.16
"""How far yellow is turned away from red."""
_DILUTION = 0.8
"""How much of a colour is left in water."""


def watercolour(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a drawing, premultiplied RGBA, in watercolour; `ground` puts it on paper."""
    side = len(image_SSC)
    image = trembling(image_SSC.astype(np.float32) / 255, 1.6, 26, rng)
    image = trembling(image, 0.7, 7, rng)
    alpha_SS = image[..., 3]
    colour_SS3 = on_white(image)

    # Wet in wet: here and there, colours run into each other.
    wet_SS1 = np.clip(3 * clouds(side, 70, rng) - 1.2, 0, 1)[..., None]
    colour_SS3 = colour_SS3 + wet_SS1 * 0.8 * (blurred(colour_SS3, 5) - colour_SS3)
    water_SS1 = clouds(side, 110, rng, octaves=4)[..., None]
    colour_SS3 = 1 - (1 - colour_SS3) * (_DILUTION * (0.72 + 0.5 * water_SS1))

    # Pigment: in clouds, at borders, in the hollows of the paper
    sheet_SS = paper(side, rng)
    pools_SS = borders(image, 1.1) + 0.35 * borders(image, 4)
    density_SS = (
        1
        + 0.35 * shading(alpha_SS)
        + 0.7 * (clouds(side, 34, rng, octaves=4) - 0.5)
        + 0.95 * pools_SS
    )
    density_SS += 0.1 * sheet_SS + 0.05 * noise(side, 1.5, rng)
    # Yellow is bright when thin and when thick: elsewhere it would be brown.
    density_SS = 1 + (density_SS - 1) * (1 - 0.55 * _yellowness(colour_SS3))
    colour_SS3 = _in_hues_of(
        colour_SS3 * (1 - (1 - colour_SS3) * (density_SS[..., None] - 1)), on_white(image)
    )

    if not ground:
        painted_SS1 = np.maximum(alpha_SS[..., None], 1e-3)
        return finished((colour_SS3 - (1 - painted_SS1)) / painted_SS1, alpha_SS)
    return finished(colour_SS3 * _PAPER * (1 + 0.012 * sheet_SS[..., None]), 1.0)


def _yellowness(colour_SS3: Floats) -> Floats:
    """How much of red and green there is without blue, [S, S] in [0, 1]."""
    return np.asarray(np.clip(2 * (colour_SS3[..., :2].min(2) - colour_SS3[..., 2]), 0, 1))


def _in_hues_of(colour_SS3: Floats, pure_SS3: Floats) -> Floats:
    """Colours turned to the hues of others, in OKLab: dense yellow is no orange."""
    lab_SS3, pure_lab_SS3 = (
        oklab((255 * each.clip(0, 1)).astype(np.uint8)) for each in (colour_SS3, pure_SS3)
    )
    # Painters have a yellow that is cooler than the drawings' own.
    a_SS, b_SS = pure_lab_SS3[..., 1], pure_lab_SS3[..., 2]
    is_yellow_SS = (b_SS > 0.09) & (np.abs(a_SS) < 0.25 * b_SS) & (pure_lab_SS3[..., 0] > 0.8)
    pure_lab_SS3[..., 1] = a_SS - _COOLER * b_SS * is_yellow_SS
    chroma_SS1 = np.linalg.norm(lab_SS3[..., 1:], axis=-1, keepdims=True)
    pure_SS1 = np.linalg.norm(pure_lab_SS3[..., 1:], axis=-1, keepdims=True)
    turned_SS2 = pure_lab_SS3[..., 1:] * (chroma_SS1 / np.maximum(pure_SS1, 1e-3))
    is_coloured_SS1 = np.clip(pure_SS1 / 0.05, 0, 1)
    lab_SS3[..., 1:] += is_coloured_SS1 * (turned_SS2 - lab_SS3[..., 1:])
    return np.asarray(from_oklab(lab_SS3) / 255, dtype=np.float32)
