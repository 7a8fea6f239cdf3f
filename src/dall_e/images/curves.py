"""Drawings as curves: SVG elements in one plain form, which other parts can take to pieces.

Each drawing is a line for each filled outline, those at the back first:

    <path fill="#dd2e44" d="M12,3.5 C14,2 20,2 24,8 Z"/>

in a square of 384, with absolute coordinates and cubic or quadratic curves, as outlines that are
traced (`tracing.py`) are. Strokes, groups, basic shapes and transforms are outlines already.

Shapes: S the side of the square, C 4 channels (premultiplied RGBA), K colours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import ImageColor

from dall_e.images.areas import Areas
from dall_e.images.painting import painted_svg

CURVE_SIDE = 384
"""Side of the square that curves lie in."""
_MOST_COLOURS = 32
_CANNOT = (ArithmeticError, LookupError, NotImplementedError, RuntimeError, SyntaxError, TypeError,
           ValueError)  # fmt: skip
"""How picosvg says that it cannot make outlines of something."""
_BOX = re.compile(r"viewBox\s*=\s*[\"']\s*([-\d.]+)[\s,]+([-\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)")
_HEAD = re.compile(r"<svg\b[^>]*>|<\?xml.*?\?>|<!DOCTYPE.*?>|<title>.*?</title>", re.DOTALL)
_ELEMENT = re.compile(r"<path\b[^>]*/>")
_FILL = re.compile(r' fill="(#[0-9a-f]{6})"')
_OUTLINE = re.compile(r' d="([^"]*)"')
_POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")
_PLAIN = re.compile(r"[MLCQZ\d., -]+")


def plain_curves(svg: str, margin: float = 0.0) -> str:
    """Return an SVG document in the plain form; "" for one that cannot be had so.

    That are drawings with gradients, pictures, text or transparent fills, or with more than 32
    colours. margin: left free on each side, as a fraction of the square.
    """
    # Only those who make data sets need it.
    from pathops import PathOpsError
    from picosvg.svg import SVG

    box = _BOX.search(svg)
    if box is None or "<svg" not in svg:
        return ""
    left, top, width, height = map(float, box.groups())
    scale = CURVE_SIDE * (1 - 2 * margin) / max(width, height)
    x = (CURVE_SIDE - scale * width) / 2 - scale * left
    y = (CURVE_SIDE - scale * height) / 2 - scale * top
    head = _HEAD.search(svg[svg.index("<svg") :])
    assert head is not None
    attributes = re.sub(r"\b(viewBox|width|height|xmlns)\s*=\s*([\"']).*?\2", "", head[0][4:-1])
    content = _HEAD.sub("", svg).replace("</svg>", "")
    moved = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CURVE_SIDE} {CURVE_SIDE}">'
        f'<g transform="matrix({scale:.6f} 0 0 {scale:.6f} {x:.4f} {y:.4f})"{attributes}>'
        f"{content}</g></svg>"
    )
    reader: Any = SVG
    try:
        flat = str(reader.fromstring(moved).topicosvg(ndigits=1).tostring())
    except (*_CANNOT, PathOpsError):
        return ""
    lines = [_plain_element(element) for element in _ELEMENT.findall(flat)]
    colours = {line[12:19] for line in lines}
    is_whole = len(lines) == flat.count("<path") and "" not in lines
    return "\n".join(lines) if lines and is_whole and len(colours) <= _MOST_COLOURS else ""


def _plain_element(element: str) -> str:
    """A path in the plain form; "" if it is more than a filled outline."""
    attributes = dict(re.findall(r'([\w:-]+)="([^"]*)"', element))
    fill, outline = attributes.pop("fill", "black"), attributes.pop("d", "")
    if attributes or not _PLAIN.fullmatch(outline):
        return ""
    try:
        red, green, blue, *alpha = ImageColor.getrgb(fill)
    except ValueError:  # a gradient
        return ""
    if alpha:
        return ""
    return f'<path fill="#{red:02x}{green:02x}{blue:02x}" d="{outline}"/>'


def check_curves(curves: str) -> None:
    """Check that a text is in the plain form, or empty. Raises ValueError if not."""
    for line in curves.splitlines():
        if not re.fullmatch(r'<path fill="#[0-9a-f]{6}" d="[MLCQZ\d., -]+"/>', line):
            raise ValueError(f"these are no curves of a drawing: {line[:60]!r}")


def mirrored_curves(curves: str) -> str:
    """Return a drawing that looks the other way."""

    def turned(point: re.Match[str]) -> str:
        return f"{CURVE_SIDE - float(point[1]):.5g},{point[2]}"

    return _OUTLINE.sub(lambda found: f' d="{_POINT.sub(turned, found[1])}"', curves)


def recoloured_curves(curves: str, colours: Mapping[str, str]) -> str:
    """Return a drawing in other colours, as #rrggbb in small letters."""
    return _FILL.sub(lambda fill: f' fill="{colours.get(fill[1], fill[1])}"', curves)


def curves_document(curves: str, *, crisp: bool = False) -> str:
    """Return curves as an SVG document; `crisp`: with hard edges, each pixel of one colour."""
    rendering = ' shape-rendering="crispEdges"' if crisp else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CURVE_SIDE} {CURVE_SIDE}"'
        f"{rendering}>\n{curves}\n</svg>"
    )


def areas_of_curves(curves: str) -> Areas:
    """Return the areas of a drawing, exactly, at the side of its square."""
    pixels_SSC = painted_svg(curves_document(curves, crisp=True), CURVE_SIDE)
    codes_SS = np.ascontiguousarray(pixels_SSC).view("<u4")[..., 0]
    labels_SS = np.zeros(codes_SS.shape, dtype=np.int32)
    palette: list[tuple[int, ...]] = []
    for fill in dict.fromkeys(_FILL.findall(curves)):
        colour = tuple(bytes.fromhex(fill[1:]))
        is_this_SS = codes_SS == int.from_bytes((*colour, 255), "little")
        if is_this_SS.any():
            palette.append(colour)
            labels_SS[is_this_SS] = len(palette)
    return Areas(labels_HW=labels_SS, palette_K3=np.array(palette, dtype=np.uint8).reshape(-1, 3))
