"""What a prompt leaves open is not the same for every seed: the design, the colour of a car, which way a cat looks.

A model that knows its things by heart draws the same one each time. A designer who is asked for four cats does not.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dall_e.data.augment import mirrors
from dall_e.data.scene_graph import COAT_COLOURS, Scene, SceneObject, Thing, named_things, thing_called
from dall_e.data.tables import read_table

SECOND_STYLE = {"en": "flat style", "zh": "扁平风格"}
"""A style that the built-in model knows besides its own, by the words that training captions have for it."""

_COLOURED = 0.6
"""Share of things that come in many colours which get one that was not asked for."""
_MANY = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
# Clocks, and what is written or drawn on a map, are wrong in a mirror; so is what CLDR names after a side.
_TURN = frozenset(("animal", "food", "plant", "vehicle", "person", "face"))
_DARK_PLACES = frozenset(("night", "space"))
_TURN_OBJECTS = frozenset("many coat paint stands".split())
_ONE_WAY = frozenset(("clock", "watch", "dice"))


_MORE_COLOUR = 0.3
"""How much more or less there may be of the other's colours than of its shapes, where details are of one."""
_OWN_WAY, _OWN_SIZE, _INKS = 0.4, 0.2, 8
"""How far each part goes its own way between the two, and in the logarithm of its size; for so many colours."""


@dataclass(frozen=True, kw_only=True)
class Mix:
    """What a drawing in between of two styles has of each of its two drawings (`data/inbetweening.py`)."""

    details: int
    """0 or 1: whose are the areas that only one of them has, and the shading."""
    shapes: float | None = None
    """0 (of the first) to 1 (of the second): where edges are. None: so that the drawing is as far from one as from the
    other."""
    colours: float = 0.0
    """How much more there is of the colours of the one without the details than of its shapes."""
    parts: tuple[tuple[float, float], ...] = ()
    """For each ink of the first drawing what is added to `shapes`, and to the logarithm of sizes; of more inks the same
    again. Empty: nothing. So the eyes may be more like those of the one, the nose like that of the other."""

    def describe(self) -> str:
        """In words, as metadata keep it."""
        return f"details {self.details}, colours {self.colours:+.2f}"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one thing of a picture looks where its prompt says nothing of it."""

    name: str
    """Which of the pictures of the thing it is like, by the name that the model knows best."""
    mirrored: bool = False
    """Whether it looks the other way."""
    turns: bool = False
    """Whether of several every second one looks the other way than the first."""
    mix: Mix | None = None
    """How it is drawn in between of the model's own style and the second one, if it is."""


def settled_look(item: SceneObject) -> Look:
    """The same for every picture."""
    return Look(name=_pictures_of(thing_called(item.name))[0])


@lru_cache(maxsize=1)
def inbetween_names() -> dict[str, tuple[int, ...]]:
    """Names of the pictures that are clear in between of the two styles that the built-in model knows.

    For each whose details it may have (`Mix.details`): those of both, or of the one with which it is clear.
    """
    both = ("0", "1")
    rows = read_table("inbetween_names.txt")
    return {name: tuple(int(one) for one in both if not clear or one in clear) for name, *clear in rows}


def mix_by(rng: random.Random, either: Sequence[int] = (0, 1)) -> Mix:
    """Details of one, of `either` of them, and for the rest half-way, each part a little otherwise."""
    details, colours = rng.choice(either), rng.uniform(-_MORE_COLOUR, _MORE_COLOUR)
    parts = tuple((rng.uniform(-_OWN_WAY, _OWN_WAY), rng.uniform(-_OWN_SIZE, _OWN_SIZE)) for _ in range(_INKS))
    return Mix(details=details, colours=colours, parts=parts)


def varied(scene: Scene, seed: int, *, inbetween: bool = False) -> tuple[Scene, tuple[Look, ...]]:
    """A scene with colours where none are said, and a look for each of its things, by `seed`.

    `inbetween`: and in between of two styles, where none is said, for things that are known in both.
    """
    items, looks = [], []
    inbetween = inbetween and not (scene.style_en or scene.style_zh)
    for number, item in enumerate(scene.objects):
        rng = random.Random(f"look/{seed}/{number}/{item.name}")
        thing = thing_called(item.name)
        names, colours = _pictures_of(thing), _colours_of(thing)
        if scene.background in _DARK_PLACES:  # A black cat is not seen there.
            names = [name for name in names if "black" not in name] or names
            colours = tuple(colour for colour in colours if colour != "black")
        name, turns = names[0] if item.state else rng.choice(names), _turns(thing)
        mirrored = turns and rng.random() < 0.5
        # Who sleeps or plays is known in one style alone.
        either = inbetween_names().get(name) if inbetween and not item.state else None
        mix = mix_by(random.Random(f"mix/{seed}/{number}"), either) if either else None
        looks.append(Look(name=name, mirrored=mirrored, turns=turns, mix=mix))
        chosen = rng.random() < _COLOURED
        if colours and chosen and not item.colour:
            item = dataclasses.replace(item, colour=rng.choice(colours))
        items.append(item)
    return dataclasses.replace(scene, objects=tuple(items)), tuple(looks)


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
