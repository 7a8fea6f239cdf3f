"""Prints in black: woodcut, pen drawing, tattoo, manga; and pop art with its dots.

Each takes a painted picture, uint8 [S, S, C] premultiplied, and returns its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dall_e.images.colour import oklab
from dall_e.images.effects.segments import Segments, over
from dall_e.images.effects.texture import SIDE, Floats, UInt8, clouds, finished, noise, shading

_INK = np.array([0.09, 0.08, 0.09], dtype=np.float32)
_PAPER = np.array([0.96, 0.925, 0.85], dtype=np.float32)
_SKIN = np.array([0.975, 0.965, 0.95], dtype=np.float32)
_BRIGHT = (
    "#ffffff", "#111111", "#f5c518", "#ff8a1f", "#e4002b", "#ff5fa2", "#ffc2a6", "#00a3e0",
    "#8fd8f2", "#123a9c", "#1fa34a", "#9bdc4b", "#7b2fbe", "#8a4b24", "#b8bec4",
)  # fmt: skip
"""Inks of comics."""
_GROUNDS = (("#ffe23d", "#ff9d1f"), ("#6fd0f5", "#1d86d8"), ("#ff9cc6", "#ef3f8c"))
"""Pairs of colours behind a thing: what the dots lie on, and theirs."""


def _rgb(colour: str) -> Floats:
    return np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)], dtype=np.float32)


def across(side: int, angle_SS: Any) -> Floats:
    """Return how far each pixel is along a direction, in pixels of SIDE, [S, S]."""
    steps = np.arange(side, dtype=np.float32) * (SIDE / side)
    return np.asarray(steps * np.cos(angle_SS) + steps[:, None] * np.sin(angle_SS))


def hatching(along_SS: Floats, pitch: float, dark_SS: Any, scale: float) -> Floats:
    """Return lines that are as wide as it is dark, [S, S] in [0, 1]."""
    middle_SS = np.abs(along_SS / pitch % 1 - 0.5) * pitch
    return np.asarray(np.clip((dark_SS * pitch / 2 - middle_SS) * scale + 0.5, 0, 1))


def halftone(side: int, pitch: float, dark_SS: Any, angle: float = 0.42) -> Floats:
    """Return dots that are as large as it is dark, [S, S] in [0, 1]."""
    x_SS, y_SS = (across(side, angle + turn) for turn in (0.0, np.pi / 2))
    near_SS = np.hypot((x_SS / pitch) % 1 - 0.5, (y_SS / pitch) % 1 - 0.5) * pitch
    radius_SS = np.sqrt(np.clip(dark_SS, 0, 1) / np.pi) * pitch
    return np.asarray(np.clip((radius_SS - near_SS) * side / SIDE + 0.5, 0, 1))


def _turned(segments: Segments, rng: np.random.Generator) -> Floats:
    """A direction for each area, neighbours' apart."""
    return segments.spread((0.5 + 1.1 * np.arange(len(segments.lab_K3))) % np.pi)


