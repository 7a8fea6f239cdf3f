"""Which effects there are, and how they are applied: to the groups of a picture, or to its pixels.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from dall_e.images.effects.cel import anime
from dall_e.images.effects.chalk import chalk, coloured_pencils, crayon, doodle
from dall_e.images.effects.eastern import gongbi, paper_cut, porcelain, ukiyo_e
from dall_e.images.effects.emblems import icon, logo, sticker
from dall_e.images.effects.glass import enamel_pin, mosaic, stained_glass
from dall_e.images.effects.ink import ink
from dall_e.images.effects.nights import blueprint, cyberpunk, graffiti, old_photo, stamp
from dall_e.images.effects.oil import oil
from dall_e.images.effects.outlines import line_art, neon
from dall_e.images.effects.pencil import sketch
from dall_e.images.effects.pixel_art import pixel_art
from dall_e.images.effects.prints import manga, pen, pop_art, tattoo, woodcut
from dall_e.images.effects.relief import clay, low_poly, paper_layers, rendered
from dall_e.images.effects.stitches import cross_stitch, embroidery, knitting, toy_bricks
from dall_e.images.effects.texture import UInt8
from dall_e.images.effects.tones import black_and_white, poster, silhouette
from dall_e.images.effects.watercolour import watercolour
from dall_e.images.svg import Group

_MOST_PIXELS = 1024
"""Side up to which paint is laid on; larger pictures are enlarged."""


class Effect(NamedTuple):
    """One effect."""

    about: str
    """What it makes of a picture."""
    on_groups: Callable[..., list[Group]] | None = None
    """What it does with the groups of a picture, so that SVG has it, too."""
    on_pixels: Callable[..., UInt8] | None = None
    """What it does with a painted picture."""


EFFECTS = {
    "pixel art": Effect("a coarse grid of few colours", on_pixels=pixel_art),
    "silhouette": Effect("everything in one dark colour", silhouette),
    "line art": Effect("black lines around white areas, to colour in", line_art),
    "sticker": Effect("a white rim and a soft shadow", sticker),
    "black and white": Effect("greys instead of colours", black_and_white),
    "sketch": Effect("pencil lines and hatching", on_pixels=sketch),
    "watercolour": Effect("pale washes on rough paper", on_pixels=watercolour),
    "oil painting": Effect("strokes of thick paint", on_pixels=oil),
    "ink painting": Effect("brush and ink on rice paper, with a seal", on_pixels=ink),
    "neon": Effect("glowing tubes before a dark wall", neon),
    "poster": Effect("a few colours of old prints, before rays", poster),
    "logo": Effect("a white mark on a disc of one colour", logo),
    "icon": Effect("a white mark on a tile with round corners", icon),
    "stained glass": Effect("panes of bright glass in lead", on_pixels=stained_glass),
    "mosaic": Effect("small stones in mortar", on_pixels=mosaic),
    "enamel pin": Effect("glossy enamel between ridges of gold", on_pixels=enamel_pin),
    "chalk": Effect("chalk on a green board", on_pixels=chalk),
    "crayon": Effect("thick wax strokes, as children draw", on_pixels=crayon),
    "coloured pencils": Effect("fine strokes of coloured pencils", on_pixels=coloured_pencils),
    "doodle": Effect("a marker's black lines beside loose colours", on_pixels=doodle),
    "low poly": Effect("triangles of one colour, lit from above", on_pixels=low_poly),
    "3d render": Effect("glossy bodies in a studio", on_pixels=rendered),
    "clay": Effect("soft bodies of modelling clay", on_pixels=clay),
    "paper layers": Effect("coloured sheets that cast shadows", on_pixels=paper_layers),
    "paper-cut": Effect("a sheet of red paper with parts cut out", on_pixels=paper_cut),
    "pop art": Effect("bright inks, thick lines and dots", on_pixels=pop_art),
    "manga": Effect("black lines, screens of dots and rays", on_pixels=manga),
    "anime": Effect("flat colours with one hard shadow", on_pixels=anime),
    "woodcut": Effect("black ink from a carved block", on_pixels=woodcut),
    "pen drawing": Effect("fine lines of a pen, crossed in shadows", on_pixels=pen),
    "tattoo": Effect("bold black lines and shades of dots", on_pixels=tattoo),
    "gongbi": Effect("fine lines and fading colours on silk", on_pixels=gongbi),
    "ukiyo-e": Effect("muted inks within blue lines", on_pixels=ukiyo_e),
    "blue and white porcelain": Effect("cobalt blue on a white plate", on_pixels=porcelain),
    "cyberpunk": Effect("night in the light of pink and cyan signs", on_pixels=cyberpunk),
    "old photo": Effect("a brown print with a white border", on_pixels=old_photo),
    "blueprint": Effect("white lines on the blue of a plan", on_pixels=blueprint),
    "graffiti": Effect("spray paint on a wall of bricks", on_pixels=graffiti),
    "stamp": Effect("a postage stamp with toothed edges", on_pixels=stamp),
    "embroidery": Effect("areas filled with shining thread", on_pixels=embroidery),
    "cross-stitch": Effect("crosses of thread on linen", on_pixels=cross_stitch),
    "knitting": Effect("loops of wool", on_pixels=knitting),
    "toy bricks": Effect("bricks with studs", on_pixels=toy_bricks),
}
"""Every effect by its name."""


def is_drawn_in_groups(name: str) -> bool:
    """Whether a style is an effect on groups, which SVG has, too."""
    return name in EFFECTS and EFFECTS[name].on_groups is not None


def styled_groups(
    groups: Sequence[Group], name: str, seed: int, *, ground: bool = True
) -> list[Group]:
    """Return the groups of a picture with an effect; as they are, if it is one on pixels, or none.

    seed: small differences, such as which ground. ground: whether what a style has for a ground,
    such as the wall behind neon, is in the picture.
    """
    effect = EFFECTS.get(name)
    if effect is None or effect.on_groups is None:
        return list(groups)
    return effect.on_groups(groups, _chance(name, seed), ground=ground)


def styled_pixels(image_SSC: UInt8, name: str, seed: int, *, ground: bool = True) -> UInt8:
    """Return a picture, premultiplied RGBA, with an effect; as it is, if it is one on groups.

    seed, ground: as in `styled_groups`.
    """
    effect = EFFECTS.get(name)
    if effect is None or effect.on_pixels is None:
        return image_SSC
    side, chance = len(image_SSC), _chance(name, seed)
    if side <= _MOST_PIXELS or effect.on_pixels is pixel_art:
        return effect.on_pixels(image_SSC, chance, ground=ground)
    small: Any = cv2.resize(image_SSC, (_MOST_PIXELS,) * 2, interpolation=cv2.INTER_AREA)
    painted = effect.on_pixels(small, chance, ground=ground)
    return np.asarray(cv2.resize(painted, (side, side), interpolation=cv2.INTER_CUBIC))


def _chance(name: str, seed: int) -> np.random.Generator:
    """The random numbers of an effect on the picture of a seed."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
