"""What a prompt leaves open: the design, the colour of a car, which way a cat looks.

A model that knows its things by heart draws the same one each time. A designer who is asked for
four cats does not. So all of this is chosen by the seed.
"""

from __future__ import annotations

import dataclasses
import random
import re
from dataclasses import dataclass

from dall_e.images.textures import MATERIALS
from dall_e.planning.lexicon import colourful
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import IN_A_ROW, Scene, SceneObject
from dall_e.scenes.vocabulary import Thing
from dall_e.text.language import mirrors

_COLOURED = 0.6
"""Fraction of things that come in many colours which get one that was not asked for."""
_PAINTS = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
"""Colours of what comes in many."""
_DARK_PLACES = frozenset(("space", "moon", "night-sky", "dungeon", "cave", "rooftop-at-night"))
# What is written or drawn on a thing is wrong in a mirror, so only these may be turned.
_TURNING_KINDS = frozenset(("animal", "food", "plant", "vehicle", "person", "face"))
_TURNING_TRAITS = frozenset(("many", "coat", "paint", "stands"))
_ONE_WAY = frozenset(("clock", "watch", "dice"))
_WRITTEN = re.compile(r"sleeping|yawning|thinking|blackboard|teacher with|calligraphy")
"""Letters or signs are on pictures of people with such names."""


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """How one thing of an image looks where its prompt says nothing of it."""

    name: str
    """Which of the pictures of the thing it is like, by the name that the model knows best."""
    mirrored: bool = False
    """Whether it looks the other way."""
    alternates: bool = False
    """Whether of several every second one looks the other way than the first."""


def canonical_appearance(item: SceneObject, vocabulary: Vocabulary) -> Appearance:
    """Return the appearance that is the same for every image."""
    return Appearance(name=image_names(item.thing, vocabulary)[0])


def sample_appearance(
    scene: Scene, seed: int, vocabulary: Vocabulary
) -> tuple[Scene, tuple[Appearance, ...]]:
    """Choose colours where a scene says none, and an appearance for each of its things.

    The same seed chooses the same.
    """
    acting = {action.subject for action in scene.actions}
    first_of_bunch = {
        action.thing: action.subject for action in scene.actions if action.verb == "bunched with"
    }
    items: list[SceneObject] = []
    appearances: list[Appearance] = []
    for number, item in enumerate(scene.objects):
        # A row of ducks goes one way.
        like = 0 if item.spot == IN_A_ROW else number
        rng = random.Random(f"look/{seed}/{like}/{item.name}")
        names, colours = image_names(item.thing, vocabulary), _free_colours(item.thing)

        # A black cat is not seen at night.
        if _is_dark(scene.background):
            names = [name for name in names if "black" not in name] or names

        name = names[0] if item.state else rng.choice(names)
        turns = _turns(item.thing)
        # Where the mouth and the hands are is found best as things were drawn.
        # And who is left or right of something looks where it was drawn to look.
        may_turn = number not in acting and scene.relation not in ("left", "right")
        # Animals look to the left in most drawings: of two, the first one looks at the second.
        is_turned = rng.random() < 0.5 or item.count == 2
        mirrored = turns and is_turned and may_turn
        alternates = turns and item.spot != IN_A_ROW
        appearances.append(Appearance(name=name, mirrored=mirrored, alternates=alternates))

        # Gold and wood have colours of their own.
        is_free = not item.colour and MATERIALS.get(item.material) is None
        is_coloured = rng.random() < _COLOURED
        if colours and is_coloured and is_free:
            item = dataclasses.replace(item, colour=rng.choice(colours))
        first = first_of_bunch.get(number, number)
        if first < number:
            item = dataclasses.replace(item, colour=items[first].colour)
        items.append(item)
    return dataclasses.replace(scene, objects=tuple(items)), tuple(appearances)


def _is_dark(background: str) -> bool:
    """Whether a background is so dark that what is black is not seen before it."""
    place, *more = background.split("+")
    return "night" in (place, *more) or place in _DARK_PLACES


def image_names(thing: Thing, vocabulary: Vocabulary) -> list[str]:
    """Names of its pictures that the model knows and that say no colour, the best known one first.

    The names of single pictures have none of the table's among them, so a thing's own name counts
    as known where it stands first.
    """
    names = [
        name
        for name, colour in thing.image_names
        if not colour and "/" not in name and not name.startswith("-")
    ]
    known = [name for name in names if name in vocabulary.single_things]
    is_known_by_another = known and names[0] != thing.name
    return known if is_known_by_another else [thing.name, *known]


def _free_colours(thing: Thing) -> tuple[str, ...]:
    """The colours that it may have where none is said."""
    return _PAINTS if thing.name in colourful() else ()


def _turns(thing: Thing) -> bool:
    """Whether it means the same in a mirror."""
    may_turn = thing.kind in _TURNING_KINDS or not _TURNING_TRAITS.isdisjoint(thing.traits)
    return (
        may_turn
        and thing.name not in _ONE_WAY
        and not _is_written(thing)
        and mirrors({"en": thing.name})
    )


def _is_written(thing: Thing) -> bool:
    return thing.kind == "person" and _WRITTEN.search(thing.name) is not None
