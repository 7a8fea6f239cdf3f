"""Layers as groups of SVG paths: things, what of them is before others, cords, shadows, waves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.images.svg import Group, VectorDrawing
from dall_e.planning.layers import Layer, fitted, placing_matrix
from dall_e.planning.renderer import is_light
from dall_e.planning.sprites import PixelBox, seen_box

SIDE = 384
"""Side of the square in which an illustration lies."""
_SAG, _TAUT = 0.18, 0.06
"""How far a cord hangs down, in lengths; one that is thicker than this, in lengths, does not."""
_EDGE = "#8f9199"
"""Colour of the edge around things that would be lost on white."""


def layer_groups(
    layers: Sequence[Layer],
    drawings: Sequence[VectorDrawing],
    names: Sequence[str],
    styles: Sequence[str] = (),
) -> list[Group]:
    """Return a group for each layer, behind it an edge if it would be lost on white.

    drawings, names: one for each object. styles: the style that each is drawn in already, or
    nothing. Layers that fit into their room are put there first.
    """
    boxes = [seen_box(drawing) for drawing in drawings]
    aspects = [(right - left) / (bottom - top) for left, top, right, bottom in boxes]
    groups: list[Group] = []
    for layer in fitted(layers, aspects):
        if layer.kind in _WITHOUT_DRAWING:
            groups.append(_WITHOUT_DRAWING[layer.kind](layer))
            continue
        drawing, box = drawings[layer.object], boxes[layer.object]
        matrix = placing_matrix(box, layer, SIDE, is_mirrored=layer.mirrored)
        style = styles[layer.object] if styles else ""
        group = Group(name=names[layer.object], paths=drawing.paths, matrix=matrix, style=style)
        if layer.kind == "front":
            groups.append(_front(group, layer, box, len(groups)))
        else:
            groups += _edged(drawing, group)
    return groups


def styles_of(prompts: Sequence[str], fitted: FittedStyle | None) -> list[str]:
    """Return the style that the picture of each prompt is in already, or nothing."""
    mark = fitted.caption("") if fitted else ""
    return [fitted.name if fitted and prompt.endswith(mark) else "" for prompt in prompts]


def _edged(drawing: VectorDrawing, group: Group) -> list[Group]:
    """A group, behind it a thin edge if the drawing is so light that it would be lost on white."""
    if not is_light(drawing.flat_SSC):
        return [group]
    scale = max(abs(group.matrix[0]), abs(group.matrix[3]), 1e-6)
    edge = (
        f'<g stroke="{_EDGE}" stroke-width="{3 / scale:.2f}" stroke-linejoin="round">\n'
        f"{group.paths}\n</g>"
    )
    name = f"edge of {group.name}"
    return [Group(name=name, paths=edge, matrix=group.matrix, role="edge"), group]


def _front(group: Group, layer: Layer, box: PixelBox, number: int) -> Group:
    """What of a thing is before others, cut out along its rings."""
    left, top, right, bottom = box
    lines = [
        "M" + "L".join(
            f"{left + x * (right - left):.1f} {top + y * (bottom - top):.1f}" for x, y in ring
        ) + "Z"
        for ring in layer.clip
    ]  # fmt: skip
    name = f"front-{number}"
    paths = (
        f'<clipPath id="{name}"><path clip-rule="evenodd" d="{"".join(lines)}"/></clipPath>\n'
        f'<g clip-path="url(#{name})">\n{group.paths}\n</g>'
    )
    return replace(group, name=f"front of {group.name}", paths=paths)


def _cord(layer: Layer) -> Group:
    """A line from corner to corner; a thin one sags."""
    left, top, width, height = (value * SIDE for value in layer.box)
    x, x2 = (left + width, left) if layer.mirrored else (left, left + width)
    length = math.hypot(width, height)
    sag = _SAG * length if layer.thickness < _TAUT else 0.0
    middle_x, middle_y = (x + x2) / 2, top + height / 2 + sag
    line = (
        f'<path d="M{x:.1f} {top:.1f}Q{middle_x:.1f} {middle_y:.1f} {x2:.1f} {top + height:.1f}" '
        f'fill="none" stroke="{layer.colour}" stroke-width="{layer.thickness * length:.1f}" '
        'stroke-linecap="round"/>'
    )
    return Group(name="cord", paths=line)


def _shadow(layer: Layer) -> Group:
    """A flat ellipse where a thing touches the ground, darker in its middle."""
    x, y = layer.foot[0] * SIDE, (layer.foot[1] - 0.01) * SIDE
    width = layer.box[2] * SIDE
    rings = [
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width * 0.45 * part:.1f}" '
        f'ry="{width * 0.1 * part:.1f}" fill="#000" fill-opacity="0.09"/>'
        for part in (1.0, 0.8, 0.6)
    ]
    return Group(name="shadow", paths="\n".join(rings), role="shadow")


def _ripple(layer: Layer) -> Group:
    """Waves around a thing that lies in water, over its lower edge."""
    x, y, width = layer.foot[0] * SIDE, layer.foot[1] * SIDE, layer.box[2] * SIDE
    rings = [
        f'<ellipse cx="{x + shift * width:.1f}" cy="{y - 0.008 * SIDE + down:.1f}" '
        f'rx="{width * across:.1f}" ry="{max(width * across * 0.09, 2):.1f}" fill="{colour}"/>'
        for shift, down, across, colour in (
            (0.0, 1.0, 0.5, "#5DADEC"),
            (-0.12, 0.0, 0.26, "#BBDDF5"),
            (0.2, 3.0, 0.18, "#BBDDF5"),
        )
    ]
    return Group(name="ripple", paths="\n".join(rings), role="shadow")


_WITHOUT_DRAWING = {"shadow": _shadow, "ripple": _ripple, "cord": _cord}
"""Layers that show nothing of a drawing."""
