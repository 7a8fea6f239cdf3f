"""East Asian ways of painting: gongbi, ukiyo-e, blue and white porcelain, and red paper-cuts.

Each takes a painted picture, uint8 [S, S, C] premultiplied, and returns its own.
"""

from __future__ import annotations

import cv2
import numpy as np

from dall_e.images.effects.ink import sealed
from dall_e.images.effects.segments import Segments, drawn, over, tinted
from dall_e.images.effects.texture import (
    SIDE,
    Floats,
    UInt8,
    blurred,
    clouds,
    finished,
    noise,
    shading,
    trembling,
)

_SILK = np.array([0.89, 0.82, 0.68], dtype=np.float32)
_BRUSH = np.array([0.2, 0.13, 0.1], dtype=np.float32)
_COBALT = np.array([0.05, 0.14, 0.47], dtype=np.float32)
_RED = np.array([0.78, 0.07, 0.09], dtype=np.float32)


def gongbi(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return fine brown lines and colours that fade within each area, on silk with a seal."""
    segments = Segments(image_SSC, rng)
    side = segments.side
    lab_K3 = segments.lab_K3 * np.array([0.92, 0.86, 0.86], dtype=np.float32)
    colour_SS3 = segments.spread(tinted(lab_K3))
    fade_SS = np.clip(segments.depth_SS / 26, 0, 1)
    pale_SS = np.clip(0.5 * fade_SS + 0.3 * (clouds(side, 90, rng) - 0.5)
                      - 0.35 * shading(segments.alpha_SS), 0, 0.62)  # fmt: skip
    wash_SS3 = over(colour_SS3, (0.98, 0.95, 0.88), pale_SS)
    wash_SS3 = over(wash_SS3, wash_SS3 * (0.7, 0.62, 0.6), 0.5 * np.exp(-segments.depth_SS / 6))
    swell_SS = 0.75 + 0.25 * clouds(side, 60, rng)
    line_SS = np.clip(segments.lines(1.5, 2.2) * swell_SS, 0, 1)
    rows = np.arange(side) % 2
    weave_SS = 1 + 0.02 * np.add.outer(rows, rows) + 0.02 * noise(side, 1.8, rng)
    silk_SS3 = _SILK * (weave_SS + 0.06 * (clouds(side, 160, rng) - 0.5))[..., None]
    shown_SS = segments.alpha_SS
    painted_SS3 = over(silk_SS3, wash_SS3, 0.92 * shown_SS)
    painted_SS3 = over(painted_SS3, _BRUSH, line_SS)
    if not ground:
        return finished(painted_SS3, np.maximum(shown_SS, line_SS))
    return finished(sealed(painted_SS3, shown_SS, rng), 1.0)


def ukiyo_e(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return flat muted inks within dark blue lines, the sky of the paper fading downwards."""
    drawn_by_hand = trembling(image_SSC.astype(np.float32), 1.4, 36, rng)
    segments = Segments(np.asarray(drawn_by_hand.clip(0, 255), dtype=np.uint8), rng)
    side = segments.side
    inks_K3 = tinted(segments.lab_K3, chroma=0.72, light=0.93)
    fibre_SS = 1 + 0.02 * noise(side, 2, rng) + 0.03 * (clouds(side, 60, rng) - 0.5)
    colour_SS3 = segments.spread(inks_K3) * (0.98, 0.95, 0.86)
    down_SS = np.clip(1 - segments.depth_SS / 40, 0, 1)
    colour_SS3 = over(colour_SS3, colour_SS3 * 0.82, 0.5 * down_SS)
    line_SS = segments.lines(2.2, 3.6) * np.clip(0.95 + 0.12 * noise(side, 9, rng), 0.7, 1)
    colour_SS3 = over(colour_SS3, (0.12, 0.16, 0.28), line_SS)
    solid_SS = np.maximum(segments.alpha_SS, line_SS)
    if not ground:
        return finished(colour_SS3 * fibre_SS[..., None], solid_SS)
    fall_SS = np.clip(1 - np.linspace(0, 2.4, side, dtype=np.float32), 0, 1)[:, None]
    sheet_SS3 = over(np.ones((side, side, 3)) * (0.94, 0.89, 0.76), (0.25, 0.42, 0.58),
                     fall_SS**1.5 * np.ones(side))  # fmt: skip
    whole_SS3 = over(sheet_SS3, colour_SS3, solid_SS) * fibre_SS[..., None]
    return finished(sealed(np.asarray(whole_SS3, dtype=np.float32), segments.alpha_SS, rng), 1.0)


def porcelain(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return washes of cobalt on white glaze; `ground` is a plate with blue rings."""
    if ground and not (image_SSC[..., 3] > 127).all():
        image_SSC = _reduced(image_SSC, 0.72)
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    tone_SS = np.clip(1.05 - segments.lightness_SS, 0.02, 1) * segments.alpha_SS
    pools_SS = 0.35 * np.exp(-segments.depth_SS / 4) * segments.alpha_SS
    wash_SS = np.clip(tone_SS * (0.8 + 0.7 * (clouds(side, 26, rng) - 0.3)) + pools_SS, 0, 1)
    glaze_SS3 = np.ones((side, side, 3), dtype=np.float32) * (0.955, 0.968, 0.975)
    line_SS = segments.lines(2.0, 3.2) * (0.75 + 0.3 * clouds(side, 30, rng))
    if not ground:
        painted_SS3 = over(glaze_SS3, _COBALT, np.clip(np.maximum(wash_SS, line_SS), 0, 1))
        return finished(painted_SS3, np.maximum(segments.alpha_SS, segments.lines(0, 3.2)))

    steps = (np.arange(side, dtype=np.float32) + 0.5) / k - SIDE / 2
    radius_SS = np.hypot(steps[:, None], steps)
    marks_SS = np.clip(np.maximum(wash_SS, line_SS), 0, 1)
    if segments.is_scene:
        marks_SS *= radius_SS < SIDE * 0.41
    for at, width in ((0.472, 5.0), (0.448, 1.6), (0.425, 1.6)):
        marks_SS = np.maximum(marks_SS, drawn(np.abs(radius_SS - at * SIDE), width / 2, k))
    painted_SS3 = over(glaze_SS3, _COBALT, np.clip(marks_SS, 0, 1))
    shine_SS = np.exp(-((radius_SS - 0.4 * SIDE) ** 2) / 900)
    shine_SS *= (steps[:, None] + steps < 0) * 0.5
    painted_SS3 = over(painted_SS3, 1.0, shine_SS)
    plate_SS = drawn(radius_SS, SIDE * 0.487, k)
    shadow_SS = blurred(np.asarray(drawn(radius_SS - 3, SIDE * 0.487, k)), 5)
    table_SS3 = np.ones((side, side, 3)) * (0.86, 0.82, 0.76) * (1 - 0.3 * shadow_SS[..., None])
    return finished(over(table_SS3, painted_SS3, plate_SS), 1.0)


def _reduced(image_SSC: UInt8, part: float) -> UInt8:
    """A picture made smaller towards its middle."""
    side = len(image_SSC)
    shift = side * (1 - part) / 2
    matrix = np.array([[part, 0, shift], [0, part, shift]], dtype=np.float32)
    return np.asarray(cv2.warpAffine(image_SSC, matrix, (side, side), flags=cv2.INTER_AREA))


def _petals(side: int) -> Floats:
    """Small crescents in rows, [S, S]: how far each pixel is inside of one."""
    pitch = 21.0
    steps = np.arange(side, dtype=np.float32) * (SIDE / side)
    row_SS = np.floor(steps / pitch)[:, None] * np.ones(side)
    x_SS = (steps + 0.5 * pitch * (row_SS % 2)) % pitch - pitch / 2
    y_SS = (steps % pitch - pitch / 2)[:, None] * np.ones(side)
    outer_SS = np.hypot(x_SS, y_SS * 1.15) - 5.6
    inner_SS = np.hypot(x_SS, (y_SS - 3.4) * 1.15) - 5.2
    return np.asarray(np.maximum(outer_SS, -inner_SS), dtype=np.float32)


def paper_cut(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return one sheet of red paper with parts cut out, on cream."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    usual = float(np.median(segments.lightness_SS[segments.shown_SS])) if (
        segments.shown_SS.any()) else 0.5  # fmt: skip
    light_K = segments.lab_K3[:, 0]
    is_cut_SS = segments.spread(np.abs(light_K - usual) > 0.24) * segments.shown_SS
    seam_SS = drawn(segments.depth_SS, 1.3, k) * (segments.inside_SS > 4.5)
    window_SS = drawn(3.2 - segments.depth_SS, 0.0, k) * is_cut_SS
    crescents_SS = drawn(_petals(side), 0.0, k) * (segments.depth_SS > 8) * (1 - is_cut_SS)
    holes_SS = np.maximum.reduce((seam_SS, window_SS, crescents_SS * segments.shown_SS))
    solid_SS = np.maximum(segments.alpha_SS, 0) * (1 - holes_SS)
    if segments.is_scene:
        steps = np.arange(side) / k
        rim = np.minimum(steps, steps[::-1])
        edge_SS = np.minimum.outer(rim, rim)
        solid_SS = np.where(edge_SS < 9, 1.0, solid_SS)
        solid_SS = np.where(edge_SS < 4, 0.0, solid_SS)
    grain_SS = 1 + 0.03 * noise(side, 2, rng)
    red_SS3 = _RED * grain_SS[..., None]
    if not ground:
        return finished(red_SS3, solid_SS)
    cast_SS = blurred(np.asarray(np.roll(solid_SS, (round(2.5 * k), round(1.5 * k)), (0, 1)),
                                 dtype=np.float32), 1.6)  # fmt: skip
    sheet_SS3 = np.array([0.985, 0.955, 0.89]) * (grain_SS * (1 - 0.22 * cast_SS))[..., None]
    return finished(over(sheet_SS3, red_SS3, solid_SS), 1.0)
