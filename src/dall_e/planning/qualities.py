"""What is said of a thing, and the thing that the model draws for it.

An old man, a baby chicken and a sleeping fox have pictures of their own; a wooden shield is
painted; a baby elephant is a small one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from dall_e.images.faces import MOODS
from dall_e.planning.lexicon import life_stages, states_of_others
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import SceneObject

PAINTED = ("colour", "size", "material", "pattern", "build", "condition")
"""Fields that a scene's object has as they are said."""
_PEOPLE = ("person", "face")
_LIVING = ("animal", *_PEOPLE)
_NATURAL = ("animal", "food")
_NEVER = frozenset(("weather", "sky", "flag", "symbol", "hand"))
"""Kinds of things that are never broken, hot, wet or under snow."""
_WITH_FACES = frozenset(("animal", "person", "face", "hand", "flag"))
"""Kinds of things that have a face, or get none."""
_FACED = re.compile(
    r"snowman|ghost|jack-o-lantern|robot|teddy|doll\b|scarecrow|gingerbread|smiling|\bface\b|mask|"
    r"puppet|figurine|statue|monster|alien|skull|skeleton|mummy|golem|crying|sleeping|with face"
)
"""Things whose pictures have a face, whatever their kind."""
_WINGLESS = re.compile(
    r"\b(?:cat|kitten|dog|puppy|corgi|pig|piglet|cow|bull|horse|pony|elephant|whale|fish|shark|dolphin|"
    r"turtle|tortoise|rabbit|bunny|hamster|mouse|fox|wolf|bear|panda|lion|tiger|sheep|goat|llama|"
    r"alpaca|giraffe|hippopotamus|rhinoceros|crocodile|snake|frog|hedgehog|camel|koala|otter)$"
)
"""Animals that have no wings of their own."""
_AIRBORNE = re.compile(
    r"plane|jet|rocket|drone|balloon|ufo|saucer|kite|helicopter|airship|carpet|leaf|feather|wing|"
    r"parachute|glider|bubble|flag|broom|arrow|spaceship|shuttle|satellite|petal|seed|paper|pigeon|frisbee|ball$"
)
"""Things that are in the air without wings."""
_LIGHT = re.compile(
    r"\b(?:towels?|cloth|blanket|sheets?|napkin|letter|envelope|page|newspaper|hat|cap|beret|scarf|"
    r"socks?|shirt|t-shirt|dress|skirt|umbrella|ribbon|banknotes?|curtain|tissue|handkerchief|"
    r"bag|confetti|cards?|sail|photo|ticket|poster|map|notes?|receipt|leaves|laundry|clothes)\b"
)
"""Things that the wind takes away."""
_MOOD_OF = {
    "grinning": "smiling", "crying": "crying", "sleeping": "sleepy", "dancing": "lively",
    "running": "lively", "walking": "lively", "standing": "",
}  # fmt: skip
"""The faces of what a thing does, as cartoons show it."""
_CUTE = frozenset(("food", "plant", "weather", "sky"))
"""Kinds of things that are drawn with a face where they are to be cute."""
_HEATED = re.compile(
    r"mug$|cup\b|kettle|teapot|\bpot\b|\bpan\b|saucepan|bowl|^iron$|bathtub|stove|oven"
)
_STEAMING = re.compile(
    r"beverage|^cup of|mug$|cup without handle|steaming|porridge|^dinner$|bowl of (?:soup|noodles)|"
    r"pot of|espresso|cappuccino|latte|steamer of|hot pot|congee|soup|roasted|roast chicken|"
    r"freshly baked|noodles$|wontons|tangyuan|tofu"
)
"""Things that can be hot beside food, and those whose pictures steam."""
_ALIGHT = re.compile(
    r"fire|flam|torch|candle|lantern|lamp|\bsun|moon|star|glowing|light|burning|phoenix|lava"
)
"""Things whose pictures burn or glow."""
_POSED = re.compile("^(?:standing|sitting|swimming|upright) ")
"""How an animal is shown that is only said by its name."""
_YOUNG = re.compile("^baby |^little | (?:cub|calf|foal|pup|puppy)$")
"""What names of young animals have beside that of their kind."""
_FLYING_KINDS = frozenset(("airplane", "helicopter", "eagle", "bat", "bee", "butterfly", "kite"))
"""Their pictures show them in the air."""


