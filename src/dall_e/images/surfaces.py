"""What is seen on a surface: grain, stitches, a gleam, a shaded side, and what shows through it.

All of it is laid over the traced areas of some labels, and cut at their outline. A gleam follows
the outline of each large part: it is that part, drawn in a little, without itself moved aside.

Shapes: H W rows and columns.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY, Areas
from dall_e.images.textures import TEXTURES, Texture
from dall_e.images.tracing import traced_paths

Mask = npt.NDArray[np.bool_]

_SIDE = 384
"""Lengths below are in pixels of a drawing of this side."""
_LARGE = 0.008
"""A part has a gleam of its own if it covers at least this fraction of the drawing's square."""
_LEAST_DEPTH = 5.0
"""Half the width of the thinnest part with a gleam."""
_LEAST_GLEAM = 60
"""Pixels of the smallest gleam."""
_FILL = re.compile(r' fill="#[0-9A-Fa-f]{6}"')


class Finish(NamedTuple):
    """How a material takes light. Opacities are from 0 to 1."""

    gleam: float = 0.0
    """Opacity of the white along the side that light comes from."""
    shade: float = 0.0
    """Opacity of the dark along the other side."""
    body: float = 1.0
    """Opacity of the thing itself."""
    rim: float = 0.0
    """Opacity of its edge, where it is seen through more of the material."""
    seam: bool = False
    """Whether it is stitched along its edge."""
    sparkle: bool = False


FINISHES = {
    "wood": Finish(shade=0.16), "stone": Finish(shade=0.2), "marble": Finish(gleam=0.6, shade=0.12),
    "brick": Finish(shade=0.14), "gold": Finish(0.72, 0.3, sparkle=True),
    "silver": Finish(0.85, 0.3, sparkle=True), "bronze": Finish(0.5, 0.3),
    "metal": Finish(0.5, 0.3), "glass": Finish(0.85, 0.12, body=0.5, rim=0.75),
    "crystal": Finish(0.5, body=0.85, rim=0.4, sparkle=True),
    "diamond": Finish(0.6, body=0.8, rim=0.5, sparkle=True),
    "ice": Finish(0.8, 0.14, body=0.8, rim=0.45), "leather": Finish(0.16, 0.2, seam=True),
    "wool": Finish(shade=0.16), "cloth": Finish(shade=0.12, seam=True), "straw": Finish(shade=0.16),
    "paper": Finish(shade=0.1), "cardboard": Finish(shade=0.14), "plastic": Finish(0.6, 0.2),
    "rubber": Finish(0.22, 0.3), "porcelain": Finish(0.95, 0.13), "clay": Finish(0.14, 0.22),
    "chocolate": Finish(0.3, 0.3),
}  # fmt: skip
"""Of each material."""


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What is laid over all areas of some labels."""

    labels: frozenset[int]
    material: str = ""
    """One of `textures.MATERIALS`, or nothing."""
    pattern: str = ""
    """One of `textures.PATTERNS`, or nothing."""
    ink: str
    """A darker shade of their colour, as #rrggbb."""
    contrast: str
    """A colour that is well seen on it."""


def dressed(paths: str, areas: Areas, surface: Surface | None) -> str:
    """Return the traced paths of areas with a surface on them, one element a line."""
    if surface is None:
        return paths
    where_HW = np.isin(areas.labels_HW, sorted(surface.labels))
    outline = _traced(where_HW)
    if not outline:
        return paths

    # Equal outlines with equal paint have one name: a document may hold a drawing twice.
    name = f"{surface.material or surface.pattern}-{zlib.crc32(f'{outline}{surface}'.encode()):08x}"
    finish = FINISHES.get(surface.material, Finish())
    side = len(areas.labels_HW)
    laid = [
        *_patterned(where_HW, f"{name}-pattern", surface),
        *_grained(f"{name}-grain", surface, side),
        *_lit(where_HW, areas.labels_HW != EMPTY, finish, surface),
    ]
    if finish.rim:
        laid.append(
            f'<g fill="none" stroke="{surface.ink}" stroke-width="{side / 64:g}" '
            f'stroke-opacity="{finish.rim:g}">{outline}</g>'
        )
    body = [f'<defs><clipPath id="{name}">{outline}</clipPath></defs>', paths]
    if finish.body < 1:
        body = _seen_through(body, outline, f"{name}-body", finish.body, side)
    return "\n".join([*body, f'<g clip-path="url(#{name})">{"".join(laid)}</g>'])


