"""Watercolour: pale washes that pool at their borders, on rough paper.

A wash of colour C with density d is C (1 - (1 - C)(d - 1)), of A. Bousseau et al., "Interactive
watercolor rendering with temporal coherence and abstraction" (2006).

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import numpy as np

from dall_e.images.effects.texture import (
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
    colour_SS3 = 1 - (1 - colour_SS3) * (_DILUTION * (0.62 + 0.7 * water_SS1))

    # Pigment: in clouds, at borders, in the hollows of the paper
    sheet_SS = paper(side, rng)
    pools_SS = borders(image, 1.1) + 0.35 * borders(image, 4)
    density_SS = (
        1
        + 0.35 * shading(alpha_SS)
        + 1.3 * (clouds(side, 34, rng, octaves=4) - 0.5)
        + 0.95 * pools_SS
    )
    density_SS += 0.1 * sheet_SS + 0.05 * noise(side, 1.5, rng)
    colour_SS3 = colour_SS3 * (1 - (1 - colour_SS3) * (density_SS[..., None] - 1))

    if not ground:
        painted_SS1 = np.maximum(alpha_SS[..., None], 1e-3)
        return finished((colour_SS3 - (1 - painted_SS1)) / painted_SS1, alpha_SS)
    return finished(colour_SS3 * _PAPER * (1 + 0.012 * sheet_SS[..., None]), 1.0)