@dataclass(kw_only=True)
class Qualities:
    """What is said of a thing beside its noun, and at which tokens."""

    count: int = 0
    """0: nothing is said of it."""
    measure: str = ""
    """The Chinese measure word, or nothing."""
    said: dict[str, str] = field(default_factory=dict)
    said_at: dict[str, frozenset[int]] = field(default_factory=dict)

    @property
    def used(self) -> frozenset[int]:
        """All tokens that say something."""
        return frozenset().union(*self.said_at.values())

    def at(self, fields: Iterable[str]) -> frozenset[int]:
        """The tokens that say some fields."""
        return frozenset().union(*(self.said_at.get(name, frozenset()) for name in fields))


class Qualified(NamedTuple):
    """A thing with all that is said of it."""

    item: SceneObject
    does: str
    """A verb and the thing that it is done with, or nothing."""
    dropped: frozenset[str]
    """Fields that say what is not drawn."""


def qualified(vocabulary: Vocabulary, name: str, count: int, said: Mapping[str, str]) -> Qualified:
    """Return the thing of a name with what is said of it, by field."""
    left = dict(said)
    dropped: set[str] = set()

    name = _at_age(vocabulary, name, left, dropped)
    name, state = _in_its_state(vocabulary, name, left, dropped)
    _settle_condition(vocabulary, name, left, dropped)
    if left.get("build") in ("tall", "long"):
        left.setdefault("size", "big")

    if "colours" in left:
        dropped.add("colours")

    # A little girl is a girl.
    if left.get("size") == "small" and is_person(vocabulary, name):
        del left["size"]
    painted: dict[str, Any] = {field: left[field] for field in PAINTED if field in left}
    if "hair" in left and "hair" not in said:
        painted["parts"] = (("hair", left["hair"]),)
    item = vocabulary.planned(name, count=count, state=state, **painted)
    return Qualified(item, left.get("does", ""), frozenset(dropped))


def _at_age(vocabulary: Vocabulary, name: str, left: dict[str, str], dropped: set[str]) -> str:
    """The name of a thing as old as it is said to be: a picture, a large head, white hair."""
    age = left.pop("age", "")
    aged = _aged(vocabulary, name, age) if age else ""
    if not age or aged:
        return aged or name
    if age == "baby":
        left.setdefault("size", "small")
        if vocabulary.thing(name).kind in _LIVING:
            left["build"] = "baby"
    elif age == "old" and is_person(vocabulary, name):
        left.setdefault("hair", "white")
    else:
        dropped.add("age")
    return name


def _in_its_state(
    vocabulary: Vocabulary, name: str, left: dict[str, str], dropped: set[str]
) -> tuple[str, str]:
    """A thing that does something, as the model knows it or by another picture: name and state."""
    state = left.pop("state", "")
    if not state or (state in ("sleeping", "playing") and vocabulary.acts(name, state)):
        return name, state
    pictured, colour = pictured_state(vocabulary, name, state)
    if colour:
        left.setdefault("colour", colour)
    is_shown = state == "flying" and flies(vocabulary, name)
    mood = mood_of(vocabulary, name, state)
    if mood and not pictured:
        left.setdefault("condition", mood)
        return name, ""
    # Pictures of people smile.
    is_shown = is_shown or (state == "grinning" and is_person(vocabulary, name))
    if not pictured and not is_shown:
        dropped.add("state")
    return pictured or name, ""


