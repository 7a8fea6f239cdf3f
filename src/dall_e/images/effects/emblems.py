"""Pictures for products: sticker, logo, icon.

Each takes the groups of a picture, those at the back first, and returns its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dall_e.images.colour import as_hex
from dall_e.images.effects.vectors import (
    SIDE,
    Shape,
    box,
    in_oklab,
    main_colour_of,
    moved,
    of_role,
    scale_of,
    shapes,
    shrunk,
)
from dall_e.images.svg import Group

# Sticker

_RIM = 11.0
"""Width of the white rim, in pixels of a picture of SIDE."""
_STICKER = 0.86
"""Side of what is on a sticker, as a part of the picture's."""
_TABLES = ("#dfe7ee", "#f3e3d8", "#e2ebdc", "#e8e1f0")
"""Colours of what a sticker lies on."""


def sticker(groups: Sequence[Group], rng: np.random.Generator, *, ground: bool) -> list[Group]:
    """Return a sticker with a white rim and a soft shadow; `ground` lays it on a pale table."""
    table = [box(_TABLES[int(rng.integers(len(_TABLES)))], "table")] if ground else []
    if any(group.name != "plain" for group in of_role(groups, "background")):
        return [*table, *_card(groups)]
    small = shrunk(of_role(groups, "thing"), _STICKER)
    rims = [
        replace(group, name=f"rim of {group.name}", paths=_rim(group), role="edge")
        for group in small
    ]
    return [*table, _cast(rims), *rims, *small]


def _rim(group: Group, width: float = _RIM, colour: str = "#ffffff") -> str:
    """The shapes of a group in one colour, grown by a width on all sides."""
    elements = [shape.element.replace(shape.fill, colour) for shape in _lower(group)]
    stroke = f'stroke="{colour}" {_joined(2 * width / scale_of(group))}'
    return "\n".join([f"<g {stroke}>", *elements, "</g>"])


def _joined(width: float) -> str:
    return f'stroke-width="{width:.3g}" stroke-linejoin="round"'


def _lower(group: Group) -> list[Shape]:
    """The shapes of a group, their colours as they are written in small letters."""
    return [
        shape._replace(element=shape.element.replace(shape.fill.upper(), shape.fill))
        for shape in shapes(group)
    ]


def _cast(rims: Sequence[Group]) -> Group:
    """The soft shadow of what has these rims."""
    dark = "\n".join(moved(group).replace("#ffffff", "#1b2430") for group in rims)
    return _shadow(dark)


def _shadow(dark: str) -> Group:
    blur = (
        '<defs><filter id="shadow" x="-15%" y="-15%" width="130%" height="130%">'
        '<feGaussianBlur stdDeviation="4"/></filter></defs>'
    )
    moved_dark = (
        f'<g filter="url(#shadow)" opacity="0.34" transform="translate(2 5)">\n{dark}\n</g>'
    )
    return Group(name="shadow", paths=f"{blur}\n{moved_dark}", role="shadow")


def _card(groups: Sequence[Group]) -> list[Group]:
    """A scene on a sticker with round corners."""
    margin = SIDE * (1 - _STICKER) / 2
    inner = _frame(margin, 34)
    outer = _frame(margin - _RIM, 34 + _RIM)
    clip = f'<defs><clipPath id="card"><rect {inner}/></clipPath></defs>'
    scene = "\n".join(moved(group) for group in shrunk(groups, _STICKER))
    return [
        _shadow(f'<rect {outer} fill="#1b2430"/>'),
        Group(name="rim", paths=f'<rect {outer} fill="#ffffff"/>', role="edge"),
        Group(name="scene", paths=f'{clip}\n<g clip-path="url(#card)">\n{scene}\n</g>'),
    ]


def _frame(margin: float, radius: float) -> str:
    """A square with round corners so far inside of the picture, as attributes."""
    side = SIDE - 2 * margin
    return f'x="{margin:g}" y="{margin:g}" width="{side:g}" height="{side:g}" rx="{radius:g}"'


# Logo and icon

_BRANDS = ("#1d4ed8", "#0f766e", "#b42318", "#6d28d9", "#c2410c", "#15803d")
"""Colours for what has none of its own."""
_ON_ROUND, _ON_SQUARE = 0.64, 0.7
"""Side of the mark, as a part of the picture's."""
_GAP = 2.6
"""Width of the gaps between areas of a mark."""
_DETAIL = 0.2
"""What is so much darker than usual is a hole of the mark, in OKLab."""
_THIN_RIM = 3.0
_FEW, _ONE_COLOUR, _STRONG = 3, 0.12, 0.08
"""A plain shape has so few parts, their colours no farther apart, and not grey, in OKLab."""


