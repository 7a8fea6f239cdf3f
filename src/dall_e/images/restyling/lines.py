"""Lines around the areas of a drawing, as a pen draws them that has one width.

What is lined are the borders that are seen, wherever the shapes below end. So the drawing is
painted without smooth edges and taken to pieces:

    parts     what hangs together and has one colour
    merged    parts whose colours hardly differ, such as shading, have no line between them
    details   parts that a line would fill, such as pupils, keep their colour and get none
    wires     thin parts that stand out, such as whiskers, become a line themselves

Shapes: S the side of the map of parts, K parts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.areas import EMPTY, Areas, flat_areas
from dall_e.images.colour import as_hex, hex_of, oklab
from dall_e.images.effects.vectors import SIDE
from dall_e.images.painting import painted_svg
from dall_e.images.svg import Group, svg_document
from dall_e.images.tracing import traced_paths

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[Any]

_FINENESS = 2
"""Pixels of the map of parts for each one of the picture."""
_MOST_COLOURS = 64
"""A drawing with more is one of gradients, whose areas have to be found."""
_DETAIL, _WIRE, _SPECK = 0.85, 0.5, 0.2
"""Parts of at most this half-width, in widths of the line, are details, wires, and nothing."""
_STANDS_OUT = 0.5
"""A wire has so much of its border with nothing."""
_FILL = re.compile(r' fill="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Pen:
    """How lines are drawn."""

    width: float
    """As a fraction of the picture's side."""
    least_contrast: float
    """Colours that differ less have no line between them, in OKLab; inf: around everything only."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What hangs together in a drawing, and how it is lined."""

    lined_SS: Ints
    """The part that each pixel belongs to for lines, from 1 on; EMPTY outside, and in wires."""
    wires_SS: npt.NDArray[np.bool_]
    """Where thin things are."""
    wire_width: float
    """How wide they are, in pixels."""
    colours_K3: npt.NDArray[np.uint8]
    """The colour of each part; that of part k is in row k - 1."""


def parts_of(group: Group, pen: Pen, fineness: int = _FINENESS) -> Parts | None:
    """Take a group to pieces as it is seen in the picture; None if it shows nothing."""
    taken = _taken_apart(group, fineness)
    if taken is None:
        return None
    parts_SS, colour_K, palette_K3, half_K, pairs_N2, length_N = taken

    # Thin parts first: they belong to the neighbour with whom they share most
    width = pen.width * SIDE * fineness
    joined_K = np.arange(len(colour_K) + 1, dtype=np.int32)
    is_wire_K = np.zeros(len(colour_K) + 1, dtype=bool)
    around_K, open_K, neighbour_K = _surroundings(pairs_N2, length_N, len(colour_K) + 1)
    for part in np.flatnonzero(half_K[1:] < _DETAIL * width) + 1:
        stands_out = open_K[part] > _STANDS_OUT * around_K[part]
        if stands_out and _SPECK * width < half_K[part] < _WIRE * width:
            is_wire_K[part] = True
        elif not stands_out:
            joined_K[part] = neighbour_K[part]

    # Then those of nearly one colour
    lab_K3 = oklab(palette_K3[colour_K])
    for first, second in pairs_N2:
        if first == EMPTY or is_wire_K[first] or is_wire_K[second]:
            continue
        if np.linalg.norm(lab_K3[first - 1] - lab_K3[second - 1]) < pen.least_contrast:
            _join(joined_K, first, second)
    root_K = np.array([_root(joined_K, part) for part in range(len(joined_K))])
    wires_SS = is_wire_K[parts_SS]
    root_K[is_wire_K] = EMPTY
    widths = 2 * half_K[is_wire_K]
    return Parts(
        lined_SS=root_K[parts_SS].astype(np.int32),
        wires_SS=wires_SS,
        wire_width=float(np.median(widths)) if len(widths) else 0.0,
        colours_K3=palette_K3[colour_K],
    )