def _settle_condition(
    vocabulary: Vocabulary, name: str, left: dict[str, str], dropped: set[str]
) -> None:
    """Leave out what cannot happen to a thing, and what its picture shows already."""
    condition, kind = left.get("condition", ""), vocabulary.thing(name).kind
    is_warm = kind == "food" or _HEATED.search(name) is not None
    if condition == "cute":
        condition = left["condition"] = "smiling" if kind in _CUTE else "cute"
    is_face = condition in MOODS
    is_odd = (kind in _NEVER and not is_face) or condition == "cute"
    is_odd = is_odd or (condition == "broken" and kind in _LIVING)
    is_odd = is_odd or (condition == "hot" and not is_warm)
    is_odd = is_odd or (condition == "bitten" and kind != "food")
    is_odd = is_odd or (is_face and has_face(vocabulary, name))
    if is_odd:
        dropped.add("condition")
    is_shown = condition == "hot" and _STEAMING.search(name)
    is_shown = is_shown or (condition in ("glowing", "burning") and _ALIGHT.search(name))
    if is_odd or is_shown:
        left.pop("condition", None)


def has_face(vocabulary: Vocabulary, name: str) -> bool:
    """Whether the picture of a thing has a face, or can get none."""
    return vocabulary.thing(name).kind in _WITH_FACES or _FACED.search(name) is not None


def mood_of(vocabulary: Vocabulary, name: str, state: str) -> str:
    """The face that a thing gets for what it does; "" for who has a face already."""
    if state == "flying":
        return "winged" if _gets_wings(vocabulary, name) else ""
    mood = _MOOD_OF.get(state, "")
    return "" if not mood or has_face(vocabulary, name) else mood


def _gets_wings(vocabulary: Vocabulary, name: str) -> bool:
    """Whether a thing flies in a picture only if it is given wings."""
    kind = vocabulary.thing(name).kind
    if flies(vocabulary, name) or _AIRBORNE.search(name) or _LIGHT.search(name):
        return False
    is_heavy = kind == "animal" and _WINGLESS.search(name) is not None
    return is_heavy or kind in ("object", "food", "plant", "vehicle", "building", "clothing")


def pictured_state(vocabulary: Vocabulary, name: str, state: str) -> tuple[str, str]:
    """The picture of a thing in a state, and the colour that it is painted in or nothing.

    It may be that of another: an eagle flies as a brown bird. "" if the model knows none.
    """
    own = next(filter(vocabulary.knows, _in_state(name, state)), "")
    other, colour = states_of_others().get((state, name), ("", ""))
    return (
        ("", "")
        if not own and not vocabulary.knows(other)
        else (own or other, "" if own else colour)
    )


def shown_as(vocabulary: Vocabulary, item: SceneObject, name: str, colour: str = "") -> SceneObject:
    """Return a thing with the picture of another name; its own colour goes before `colour`."""
    planned = vocabulary.planned(name)
    return replace(item, name=name, model_thing=planned.model_thing, colour=item.colour or colour)


def is_person(vocabulary: Vocabulary, name: str) -> bool:
    """Whether a name is that of somebody."""
    return vocabulary.thing(name).kind in _PEOPLE


def is_natural(vocabulary: Vocabulary, name: str) -> bool:
    """Whether a name is that of an animal or food, in whose names colours are kinds."""
    return vocabulary.thing(name).kind in _NATURAL


def is_animal(vocabulary: Vocabulary, name: str) -> bool:
    """Whether a name is that of an animal."""
    return vocabulary.thing(name).kind == "animal"


def flies(vocabulary: Vocabulary, name: str) -> bool:
    """Whether the pictures of a thing show it in the air anyway."""
    return name in _FLYING_KINDS or "air" in vocabulary.thing(name).traits


def whole_name(name: str) -> str:
    """The animal of a face, of a whole picture of it, or of its young."""
    return _YOUNG.sub("", _POSED.sub("", name.removesuffix(" face")))


def _in_state(name: str, state: str) -> Iterator[str]:
    base = whole_name(name)
    yield f"{state} {base}"
    yield f"{base} {state}"


def _aged(vocabulary: Vocabulary, name: str, age: str) -> str:
    """The picture of a thing at an age; "" if the model knows none."""
    base = whole_name(name)
    names = (life_stages().get((age, base), ""), f"{age} {base}")
    return next((known for known in names if known and vocabulary.knows(known)), "")
