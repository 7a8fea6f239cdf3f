"""Drawings in a style that was found in pictures: colours, lines, light, grain, ground.

It takes the groups of a picture, those at the back first, and returns its own, so that SVG has the
style, too. Only grain, and effects on pixels, are laid over the painted picture.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from dall_e.images.colour import as_hex
from dall_e.images.effects.catalogue import is_drawn_in_groups, styled_pixels
from dall_e.images.effects.catalogue import styled_groups as with_effect
from dall_e.images.effects.texture import noise
from dall_e.images.effects.vectors import (
    SIDE,
    box,
    colours_of,
    in_areas,
    in_oklab,
    of_role,
    scale_of,
    shrunk,
    with_colours,
)
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.images.restyling.lines import Pen, lines_of, parts_of
from dall_e.images.svg import Group

UInt8 = npt.NDArray[np.uint8]

_BEHIND = 0.55
"""Width of lines in a background, beside those of things."""
_BEHIND_CONTRAST = 0.12
_MOST_BEHIND = 16
"""Colours of a background before it has those of the style."""
_SMALL = 0.5
"""A thing that is half as large has lines that are this power of it as wide."""
_CLIPPED = re.compile(
    r"^(?P<head><clipPath .*</clipPath>\n<g clip-path=\"[^\"]+\">)\n(?P<inner>.*)\n</g>$", re.DOTALL
)
"""What of a thing is before others (`planning/layer_groups.py`)."""
_FILLED = re.compile(r'<path\b[^>]*? fill="(#[0-9a-f]{6})"[^>]*>')
_OUTLINE = re.compile(r' d="([^"]*)"')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_LEAST_FALL = 0.01
_GRAIN = 1.6
"""Size of a grain, in pixels of a picture of SIDE."""


def needs_pixels(style: FittedStyle) -> bool:
    """Whether something of a style is laid over the painted picture, which SVG cannot have."""
    return style.grain > 0 or (bool(style.effect) and not is_drawn_in_groups(style.effect))


def redrawn_groups(
    groups: Sequence[Group],
    style: FittedStyle,
    seed: int,
    *,
    ground: bool = True,
    fineness: int = 2,
) -> list[Group]:
    """Return the groups of a picture in a style.

    Groups that are in it already (`Group.style`) stay as they are. ground: with the colour behind
    everything that the style has. fineness: pixels for each of the picture's, for finding lines.
    """
    backgrounds = of_role(groups, "background")
    others = [group for group in groups if group.role != "background"]
    is_own = all(group.style == style.name for group in of_role(groups, "thing"))
    if not backgrounds and not is_own and style.room != 1:
        others = shrunk(others, style.room)
    drawn = [each for group in backgrounds for each in _behind(group, style, fineness)]
    if not backgrounds and style.ground and ground:
        drawn.append(box(style.ground))
    for group in others:
        drawn += _redrawn(group, style, fineness)
    return with_effect(drawn, style.effect, seed, ground=ground)


def redrawn_pixels(
    image_SSC: UInt8, style: FittedStyle, seed: int, *, ground: bool = True
) -> UInt8:
    """Return a painted picture, premultiplied RGBA, with what a style lays over it."""
    image_SSC = styled_pixels(image_SSC, style.effect, seed, ground=ground)
    return _grained(image_SSC, style, seed) if style.grain else image_SSC


def _redrawn(group: Group, style: FittedStyle, fineness: int) -> list[Group]:
    """A thing, its edge, its shadow, or a cord."""
    if group.style == style.name or group.role == "shadow":
        return [group]
    if group.role == "edge":
        return [] if style.line_width else [_coloured(group, style)]
    clipped = _CLIPPED.match(group.paths)
    if clipped:
        whole = replace(group, paths=clipped["inner"])
        return [_clipped(part, clipped["head"], group) for part in _redrawn(whole, style, fineness)]
    return [_coloured(group, style), *_lines(group, style, fineness)]


def _clipped(part: Group, head: str, group: Group) -> Group:
    """A part of a thing cut out as the thing is."""
    if part.matrix == group.matrix:
        return replace(part, paths=f"{head}\n{part.paths}\n</g>")
    # Lines lie in the picture: they go where the thing is, and there they are cut out.
    inner = np.linalg.inv(_matrix(group)) @ _matrix(part)
    (a, c, x), (b, d, y) = inner[0], inner[1]
    name = re.search(r'id="([^"]+)"', head)
    head = head.replace(name[1], f"{name[1]}-lines") if name else head
    moved = f'<g transform="matrix({a:.6g} {b:.6g} {c:.6g} {d:.6g} {x:.6g} {y:.6g})">'
    paths = f"{head}\n{moved}\n{part.paths}\n</g>\n</g>"
    return replace(part, paths=paths, matrix=group.matrix)


def _matrix(group: Group) -> npt.NDArray[np.float64]:
    a, b, c, d, x, y = group.matrix
    return np.array([[a, c, x], [b, d, y], [0, 0, 1]], dtype=np.float64)


# Colours


def _coloured(group: Group, style: FittedStyle) -> Group:
    """A group in the colours of a style."""
    if len(style.colours.palette_K3):
        is_thing = group.role != "background"
        change = style.colours.of_thing if is_thing else style.colours.of_places
        own = colours_of(group.paths)
        new_P3 = change(np.array([in_oklab(colour) for colour in own]).reshape(-1, 3))
        new = {colour: as_hex(lab_3) for colour, lab_3 in zip(own, new_P3, strict=True)}
        group = replace(group, paths=with_colours(group.paths, new.__getitem__))
    if group.role != "background" and abs(style.fall) > _LEAST_FALL:
        group = replace(group, paths=_lit(group.paths, style.fall, scale_of(group)))
    return group


def _lit(paths: str, fall: float, scale: float) -> str:
    """Elements whose areas get darker downwards."""
    gradients: dict[str, str] = {}

    def shaded(match: re.Match[str]) -> str:
        outline = _OUTLINE.search(match[0])
        numbers = np.array(_NUMBER.findall(outline[1]) if outline else [], dtype=np.float64)
        height = np.ptp(numbers[1::2]) * scale / SIDE if len(numbers) > 3 else 0.0
        # In steps, so that a drawing has few gradients
        half = round(abs(fall) * min(height, 1.0) / 2, 2) * np.sign(fall)
        if not half:
            return match[0]
        name = f"fall-{match[1][1:]}-{round(100 * half)}"
        light, a, b = in_oklab(match[1])
        ends = [as_hex((min(max(light + side * half, 0), 1), a, b)) for side in (1, -1)]
        gradients[name] = (
            f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" '
            f'stop-color="{ends[0]}"/><stop offset="1" stop-color="{ends[1]}"/></linearGradient>'
        )
        return match[0].replace(f'fill="{match[1]}"', f'fill="url(#{name})"')

    lit = _FILLED.sub(shaded, paths)
    return f"<defs>{''.join(gradients.values())}</defs>\n{lit}" if gradients else lit


# Lines


def _lines(group: Group, style: FittedStyle, fineness: int) -> Sequence[Group]:
    """The lines of a thing."""
    if not style.line_width:
        return ()
    whole = SIDE * min(style.room, 1.0)
    size = min(scale_of(group) * _own_side(group) / whole, 1.0)
    pen = Pen(width=style.line_width * size**_SMALL, least_contrast=style.least_contrast)
    return _lined(group, pen, style.line_colour, style.line_shade, fineness)


def _own_side(group: Group) -> float:
    """About the side of the square in which a group's paths lie."""
    numbers = [float(n) for d in _OUTLINE.findall(group.paths) for n in _NUMBER.findall(d)]
    return max(numbers, default=float(SIDE))