def _patterned(where_HW: Mask, name: str, surface: Surface) -> Iterator[str]:
    """The pattern of a surface, within a thin edge: white stripes would be lost on white."""
    if surface.pattern not in TEXTURES:
        return
    side = len(where_HW)
    inner = _traced(_inside(where_HW, side / 128))
    tile = _tiled(TEXTURES[surface.pattern], name, surface, side)
    yield f'<defs><clipPath id="{name}-inner">{inner}</clipPath></defs>'
    yield f'<g clip-path="url(#{name}-inner)">{tile}</g>'


def _grained(name: str, surface: Surface, side: int) -> Iterator[str]:
    """The grain of a surface's material."""
    if surface.material in TEXTURES:
        yield _tiled(TEXTURES[surface.material], name, surface, side)


def _seen_through(
    lines: list[str], outline: str, name: str, opacity: float, side: int
) -> list[str]:
    """The elements, what lies within an outline seen through."""
    square = f'width="{side}" height="{side}"'
    mask = (
        f'<defs><mask id="{name}" maskUnits="userSpaceOnUse" x="0" y="0" {square}>'
        f'<rect {square} fill="white"/><g fill="black" fill-opacity="{1 - opacity:g}">{outline}</g>'
        "</mask></defs>"
    )
    return [mask, f'<g mask="url(#{name})">', *lines, "</g>"]


def _tiled(texture: Texture, name: str, surface: Surface, side: int) -> str:
    """A square with a texture on it, and the SVG pattern of that."""
    scale = side / _SIDE
    content = texture.tile.replace("{ink}", surface.ink).replace("{contrast}", surface.contrast)
    size = f'width="{texture.side:g}" height="{texture.height or texture.side:g}"'
    moved = f"scale({scale:g}) rotate({texture.angle:g})"
    return (
        f'<defs><pattern id="{name}" patternUnits="userSpaceOnUse" {size} '
        f'patternTransform="{moved}">{content}</pattern></defs>'
        f'<rect width="{side}" height="{side}" fill="url(#{name})"/>'
    )


def _traced(where_HW: Mask) -> str:
    """A mask as paths without a colour of their own."""
    if not where_HW.any():
        return ""
    palette_K3 = np.zeros((1, 3), dtype=np.uint8)
    paths = traced_paths(Areas(labels_HW=where_HW.astype(np.int32), palette_K3=palette_K3))
    return _FILL.sub("", paths).replace("\n", "")


# Light


def _lit(where_HW: Mask, shown_HW: Mask, finish: Finish, surface: Surface) -> Iterator[str]:
    """The shaded side, the gleam, a seam and a sparkle of each large part."""
    scale = len(where_HW) / _SIDE
    shade_HW, gleam_HW, seam_HW = (np.zeros_like(where_HW) for _ in range(3))
    sparkles: list[str] = []
    for part_HW, depth_HW in _large_parts(where_HW, shown_HW):
        deepest = float(depth_HW.max())
        shade_HW |= part_HW & ~_moved(part_HW, -0.32 * deepest)
        core_HW = depth_HW > _length(0.2 * deepest, 8, scale)
        gleam_HW |= core_HW & ~_moved(core_HW, _length(0.28 * deepest, 13, scale))
        seam_HW |= depth_HW > max(0.18 * deepest, 5 * scale)
        sparkles.append(_sparkle(depth_HW, scale))

    soft = 2 * scale
    if finish.shade:
        shade = _traced(_rounded(shade_HW & where_HW, soft))
        yield f'<g fill="{surface.ink}" fill-opacity="{finish.shade:g}">{shade}</g>'
    if finish.gleam:
        gleam = _traced(_rounded(gleam_HW & _inside(where_HW, 3 * scale), soft))
        yield f'<g fill="#fff" fill-opacity="{finish.gleam:g}">{gleam}</g>'
    if finish.seam:
        yield (
            f'<g fill="none" stroke="{surface.contrast}" stroke-opacity="0.7" '
            f'stroke-width="{2.4 * scale:g}" stroke-dasharray="{8 * scale:g} {6 * scale:g}">'
            f"{_traced(seam_HW)}</g>"
        )
    if finish.sparkle and sparkles:
        yield f'<g fill="#fff">{sparkles[0]}</g>'


