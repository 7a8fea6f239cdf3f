"""A picture as an illustration: every thing a group of SVG paths in its place.

It is what `planning/renderer.py` puts together of pixels, put together of vectors: crisp at any
size, and a program that edits SVG finds each thing under its name.

Shapes: S the side of the picture, H W rows and columns, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from dall_e.images.backgrounds import background
from dall_e.images.compositing import Canvas, Place
from dall_e.images.strokes import Ground
from dall_e.images.svg import Group, VectorDrawing, embedded_image
from dall_e.planning.renderer import is_light, places_of
from dall_e.scenes.cutouts import solid_box
from dall_e.scenes.graph import Scene

SIDE = 384
"""Side of the square in which an illustration lies."""
_EDGE = "#8f9199"
"""Colour of the edge around things that would be lost on white."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


def lone_group(drawing: VectorDrawing, name: str) -> list[Group]:
    """Return a drawing of one thing where it was drawn."""
    scale = SIDE / drawing.side
    matrix = (scale, 0.0, 0.0, scale, 0.0, 0.0)
    return _edged(drawing, Group(name=name, paths=drawing.paths, matrix=matrix))


def scene_groups(
    scene: Scene,
    drawings: Sequence[VectorDrawing],
    seed: int,
    alternates: Sequence[bool] = (False,) * 3,
) -> list[Group]:
    """Return everything of a scene in its place, those at the back first.

    drawings: one for each object of the scene. seed, alternates: as in `renderer.assemble`.
    """
    boxes = [_box(drawing) for drawing in drawings]
    sprites = [
        drawing.flat_SSC[top:bottom, left:right]
        for drawing, (left, top, right, bottom) in zip(drawings, boxes, strict=True)
    ]

    # The background
    groups: list[Group] = []
    ground: Ground | None = None
    if scene.background:
        painter = random.Random(f"assembly/{seed}")
        canvas_SS3, ground = background(scene.background, SIDE, painter, scene.background_colour)
        groups.append(Group(name=scene.background, paths=embedded_image(canvas_SS3, SIDE)))

    # The things, those at the back first
    done: Counter[int] = Counter()
    for place in places_of(scene, sprites, ground):
        index = place.index
        is_mirrored = alternates[index] and done[index] % 2 == 1
        done[index] += 1
        if place.shadow:
            groups.append(_shadow(place))
        matrix = _matrix(boxes[index], place, is_mirrored)
        group = Group(name=scene.objects[index].name, paths=drawings[index].paths, matrix=matrix)
        groups += _edged(drawings[index], group)
    return groups


def _box(drawing: VectorDrawing) -> Box:
    """What is seen of a drawing; all of it if it is opaque at its corners, or shows nothing."""
    side = drawing.side
    alpha_SS = drawing.flat_SSC[..., 3]
    if alpha_SS[[0, 0, -1, -1], [0, -1, 0, -1]].all():
        return (0, 0, side, side)
    return solid_box(alpha_SS) or (0, 0, side, side)


def _matrix(
    box: Box, place: Place, is_mirrored: bool
) -> tuple[float, float, float, float, float, float]:
    """What moves a box of a drawing to its place, as SVG's matrix(a, b, c, d, e, f)."""
    left, top, right, bottom = box
    across = place.width * SIDE / max(right - left, 1)
    down = place.height * SIDE / max(bottom - top, 1)
    if is_mirrored:
        start = (place.x + place.width / 2) * SIDE + left * across
        return (-across, 0.0, 0.0, down, start, place.top * SIDE - top * down)
    start = (place.x - place.width / 2) * SIDE - left * across
    return (across, 0.0, 0.0, down, start, place.top * SIDE - top * down)


def _edged(drawing: VectorDrawing, group: Group) -> list[Group]:
    """A group, behind it a thin edge if the drawing is so light that it would be lost on white."""
    if not is_light(drawing.flat_SSC):
        return [group]
    scale = max(abs(group.matrix[0]), abs(group.matrix[3]), 1e-6)
    edge = (
        f'<g stroke="{_EDGE}" stroke-width="{3 / scale:.2f}" stroke-linejoin="round">\n'
        f"{group.paths}\n</g>"
    )
    return [Group(name=f"edge of {group.name}", paths=edge, matrix=group.matrix), group]


def _shadow(place: Place) -> Group:
    """A flat ellipse where a thing touches the ground, darker in its middle."""
    x, y = place.x * SIDE, (place.bottom - 0.01) * SIDE
    width = place.width * SIDE
    rings = [
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width * 0.45 * part:.1f}" '
        f'ry="{width * 0.1 * part:.1f}" fill="#000" fill-opacity="0.09"/>'
        for part in (1.0, 0.8, 0.6)
    ]
    return Group(name="shadow", paths="\n".join(rings))
