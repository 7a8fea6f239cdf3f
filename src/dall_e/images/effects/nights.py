"""Pictures of other times: cyberpunk, old photo, blueprint, graffiti, and a postage stamp.

Each takes a painted picture, uint8 [S, S, C] premultiplied, and returns its own.
"""

from __future__ import annotations

import cv2
import numpy as np

from dall_e.images.colour import from_oklab
from dall_e.images.effects.segments import Segments, drawn, over, tinted
from dall_e.images.effects.texture import (
    LUMA,
    SIDE,
    Floats,
    UInt8,
    blurred,
    clouds,
    finished,
    noise,
    on_white,
)

_PINK, _CYAN = (1.0, 0.16, 0.62), (0.1, 0.93, 1.0)


_TONES = (0.15, 0.5, 0.75, 1.0)
_RAMPS = ((0.14, 0.4, 0.62, 0.9), (0.05, 0.19, 0.2, -0.09), (-0.1, -0.2, -0.12, -0.06))
"""What tones become, in OKLab: indigo, violet, pink, pale cyan."""


def _steps(side: int) -> Floats:
    return np.linspace(-1, 1, side, dtype=np.float32)


def cyberpunk(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a picture by night, in the light of pink and cyan signs."""
    segments = Segments(image_SSC, rng)
    side = segments.side
    lab_K3 = segments.lab_K3.copy()
    own_K3 = np.clip(lab_K3 * (0.8, 1.5, 1.5), -1, 1)
    ramp_K3 = np.stack([np.interp(lab_K3[:, 0], _TONES, ramp) for ramp in _RAMPS], axis=1)
    mixed_K3 = (0.38 * own_K3 + 0.62 * ramp_K3).astype(np.float32)
    colour_SS3 = segments.spread(from_oklab(mixed_K3) / 255)

    # Pink light from the left, cyan light from the right
    soft_SS = blurred(np.where(segments.shown_SS, segments.depth_SS, 0).clip(0, 9), 2.0)
    slope_SS = np.gradient(soft_SS, axis=1) * segments.scale
    edge_SS = np.exp(-segments.depth_SS / 5) * segments.alpha_SS
    left_SS, right_SS = (np.clip(sign * 3 * slope_SS, 0, 1) * edge_SS for sign in (1, -1))
    colour_SS3 = over(colour_SS3, _PINK, 0.75 * left_SS)
    colour_SS3 = over(colour_SS3, _CYAN, 0.75 * right_SS)
    line_SS = segments.lines(1.4, 3.0)
    side_SS = np.clip(0.5 + 0.9 * _steps(side), 0, 1)[None] * np.ones((side, 1))
    tube_SS3 = over(np.ones((side, side, 3)) * _PINK, _CYAN, side_SS)
    if not ground:
        lit_SS3 = over(colour_SS3, tube_SS3, 0.8 * line_SS)
        return finished(lit_SS3, np.maximum(segments.alpha_SS, segments.lines(0, 3.0)))

    whole_SS3 = over(_dusk(side), colour_SS3, segments.alpha_SS)
    whole_SS3 = over(whole_SS3, tube_SS3, (0.45 if segments.is_scene else 0.85) * line_SS)
    glow_SS3 = blurred(np.asarray(tube_SS3 * line_SS[..., None], dtype=np.float32), 5)
    bright_SS3 = blurred(np.asarray(np.clip(whole_SS3 - 0.55, 0, 1), dtype=np.float32), 8)
    whole_SS3 = 1 - (1 - whole_SS3) * (1 - 0.75 * glow_SS3) * (1 - 0.8 * bright_SS3)
    scan_SS = 1 - 0.05 * (np.arange(side) * SIDE / side % 4 < 2)[:, None]
    return finished(whole_SS3 * scan_SS[..., None], 1.0)


def _dusk(side: int) -> Floats:
    """A sky from violet to pink over a grid of lines that runs to the horizon."""
    down_SS = (0.5 + 0.5 * _steps(side))[:, None] * np.ones(side)
    sky_SS3 = over(np.ones((side, side, 3)) * (0.06, 0.03, 0.16), (0.55, 0.1, 0.5), down_SS**2.2)
    depth_SS = np.clip((down_SS - 0.72) / 0.28, 1e-3, 1)
    across_SS = _steps(side)[None] * 4 / (depth_SS + 0.12)
    rows_SS = 1 / (depth_SS + 0.12) * 1.6
    near_SS = np.minimum(np.abs(across_SS % 1 - 0.5), np.abs(rows_SS % 1 - 0.5))
    lines_SS = np.clip(1 - near_SS * 14 * depth_SS - 0.1, 0, 1) * (down_SS > 0.72)
    floor_SS3 = over(sky_SS3, (0.07, 0.03, 0.18), down_SS > 0.72)
    return over(floor_SS3, (0.93, 0.2, 0.75), 0.75 * lines_SS)


def old_photo(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a brown print, faded at its corners; `ground` is its white border."""
    image = image_SSC.astype(np.float32) / 255
    side, k = len(image), len(image) / SIDE
    grey_SS = on_white(image) @ LUMA
    grey_SS = 0.5 + 1.12 * (grey_SS - 0.52) + 0.028 * noise(side, 1.6, rng)
    steps = _steps(side)
    far_SS = np.hypot(steps[:, None], steps)
    if ground:
        grey_SS = grey_SS * (1 - 0.34 * np.clip(far_SS - 0.55, 0, 1))
        grey_SS += 0.06 * (clouds(side, 150, rng) - 0.5)
    dark, light = np.array([0.2, 0.12, 0.07]), np.array([0.97, 0.9, 0.76])
    print_SS3 = dark + (light - dark) * np.clip(grey_SS, 0, 1)[..., None]
    if not ground:
        return finished(print_SS3, image[..., 3])
    edge = np.minimum(np.arange(side), np.arange(side)[::-1]) / k
    rim_SS = np.minimum.outer(edge, edge)
    sheet = np.array([0.95, 0.92, 0.84])
    return finished(over(print_SS3, sheet, drawn(np.asarray(rim_SS), 13.0, k)), 1.0)


def blueprint(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return white lines on the blue of a plan; `ground` has its grid."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    line_SS = segments.lines(1.8, 3.0) * np.clip(0.95 + 0.1 * noise(side, 4, rng), 0, 1)
    blue = np.array([0.07, 0.27, 0.58], dtype=np.float32)
    sheet_SS3 = (
        blue * (1 + 0.03 * noise(side, 2, rng) + 0.1 * (clouds(side, 150, rng) - 0.5))[..., None]
    )
    sheet_SS3 = over(sheet_SS3, 1.0, 0.1 * segments.alpha_SS * segments.lightness_SS)
    if not ground:
        return finished(over(sheet_SS3, 1.0, line_SS), np.maximum(segments.alpha_SS, line_SS))
    steps = np.arange(side, dtype=np.float32) / k
    grid = np.maximum(
        0.13 * drawn(np.abs(steps % 16 - 8), 0.5, k), 0.26 * drawn(np.abs(steps % 64 - 8), 0.6, k)
    )
    sheet_SS3 = over(sheet_SS3, 1.0, np.maximum.outer(grid, grid))
    rim = np.minimum(steps, steps[::-1])
    frame_SS = drawn(np.abs(np.minimum.outer(rim, rim) - 9), 1.2, k)
    return finished(over(over(sheet_SS3, 1.0, frame_SS), 1.0, line_SS), 1.0)


def bricks(side: int, rng: np.random.Generator, colour: tuple[float, float, float]) -> Floats:
    """Return a wall of bricks, [S, S, 3]."""
    steps = np.arange(side, dtype=np.float32) * (SIDE / side)
    row_SS = np.floor(steps / 21).astype(int)[:, None] * np.ones(side, dtype=int)
    x_SS = steps[None] + 24.0 * (row_SS % 2)
    column_SS = np.floor(x_SS / 48).astype(int)
    tints = 1 + 0.13 * rng.standard_normal((24, 16))
    wall_SS = tints[row_SS % 24, column_SS % 16] * (1 + 0.06 * noise(side, 3, rng))
    joint_SS = np.minimum(np.abs(x_SS % 48 - 24), 99) > 22.6
    joint_SS = joint_SS | (np.abs(steps % 21 - 10.5) > 9.2)[:, None]
    return np.asarray(np.array(colour) * (wall_SS * np.where(joint_SS, 0.55, 1))[..., None])


def graffiti(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return bright paint within black and white outlines; `ground` is a wall of bricks."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    down_SS = np.linspace(0.1, -0.1, side, dtype=np.float32)[:, None, None]
    colour_SS3 = segments.spread(tinted(segments.lab_K3, chroma=1.4)) + down_SS
    spots_SS = np.clip(1.6 * clouds(side, 40, rng) - 0.9, 0, 0.0 if segments.is_scene else 0.3)
    colour_SS3 = over(colour_SS3, 1.0, spots_SS)
    colour_SS3 = over(colour_SS3, (0.05, 0.05, 0.06), segments.lines(3.2, 6.0))
    solid_SS = np.maximum(segments.alpha_SS, segments.lines(0, 6.0))
    if not ground:
        return finished(colour_SS3, solid_SS)
    wall_SS3 = bricks(side, rng, (0.62, 0.36, 0.29))
    halo = np.array([(0.2, 0.85, 0.9), (1.0, 0.45, 0.7), (1.0, 0.85, 0.2)])[int(rng.integers(3))]
    mist_SS = np.clip(1 - segments.outside_SS / 34, 0, 1) ** 1.3
    wall_SS3 = over(wall_SS3, halo, mist_SS * np.clip(0.85 + 0.2 * noise(side, 1.5, rng), 0, 1))
    wall_SS3 = over(wall_SS3, 1.0, drawn(segments.outside_SS, 9.0, k))
    return finished(over(wall_SS3, colour_SS3, solid_SS), 1.0)


def stamp(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return a postage stamp with toothed edges, the picture on a tint within a white rim."""
    image = image_SSC.astype(np.float32) / 255
    side, k = len(image), len(image) / SIDE
    small = np.zeros_like(image)
    margin = round(0.14 * side)
    inner = side - 2 * margin
    reduced = cv2.resize(image, (inner, inner), interpolation=cv2.INTER_AREA)
    small[margin : margin + inner, margin : margin + inner] = reduced
    steps = np.arange(side, dtype=np.float32) / k
    edge = np.minimum(steps, steps[::-1])
    rim_SS = np.minimum.outer(edge, edge)
    tint = np.array([(0.86, 0.92, 0.95), (0.97, 0.91, 0.82), (0.9, 0.94, 0.87)])[
        int(rng.integers(3))
    ]
    sheet_SS3 = over(np.ones((side, side, 3)) * 0.985, tint, rim_SS > 38)
    sheet_SS3 = over(sheet_SS3, tint * 0.62, drawn(np.abs(rim_SS - 38), 1.0, k))
    sheet_SS3 = sheet_SS3 * (1 - small[..., 3:]) + small[..., :3]

    # Teeth: round holes along all four edges
    pitch, at = 18.0, 18.0
    along = np.abs((steps - at) % pitch - pitch / 2)
    off = np.abs(edge - at)
    holes_SS = np.minimum(np.hypot(along, off[:, None]), np.hypot(along[:, None], off))
    solid_SS = np.where(rim_SS < at, 0, 1 - drawn(np.asarray(holes_SS), 5.6, k))
    if not ground:
        return finished(sheet_SS3, solid_SS * bool(image.any()))
    cast_SS = blurred(np.asarray(np.roll(solid_SS, round(4 * k), 0), dtype=np.float32), 4)
    table_SS3 = np.array([0.55, 0.62, 0.66]) * (1 - 0.3 * cast_SS[..., None])
    return finished(over(table_SS3, sheet_SS3, solid_SS), 1.0)
