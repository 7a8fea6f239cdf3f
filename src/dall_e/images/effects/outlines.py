"""Shapes as lines: line art for colouring in, and neon.

Each takes the groups of a picture, those at the back first, and returns its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from dall_e.images.colour import as_hex
from dall_e.images.effects.vectors import (
    SIDE,
    Shape,
    box,
    in_areas,
    in_oklab,
    moved,
    of_role,
    scale_of,
    shapes,
)
from dall_e.images.svg import Group

_FILL = re.compile(r'fill="#[0-9A-Fa-f]{6}"')
_LINE = 3.4
"""Width of a line, in pixels of a picture of SIDE."""
_THIN_LINE = 2.0
_DARK = 0.45
"""Colours darker than this are filled where they are small: pupils, noses."""
_SMALL = 0.008 * SIDE**2
"""What is small, in pixels."""
_LEAST = 0.0004 * SIDE**2
"""Smaller shapes are no lines."""


def _lined(group: Group, width: float, look: Callable[[Shape], tuple[str, str]]) -> Group:
    """A group with a line around each shape; `look` says how a shape is filled and lined."""
    elements = []
    for shape in shapes(group):
        if shape.area < _LEAST:
            continue
        fill, line = look(shape)
        elements.append(_FILL.sub(f'fill="{fill}" stroke="{line}"', shape.element, count=1))
    stroke = f'stroke-width="{width / scale_of(group):.3g}" stroke-linejoin="round"'
    return replace(group, paths="\n".join([f"<g {stroke}>", *elements, "</g>"]))


# Line art


def line_art(groups: Sequence[Group], rng: np.random.Generator, *, ground: bool) -> list[Group]:
    """Return black lines around white areas, to colour in."""
    del rng, ground
    backgrounds = [
        _lined(in_areas(group), _THIN_LINE, _to_colour_in)
        for group in of_role(groups, "background")
    ]
    return [
        *backgrounds,
        *(_lined(group, _LINE, _to_colour_in) for group in of_role(groups, "thing")),
    ]


def _to_colour_in(shape: Shape) -> tuple[str, str]:
    is_filled = shape.area < _SMALL and float(in_oklab(shape.fill)[0]) < _DARK
    return ("#000000" if is_filled else "#ffffff"), "#000000"


# Neon

_NIGHT = "#0f0c1f"
_BRICKS = ("#211a33", "#1d172e", "#251c38", "#1a152a")
_TUBES = ("#7df3ff", "#ff7de3", "#fff2a8", "#a8ffcf")
"""Colours of tubes for what is grey."""
_TUBE = 4.2
_LIGHT, _STRENGTH = 0.8, 0.19
"""Lightness and chroma of a tube, in OKLab."""


def neon(groups: Sequence[Group], rng: np.random.Generator, *, ground: bool) -> list[Group]:
    """Return glowing tubes along all borders, before a dark wall."""
    grey = _TUBES[int(rng.integers(len(_TUBES)))]

    def tube(shape: Shape) -> tuple[str, str]:
        return _NIGHT, _glowing(shape.fill, grey)

    backgrounds = [
        _lined(in_areas(group), _THIN_LINE, tube) for group in of_role(groups, "background")
    ]
    dim = [
        replace(group, paths=f'<g opacity="0.55">\n{group.paths}\n</g>') for group in backgrounds
    ]
    tubes = [_lined(group, _TUBE, tube) for group in of_role(groups, "thing")]
    cores = [
        _lined(group, _TUBE / 3.4, lambda shape: ("none", _core(_glowing(shape.fill, grey))))
        for group in of_role(groups, "thing")
    ]

    # Black screened over what is there changes nothing: only the tubes shine.
    black = [replace(group, paths=group.paths.replace(_NIGHT, "#000000")) for group in tubes]
    everything = "\n".join(moved(group) for group in black)
    glow = Group(name="glow", role="shadow", paths=_glow(everything, 9, 0.9))
    halo = Group(
        name="light on the tubes",
        role="shadow",
        paths=f'<g style="mix-blend-mode:screen">{_glow(everything, 4, 0.8)}</g>',
    )
    lit = [part for pair in zip(tubes, cores, strict=True) for part in pair]
    wall = [box(_NIGHT, "wall")] if ground or backgrounds else []
    if ground and not backgrounds:
        wall = [_bricks()]
    return [*wall, *dim, glow, *lit, halo]


def _bricks() -> Group:
    """A wall of dark bricks."""
    rows = []
    for row in range(-1, SIDE // 24 + 1):
        for column in range(-1, SIDE // 48 + 1):
            x, y = 48 * column + 24 * (row % 2), 24 * row
            tint = _BRICKS[(3 * row + 5 * column + row * column) % len(_BRICKS)]
            rows.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="46" height="22" rx="2" fill="{tint}"/>'
            )
    ground = f'<rect width="{SIDE}" height="{SIDE}" fill="{_NIGHT}"/>'
    return Group(name="wall", paths="\n".join([ground, *rows]), role="background")


def _glow(paths: str, reach: float, opacity: float) -> str:
    """Elements blurred."""
    name = f"glow-{reach:g}"
    region = 'x="-15%" y="-15%" width="130%" height="130%" color-interpolation-filters="sRGB"'
    return (
        f'<defs><filter id="{name}" {region}><feGaussianBlur stdDeviation="{reach:g}"/></filter>'
        f'</defs>\n<g filter="url(#{name})" opacity="{opacity:g}">\n{paths}\n</g>'
    )


def _glowing(colour: str, grey: str) -> str:
    """The colour of the tube for a colour: its hue, as bright as light."""
    a, b = in_oklab(colour)[1:]
    chroma = float(np.hypot(a, b))
    if chroma < 0.045:
        return grey
    return as_hex((_LIGHT - 0.1, a / chroma * _STRENGTH, b / chroma * _STRENGTH))


def _core(colour: str) -> str:
    """The middle of a tube, nearly white."""
    lightness, a, b = in_oklab(colour)
    return as_hex((0.4 * lightness + 0.6, 0.35 * a, 0.35 * b))
