"""Areas as bodies under a lamp: clay, 3D render, low poly, and layers of paper.

Each takes a painted picture, uint8 [S, S, C] premultiplied, and returns its own.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from dall_e.images.effects.segments import Segments, drawn, over, tinted
from dall_e.images.effects.texture import (
    Floats,
    UInt8,
    blurred,
    finished,
    noise,
    trembling,
)

_LAMP = np.array([-0.42, -0.62, 0.66], dtype=np.float32)
"""Where the light comes from: right, down, towards the viewer."""
_STUDIOS = (((0.93, 0.95, 0.98), (0.76, 0.82, 0.9)), ((0.98, 0.94, 0.9), (0.9, 0.8, 0.74)))
"""Colours of the middle and of the corners behind a body."""
_PASTELS = ((0.96, 0.89, 0.82), (0.85, 0.92, 0.9), (0.93, 0.88, 0.94))


def _dome(distance_SS: Floats, radius: float) -> Floats:
    """Heights of something round: from 0 at its border to its radius."""
    flat_SS = np.clip(1 - distance_SS / radius, 0, 1)
    return np.asarray(radius * np.sqrt(1 - flat_SS**2), dtype=np.float32)


def _normals(height_SS: Floats, scale: float) -> Floats:
    """Unit vectors [S, S, 3] that stand on a surface."""
    across = cv2.Sobel(height_SS, cv2.CV_32F, 1, 0, scale=scale / 8)
    down = cv2.Sobel(height_SS, cv2.CV_32F, 0, 1, scale=scale / 8)
    normals = np.dstack((-across, -down, np.ones_like(across)))
    return np.asarray(normals / np.linalg.norm(normals, axis=2, keepdims=True))


def _height(segments: Segments, small: float, large: float) -> Floats:
    """Every area as a cushion on the cushion of all."""
    height_SS = 0.55 * _dome(segments.depth_SS, small)
    if not segments.is_scene:
        height_SS = height_SS + 0.8 * _dome(segments.inside_SS, large)
    return np.asarray(height_SS * segments.shown_SS, dtype=np.float32)


def _lit(normals_SS3: Floats, shine: float, sharp: float) -> tuple[Floats, Floats]:
    """How much light falls on a surface, and how it shines, [S, S] each."""
    half = _LAMP + (0, 0, 1)
    half = half / np.linalg.norm(half)
    light_SS = normals_SS3 @ _LAMP / _LAMP[2]
    glint_SS = shine * np.clip(normals_SS3 @ half, 0, 1) ** sharp
    return np.asarray(np.clip(light_SS, 0, 1.6)), np.asarray(glint_SS)


def clay(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return soft bodies of modelling clay with the marks of fingers."""
    side = len(image_SSC)
    soft = trembling(image_SSC.astype(np.float32), 1.6, 34, rng)
    segments = Segments(np.asarray(soft.clip(0, 255), dtype=np.uint8), rng)
    height_SS = _height(segments, 11, 42)
    prints_SS = 0.32 * noise(side, 9, rng) + 0.13 * noise(side, 2.4, rng)
    height_SS = blurred(height_SS, 2.0) + prints_SS
    light_SS, glint_SS = _lit(_normals(height_SS, segments.scale), 0.16, 14)
    base_SS3 = segments.spread(tinted(segments.lab_K3, chroma=0.95, light=0.94, lift=0.03))
    crease_SS = np.exp(-segments.depth_SS / 2.2)
    lit_SS = (0.5 + 0.5 * light_SS) * (1 - 0.22 * crease_SS)
    colour_SS3 = blurred(base_SS3, 0.7) * lit_SS[..., None] + 0.6 * glint_SS[..., None]
    if not ground:
        return finished(colour_SS3, segments.alpha_SS)
    table = np.array(_PASTELS[int(rng.integers(len(_PASTELS)))], dtype=np.float32)
    fall_SS = np.linspace(1.03, 0.93, side, dtype=np.float32)[:, None]
    shade_SS = fall_SS * (1 - 0.42 * segments.shadow(6, 10, 9)) + 0.006 * noise(side, 2, rng)
    behind_SS3 = table * shade_SS[..., None]
    return finished(over(behind_SS3, colour_SS3, segments.alpha_SS), 1.0)


