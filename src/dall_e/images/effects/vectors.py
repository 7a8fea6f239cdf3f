"""SVG groups under work: their colours, their elements, and the areas of painted grounds.

Shapes: S the side of a picture, H W rows and columns, P colours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dall_e.images.areas import AreaSettings, flat_areas
from dall_e.images.colour import oklab
from dall_e.images.painting import painted_svg
from dall_e.images.svg import Group, svg_document
from dall_e.images.tracing import traced_paths

SIDE = 384
"""Side of the square in which the groups of a picture lie."""

_COLOUR = re.compile(r"(?<!\()#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_FILL = re.compile(r'fill="(#[0-9A-Fa-f]{6})"')
_SHAPE = re.compile(r'd="([^"]*)"')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Shape(NamedTuple):
    """One filled element of a group."""

    element: str
    """It itself, with a fill."""
    fill: str
    """Its colour, as #rrggbb."""
    area: float
    """About how many pixels of the picture it covers, with all that lies on it."""


def of_role(groups: Sequence[Group], *roles: str) -> list[Group]:
    """Return the groups of some roles, in their order."""
    return [group for group in groups if group.role in roles]


def scale_of(group: Group) -> float:
    """Return how much larger a group is in the picture than its own coordinates say."""
    a, b, c, d, _, _ = group.matrix
    return max(math.sqrt(abs(a * d - b * c)), 1e-6)


def moved(group: Group) -> str:
    """Return a group as one element, in its place."""
    numbers = " ".join(f"{value:.6g}" for value in group.matrix)
    return f'<g transform="matrix({numbers})">\n{group.paths}\n</g>'


def shrunk(groups: Sequence[Group], scale: float) -> list[Group]:
    """Return groups made smaller towards the middle of the picture."""
    margin = SIDE * (1 - scale) / 2
    scaled = []
    for group in groups:
        a, b, c, d, x, y = (scale * value for value in group.matrix)
        scaled.append(replace(group, matrix=(a, b, c, d, x + margin, y + margin)))
    return scaled


def shapes(group: Group) -> Iterator[Shape]:
    """Yield the filled paths of a group, those at the back first, without patterns on them."""
    scale = scale_of(group)
    for element in group.paths.splitlines():
        fill, shape = _FILL.search(element), _SHAPE.search(element)
        if fill and shape and element.startswith("<path"):
            yield Shape(element, fill[1].lower(), _enclosed(shape[1]) * scale**2)


def _enclosed(shape: str) -> float:
    """About the area that a path encloses: of the polygon through its points, holes left out."""
    area = 0.0
    for outline in shape.split("Z"):
        numbers = np.array(_NUMBER.findall(outline), dtype=np.float64)
        x_P, y_P = numbers[: len(numbers) // 2 * 2].reshape(-1, 2).T
        area += float(np.dot(x_P, np.roll(y_P, -1)) - np.dot(y_P, np.roll(x_P, -1))) / 2
    return abs(area)


# Colours


def in_oklab(colour: str) -> npt.NDArray[Any]:
    """Return a colour #rrggbb or #rgb in OKLab."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    rgb_13 = np.array([[int(digits[start : start + 2], 16) for start in (0, 2, 4)]], dtype=np.uint8)
    return np.asarray(oklab(rgb_13)[0])


def colours_of(text: str) -> list[str]:
    """Return the colours in SVG elements, #rrggbb, each once and in order."""
    return list(dict.fromkeys(_COLOUR.findall(text)))


def with_colours(text: str, change: Callable[[str], str]) -> str:
    """Return SVG elements, each colour in them changed."""
    changed: dict[str, str] = {}

    def new(match: re.Match[str]) -> str:
        if match[0] not in changed:
            changed[match[0]] = change(match[0])
        return changed[match[0]]

    return _COLOUR.sub(new, text)


def main_colour_of(groups: Sequence[Group], least_chroma: float = 0.06) -> str:
    """Return the colour with the largest area; "" if all are near to grey."""
    areas: dict[str, float] = {}
    for group in of_role(groups, "thing"):
        for shape in shapes(group):
            areas[shape.fill] = areas.get(shape.fill, 0.0) + shape.area
    coloured = {
        fill: area for fill, area in areas.items() if np.hypot(*in_oklab(fill)[1:]) > least_chroma
    }
    return max(coloured, key=lambda fill: coloured[fill], default="")


# Grounds


def in_areas(group: Group, most_colours: int = 9) -> Group:
    """Return a background, whatever it is made of, as areas of a few colours."""
    canvas_SSC = painted_svg(svg_document([group], SIDE), SIDE)
    settings = AreaSettings(most_colours=most_colours, same_colour=0.035, least_area=160)
    areas = flat_areas(canvas_SSC, settings)
    scale = SIDE / len(areas.labels_HW)
    matrix = (scale, 0.0, 0.0, scale, 0.0, 0.0)
    return Group(name=group.name, paths=traced_paths(areas), matrix=matrix, role=group.role)


def box(fill: str, name: str = "ground") -> Group:
    """Return a ground of one colour."""
    return Group(
        name=name, paths=f'<rect width="{SIDE}" height="{SIDE}" fill="{fill}"/>', role="background"
    )