def _length(length: float, most: float, scale: float) -> float:
    """A length within bounds."""
    return float(np.clip(length, 2.5 * scale, most * scale))


def _large_parts(where_HW: Mask, shown_HW: Mask) -> Iterator[tuple[Mask, Any]]:
    """Each large part, and how deep in it each pixel lies, the largest first.

    What lies on a part, as windows do, belongs to it; what is seen through it does not.
    """
    count, parts_HW, stats, _ = cv2.connectedComponentsWithStats(where_HW.astype(np.uint8))
    scale = len(where_HW) / _SIDE
    for part in sorted(range(1, count), key=lambda part: -stats[part, cv2.CC_STAT_AREA]):
        if stats[part, cv2.CC_STAT_AREA] < _LARGE * where_HW.size:
            return
        part_HW = (parts_HW == part).astype(np.uint8)
        outlines, _ = cv2.findContours(part_HW, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(part_HW, outlines, -1, 1, cv2.FILLED)
        part_HW &= shown_HW.astype(np.uint8)
        depth_HW = cv2.distanceTransform(np.pad(part_HW, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        if depth_HW.max() >= _LEAST_DEPTH * scale:
            yield part_HW.astype(bool), depth_HW


def _moved(where_HW: Mask, by: float) -> Mask:
    """A mask moved down and to the right, by pixels along the diagonal; up and left below 0."""
    step = by * 0.7071
    matrix = np.array([[1, 0, step], [0, 1, 1.15 * step]], dtype=np.float32)
    size = where_HW.shape[::-1]
    return np.asarray(cv2.warpAffine(where_HW.astype(np.uint8), matrix, size) > 0)


def _inside(where_HW: Mask, margin: float) -> Mask:
    """A mask without a margin of some pixels along its outline."""
    depth_HW = cv2.distanceTransform(np.pad(where_HW.astype(np.uint8), 1), cv2.DIST_L2, 5)
    return np.asarray(depth_HW[1:-1, 1:-1] > margin)


def _rounded(where_HW: Mask, sigma: float) -> Mask:
    """A mask with round ends, without specks."""
    blurred_HW = cv2.GaussianBlur(where_HW.astype(np.float32), (0, 0), sigma)
    count, parts_HW, stats, _ = cv2.connectedComponentsWithStats(
        (blurred_HW > 0.5).astype(np.uint8)
    )
    kept = stats[:, cv2.CC_STAT_AREA] >= _LEAST_GLEAM * (len(where_HW) / _SIDE) ** 2
    kept[0] = False
    return np.asarray(kept[parts_HW])


def _sparkle(depth_HW: Any, scale: float) -> str:
    """A star of four points at the upper right of a part."""
    row_N, column_N = np.nonzero(depth_HW >= 0.45 * depth_HW.max())
    at = int(np.argmax(column_N - row_N))
    x, y = float(column_N[at]), float(row_N[at])
    far = float(np.clip(0.9 * depth_HW[row_N[at], column_N[at]], 5 * scale, 24 * scale))
    near = 0.16 * far
    points = " ".join(
        f"{x + across:.1f},{y + down:.1f}"
        for across, down in (
            (0, -far), (near, -near), (far, 0), (near, near),
            (0, far), (-near, near), (-far, 0), (-near, -near),
        )
    )  # fmt: skip
    return f'<polygon points="{points}"/>'
