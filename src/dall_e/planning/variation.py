"""What a prompt leaves open is not the same for every seed: the design, the colour of a car, which
way a cat looks.

A model that knows its things by heart draws the same one each time. A designer who is asked for
four cats does not.
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass

from dall_e.data.augment import mirrors
from dall_e.scenes.graph import COAT_COLOURS, Scene, SceneObject, Thing, named_things, thing_called

_COLOURED = 0.6
"""Fraction of things that come in many colours which get one that was not asked for."""
_MANY = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
# Clocks, and what is written or drawn on a map, are wrong in a mirror; so is what CLDR names after
# a side.
_TURN = frozenset(("animal", "food", "plant", "vehicle", "person", "face"))
_DARK_PLACES = frozenset(("night", "space"))
_TURN_OBJECTS = frozenset("many coat paint stands".split())
_ONE_WAY = frozenset(("clock", "watch", "dice"))


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """How one thing of a picture looks where its prompt says nothing of it."""

    name: str
    """Which of the pictures of the thing it is like, by the name that the model knows best."""
    mirrored: bool = False
    """Whether it looks the other way."""
    turns: bool = False
    """Whether of several every second one looks the other way than the first."""


def canonical_appearance(item: SceneObject) -> Appearance:
    """The same for every picture."""
    return Appearance(name=_images_of(thing_called(item.name))[0])


def sample_appearance(scene: Scene, seed: int) -> tuple[Scene, tuple[Appearance, ...]]:
    """A scene with colours where none are said, and a look for each of its things, by `seed`."""
    items, appearances = [], []
    for number, item in enumerate(scene.objects):
        rng = random.Random(f"look/{seed}/{number}/{item.name}")
        thing = thing_called(item.name)
        names, colours = _images_of(thing), _colours_of(thing)
        if scene.background in _DARK_PLACES:  # A black cat is not seen there.
            names = [name for name in names if "black" not in name] or names
            colours = tuple(colour for colour in colours if colour != "black")
        name, turns = names[0] if item.state else rng.choice(names), _turns(thing)
        mirrored = turns and rng.random() < 0.5
        appearances.append(Appearance(name=name, mirrored=mirrored, turns=turns))
        chosen = rng.random() < _COLOURED
        if colours and chosen and not item.colour:
            item = dataclasses.replace(item, colour=rng.choice(colours))
        items.append(item)
    return dataclasses.replace(scene, objects=tuple(items)), tuple(appearances)


def _images_of(thing: Thing) -> list[str]:
    """Names of its pictures that the model knows, and that say no colour; the first is the one it
    is best known by.

    Names in the table of things are not among `named_things`: a thing's own name is known where it
    stands first.
    """
    names = [
        name
        for name, colour in thing.image_names
        if not colour and "/" not in name and name[0] != "-"
    ]
    known = [name for name in names if name in named_things()]
    own = [] if known and names[0] != thing.name else [thing.name]
    return [*own, *known]


def _colours_of(thing: Thing) -> tuple[str, ...]:
    """Those that it may have where none is said."""
    return _MANY if "many" in thing.traits else COAT_COLOURS if "coat" in thing.traits else ()


def _turns(thing: Thing) -> bool:
    """Whether it means the same in a mirror."""
    kind = thing.kind in _TURN or bool(_TURN_OBJECTS & thing.traits)
    return kind and thing.name not in _ONE_WAY and mirrors({"en": thing.name})