def woodcut(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a print of black ink from a block in which the lights were carved."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    form_SS = shading(segments.alpha_SS)
    dark_SS = np.clip(1.3 * (0.93 - segments.lightness_SS) + 0.4 * form_SS + 0.05, 0.0, 1.05)
    dark_SS += 0.05 * noise(side, 26, rng)
    along_SS = across(side, _turned(segments, rng)) + 1.1 * noise(side, 80, rng)
    cut_SS = hatching(along_SS, 7.5, dark_SS, k) * segments.shown_SS
    ink_SS = np.maximum(cut_SS, segments.lines(3.2, 6.5))
    worn_SS = np.clip(1.15 + 0.28 * noise(side, 1.6, rng), 0.5, 1)
    if not ground:
        sheet_SS3 = np.broadcast_to(_PAPER, (side, side, 3))
        solid_SS = np.maximum(segments.alpha_SS, segments.lines(0.0, 6.5))
        return finished(over(sheet_SS3, _INK, ink_SS * worn_SS), solid_SS)

    # Ridges that the gouge left beside the thing
    if not segments.is_scene:
        left_SS = np.clip(1 - segments.outside_SS / 60, 0, 1) * 0.34
        ridges_SS = hatching(
            across(side, np.float32(0.25)) + 3 * noise(side, 40, rng), 9, left_SS, k
        )
        gaps_SS = clouds(side, 18, rng, octaves=2) > 0.5
        ink_SS = np.maximum(ink_SS, ridges_SS * gaps_SS * (segments.outside_SS > 7))
    sheet_SS3 = _PAPER * (1 + 0.012 * noise(side, 2.5, rng)[..., None])
    return finished(over(sheet_SS3, _INK, ink_SS * worn_SS), 1.0)


def pen(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return fine lines of a pen, crossed where it is dark."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    dark_SS = 1.25 * (0.9 - segments.lightness_SS) + 0.45 * shading(segments.alpha_SS)
    wave_SS = 0.35 * noise(side, 70, rng)
    ink_SS = segments.lines(1.6, 2.4)
    for number, least in enumerate((0.06, 0.3, 0.55, 0.75)):
        tone_SS = np.clip((dark_SS - least) * 2.2, 0, 1) * 0.34
        strokes_SS = hatching(across(side, np.float32(0.7 + 0.8 * number)) + wave_SS, 4.6,
                              tone_SS, k)  # fmt: skip
        ink_SS = np.maximum(ink_SS, strokes_SS * segments.shown_SS)
    ink_SS *= np.clip(0.95 + 0.15 * noise(side, 8, rng), 0.6, 1)
    sheet_SS3 = np.ones((side, side, 3), dtype=np.float32) * (0.99, 0.985, 0.97)
    return finished(over(sheet_SS3, _INK, ink_SS), 1.0 if ground else segments.alpha_SS)


def tattoo(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return bold black lines, and shades of dots that thin out."""
    segments = Segments(image_SSC, rng)
    side = segments.side
    form_SS = shading(segments.alpha_SS)
    dark_SS = np.clip(0.9 * (0.82 - segments.lightness_SS) + 0.55 * form_SS, 0, 1)
    dark_SS += 0.45 * np.clip(1 - segments.depth_SS / 13, 0, 1) * (form_SS > -0.25)
    grain_SS = rng.random((side, side), dtype=np.float32)
    dots_SS = (grain_SS < 0.75 * dark_SS**1.5) * segments.shown_SS
    is_black_SS = (segments.lightness_SS < 0.4) & segments.shown_SS
    ink_SS = np.maximum(segments.lines(3.4, 6.0), np.maximum(dots_SS * 0.92, is_black_SS))
    sheet_SS3 = np.ones((side, side, 3), dtype=np.float32) * _SKIN
    painted_SS3 = over(sheet_SS3, (0.1, 0.12, 0.16), ink_SS)
    return finished(painted_SS3, 1.0 if ground else segments.alpha_SS)


def _burst(side: int, count: int) -> Floats:
    """Rays from the middle, 0 and 1 in turn, and how far each pixel is from there."""
    steps = np.linspace(-1, 1, side, dtype=np.float32)
    return np.asarray(np.sin(np.arctan2(steps[:, None], steps) * count))


def manga(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a page of a comic in black and white: lines, screens of dots, and rays."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    light_SS = segments.lightness_SS
    tone_SS = np.clip(0.95 - light_SS, 0, 0.6) + 0.22 * (shading(segments.alpha_SS) > 0.25)
    tone_SS = np.where(tone_SS < 0.14, 0, tone_SS)
    dots_SS = halftone(side, 5.0, tone_SS * 0.9, np.pi / 4) * segments.shown_SS
    ink_SS = np.maximum(dots_SS, (light_SS < 0.36) & segments.shown_SS)
    ink_SS = np.maximum(ink_SS, segments.lines(2.4, 4.6))
    if ground and not segments.is_scene:
        steps = np.linspace(-1, 1, side, dtype=np.float32)
        radius_SS = np.hypot(steps[:, None], steps)
        rays_SS = np.clip(_burst(side, 60) + 1.6 * (radius_SS - 1.05), 0, 1) * 3
        ink_SS = np.maximum(ink_SS, np.clip(rays_SS, 0, 1) * (segments.outside_SS > 12 * k))
    sheet_SS3 = np.ones((side, side, 3), dtype=np.float32)
    return finished(over(sheet_SS3, _INK, ink_SS), 1.0 if ground else segments.alpha_SS)


def pop_art(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return bright inks with dots and thick lines, on a ground of dots."""
    segments = Segments(image_SSC, rng)
    side = segments.side
    inks_I3 = np.stack([_rgb(ink) for ink in _BRIGHT])
    inks_lab_I3 = oklab((inks_I3 * 255).astype(np.uint8))
    # Hue counts more than lightness.
    apart_KI3 = (segments.lab_K3[:, None] - inks_lab_I3) * (0.7, 1.5, 1.5)
    gaps_KI = np.linalg.norm(apart_KI3, axis=2)
    nearest_K3 = inks_I3[gaps_KI.argmin(1)]
    shade_K3 = nearest_K3 * (0.72, 0.62, 0.66)
    shade_K3[nearest_K3.min(1) > 0.95] = _rgb("#8fd8f2")
    colour_SS3 = segments.spread(nearest_K3)
    form_SS = shading(segments.alpha_SS)
    if segments.is_scene:
        form_SS = np.linspace(-0.5, 0.6, side, dtype=np.float32)[:, None] + 0 * form_SS
    dots_SS = halftone(side, 8.5, np.clip(0.18 + 0.75 * form_SS, 0, 0.6))
    colour_SS3 = over(colour_SS3, segments.spread(shade_K3), dots_SS)
    line_SS = segments.lines(3.6, 7.0)
    colour_SS3 = over(colour_SS3, _rgb("#111111"), line_SS)
    solid_SS = np.maximum(segments.alpha_SS, line_SS)
    if not ground:
        return finished(colour_SS3, solid_SS)
    pale, strong = map(_rgb, _GROUNDS[int(rng.integers(len(_GROUNDS)))])
    steps = np.linspace(-1, 1, side, dtype=np.float32)
    radius_SS = np.hypot(steps[:, None], steps)
    behind_SS3 = over(np.ones((side, side, 3)) * pale, strong,
                      halftone(side, 15, np.clip(radius_SS - 0.35, 0, 0.7)))  # fmt: skip
    halo_SS = np.clip((segments.outside_SS < 12) * 1.0, 0, 1)
    behind_SS3 = over(behind_SS3, 1.0, halo_SS)
    return finished(over(behind_SS3, colour_SS3, solid_SS), 1.0)
