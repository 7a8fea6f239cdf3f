"""A scene put together from drawings of its things, with painted backgrounds and shadows.

Everything has the place that `scenes/slots.py` gives it.

Shapes: S the side of the result, H W rows and columns of a sprite, C 4 channels (premultiplied
RGBA).
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np

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
from dall_e.images.painting import painted_svg
from dall_e.images.places import Setting, place_document, scenery
from dall_e.images.strokes import Ground
from dall_e.scenes.cutouts import SOLID, solid_box
from dall_e.scenes.graph import BACKGROUNDS, Scene
from dall_e.scenes.slots import canonical_places
from dall_e.scenes.standing import ground_of
from dall_e.scenes.vocabulary import EYEWEAR, is_head

CELLS = 12
"""Cells a side, for the places of things."""
_AS_RELATIONS = {
    "wearing": "on", "riding": "on", "sitting on": "on", "hanging from": "next to",
    "full of": "inside", "eating": "next to", "drinking": "next to", "breathing": "next to",
    "pulling": "next to", "pushing": "next to", "kicking": "next to", "leading": "next to",
}  # fmt: skip
"""How two stand to each other of which one does something with the other."""
_GLASSES_WIDTH = 0.66
"""Of glasses, as a fraction of the head's."""
_EYES_DOWN = (0.25, 0.65)
"""Where eyes may be, as fractions of a head's height."""
_EYES_ACROSS = (0.15, 0.42)
"""Where an eye is looked for, as fractions of a head's width from either side."""
_DARK = 90
"""Red, green and blue are below this where it is dark."""
_LIGHT = 235
"""Red, green and blue are at least this where a thing is white."""
_MOSTLY_LIGHT = 0.6
"""Fraction of a thing that is white if its edge would be lost on white."""
_OPAQUE = 250


def assemble(
    scene: Scene,
    sprites: Sequence[Canvas],
    side: int,
    seed: int,
    alternates: Sequence[bool] = (False,) * 3,
) -> Canvas:
    """Put sprites on a background, uint8 [S, S, C].

    sprites: one for each object of the scene, cut to what is seen of it by `sprite_of`. seed:
    chooses among the few ways to paint a place; without a place it is transparent between the
    things. alternates: for each object, whether every second one looks the other way.
    """
    # The background
    canvas_SSC = np.zeros((side, side, 4), dtype=np.uint8)
    ground: Ground | None = None
    if scene.background:
        painter = random.Random(f"assembly/{seed}")
        if scene.background in BACKGROUNDS:
            canvas_SSC[..., :3], ground = background(
                scene.background, side, painter, scene.background_colour
            )
            canvas_SSC[..., 3] = 255
        else:
            drawn = scenery(Setting.of(scene.background))
            canvas_SSC = painted_svg(place_document(drawn), side)
            ground = ground_of(drawn.facts)

    # The things, those at the back first
    done: Counter[int] = Counter()
    for place in places_of(scene, sprites, ground):
        if place.shadow:
            paste_shadow(canvas_SSC, place)
        sprite_HWC = sprites[place.index]
        if alternates[place.index] and done[place.index] % 2:
            sprite_HWC = sprite_HWC[:, ::-1]
        done[place.index] += 1

        width, height = max(round(place.width * side), 1), max(round(place.height * side), 1)
        _paste_edged(canvas_SSC, resized(sprite_HWC, width, height), place)
    return canvas_SSC


def places_of(scene: Scene, sprites: Sequence[Canvas], ground: Ground | None) -> list[Place]:
    """The place of every single thing."""
    wears_glasses = scene.relation == "on" and scene.objects[0].name in EYEWEAR
    if wears_glasses and is_head(scene.objects[1].thing):
        return _places_of_glasses(scene, sprites, ground)
    return canonical_places(scene, [_aspect(sprite) for sprite in sprites], ground, CELLS)


def _places_of_glasses(
    scene: Scene, sprites: Sequence[Canvas], ground: Ground | None
) -> list[Place]:
    """Heads as if there were nothing else, and glasses before their eyes."""
    glasses_HWC, head_HWC = sprites
    heads = dataclasses.replace(scene, objects=scene.objects[1:], relation="")
    eyes = eye_level(head_HWC)

    places: list[Place] = []
    for head in canonical_places(heads, [_aspect(head_HWC)], ground, CELLS):
        width = _GLASSES_WIDTH * head.width
        height = width * glasses_HWC.shape[0] / glasses_HWC.shape[1]
        y = head.y + (eyes - 0.5) * head.height
        glasses = Place(index=0, x=head.x, y=y, width=width, height=height)
        places += [dataclasses.replace(head, index=1), glasses]
    return places


