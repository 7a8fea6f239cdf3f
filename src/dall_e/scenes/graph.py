"""What is in a scene, as one structured record: its picture and its captions are made from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dall_e.images.forms import BUILDS, CONDITIONS
from dall_e.images.places import Setting
from dall_e.images.textures import MATERIALS, PATTERNS
from dall_e.scenes.vocabulary import Thing, things

RELATIONS = (
    "left", "right", "above", "below", "on", "under", "in front", "behind", "inside", "next to",
)  # fmt: skip
STATES = ("sleeping", "playing")
SIZES = ("big", "small")
COLOURS = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey",
)  # fmt: skip
COAT_COLOURS = ("white", "black", "brown", "grey", "orange")
BACKGROUNDS = (
    "plain", "gradient", "grass", "beach", "night", "snow", "desert", "road", "room", "windowsill",
    "table",
)  # fmt: skip
SETTINGS = {
    "grass": "meadow", "night": "hills+night", "snow": "snow-field", "room": "living-room",
}  # fmt: skip
"""Those of them, as settings, that are places with other names."""
PARTS = ("hair", "beard", "clothes", "top", "bottom", "garment")
"""Parts of somebody that may have a colour of their own; of clothes the upper or the lower half, or
what is worn above with all below that is like it."""
VERBS = (
    "holding", "carrying", "wearing", "eating", "drinking", "reading", "riding", "sitting on",
    "hanging from", "breathing", "full of", "biting", "blowing", "pulling", "pushing", "kicking",
    "leading", "containing", "covering", "bearing", "hugging", "bunched with", "printed with",
)  # fmt: skip
"""What somebody does with a thing, or what a container has in it: each puts the thing to a part of
who does it (`planning/anchors.py`)."""
SHAPES = ("circle", "square")
_SPOT = re.compile(rf"(?:{'|'.join(RELATIONS)}|as|in):[A-Za-z][\w -]{{0,40}}")
IN_A_ROW = "in:row"
"""The spot of several equal things that stand side by side."""
MOST = 12
"""The largest number of one thing."""
MOST_KINDS = 6
"""Different things of a scene, beside those that belong to one of them."""
MOST_COMPOSED = 6
"""The same in scenes that training composes, and of "many": each is still seen well."""


@dataclass(frozen=True)
class Shape:
    """The image of a circle or a square: painted, not cut out."""


@dataclass(frozen=True)
class CutoutImage:
    """An image that is cut out of a picture of the set."""

    index: int
    """Which picture of the set."""


@dataclass(frozen=True)
class DrawnAnimal:
    """An image of an animal that is drawn by code, asleep or at play."""

    index: int
    """Which of the drawings that the composer made."""


ObjectImage = Shape | CutoutImage | DrawnAnimal


@dataclass(frozen=True, kw_only=True)
class SceneObject:
    """One thing of a scene, or several equal ones."""

    name: str
    """The `Thing`'s name, or one of SHAPES."""
    image: ObjectImage | None
    """What shows it; None for a planned object, which a model is yet to draw."""
    count: int = 1
    """1 to MOST."""
    colour: str = ""
    """One of COLOURS; or nothing: as it was drawn, and no caption says how."""
    size: str = ""
    """One of SIZES, or nothing."""
    state: str = ""
    """One of STATES, or nothing. Who plays does so with a ball."""
    material: str = ""
    """What a planned object is made of, one of MATERIALS; or nothing is said."""
    pattern: str = ""
    """What is on a planned object, one of PATTERNS; or nothing."""
    build: str = ""
    """The proportions of a planned object, one of BUILDS; or as it is drawn."""
    condition: str = ""
    """What has happened to a planned object, one of CONDITIONS; or nothing."""
    parts: tuple[tuple[str, str], ...] = ()
    """Parts with a colour of their own: one of PARTS, one of COLOURS."""
    spot: str = ""
    """Where it is in its place, as "on:couch" or "on:wall" (`spots.py`), or IN_A_ROW; or nothing is
    said."""
    model_thing: Thing | None = None
    """For a planned object that the table of things lacks: what the model knows of it."""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ValueError(f"a scene shows 1 to {MOST} of a thing, got {self.count}")
        values = (
            (self.colour, COLOURS),
            (self.size, SIZES),
            (self.state, STATES),
            (self.material, MATERIALS),
            (self.pattern, PATTERNS),
            (self.build, BUILDS),
            (self.condition, CONDITIONS),
            *((part, PARTS) for part, _ in self.parts),
            *((colour, COLOURS) for _, colour in self.parts),
        )
        for value, known in values:
            if value and value not in known:
                raise ValueError(f"{value!r} is none of {', '.join(known)}")
        if self.spot and not _SPOT.fullmatch(self.spot):
            raise ValueError(f"spot {self.spot!r} is no relation and part, as 'on:couch'")

    @property
    def thing(self) -> Thing:
        """What is known of it. Raises KeyError for a shape, and for what nobody has a word for."""
        return self.model_thing or things()[self.name]

    @property
    def is_plain(self) -> bool:
        """Whether nothing is said of it but its name."""
        plain = SceneObject(name=self.name, image=None, model_thing=self.model_thing)
        return replace(self, image=None) == plain

    def with_part(self, part: str, colour: str) -> SceneObject:
        """The same with a part in a colour of its own."""
        return replace(self, parts=tuple(sorted({**dict(self.parts), part: colour}.items())))


