"""A bowl of soup, a slice of pizza, a pair of boots: what is drawn of a thing and its content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dall_e.planning.lexicon import Container
from dall_e.planning.vocabulary import SEVERAL, Vocabulary
from dall_e.scenes.graph import MOST
from dall_e.scenes.phrases import PAIRS

_SERVED = re.compile(
    r"juice|milk|\btea\b|coffee|water$|wine|beer|latte|cappuccino|espresso|sauce|syrup|beverage|"
    r"drink|smoothie|whisky|sake|perfume|shampoo|lotion|ketchup|mayonnaise|vinegar|honey|jam|soup|"
    r"stew|porridge|curry|rice|noodles?|cereal|ramen|pasta|salad|ice cream|yogurt|spaghetti|"
    r"popcorn|pancakes?|waffle|cake\b|\bpie\b|sushi|dinner|omelette|plate|bowl|bottle|glass\b|cup|mug|\bjar|\bpot\b|basket|bucket|\bcan\b|box|\bbag\b"
)
"""Things whose pictures show what they are in."""
_SERVED_AS = re.compile(r"^(?:cup|mug|glass|bottle|bowl|jar|plate|pot) of ")
"""What of a name only says in what it is."""
_ANY_FLOWER = frozenset(("flower", "tulip", "blossom", "wildflower"))
"""A bunch of these is the bouquet of pictures, which has tulips in it."""
_CROWD = 5


class Whole(NamedTuple):
    """What is drawn."""

    name: str
    container: str = ""
    """The picture that it is in, or nothing."""
    number: int = 1
    """How many make up the whole."""
    is_counted: bool = False
    """Whether this number is said, as of a group of five."""


def whole_of(
    vocabulary: Vocabulary,
    container: Container,
    name: str,
    is_plural: bool,
    nouns: Sequence[str] = (),
    said: int = 0,
) -> Whole:
    """Return what is drawn of a container of something, by the name of this.

    is_plural: whether the content is said to be several things, as cookies are. nouns: the English
    words that name it. said: how many of it there are, as in "a group of five"; 0 if nothing is.
    """
    if said > 1 and container.sort in ("crowd", "bunch"):
        return Whole(name, number=said, is_counted=True)
    known = next(
        filter(None, map(vocabulary.words_en.get, _names(vocabulary, container, name, nouns))), ""
    )
    if known:
        return Whole(known)
    if "jug" in container.words and is_served(name) and vocabulary.knows("jug"):
        return Whole("jug")
    if container.sort == "holds" and not _SERVED.search(name):
        drawing = next(filter(vocabulary.knows, container.drawings), "")
        if drawing and drawing != name:
            return Whole(name, drawing)
    whole = Whole(*_counted(vocabulary, container, name, is_plural))
    return whole._replace(number=said) if said > 1 and whole.number > 1 else whole


def number_of(whole: Whole, container: Container, said: int) -> int:
    """How many things make up as many wholes as are said: three pairs are six, two groups of five
    are ten. Of groups of no number one is drawn."""
    if container.sort == "pair" or whole.is_counted:
        return min(whole.number * said, MOST)
    return whole.number if whole.number > 1 else said


def is_served(name: str) -> bool:
    """Whether the picture of a thing shows it in a cup, on a plate, or in what else it comes in."""
    return (
        _SERVED.search(name) is not None or re.search("potion|lemonade|cocktail", name) is not None
    )


def is_bunch(vocabulary: Vocabulary, container: Container, whole: Whole) -> bool:
    """Whether it is several flowers, which are together in a bunch."""
    is_plant = vocabulary.thing(whole.name).kind == "plant"
    return container.sort == "bunch" and whole.number > 1 and is_plant


def _counted(
    vocabulary: Vocabulary, container: Container, name: str, is_plural: bool
) -> tuple[str, str, int]:
    """The picture of the content and how many there are."""
    thing = vocabulary.thing(name)
    comes_so = thing.plural.startswith(PAIRS) or re.search(r"(?<!s)s$", name) is not None
    if container.sort == "pair":
        return name, "", 1 if comes_so else 2
    if container.sort == "bunch" and name in _ANY_FLOWER and vocabulary.knows("bouquet"):
        return "bouquet", "", 1
    if "plate" in container.words and _SERVED.search(name):
        return name, "", 1
    if container.sort in ("bunch", "heap") or "plate" in container.words:
        return name, "", 1 if comes_so or not is_plural else SEVERAL
    is_crowd = container.sort == "crowd" and set(container.words).isdisjoint(name.split(" "))
    return name, "", _CROWD if is_crowd else 1


def _names(
    vocabulary: Vocabulary, container: Container, name: str, nouns: Sequence[str]
) -> Iterator[str]:
    """What the whole may be called."""
    for word in container.words:
        thing = vocabulary.thing(name)
        served = _SERVED_AS.sub("", name)
        for content in (" ".join(nouns), thing.plural, name, served, *thing.other_names):
            yield f"{word} of {content}".lower()
