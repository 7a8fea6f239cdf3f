"""Other colours for the same shapes: black and white, silhouette, poster.

Each takes the groups of a picture, those at the back first, and returns its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dall_e.images.colour import as_hex
from dall_e.images.effects.vectors import SIDE, box, in_areas, in_oklab, of_role, with_colours
from dall_e.images.svg import Group

_FILLS = re.compile(r'fill="(?:#[0-9A-Fa-f]{3,6}|url\([^)]*\))"')
_DEFINITIONS = re.compile(r"<defs>.*?</defs>\n?", re.DOTALL)

# Black and white


def black_and_white(
    groups: Sequence[Group], rng: np.random.Generator, *, ground: bool
) -> list[Group]:
    """Return a picture in greys."""
    del rng, ground
    return [replace(group, paths=with_colours(group.paths, _grey)) for group in groups]


def _grey(colour: str) -> str:
    """A grey as light as a colour, with a little more contrast."""
    lightness = float(in_oklab(colour)[0])
    return as_hex((np.clip(0.5 + 1.12 * (lightness - 0.52), 0, 1), 0, 0))


# Silhouette

SILHOUETTE = "#17181c"
"""The colour of a silhouette."""


def silhouette(groups: Sequence[Group], rng: np.random.Generator, *, ground: bool) -> list[Group]:
    """Return the things in one dark colour; behind them a background stays, and is made light."""
    del rng, ground
    things = of_role(groups, "thing")
    dark = [replace(group, paths=_in_one_colour(group.paths, SILHOUETTE)) for group in things]
    lit = [
        replace(group, paths=f'{group.paths}\n<rect width="{SIDE}" height="{SIDE}" {_GLOW}/>')
        for group in of_role(groups, "background")
    ]
    return [*lit, *dark]


_GLOW = 'fill="#fff3d6" fill-opacity="0.38"'


def _in_one_colour(paths: str, colour: str) -> str:
    """Elements without patterns, all filled with a colour."""
    return _FILLS.sub(f'fill="{colour}"', _DEFINITIONS.sub("", paths))


# Poster

_RETRO = (
    "#f6e7c6", "#f2b84b", "#ffd97a", "#e89a3c", "#e07a3f", "#c8402f", "#7c2f35", "#f0a7a0",
    "#8bb8a8", "#2f7f79", "#1f3b57", "#6d8c3f", "#2f4a33", "#8a5a36", "#4b3a5e", "#fff8e8",
    "#a9b7bd", "#22252c", "#4f86a8", "#d8d3c4", "#6f7f8c", "#a4cbdc", "#6fb0d0",
)  # fmt: skip
"""Colours of old prints."""
_DIFFERENT, _TAKEN = 0.06, 0.045
"""Colours that differ by more are not printed with one ink, if another is at most so much farther
off, in OKLab."""
_RAYS = (
    ("#f6e7c6", "#f0d9a4"),
    ("#d9e4d2", "#c6d8c6"),
    ("#f3d9c8", "#ebc6ae"),
    ("#d5e2e6", "#bed3da"),
)
"""Pairs of colours for the rays behind a thing."""
_RAY_COUNT = 16


def poster(groups: Sequence[Group], rng: np.random.Generator, *, ground: bool) -> list[Group]:
    """Return a picture in a few colours of old prints, on a ground of rays."""
    originals = [
        in_areas(group) if group.role == "background" else group
        for group in of_role(groups, "background", "thing")
    ]
    press = _Press()
    printed = [replace(group, paths=with_colours(group.paths, press)) for group in originals]
    if not ground or of_role(groups, "background"):
        return printed
    pale, strong = _RAYS[int(rng.integers(len(_RAYS)))]
    shadow = [
        replace(
            group,
            name=f"shadow of {group.name}",
            paths=_in_one_colour(group.paths, "#22252c").join(('<g opacity="0.16">\n', "\n</g>")),
            matrix=(*group.matrix[:4], group.matrix[4] + 7, group.matrix[5] + 7),
            role="shadow",
        )
        for group in of_role(groups, "thing")
    ]
    turn = float(rng.random()) * 2 * np.pi / _RAY_COUNT
    return [box(pale), _rays(strong, turn), *shadow, *printed]


class _Press:
    """Prints colours with those of old prints; two that differ are not printed with one."""

    def __init__(self) -> None:
        self._printed: dict[str, list[Any]] = {}

    def __call__(self, colour: str) -> str:
        lab_3 = in_oklab(colour)

        def gap(ink: str) -> float:
            """How far off an ink is; hue counts more than lightness."""
            others = [np.linalg.norm(lab_3 - other) for other in self._printed.get(ink, ())]
            taken = _TAKEN if max(others, default=0.0) > _DIFFERENT else 0.0
            return taken + float(np.linalg.norm((in_oklab(ink) - lab_3) * (0.8, 1, 1)))

        ink = min(_RETRO, key=gap)
        self._printed.setdefault(ink, []).append(lab_3)
        return ink


def _rays(colour: str, turn: float) -> Group:
    """Rays from the middle of the picture."""
    middle, reach = SIDE / 2, SIDE
    rays = []
    for number in range(_RAY_COUNT):
        edges = turn + (np.array([number, number + 0.5]) * 2 * np.pi / _RAY_COUNT)
        points = " ".join(
            f"{middle + reach * np.cos(edge):.1f},{middle + reach * np.sin(edge):.1f}"
            for edge in edges
        )
        rays.append(f'<polygon points="{middle:g},{middle:g} {points}" fill="{colour}"/>')
    return Group(name="rays", paths="\n".join(rays), role="background")
