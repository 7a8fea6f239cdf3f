"""Which effects there are, and how they are applied: to the groups of a picture, or to its pixels.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from dall_e.images.effects.emblems import icon, logo, sticker
from dall_e.images.effects.ink import ink
from dall_e.images.effects.oil import oil
from dall_e.images.effects.outlines import line_art, neon
from dall_e.images.effects.pencil import sketch
from dall_e.images.effects.pixel_art import pixel_art
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