def _aspect(sprite_HWC: Canvas) -> float:
    """Width over height."""
    height, width, _ = sprite_HWC.shape
    return float(width / height)


def eye_level(head_HWC: Canvas) -> float:
    """Return how far down the eyes of a face are, as a fraction of its height.

    They are where it is dark both left and right of the middle.
    """
    height, width, _ = head_HWC.shape
    dark_HW = (head_HWC[..., :3].max(2) < _DARK) & (head_HWC[..., 3] > SOLID)

    # Dark pixels of each row, of the side that has fewer, over the height of an eye
    first, last = (round(width * fraction) for fraction in _EYES_ACROSS)
    left_H, right_H = dark_HW[:, first:last].sum(1), dark_HW[:, width - last : width - first].sum(1)
    both_H = np.convolve(np.minimum(left_H, right_H), np.ones(max(height // 8, 1)), mode="same")

    top, bottom = (round(height * fraction) for fraction in _EYES_DOWN)
    if not both_H[top:bottom].any():
        return (_EYES_DOWN[0] + _EYES_DOWN[1]) / 2
    level: float = (top + both_H[top:bottom].argmax() + 0.5) / height
    return level


def alone(image_HWC: Canvas, side: int) -> Canvas:
    """Return a drawing of one thing where it was drawn, uint8 [S, S, C]."""
    canvas_SSC = np.zeros((side, side, 4), dtype=np.uint8)
    everywhere = Place(index=0, x=0.5, y=0.5, width=1.0, height=1.0)
    _paste_edged(canvas_SSC, resized(image_HWC, side, side), everywhere)
    return canvas_SSC


def painted(image_HWC: Canvas, colour: str) -> Canvas:
    """Return a drawing with its largest part in another colour.

    It is the drawing itself for no colour, or for the one that it has.
    """
    main = largest_colour(image_HWC) if colour else None
    if main is None or colour_word(main) == colour:
        return image_HWC
    return recoloured(image_HWC, main, colour)


def sprite_of(image_HWC: Canvas) -> Canvas:
    """Return what is seen of an image, without the transparency around it.

    Of an opaque image that is all.
    """
    corners = image_HWC[[0, 0, -1, -1], [0, -1, 0, -1], 3]
    box = None if (corners >= SOLID).all() else solid_box(image_HWC[..., 3])
    if box is None:
        return image_HWC
    left, top, right, bottom = box
    return image_HWC[top:bottom, left:right]


def _paste_edged(canvas_SSC: Canvas, sprite_HWC: Canvas, place: Place) -> None:
    """Paste a sprite, with an edge if it is so light that it would be lost on white."""
    if is_light(sprite_HWC):
        paste_outline(canvas_SSC, sprite_HWC, place)
    paste(canvas_SSC, sprite_HWC, place)


def is_light(sprite_HWC: Canvas) -> bool:
    """Whether most of a sprite is white."""
    opaque_HW = sprite_HWC[..., 3] >= _OPAQUE
    if not opaque_HW.any():
        return False
    light_N = sprite_HWC[opaque_HW][:, :3].min(1) >= _LIGHT
    return bool(light_N.mean() > _MOSTLY_LIGHT)


def as_relation(scene: Scene) -> tuple[Scene, tuple[int, ...]]:
    """A scene in which one does something with another as two that stand in a relation.

    Pixels know no anchors: what is worn is on its owner, who rides is on the other, and all else is
    before its owner. Returned are the scene, and which object of the old one each of its own is.
    """
    order = tuple(range(len(scene.objects)))
    if len(scene.actions) != 1 or len(order) != 2:
        return dataclasses.replace(scene, actions=()), order
    subject, verb, thing = scene.actions[0]
    relation = _AS_RELATIONS.get(verb, "in front")
    order = (subject, thing) if verb in ("riding", "sitting on") else (thing, subject)
    objects = tuple(scene.objects[index] for index in order)
    return dataclasses.replace(scene, objects=objects, relation=relation, actions=()), order