def logo(groups: Sequence[Group], rng: np.random.Generator, *, ground: bool) -> list[Group]:
    """Return a white mark on a disc of the thing's colour."""
    del ground
    brand = _brand(groups, rng)
    disc = f'<circle cx="{SIDE / 2:g}" cy="{SIDE / 2:g}" r="{SIDE * 0.47:g}" fill="{brand}"/>'
    ring = (
        f'<circle cx="{SIDE / 2:g}" cy="{SIDE / 2:g}" r="{SIDE * 0.435:g}" fill="none" '
        'stroke="#ffffff" stroke-width="4"/>'
    )
    return [Group(name="disc", paths=f"{disc}\n{ring}"), *_mark(groups, brand, _ON_ROUND)]


def icon(groups: Sequence[Group], rng: np.random.Generator, *, ground: bool) -> list[Group]:
    """Return a white mark on a square with round corners; a plain shape keeps its colour on a
    light one: a red heart."""
    del ground
    brand = _brand(groups, rng)
    is_plain = _is_plain(groups)
    lab_3 = in_oklab(brand)
    light = as_hex(lab_3 + (0.1, 0.0, 0.0))
    if is_plain:
        tints = ((0.985, 0.08), (0.93, 0.16))
        light, brand = (as_hex((level, part * lab_3[1], part * lab_3[2])) for level, part in tints)
    fade = (
        '<defs><linearGradient id="fade" x1="0" y1="0" x2="0" y2="1"><stop offset="0" '
        f'stop-color="{light}"/><stop offset="1" stop-color="{brand}"/></linearGradient></defs>'
    )
    margin = SIDE * 0.04
    square = (
        f'<rect x="{margin:g}" y="{margin:g}" width="{SIDE - 2 * margin:g}" '
        f'height="{SIDE - 2 * margin:g}" rx="{SIDE * 0.2:g}" fill="url(#fade)"/>'
    )
    tile = Group(name="tile", paths=f"{fade}\n{square}")
    if is_plain:
        return [tile, *shrunk(of_role(groups, "thing"), _ON_SQUARE)]
    return [tile, *_mark(groups, brand, _ON_SQUARE)]


def _is_plain(groups: Sequence[Group]) -> bool:
    """Whether all that is shown is one thing of one strong colour, as a heart or a star."""
    things = of_role(groups, "thing")
    if len(things) != 1:
        return False
    labs = [np.asarray(in_oklab(shape.fill)) for shape in _lower(things[0])]
    if not labs or len(labs) > _FEW:
        return False
    spread = max(float(np.linalg.norm(lab - labs[0])) for lab in labs)
    return spread < _ONE_COLOUR and float(np.hypot(*labs[0][1:])) > _STRONG


def _brand(groups: Sequence[Group], rng: np.random.Generator) -> str:
    """The colour of the ground: the thing's own, deep enough for white on it."""
    main = main_colour_of(groups)
    if not main:
        return _BRANDS[int(rng.integers(len(_BRANDS)))]
    lightness, a, b = in_oklab(main)
    # White is seen on yellow only if that is half orange.
    is_yellow = b > abs(a) * 1.5
    return (
        as_hex((min(float(lightness), 0.66), a + 0.06, b))
        if is_yellow
        else as_hex((min(float(lightness), 0.56), a, b))
    )


def _mark(groups: Sequence[Group], brand: str, side: float) -> list[Group]:
    """The things in white, dark areas as holes and gaps between areas; around all a white rim."""
    marks = []
    for group in shrunk(of_role(groups, "thing"), side):
        parts = _lower(group)
        lights = [float(in_oklab(shape.fill)[0]) for shape in parts]
        total = sum(shape.area for shape in parts) or 1.0
        usual = sum(map(float.__mul__, lights, [shape.area for shape in parts])) / total

        gap = f'stroke="{brand}" {_joined(_GAP / scale_of(group))}'
        elements = [_rim(group, _THIN_RIM)]
        for light, shape in zip(lights, parts, strict=True):
            fill = "#ffffff" if light > usual - _DETAIL else brand
            elements.append(shape.element.replace(f'fill="{shape.fill}"', f'fill="{fill}" {gap}'))
        marks.append(replace(group, paths="\n".join(elements)))
    return marks
