"""A style found in pictures: measured in them, and chosen by how near our drawings come to them.

What can be measured is measured (`measuring.py`): lines, palette, light, grain, ground, room. What
cannot, such as between which colours there is a line, or which effect it was that painted so, is
tried: drawings of ours are redrawn, and the way is taken whose pictures are nearest to those of the
style, in numbers that say nothing of what is shown (`descriptors.py`).

Shapes: S the side of a picture, C 4 channels (premultiplied RGBA), M pictures, F numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dall_e.images.colour import as_hex
from dall_e.images.effects.catalogue import EFFECTS
from dall_e.images.effects.vectors import SIDE
from dall_e.images.painting import painted_svg
from dall_e.images.palette import main_colours, straight_oklab
from dall_e.images.restyling.colour_map import ColourMap, framed, learned_map
from dall_e.images.restyling.descriptors import (
    distance_within,
    style_distance,
    style_numbers,
)
from dall_e.images.restyling.fitted_style import FittedStyle, in_bounds
from dall_e.images.restyling.measuring import (
    Lines,
    Seen,
    fall_of_light,
    grain_of,
    is_line,
    lines_in,
    palette_in,
    room_of,
    seen,
)
from dall_e.images.restyling.redrawing import redrawn_groups, redrawn_pixels
from dall_e.images.svg import Group, svg_document

UInt8 = npt.NDArray[np.uint8]
Floats = npt.NDArray[Any]
Drawing = Sequence[Group]

FEWEST = 3
"""Pictures that a style is found in."""
MOST_TRIED, _FIRST_TRIED = 12, 3
"""Drawings that a way is tried with, and those that every effect is tried with first."""
_TRIED_SIDE, _FIRST_SIDE = 192, 96
_FINALISTS = 3
"""Effects that are tried with all of them."""
_CONTRASTS = (math.inf, 0.4, 0.28, 0.2, 0.14, 0.09)
_STRICT = 0.9
"""A style whose areas have so much in the colours of its palette has these and no others."""
_ANCHORS, _SAME_ANCHOR = 60, 0.03
_LEAST_FALL, _LEAST_GRAIN = 0.03, 0.008
_GROUNDS = 0.6
"""So many of the pictures have a ground if the style has one."""
_EFFECT_GAIN = 0.85
"""An effect has to come so much nearer than what is simpler."""
_NEAR_ENOUGH = 0.12
"""A style that leaves less of the distance than this needs no effect."""
_ALIKE = 2.0
"""Pictures are in about our own style if they are not so much farther from our drawings than one
half of them is from the other."""
_FARTHEST = 8.0
"""What is farther than this does not look like the pictures, however far it was before."""
_LEFT_FAR = 0.7
"""A style that leaves more than this of the distance was not found."""


@dataclass(frozen=True, kw_only=True)
class StyleFit:
    """A style, and how near it comes."""

    style: FittedStyle
    before: float
    """How far our drawings are from the pictures."""
    after: float
    """How far they are once they are redrawn."""
    within: float
    """How far one half of the pictures is from the other."""
    pairs: int
    """Pictures of things of which we have a drawing."""

    @property
    def is_found(self) -> bool:
        """Whether our drawings look like the pictures once they are redrawn, or did before."""
        left = _left(self.before, self.after, self.within)
        is_near = left < _LEFT_FAR or self.before < _ALIKE * self.within
        return is_near and self.after < _FARTHEST


def _left(before: float, after: float, within: float) -> float:
    """Which part of the distance is left, from 0 to 1."""
    return max(after - within, 0.0) / max(before - within, 1e-6)


def fit_style(
    images: Sequence[UInt8],
    ours: Sequence[Drawing | None],
    others: Sequence[Drawing],
    *,
    name: str,
    name_zh: str,
    progress: Callable[[str], None] | None = None,
) -> StyleFit:
    """Find the style of pictures, uint8 [S, S, C] of SIDE.

    ours: of each picture our drawing of the same thing, or None. others: drawings of ours to try
    with where there are few of these. Deterministic. Raises ValueError for fewer than `FEWEST`
    pictures, or if none shows anything.
    """
    if len(images) < FEWEST:
        raise ValueError(
            f"a style is found in at least {FEWEST} pictures, and there are {len(images)}"
        )
    tell = progress or (lambda what: None)
    looks = [seen(image) for image in images]
    if not any(look.shown_SS.any() for look in looks):
        raise ValueError("the pictures show nothing: all of them are transparent or of one colour")
    paired = [drawing for drawing in ours if drawing is not None]
    tried = [*paired, *others][:MOST_TRIED]
    if not tried:
        raise ValueError("there is no drawing of ours to compare the pictures with")

    tell("measuring")
    target_MF = np.stack([style_numbers(image) for image in images])
    trial = _Trial(tried, target_MF)
    plain = FittedStyle(name=name, name_zh=name_zh, colours=_no_colours())
    before = trial.distance(plain)
    style = _measured(looks, ours, tried, plain)

    tell("choosing lines and colours")
    style, after = trial.nearest([style, replace(style, colours=_no_colours())])
    if style.line_width:
        ways = [replace(style, least_contrast=contrast) for contrast in _CONTRASTS]
        style, after = trial.nearest([*ways, replace(style, line_width=0.0)])
    for without in ({"fall": 0.0}, {"grain": 0.0}, {"room": 1.0}):
        plainer = replace(style, **without)  # type: ignore[arg-type]  # all of them are floats
        if plainer != style:
            style, after = trial.nearest([plainer, style])

    within = distance_within(target_MF)
    if _left(before, after, within) > _NEAR_ENOUGH:
        tell("trying effects")
        style, after = _with_effect(trial, style, plain, after)
    return StyleFit(style=style, before=before, after=after, within=within, pairs=len(paired))


class _Trial:
    """Drawings of ours that are redrawn to see how near they come."""

    def __init__(self, drawings: Sequence[Drawing], target_MF: Floats) -> None:
        self.drawings = drawings
        self.target_MF = target_MF

    def distance(
        self, style: FittedStyle, count: int = MOST_TRIED, side: int = _TRIED_SIDE
    ) -> float:
        """How far the drawings are from the pictures, in a style."""
        numbers = [style_numbers(drawn(each, style, side)) for each in self.drawings[:count]]
        return style_distance(np.stack(numbers), self.target_MF)

    def nearest(
        self, ways: Sequence[FittedStyle], count: int = MOST_TRIED, side: int = _TRIED_SIDE
    ) -> tuple[FittedStyle, float]:
        """The style that comes nearest, the first of those that are equal, and how near."""
        distances = [self.distance(way, count, side) for way in ways]
        best = int(np.argmin(distances))
        return ways[best], distances[best]


def drawn(drawing: Drawing, style: FittedStyle, side: int) -> UInt8:
    """Return a drawing in a style, uint8 [S, S, C]."""
    groups = redrawn_groups(drawing, style, 0, fineness=1)
    return redrawn_pixels(painted_svg(svg_document(groups, SIDE), side), style, 0)


def _no_colours() -> ColourMap:
    nothing = np.zeros((0, 3), np.float32)
    return ColourMap(anchors_A3=nothing, targets_A3=nothing, palette_K3=nothing, is_strict=False)


def _measured(
    looks: Sequence[Seen],
    ours: Sequence[Drawing | None],
    tried: Sequence[Drawing],
    plain: FittedStyle,
) -> FittedStyle:
    """What is counted in the pictures, as a style."""
    lines = lines_in(looks)
    palette_K3, _, matched = palette_in(looks, lines)
    grounds = [look.ground_3 for look in looks if look.ground_3 is not None]
    has_ground = len(grounds) > _GROUNDS * len(looks)
    fall, grain = fall_of_light(looks), grain_of(looks)
    # Half of a line is outside of what it is around.
    grown = lines.width / 2 if lines and lines.colour_3 is not None else 0.0
    own = [painted_svg(svg_document(each, SIDE), SIDE)[..., 3] >= 128 for each in tried]
    own_room = room_of(own, grown)
    numbers = in_bounds(
        line_width=lines.width if lines else 0.002,
        line_shade=lines.shade if lines else 0.0,
        fall=fall if abs(fall) > _LEAST_FALL else 0.0,
        grain=grain if grain > _LEAST_GRAIN else 0.0,
        room=room_of([look.shown_SS for look in looks]) / own_room,
    )
    if lines is None:
        numbers["line_width"] = 0.0
    return replace(
        plain,
        colours=_map_of(looks, ours, lines, palette_K3, matched > _STRICT),
        line_colour=as_hex(lines.colour_3) if lines and lines.colour_3 is not None else "",
        least_contrast=_CONTRASTS[2],
        ground=as_hex(np.median(np.stack(grounds), axis=0)) if has_ground else "",
        **numbers,  # type: ignore[arg-type]  # all of them are floats
    )


def _map_of(
    looks: Sequence[Seen],
    ours: Sequence[Drawing | None],
    lines: Lines | None,
    palette_K3: Floats,
    strict: bool,
) -> ColourMap:
    """Where our colours go, from the pairs."""
    if not len(palette_K3):
        return _no_colours()
    painted = {
        row: painted_svg(svg_document(each, SIDE), SIDE)
        for row, each in enumerate(ours)
        if each is not None
    }
    if not painted:
        return replace(_no_colours(), palette_K3=palette_K3, is_strict=strict)
    labs = {row: straight_oklab(image_SSC).astype(np.float32) for row, image_SSC in painted.items()}
    inside = {row: image_SSC[..., 3] > 250 for row, image_SSC in painted.items()}
    anchors_A3 = main_colours(
        np.concatenate([lab_SS3[inside[row]][::7] for row, lab_SS3 in labs.items()]),
        _ANCHORS,
        _SAME_ANCHOR,
    )
    pairs = []
    for row, lab_SS3 in labs.items():
        look = looks[row]
        fills_SS = look.flat_SS() & ~is_line(look, lines)
        theirs = framed(look.lab_SS3, look.shown_SS, fills_SS, palette_K3)
        pairs.append((framed(lab_SS3, inside[row], inside[row], anchors_A3), theirs))
    return learned_map(pairs, anchors_A3, palette_K3, strict=strict)


def _with_effect(
    trial: _Trial, style: FittedStyle, plain: FittedStyle, after: float
) -> tuple[FittedStyle, float]:
    """The style, or an effect if that comes clearly nearer, in the style's colours or its own."""
    first = [
        (trial.distance(replace(plain, effect=effect), _FIRST_TRIED, _FIRST_SIDE), effect)
        for effect in EFFECTS
    ]
    bases = (plain, replace(plain, colours=style.colours))
    ways = [
        replace(base, effect=effect) for _, effect in sorted(first)[:_FINALISTS] for base in bases
    ]
    best, distance = trial.nearest(ways)
    return (best, distance) if distance < _EFFECT_GAIN * after else (style, after)
