"""What is in a composed scene, as one structured record; the picture and its captions are both made
from it.

The words for the things that scenes are made of are in the table `scene_things.txt`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from dall_e.text.tables import read_table

RELATIONS = (
    "left",
    "right",
    "above",
    "below",
    "on",
    "under",
    "in front",
    "behind",
    "inside",
    "next to",
)
STATES = ("sleeping", "playing")
SIZES = ("big", "small")
COLOURS = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
    "grey",
)
COAT_COLOURS = ("white", "black", "brown", "grey", "orange")
BACKGROUNDS = (
    "plain", "gradient", "grass", "beach", "night", "snow", "desert", "road", "room", "windowsill", "table",
)  # fmt: skip
PLANNED_BACKGROUNDS = ("forest", "city", "sunset", "rain", "sea", "underwater", "sky", "space")
"""Places that only plans have: nothing is trained on them."""
SHAPES = ("circle", "square")
EYEWEAR = frozenset(("glasses", "sunglasses", "goggles"))
"""Things that are worn before the eyes."""
WORN = EYEWEAR.union(
    ("hat", "crown", "top hat", "billed cap", "woman's hat", "rescue worker's helmet")
)
"""Things that are put on a head: who is "in a hat" wears it."""
NO_IMAGE = -1
"""Instead of the number of a picture: a shape, or a thing that is drawn and not cut out."""
MOST = 6
"""The largest number of one thing."""
_IN_SKY = re.compile("cloud|moon|sun|star|planet|comet|milky")
# Named animals of which a face is shown.
_FACE = re.compile(r" face$|(?<!black) cat$|^cat with |^(?:boar|hamster|moose|polar bear|raccoon)$")
_IRREGULAR = {
    "man": "men", "woman": "women", "person": "people", "child": "children", "baby": "babies", "foot": "feet",
    "tooth": "teeth", "wolf": "wolves", "leaf": "leaves", "shrimp": "shrimp", "bison": "bison", "police": "police",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A row of the table: something that can be cut out of pictures, and its words."""

    name: str
    plural: str
    zh: str
    measure: str
    kind: str
    traits: frozenset[str]
    image_names: tuple[tuple[str, str], ...]
    """(name of pictures, the colour that all of them have by themselves or nothing)."""
    other_names: tuple[str, ...]
    other_zh: tuple[tuple[str, str], ...]
    """(Chinese word, its measure word)."""


@dataclass(frozen=True, kw_only=True)
class SceneObject:
    """One thing of a scene, or several equal ones."""

    name: str
    """The `Thing`'s name, or one of SHAPES."""
    image: int
    """Which picture of the set is cut out; NO_PICTURE for a shape, numbers after the set's for
    drawn sleepers."""
    count: int = 1
    """1 to MOST."""
    colour: str = ""
    """One of COLOURS: the thing is shown in it. Nothing: as it was drawn, and no caption says
    how."""
    size: str = ""
    """"big", "small" or nothing."""
    state: str = ""
    """"sleeping", "playing" (with a ball) or nothing."""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ValueError(f"a scene shows 1 to {MOST} of a thing, got {self.count}")
        for value, known in ((self.colour, COLOURS), (self.size, SIZES), (self.state, STATES)):
            if value and value not in known:
                raise ValueError(f"{value!r} is none of {', '.join(known)}")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that a picture shows and a caption may say."""

    objects: tuple[SceneObject, ...]
    """One to three."""
    relation: str = ""
    """How the first object stands to the second, one of RELATIONS; nothing: side by side, in no
    stated order."""
    background: str = ""
    """One of BACKGROUNDS or PLANNED_BACKGROUNDS; nothing: transparent."""
    background_colour: str = ""
    """Of a plain background."""
    style_en: str = ""
    """The style of the pictures, if all have the same; as the records of the set call it."""
    style_zh: str = ""
    style_said: float = 0.0
    """Fraction of its captions that name the style."""
    seed: str = ""
    """Places, sizes and shades within what the scene says."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.objects) <= 3:
            raise ValueError(f"a scene has 1 to 3 objects, got {len(self.objects)}")
        if self.relation and (self.relation not in RELATIONS or len(self.objects) != 2):
            raise ValueError(
                f"relation {self.relation!r} of {len(self.objects)} objects: known are {RELATIONS} of 2"
            )
        known = (*BACKGROUNDS, *PLANNED_BACKGROUNDS)
        if self.background and self.background not in known:
            raise ValueError(f"background {self.background!r} is none of {', '.join(known)}")