def lines_of(
    parts: Parts,
    pen: Pen,
    name: str,
    colour: str = "",
    shade: float = 0.0,
    fineness: int = _FINENESS,
) -> Group:
    """Return the lines of a drawing, as a group in the square of SIDE.

    colour: of all lines, #rrggbb; "": each part's own, darker by `shade` in OKLab.
    """
    width = pen.width * SIDE * fineness
    # What the picture's frame cuts off has no line there.
    margin = round(width) + 2
    lined_SS = np.pad(parts.lined_SS, margin, mode="edge")
    roots = [int(part) for part in np.unique(lined_SS) if part != EMPTY]
    pieces = [f'<g fill="none" {_stroke(width)}>']
    for part, path in _traced(lined_SS, roots):
        ink = colour or _darker(parts.colours_K3[part - 1], shade)
        pieces.append(_FILL.sub(f' stroke="{ink}"', path))
    pieces.append("</g>")
    if parts.wires_SS.any() and colour:
        grown = max(width - parts.wire_width, 0.0)
        pieces.append(f'<g fill="{colour}" stroke="{colour}" {_stroke(grown)}>')
        wires_SS = np.pad(parts.wires_SS.astype(np.int32), margin)
        pieces += [_FILL.sub("", path) for _, path in _traced(wires_SS, [1])]
        pieces.append("</g>")
    scale = 1 / fineness
    matrix = (scale, 0.0, 0.0, scale, -margin * scale, -margin * scale)
    return Group(name=f"lines of {name}", paths="\n".join(pieces), matrix=matrix, role="edge")


def _darker(colour_3: npt.NDArray[np.uint8], shade: float) -> str:
    light, a, b = oklab(colour_3[None])[0]
    return as_hex((max(float(light) - shade, 0.0), a, b))


def _stroke(width: float) -> str:
    return f'stroke-width="{width:.3g}" stroke-linejoin="round" stroke-linecap="round"'


# A drawing as a map of parts


class _Taken(NamedTuple):
    """A drawing taken to pieces, before a pen is chosen."""

    parts_SS: Ints
    colour_K: Ints
    """Which colour of the palette each part has."""
    palette_K3: npt.NDArray[np.uint8]
    half_K: Floats
    pairs_N2: Ints
    length_N: Ints


@lru_cache(maxsize=16)
def _taken_apart(group: Group, fineness: int) -> _Taken | None:
    """The parts of a group as it is seen in the picture; None if it shows nothing.

    Kept for the last ones, as the same drawings are tried with many pens.
    """
    colours_SS, palette_K3 = _painted(group, SIDE * fineness)
    if not len(palette_K3):
        return None
    parts_SS, colour_K = _connected(colours_SS)
    half_K = _half_widths(parts_SS, len(colour_K))
    return _Taken(parts_SS, colour_K, palette_K3, half_K, *_borders(parts_SS))