def rendered(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return glossy bodies in a studio, as of a 3D program."""
    segments = Segments(image_SSC, rng)
    side = segments.side
    height_SS = blurred(_height(segments, 12, 56), 1.5)
    normals_SS3 = _normals(height_SS, segments.scale)
    light_SS, glint_SS = _lit(normals_SS3, 0.75, 46)
    base_SS3 = segments.spread(tinted(segments.lab_K3, chroma=1.1))
    rim_SS = np.clip(1 - normals_SS3[..., 2], 0, 1) ** 2 * (normals_SS3[..., 0] > 0)
    colour_SS3 = blurred(base_SS3, 0.5) * (0.44 + 0.58 * light_SS)[..., None]
    colour_SS3 = colour_SS3 + (glint_SS + 0.32 * rim_SS)[..., None] * (0.97, 0.98, 1.0)
    if not ground:
        return finished(colour_SS3, segments.alpha_SS)
    middle, corner = _STUDIOS[int(rng.integers(len(_STUDIOS)))]
    steps = np.linspace(-1, 1, side, dtype=np.float32)
    far_SS = np.clip(np.hypot(steps[:, None] + 0.25, steps) / 1.4, 0, 1)
    behind_SS3 = over(np.ones((side, side, 3)) * middle, corner, far_SS)
    behind_SS3 = behind_SS3 * (1 - 0.5 * segments.shadow(5, 14, 12)[..., None])
    return finished(over(behind_SS3, colour_SS3, segments.alpha_SS), 1.0)


# Low poly


def low_poly(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return triangles of one colour each, lit by how they are turned."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    height_SS = blurred(_height(segments, 20, 60), 3)
    if segments.is_scene:
        height_SS = np.zeros_like(height_SS)
    colour_SS3 = blurred(segments.flat_SS3, 0.6)
    if not segments.shown_SS.all():
        fall_SS = np.linspace(0, 1, side, dtype=np.float32)[:, None] * np.ones(side)
        behind_SS3 = over(np.ones((side, side, 3)) * (0.87, 0.92, 0.96), (0.97, 0.94, 0.9), fall_SS)
        colour_SS3 = np.where(segments.shown_SS[..., None], colour_SS3, behind_SS3)
    painted_SS3 = np.zeros((side, side, 3), dtype=np.float32)
    alpha_SS = np.zeros((side, side), dtype=np.float32)
    for corners_32 in _triangles(_corners(segments, rng), side):
        x, y = corners_32.mean(0)
        at = (min(int(y), side - 1), min(int(x), side - 1))
        is_shown = bool(segments.shown_SS[at])
        heights = [height_SS[int(cy), int(cx)] / k for cx, cy in corners_32.clip(0, side - 1)]
        light = _facing(corners_32 / k, heights) + 0.045 * float(rng.standard_normal())
        shade = light if is_shown else 1 + 0.018 * float(rng.standard_normal())
        colour = (colour_SS3[at] * shade).tolist()
        points = (corners_32 * 16).round().astype(np.int32)
        cv2.fillConvexPoly(painted_SS3, points, colour, cv2.LINE_8, 4)
        cv2.polylines(painted_SS3, [points], True, colour, 1, cv2.LINE_8, 4)
        if is_shown:
            cv2.fillConvexPoly(alpha_SS, points, 1.0, cv2.LINE_AA, 4)
    return finished(painted_SS3, 1.0 if ground else np.minimum(alpha_SS, 1))


def _corners(segments: Segments, rng: np.random.Generator) -> Floats:
    """Corners of triangles [P, 2]: close along borders, few inside of areas."""
    side, k = segments.side, segments.scale
    step = max(24 * k, 3.0)
    count = int(side / step) + 2
    grid_P2 = np.stack(np.meshgrid(np.arange(count), np.arange(count)), -1).reshape(-1, 2) * step
    grid_P2 = grid_P2 + 0.7 * step * (rng.random(grid_P2.shape) - 0.5)
    grid_P2 = grid_P2.clip(0, side - 1)
    rows, columns = grid_P2[:, 1].astype(int), grid_P2[:, 0].astype(int)
    grid_P2 = grid_P2[segments.depth_SS[rows, columns] > 8]

    # On borders, none nearer than a few pixels to another
    y_E, x_E = np.nonzero(segments.edge_SS)
    order_E = rng.permutation(len(y_E))
    cell = max(7 * k, 1.5)
    keys_E = (y_E[order_E] // cell).astype(int) * 4096 + (x_E[order_E] // cell).astype(int)
    _, first = np.unique(keys_E, return_index=True)
    chosen = order_E[first]
    border_P2 = np.stack((x_E[chosen], y_E[chosen]), axis=1)
    ends = [(0, 0), (side - 1, 0), (0, side - 1), (side - 1, side - 1)]
    return np.concatenate((np.array(ends), grid_P2, border_P2)).astype(np.float32)


def _triangles(points_P2: Floats, side: int) -> Any:
    """The Delaunay triangles of points, each [3, 2]."""
    plane = cv2.Subdiv2D((-1, -1, side + 2, side + 2))
    plane.insert(np.unique(points_P2, axis=0).tolist())
    triangles: Any = np.asarray(plane.getTriangleList()).reshape(-1, 3, 2)
    return triangles[((triangles >= -1) & (triangles <= side)).all((1, 2))]


def _facing(corners_32: Floats, heights: list[Any]) -> float:
    """How bright a triangle is, by how it is turned to the lamp."""
    a, b, c = (np.array([*xy, h], dtype=np.float32) for xy, h in
               zip(corners_32, heights, strict=True))  # fmt: skip
    normal = np.cross(b - a, c - a)
    length = float(np.linalg.norm(normal))
    if length < 1e-6:
        return 1.0
    normal = normal * (np.sign(normal[2]) or 1) / length
    return float(np.clip(0.5 + 0.5 * (normal @ _LAMP) / _LAMP[2], 0.5, 1.22))


# Paper


def paper_layers(image_SSC: UInt8, rng: np.random.Generator, *, ground: bool) -> UInt8:
    """Return sheets of coloured paper that lie on each other and cast shadows."""
    segments = Segments(image_SSC, rng)
    side, k = segments.side, segments.scale
    colour_SS3 = segments.flat_SS3
    areas_K = np.bincount(segments.labels_SS[segments.shown_SS], minlength=len(segments.lab_K3))

    # The larger the area, the deeper it lies; each sheet casts its shadow on all below.
    order = np.argsort(-areas_K)
    rank_K = np.empty(len(order))
    rank_K[order] = np.arange(len(order))
    level_SS = np.where(segments.shown_SS, segments.spread(rank_K), -1)
    shade_SS = np.zeros((side, side), dtype=np.float32)
    shift = np.array([[1, 0, 2.4 * k], [0, 1, 4.0 * k]], dtype=np.float32)
    for rank in range(len(order)):
        above_SS = (level_SS >= rank).astype(np.float32)
        cast_SS = blurred(np.asarray(cv2.warpAffine(above_SS, shift, (side, side))), 2.6)
        shade_SS = np.maximum(shade_SS, cast_SS * (level_SS < rank))
    lit_SS = cv2.Sobel(blurred(np.asarray(level_SS, dtype=np.float32), 0.6), cv2.CV_32F, 0, 1)
    edge_SS = np.clip(lit_SS, 0, 1) * drawn(segments.depth_SS, 1.2, k) * 0.16
    grain_SS = 1 + 0.022 * noise(side, 1.7, rng) + 0.012 * noise(side, 7, rng)
    colour_SS3 = colour_SS3 * (grain_SS * (1 - 0.36 * shade_SS))[..., None] + edge_SS[..., None]
    if not ground:
        return finished(colour_SS3, segments.alpha_SS)
    sheet = np.array(_PASTELS[int(rng.integers(len(_PASTELS)))], dtype=np.float32)
    below_SS3 = sheet * (grain_SS * (1 - 0.36 * shade_SS))[..., None]
    return finished(over(below_SS3, colour_SS3, segments.alpha_SS), 1.0)
