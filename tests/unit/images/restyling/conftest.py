"""Drawings of a few areas, and the same things as a pen with one width would draw them."""

from __future__ import annotations

import numpy as np
import pytest

from dall_e.images.effects.vectors import SIDE
from dall_e.images.painting import painted_svg
from dall_e.images.svg import Group, svg_document

RED, GREEN, BLUE, DARK = "#dd2e44", "#3a9a3a", "#55acee", "#292f33"
SHAPES = (
    f'<path fill="{RED}" d="M60,60 L300,60 L300,300 L60,300 Z"/>\n'
    f'<path fill="{GREEN}" d="M120,120 L240,120 L240,240 L120,240 Z"/>',
    f'<path fill="{BLUE}" d="M192,40 L340,330 L44,330 Z"/>\n'
    f'<path fill="{RED}" d="M150,250 L234,250 L234,330 L150,330 Z"/>',
    f'<path fill="{GREEN}" d="M50,150 L334,150 L334,260 L50,260 Z"/>\n'
    f'<path fill="{BLUE}" d="M90,170 L190,170 L190,240 L90,240 Z"/>',
    f'<path fill="{RED}" d="M100,50 L280,50 L330,320 L60,320 Z"/>\n'
    f'<path fill="{BLUE}" d="M150,120 L230,120 L230,200 L150,200 Z"/>',
)
"""What four things are made of."""
STYLE_COLOURS = {RED: "#ea5a47", GREEN: "#b1cc33", BLUE: "#92d3f5"}


def group(paths: str, name: str = "thing") -> Group:
    return Group(name=name, paths=paths)


def pixels(paths: str, side: int = SIDE) -> np.ndarray:
    """Elements painted, uint8 [S, S, 4] premultiplied."""
    return painted_svg(svg_document([group(paths)], SIDE), side)


def in_pen(paths: str, width: float = 12.0, colour: str = "#000000") -> str:
    """The same areas in a style's colours, each with a line of one width."""
    for ours, theirs in STYLE_COLOURS.items():
        paths = paths.replace(ours, theirs)
    return f'<g stroke="{colour}" stroke-width="{width}" stroke-linejoin="round">\n{paths}\n</g>'


@pytest.fixture(scope="session")
def penned() -> list[np.ndarray]:
    """Pictures of the four things with black lines of 12 pixels."""
    return [pixels(in_pen(paths)) for paths in SHAPES]
