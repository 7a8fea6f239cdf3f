"""Cel shading: flat colours, one hard shadow, and lines in a deeper colour, as in anime.

It takes a painted picture, uint8 [S, S, C] premultiplied, and returns its own.
"""

from __future__ import annotations

import numpy as np

from dall_e.images.effects.segments import Segments, drawn, over, tinted
from dall_e.images.effects.texture import Floats, UInt8, blurred, finished

_SKIES = (((0.62, 0.83, 0.98), (0.93, 0.97, 1.0)), ((0.99, 0.74, 0.82), (1.0, 0.95, 0.9)))
"""Colours of a ground, above and below."""
_OF_AREAS = 0.1
"""How much each area turns from the light by itself: more would smear faces."""


def anime(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return flat colours with a hard shadow and coloured lines; `ground` is a sky with stars."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    base_SS3 = segments.spread(tinted(segments.lab_K3, chroma=1.15, lift=0.02))
    shade_SS3 = segments.spread(tinted(segments.lab_K3, chroma=1.12, light=0.84))
    shade_SS3 = shade_SS3 * (0.96, 0.93, 1.03)
    line_SS3 = segments.spread(tinted(segments.lab_K3, chroma=1.0, light=0.42))

    # Each area is in shadow at its lower right, as if all were one body.
    soft_SS = blurred(segments.alpha_SS, 22) + _OF_AREAS * blurred(
        np.asarray(np.clip(segments.depth_SS / 14, 0, 1), dtype=np.float32), 6
    )
    turned_SS = np.gradient(soft_SS, axis=0) * 0.8 + np.gradient(soft_SS, axis=1) * 0.6
    is_dark_SS = np.clip(-turned_SS * 1.0 / k * 900 * k * k - 4.2, 0, 1)
    if segments.is_scene:
        turned_SS = is_dark_SS = np.zeros_like(soft_SS)
    colour_SS3 = over(base_SS3, shade_SS3, is_dark_SS)
    gleam_SS = np.clip(turned_SS * 900 * k - 7.5, 0, 1) * (segments.depth_SS > 4)
    colour_SS3 = over(colour_SS3, 1.0, 0.42 * gleam_SS)
    edges_SS = segments.lines(1.7, 3.4)
    colour_SS3 = over(colour_SS3, line_SS3, edges_SS * segments.shown_SS)
    if not ground:
        return finished(colour_SS3, segments.alpha_SS)
    return finished(over(_sky(side, k, rng), colour_SS3, segments.alpha_SS), 1.0)


def _sky(side: int, scale: float, rng: np.random.Generator) -> Floats:
    """Two colours that run into each other, with soft discs and four-pointed stars."""
    above, below = _SKIES[int(rng.integers(len(_SKIES)))]
    fall_SS = np.linspace(0, 1, side, dtype=np.float32)[:, None] * np.ones(side)
    sky_SS3 = over(np.ones((side, side, 3)) * above, below, fall_SS)
    rows, columns = np.indices((side, side), dtype=np.float32) / scale
    for _ in range(9):
        x, y, radius = rng.uniform(10, 374), rng.uniform(10, 374), rng.uniform(10, 30)
        disc_SS = drawn(np.hypot(columns - x, rows - y), radius, scale)
        sky_SS3 = over(sky_SS3, 1.0, 0.18 * disc_SS)
    for x, y in ((44, 60), (334, 46), (350, 300), (30, 330)):
        reach = rng.uniform(9, 15)
        star_SS = np.sqrt(np.abs(columns - x)) + np.sqrt(np.abs(rows - y))
        sky_SS3 = over(sky_SS3, 1.0, drawn(np.asarray(star_SS**2), reach, scale))
    return sky_SS3