class Action(NamedTuple):
    """What one object does with another."""

    subject: int
    """Which object of the scene does it."""
    verb: str
    """One of VERBS."""
    thing: int
    """Which object of the scene it is done with."""


class Link(NamedTuple):
    """How one object of several stands to another."""

    first: int
    """Which object of the scene is somewhere."""
    relation: str
    """One of RELATIONS."""
    second: int
    """Which object it is said to stand to."""


def actions_among(actions: Iterable[Action], kept: Sequence[int]) -> tuple[Action, ...]:
    """The actions of only some objects, counted anew in the order in which they are kept."""
    return tuple(
        Action(kept.index(subject), verb, kept.index(thing))
        for subject, verb, thing in actions
        if subject in kept and thing in kept
    )


def links_among(links: Iterable[Link], kept: Sequence[int]) -> tuple[Link, ...]:
    """The links of only some objects, counted anew in the order in which they are kept."""
    return tuple(
        Link(kept.index(first), relation, kept.index(second))
        for first, relation, second in links
        if first in kept and second in kept
    )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that a picture shows and a caption may say."""

    objects: tuple[SceneObject, ...]
    """Up to three, and those that belong to one of them; up to MOST if all have one name; without
    any, a picture of its place."""
    relation: str = ""
    """How the first of two objects stands to the second, one of RELATIONS; or nothing is said."""
    links: tuple[Link, ...] = ()
    """How objects stand to each other where one relation does not say it: a book under a lamp on a
    desk. Each object is the first of at most one of them, and none goes round in a circle."""
    actions: tuple[Action, ...] = ()
    """Who does what with which of the objects; each is the thing of at most one action."""
    background: str = ""
    """One of BACKGROUNDS, on which models are trained, or the text of a setting
    (`images/places.py`), such as "harbour+night"; nothing: transparent."""
    background_colour: str = ""
    """Of a plain background, one of COLOURS."""
    style_en: str = ""
    """The style of the pictures in English, if all have the same."""
    style_zh: str = ""
    """The same style in Chinese."""
    style_said: float = 0.0
    """Fraction of its captions that name the style."""
    seed: str = ""
    """Chooses places, sizes and shades within what the scene says."""

    @property
    def all_links(self) -> tuple[Link, ...]:
        """Its links, and its relation as one of them."""
        return (*self.links, *((Link(0, self.relation, 1),) if self.relation else ()))

    def without(self, dropped: Collection[int]) -> Scene:
        """Return a scene without some of its objects, and what is done with them."""
        kept = [index for index in range(len(self.objects)) if index not in dropped]
        return replace(
            self,
            objects=tuple(self.objects[index] for index in kept),
            actions=actions_among(self.actions, kept),
            links=links_among(self.links, kept),
        )

    def __post_init__(self) -> None:
        fewest = 0 if self.background else 1
        free = len(self.objects) - len({action.thing for action in self.actions})
        most = MOST if len({item.name for item in self.objects}) == 1 else MOST_KINDS
        if not fewest <= free <= most:
            raise ValueError(
                f"a scene has {fewest} to {MOST_KINDS} objects beside those that belong to one of "
                f"them, or to {MOST} of one name, got {free}; only one with a background has none"
            )
        if self.relation and (self.relation not in RELATIONS or len(self.objects) != 2):
            raise ValueError(
                f"relation {self.relation!r} of {len(self.objects)} objects: known are "
                f"{', '.join(RELATIONS)}, of 2"
            )
        count = len(self.objects)
        _check_links(self.links, count)
        for subject, verb, thing in self.actions:
            if verb not in VERBS or not (
                subject != thing and {subject, thing} <= set(range(count))
            ):
                raise ValueError(f"object {subject} is {verb!r} {thing}, of {count} objects")
        if len({action.thing for action in self.actions}) < len(self.actions):
            raise ValueError("a thing belongs to two actions")
        if self.background and self.background not in BACKGROUNDS:
            Setting.of(self.background)


def _check_links(links: tuple[Link, ...], count: int) -> None:
    """Raise ValueError for links of no objects or of no relation, and for those in a circle."""
    above = {link.first: link.second for link in links}
    for first, relation, second in links:
        is_known = relation in RELATIONS and {first, second} <= set(range(count))
        last = second
        for _ in links:
            last = above.get(last, last)
        if not is_known or first == second or last in above or len(above) < len(links):
            raise ValueError(f"object {first} is {relation!r} {second}, of {count} objects")