@lru_cache(maxsize=256)
def _lined(group: Group, pen: Pen, colour: str, shade: float, fineness: int) -> tuple[Group, ...]:
    """The lines of a group, kept: ways that differ in colours or light have the same ones."""
    parts = parts_of(group, pen, fineness)
    if parts is None:
        return ()
    return (lines_of(parts, pen, group.name, colour, shade, fineness),)


def _behind(group: Group, style: FittedStyle, fineness: int) -> list[Group]:
    """A background: of areas, in the style's colours, with finer lines."""
    if group.name == "plain":
        return [_coloured(group, style)]
    areas = in_areas(group, _MOST_BEHIND)
    drawn = [_coloured(areas, style)]
    if style.line_width and style.least_contrast < np.inf:
        contrast = max(style.least_contrast, _BEHIND_CONTRAST)
        pen = Pen(width=style.line_width * _BEHIND, least_contrast=contrast)
        lines = _lined(areas, pen, style.line_colour, style.line_shade, fineness)
        drawn += [replace(each, role="background") for each in lines]
    return drawn


# Grain


def _grained(image_SSC: UInt8, style: FittedStyle, seed: int) -> UInt8:
    """A picture with fine differences of lightness where something is."""
    rng = np.random.default_rng([seed, zlib.crc32(style.name.encode())])
    side = len(image_SSC)
    small = min(side, 1024)
    lumps_SS = noise(small, _GRAIN, rng) * style.grain
    lumps_SS = np.asarray(cv2.resize(lumps_SS, (side, side)), dtype=np.float32)
    alpha_SS1 = image_SSC[..., 3:].astype(np.float32)
    colour_SS3 = image_SSC[..., :3] + lumps_SS[..., None] * alpha_SS1
    grained_SSC = np.concatenate((np.clip(colour_SS3, 0, alpha_SS1), alpha_SS1), axis=2)
    return np.asarray(grained_SSC.round(), dtype=np.uint8)