@lru_cache(maxsize=1)
def things() -> dict[str, Thing]:
    """All things by name, as the table has them."""
    return {thing.name: thing for thing in map(_thing, read_table("scenes/things.txt"))}


@lru_cache(maxsize=1)
def named_things() -> dict[str, Thing]:
    """What the built-in model knows by name besides `things`: drawn, and put into plans, but never
    cut out.

    Nothing is known of them but whether they are in the sky.
    """
    others = {name: tuple(words) for name, *words in read_table("text/synonyms_en.txt")}
    return {
        name: _named(name, zh, kind, others.get(name, ()))
        for name, zh, kind in read_table("weights/vocabulary.txt")
    }


def thing_called(name: str) -> Thing:
    """One of `things` or of `named_things`. Raises KeyError for any other name."""
    return things().get(name) or named_things()[name]


def is_head(name: str) -> bool:
    """Whether the pictures of a thing show a face from the front, with the eyes where eyes are."""
    thing = thing_called(name)
    return (
        "head" in thing.traits or thing.kind in ("face", "person") or _FACE.search(name) is not None
    )


def _named(name: str, zh: str, kind: str, other_names: tuple[str, ...]) -> Thing:
    in_sky = kind == "weather" and _IN_SKY.search(name) is not None
    return Thing(
        name=name, plural=plural_of(name), zh=zh, measure="个", kind=kind,
        traits=frozenset(("air",) if in_sky else ()), image_names=((name, ""),), other_names=other_names, other_zh=(),
    )  # fmt: skip


def plural_of(name: str) -> str:
    """ "woman with veil" to "women with veil", "man fairy" to "men fairies"; "french fries" are
    several already."""
    head, *rest = re.split(r"(?= (?:with|in|of|on|behind|not|getting) )", name, maxsplit=1)
    *start, last = head.split(" ")
    if start and start[0] in ("man", "woman", "person"):
        start[0] = _IRREGULAR[start[0]]
    # Of a face exhaling there is no plural, of a king and of an office building there is.
    acts = start and last.endswith("ing") and last != "building"
    if not acts and not re.search(r"[^s]s$", last):
        last = _IRREGULAR.get(last, regular_plural(last))
    return f"{' '.join([*start, last])}{''.join(rest)}"


def _thing(cells: list[str]) -> Thing:
    name, plural, zh, measure, kind, traits, images, other_names, other_zh = [
        *cells,
        *[""] * (9 - len(cells)),
    ]
    words_zh = tuple((word, own or measure) for word, own in map(_ending, _list(other_zh)))
    return Thing(
        name=name, plural=plural or regular_plural(name), zh=zh, measure=measure, kind=kind,
        traits=frozenset(traits.split()), image_names=tuple(map(_ending, _list(images))),
        other_names=_list(other_names), other_zh=words_zh,
    )  # fmt: skip


def _list(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(",") if part.strip())


def _ending(text: str) -> tuple[str, str]:
    """A word, and what it has after a colon."""
    word, colon, ending = text.rpartition(":")
    return (word, ending) if colon else (text, "")


def regular_plural(name: str) -> str:
    """ "box" to "boxes", "candy" to "candies", "cat" to "cats"; only the last word changes."""
    if re.search(r"(?:s|x|z|ch|sh)$", name):
        return f"{name}es"
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}s"
