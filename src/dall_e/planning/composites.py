"""Somebody and the things of theirs as one composite, from a scene and its drawings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dall_e.planning.anchors import anchors_of_face
from dall_e.planning.attachments import FACED, composite
from dall_e.planning.handles import handle_of
from dall_e.planning.hollows import room_below
from dall_e.planning.parts import Attached, Part, bounds_of
from dall_e.planning.sprites import Sprite
from dall_e.scenes.graph import SHAPES, Action, Scene, SceneObject
from dall_e.scenes.relations import FLOATING
from dall_e.scenes.sizes import real_size

_BEARING = re.compile(r"chair$|couch|sofa|throne$|^seat$|bench$|^branch$|^bough$")
"""What is one composite with who sits on it."""
_FURNITURE = re.compile(r"table$|desk$|chair$|bench$|\bbed$|stool$|piano$|couch")
"""What has legs with room between them."""
_JOINED = {"inside": "containing", "under": "covering", "above": "covering", "on": "bearing"}
"""What the second thing does with the first in relations in which both are one composite."""
_NO_CONTAINERS = frozenset(("place", "vehicle", "sky", "weather", "plant"))
"""Kinds of things out of which one looks, rather than being in them."""


def composite_of(
    scene: Scene, sprites: Sequence[Sprite], subject: int
) -> tuple[list[Part], float, float]:
    """Return the boxes of somebody and their things from the corner of them all, and its size."""
    actions = [action for action in scene.actions if action.subject == subject]
    own, item = sprites[subject], scene.objects[subject]
    things = [
        replace(
            _attached(scene.objects[action.thing], action, sprites[action.thing], item.name, own),
            owner_metres=0.0 if item.name in SHAPES else real_size(item.thing).metres,
        )
        for action in actions
    ]
    is_person = item.name not in SHAPES and item.thing.kind == "person"
    verbs = [action.verb for action in actions]
    anchors = own.anchors(verbs, name=item.name, is_person=is_person)
    if item.thing.kind in FACED and not anchors.has_eyes and not anchors.is_whole:
        anchors = anchors_of_face(own.shown_HW)
    parts = composite(subject, own.aspect, anchors, things)
    left, top, right, bottom = bounds_of(parts)
    moved = [replace(part, x=part.x - left, y=part.y - top) for part in parts]
    return moved, right - left, bottom - top


def _attached(
    item: SceneObject, action: Action, sprite: Sprite, owner: str, owner_sprite: Sprite
) -> Attached:
    """A thing that somebody does something with, and what is known of its drawing."""
    is_shape = item.name in SHAPES
    anchors = sprite.anchors()
    is_led = action.verb == "leading"
    is_branch = action.verb == "bearing" and owner in ("branch", "bough")
    return Attached(
        index=action.thing,
        verb=action.verb,
        name=item.name,
        aspect=sprite.aspect,
        seat=anchors.seat,
        count=item.count,
        owner=owner,
        handle=handle_of(sprite.shown_HW, item.name),
        metres=0.5 if is_shape else real_size(item.thing).metres,
        kind="" if is_shape else item.thing.kind,
        is_small=item.size == "small",
        thin_side=anchors.way if is_led else sprite.thin_side,
        owner_slope=handle_of(owner_sprite.shown_HW, owner).slope if is_branch else None,
    )


def joined(scene: Scene, sprites: Sequence[Sprite]) -> Scene:
    """Return a scene in which one of two things holds the other, if that is in or under it."""
    if scene.relation not in _JOINED or len(scene.objects) != 2:
        return scene
    # A table above a cat is a cat under a table.
    number = 0 if scene.relation == "above" else 1
    outer, verb = scene.objects[number], _JOINED[scene.relation]
    if outer.name in SHAPES or outer.count > 1:
        return scene
    if verb == "containing" and outer.thing.kind in _NO_CONTAINERS:
        return scene
    if verb == "bearing" and FLOATING.search(scene.objects[1 - number].name):
        return scene
    if verb == "bearing" and not _BEARING.search(outer.name):
        return scene
    if verb == "covering" and not (
        _FURNITURE.search(outer.name) and room_below(sprites[number].shown_HW)
    ):
        return scene
    return replace(scene, relation="", actions=(Action(number, verb, 1 - number),))