def _painted(group: Group, side: int) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """The number of the colour of each pixel, EMPTY where nothing is, and the colours."""
    crisp = replace(group, paths=f'<g shape-rendering="crispEdges">\n{group.paths}\n</g>')
    pixels_SSC = painted_svg(svg_document([crisp], SIDE), side)
    shown_SS = pixels_SSC[..., 3] >= 128
    codes_SS = np.ascontiguousarray(pixels_SSC).view("<u4")[..., 0]
    codes_K, labels_P = np.unique(codes_SS[shown_SS], return_inverse=True)
    if len(codes_K) > _MOST_COLOURS:
        smooth_SSC = painted_svg(svg_document([group], SIDE), side // 2)
        areas = flat_areas(smooth_SSC)
        return areas.labels_HW, areas.palette_K3
    labels_SS = np.zeros(shown_SS.shape, dtype=np.int32)
    labels_SS[shown_SS] = labels_P.ravel() + 1
    palette_KC = codes_K[:, None].view(np.uint8).reshape(-1, 4)
    return labels_SS, np.ascontiguousarray(palette_KC[:, :3])


def _connected(colours_SS: Ints) -> tuple[Ints, Ints]:
    """Parts [S, S] from 1 on, EMPTY where nothing is, and the colour of each, from 0 on."""
    parts_SS = np.zeros(colours_SS.shape, dtype=np.int32)
    colours: list[int] = []
    for colour in np.unique(colours_SS[colours_SS != EMPTY]):
        count, own_SS = cv2.connectedComponents((colours_SS == colour).astype(np.uint8))
        here_SS = own_SS > 0
        parts_SS[here_SS] = own_SS[here_SS] + len(colours)
        colours += [int(colour) - 1] * (count - 1)
    return parts_SS, np.array(colours, dtype=np.int32)


def _half_widths(parts_SS: Ints, count: int) -> Floats:
    """How far the innermost pixel of each part is from its border, in pixels: [K + 1]."""
    is_inner_SS = np.ones(parts_SS.shape, dtype=np.uint8)
    is_inner_SS[:, 1:] &= parts_SS[:, 1:] == parts_SS[:, :-1]
    is_inner_SS[1:] &= parts_SS[1:] == parts_SS[:-1]
    depth_SS = cv2.distanceTransform(np.pad(is_inner_SS, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    half_K = np.zeros(count + 1)
    np.maximum.at(half_K, parts_SS.ravel(), depth_SS.ravel())
    return half_K


def _borders(parts_SS: Ints) -> tuple[Ints, Ints]:
    """Pairs of parts that touch, the lower number first, and along how many pixels."""
    sides = (
        np.stack((parts_SS[:, 1:].ravel(), parts_SS[:, :-1].ravel()), 1),
        np.stack((parts_SS[1:].ravel(), parts_SS[:-1].ravel()), 1),
    )
    pairs_N2 = np.concatenate(sides)
    pairs_N2 = np.sort(pairs_N2[pairs_N2[:, 0] != pairs_N2[:, 1]], axis=1)
    codes, counts = np.unique(
        pairs_N2[:, 0].astype(np.int64) << 32 | pairs_N2[:, 1], return_counts=True
    )
    found = np.stack((codes >> 32, codes & 0xFFFFFFFF), 1).astype(np.int32)
    return found, counts.astype(np.int32)


def _surroundings(pairs_N2: Ints, length_N: Ints, count: int) -> tuple[Floats, Floats, Ints]:
    """Of each part the length of its border, that with nothing, and its main neighbour."""
    around_K, open_K = np.zeros(count), np.zeros(count)
    neighbour_K, most_K = np.zeros(count, dtype=np.int32), np.zeros(count)
    for (first, second), length in zip(pairs_N2.tolist(), length_N.tolist(), strict=True):
        for own, other in ((first, second), (second, first)):
            around_K[own] += length
            if other == EMPTY:
                open_K[own] += length
            elif length > most_K[own]:
                neighbour_K[own], most_K[own] = other, length
    return around_K, open_K, neighbour_K


def _root(joined_K: npt.NDArray[Any], part: int) -> int:
    seen = set()
    while joined_K[part] != part and part not in seen:
        seen.add(part)
        part = int(joined_K[part])
    return min(seen | {part}) if joined_K[part] != part else part


def _join(joined_K: npt.NDArray[Any], first: int, second: int) -> None:
    roots = sorted((_root(joined_K, first), _root(joined_K, second)))
    joined_K[roots[1]] = roots[0]


def _traced(labels_SS: Ints, labels: Sequence[int]) -> list[tuple[int, str]]:
    """Paths around labels, each with its label; those at the back first."""
    if not labels:
        return []
    number_of = np.zeros(int(labels_SS.max()) + 1, dtype=np.int32)
    number_of[labels] = np.arange(1, len(labels) + 1)

    # Colours far from each other tell them apart.
    shades = (np.arange(1, len(labels) + 1) * 2654435761 >> 8) % (1 << 24)
    palette_K3 = np.stack([shades >> 16, shades >> 8 & 255, shades & 255], 1).astype(np.uint8)
    label_of = dict(zip(map(hex_of, palette_K3), labels, strict=True))
    areas = Areas(labels_HW=number_of[labels_SS], palette_K3=palette_K3)
    found = []
    for path in traced_paths(areas).splitlines():
        fill = _FILL.search(path)
        found.append((label_of.get(fill[1].lower() if fill else "", labels[0]), path))
    return found
