"""A scene put together from pictures of its things: the places of `settled_layouts.py`, painted
backgrounds, shadows.

Shapes: S the side of the result, H W rows and columns of a sprite, C 4 channels (premultiplied
RGBA).
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dall_e.images.backgrounds import background
from dall_e.images.colour import colour_word, largest_colour, recoloured
from dall_e.images.compositing import (
    Canvas,
    Place,
    paste,
    paste_outline,
    paste_shadow,
    resized,
)
from dall_e.images.painting import Ground
from dall_e.scenes.cutouts import SOLID, solid_box
from dall_e.scenes.graph import EYEWEAR, Scene, is_head
from dall_e.scenes.slots import canonical_places

_CELLS = 12
_GLASSES = 0.66
"""Width of glasses, as a fraction of the head's."""
_EYES = (0.25, 0.65)
"""Where eyes may be, as fractions of a head's height, and where they are looked for from side to
side."""
_EYES_ACROSS = (0.15, 0.42)
_DARK = 90
_LIGHT = 235
"""Least of red, green and blue that makes a thing white enough to need an edge."""


def assemble(
    scene: Scene,
    sprites: Sequence[Canvas],
    side: int,
    seed: int,
    turning: Sequence[bool] = (False,) * 3,
) -> Canvas:
    """The picture, uint8 [S, S, C]: each object of the scene is its sprite, cut to what is seen of
    it by `sprite_of`.

    `seed` chooses among the few ways to paint a place. Without a place what is between the things
    is transparent. `turning`: for each object, whether every second one looks the other way.
    """
    canvas_SSC = np.zeros((side, side, 4), dtype=np.uint8)
    ground: Ground | None = None
    if scene.background:
        painter = random.Random(f"assembly/{seed}")
        canvas_SSC[..., :3], ground = background(
            scene.background, side, painter, scene.background_colour
        )
        canvas_SSC[..., 3] = 255
    done: Counter[int] = Counter()
    aspects = [sprite_HWC.shape[1] / sprite_HWC.shape[0] for sprite_HWC in sprites]
    glasses = (
        scene.relation == "on"
        and scene.objects[0].name in EYEWEAR
        and is_head(scene.objects[1].name)
    )
    places = (
        _worn(scene, sprites, ground)
        if glasses
        else canonical_places(scene, aspects, ground, _CELLS)
    )
    for place in places:
        if place.shadow:
            paste_shadow(canvas_SSC, place)
        width, height = (max(round(length * side), 1) for length in (place.width, place.height))
        turned = turning[place.index] and done[place.index] % 2
        done[place.index] += 1
        small_HWC = resized(sprites[place.index][:, :: -1 if turned else 1], width, height)
        _paste_edged(canvas_SSC, small_HWC, place)
    return canvas_SSC


def _worn(scene: Scene, sprites: Sequence[Canvas], ground: Ground | None) -> list[Place]:
    """Heads as if there were nothing else, and glasses before their eyes."""
    glasses_HWC, head_HWC = sprites
    heads = dataclasses.replace(scene, objects=scene.objects[1:], relation="")
    eyes, places = eye_level(head_HWC), []
    for head in canonical_places(heads, [head_HWC.shape[1] / head_HWC.shape[0]], ground, _CELLS):
        width = _GLASSES * head.width
        height = width * glasses_HWC.shape[0] / glasses_HWC.shape[1]
        y = head.y + (eyes - 0.5) * head.height
        places += [
            dataclasses.replace(head, index=1),
            Place(index=0, x=head.x, y=y, width=width, height=height),
        ]
    return places


def eye_level(head_HWC: Canvas) -> float:
    """How far down the eyes of a face are, as a fraction of its height: where it is dark left and
    right of the middle."""
    height, width, _ = head_HWC.shape
    dark_HW = (head_HWC[..., :3].max(2) < _DARK) & (head_HWC[..., 3] > SOLID)
    first, last = (round(width * fraction) for fraction in _EYES_ACROSS)
    left_H, right_H = dark_HW[:, first:last].sum(1), dark_HW[:, width - last : width - first].sum(1)
    both_H = np.convolve(np.minimum(left_H, right_H), np.ones(max(height // 8, 1)), mode="same")
    top, bottom = (round(height * fraction) for fraction in _EYES)
    if not both_H[top:bottom].any():
        return (_EYES[0] + _EYES[1]) / 2
    level: float = (top + both_H[top:bottom].argmax() + 0.5) / height
    return level


def alone(image_HWC: Canvas, side: int) -> Canvas:
    """A drawing (premultiplied RGBA) of one thing where it was drawn, uint8 [S, S, C]."""
    canvas_SSC = np.zeros((side, side, 4), dtype=np.uint8)
    _paste_edged(
        canvas_SSC,
        resized(image_HWC, side, side),
        Place(index=0, x=0.5, y=0.5, width=1.0, height=1.0),
    )
    return canvas_SSC


def _paste_edged(canvas_SSC: Canvas, sprite_HWC: Canvas, place: Place) -> None:
    """With an edge if it is so light that it would be lost on white or on snow."""
    if _is_light(sprite_HWC):
        paste_outline(canvas_SSC, sprite_HWC, place)
    paste(canvas_SSC, sprite_HWC, place)


def painted(image_HWC: Canvas, colour: str) -> Canvas:
    """A drawing (premultiplied RGBA) with its largest part in `colour`; itself for no colour or the
    one that it has."""
    main = largest_colour(image_HWC) if colour else None
    if main is None or colour_word(main) == colour:
        return image_HWC
    return recoloured(image_HWC, main, colour)


def sprite_of(image_HWC: npt.NDArray[np.uint8]) -> Canvas:
    """What is seen of a picture (premultiplied RGBA), without the transparency around it; all of an
    opaque picture."""
    corners = image_HWC[[0, 0, -1, -1], [0, -1, 0, -1], 3]
    box = None if (corners >= SOLID).all() else solid_box(image_HWC[..., 3])
    if box is None:
        return image_HWC
    left, top, right, bottom = box
    return image_HWC[top:bottom, left:right]


def _is_light(sprite_HWC: Canvas) -> bool:
    """Whether its edge would be lost on snow, or on white."""
    solid_HW = sprite_HWC[..., 3] >= 250
    return bool(solid_HW.any()) and bool(
        (sprite_HWC[solid_HW][:, :3].min(1) >= _LIGHT).mean() > 0.6
    )
