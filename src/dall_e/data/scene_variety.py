"""What a prompt leaves open is not the same for every seed: style, colour of a car, which way a cat looks.

A model that knows its things by heart draws the same one each time. A designer who is asked for four cats does not.
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from functools import lru_cache

from dall_e.data.augment import mirrors
from dall_e.data.scene_graph import COAT_COLOURS, Scene, SceneObject, Thing, named_things, thing_called
from dall_e.data.tables import read_table

SECOND_STYLE = {"en": "flat style", "zh": "扁平风格"}
"""What the built-in model can draw as well as in the house style, by the words that training captions have for it."""
_SECOND_STYLE_SHARE = 0.5
"""Share of pictures whose things are drawn in it, of those that have no style and only things that are known in it."""

_COLOURED = 0.6
"""Share of things that come in many colours which get one that was not asked for."""
_MANY = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
# Clocks, and what is written or drawn on a map, are wrong in a mirror; so is what CLDR names after a side.
_TURN = frozenset(("animal", "food", "plant", "vehicle", "person", "face"))
_DARK_PLACES = frozenset(("night", "space"))
_TURN_OBJECTS = frozenset("many coat paint stands".split())
_ONE_WAY = frozenset(("clock", "watch", "dice"))


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one thing of a picture looks where its prompt says nothing of it."""

    name: str
    """Which of the pictures of the thing it is like, by the name that the model knows best."""
    mirrored: bool = False
    """Whether it looks the other way."""
    turns: bool = False
    """Whether of several every second one looks the other way than the first."""


def settled_look(item: SceneObject) -> Look:
    """The same for every picture."""
    return Look(name=_pictures_of(thing_called(item.name))[0])


@lru_cache(maxsize=1)
def second_style_names() -> frozenset[str]:
    """Names of the pictures that the built-in model knows in its second style."""
    return frozenset(name for (name,) in read_table("second_style_names.txt"))


def varied(scene: Scene, seed: int, *, two_styles: bool = False) -> tuple[Scene, tuple[Look, ...]]:
    """A scene with colours where none are said, and a look for each of its things, by `seed`.

    `two_styles`: and with the second style for half of the seeds, where none is said.
    """
    items, looks = [], []
    for number, item in enumerate(scene.objects):
        rng = random.Random(f"look/{seed}/{number}/{item.name}")
        thing = thing_called(item.name)
        names, colours = _pictures_of(thing), _colours_of(thing)
        if scene.background in _DARK_PLACES:  # A black cat is not seen there.
            names = [name for name in names if "black" not in name] or names
            colours = tuple(colour for colour in colours if colour != "black")
        name, turns = names[0] if item.state else rng.choice(names), _turns(thing)
        looks.append(Look(name=name, mirrored=turns and rng.random() < 0.5, turns=turns))
        chosen = rng.random() < _COLOURED
        if colours and chosen and not item.colour:
            item = dataclasses.replace(item, colour=rng.choice(colours))
        items.append(item)
    scene = dataclasses.replace(scene, objects=tuple(items))
    if two_styles and not (scene.style_en or scene.style_zh) and _knows_second_style(items, looks):
        if random.Random(f"style/{seed}").random() < _SECOND_STYLE_SHARE:
            scene = dataclasses.replace(scene, style_en=SECOND_STYLE["en"], style_zh=SECOND_STYLE["zh"])
    return scene, tuple(looks)


def _knows_second_style(items: list[SceneObject], looks: list[Look]) -> bool:
    """Whether there are pictures of all things in it; who sleeps or plays is known in one style alone."""
    return all(look.name in second_style_names() and not item.state for item, look in zip(items, looks, strict=True))


def _pictures_of(thing: Thing) -> list[str]:
    """Names of its pictures that the model knows, and that say no colour; the first is the one it is best known by.

    Names in the table of things are not among `named_things`: a thing's own name is known where it stands first.
    """
    names = [name for name, colour in thing.picture_names if not colour and "/" not in name and name[0] != "-"]
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
