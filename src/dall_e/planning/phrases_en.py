"""What English words before and behind a noun say of its thing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dall_e.planning.grammar import Mention, PartSaid, whole_number
from dall_e.planning.lexicon import Attribute, Container, attributes, containers, pictured_number
from dall_e.planning.qualities import Qualities
from dall_e.planning.vocabulary import SEVERAL, Vocabulary
from dall_e.scenes.graph import MOST, MOST_COMPOSED
from dall_e.scenes.phrases import SIZE_WORDS_EN
from dall_e.text.language import COLOURS_ZH, NUMBERS_EN

ARTICLES = ("a", "an", "the")
STOPS = frozenset(
    ", . ! ? and with in on of under behind over near to by at is are while from through "
    "into".split()
)
"""Behind one of these, what is said belongs to another thing."""
_NONE = Attribute("", "")
_FORMS = frozenset("square round oval rectangular".split())
_GOING_ON = frozenset("full that which who made inside outside above below between beside".split())
"""Words behind the noun of a form, as of "a square inside a circle"."""
_TOO_MANY = frozenset(
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty "
    "seventy eighty ninety hundred thousand million".split()
)
_MANY = frozenset(("many", "numerous", "countless"))
_DOZEN = "dozen"
_SOME = frozenset(("several", "few", "some"))
_MOST_ADJECTIVES = 6
_COLOUR_WORDS = {
    "blond": "yellow", "blonde": "yellow", "golden": "yellow", "gray": "grey", "ginger": "red",
    "silver": "grey", "dark": "brown", **{colour: colour for colour in COLOURS_ZH},
}  # fmt: skip
"""Colours of hair, too."""
_LOOKS = "(?:(?:long|short|curly|big|bushy|wavy|straight|bright) )*"
_PARTS = re.compile(
    rf"\b(?:(?:with|has|having|and|in|wearing|wears) )?(?:(?:an?|the|her|his|their) )?{_LOOKS}"
    rf"({'|'.join(_COLOUR_WORDS)}) {_LOOKS}(hair|beard|moustache|clothes|clothing|outfit)\b"
)
_LOOKING = re.compile(
    r"\b(?:with|has|having|and) (?:(?:an?|the|her|his|their) )?"
    r"(?:(?:long|short|big|bushy|thick|full) )*(?:(curls)|"
    r"(?:(curly|curled|wavy|frizzy) )?(?:long |short )?(hair|beard|goatee))\b|"
    r"\b(curly|curly-haired|bearded)"
    r"(?= (?:\w+ )?(?:man|woman|boy|girl|person|guy|lady|child|kid)\b)"
)
"""Hair and beards of which no colour is said."""
_BODY = re.compile(
    r"\b(?:in|on|with|over|around) (?:its|his|her|their) "
    r"()(mouth|hands?|paws?|beak|arms|teeth|head|face|eyes|neck|feet|lap|wings|trunk|claws)\b"
)
"""Where somebody has something."""
_MADE_OF = re.compile(r"(?:\w+ )??(?:made|built|carved|woven) (?:out )?(?:of|from) \w+")
"""What something is made of is no thing of its own, known or not."""
_WHERE = re.compile(r"(?:on|in) (?:an?|the) ")
_DOING_OR_WHERE = re.compile(rf"\w+ing\b|{_WHERE.pattern}")
_MOUTHS = ("mouth", "beak", "teeth")
_PART_OF_WORD = {"hair": "hair", "beard": "beard", "moustache": "beard"}
_HAIRED = re.compile(rf"({'|'.join(_COLOUR_WORDS)})-(hair|beard)ed")


def qualities(tokens: Sequence[str], free: int, start: int, *, is_plural: bool) -> Qualities:
    """Return what the tokens from `free` up to a noun say of it; the last one to say it counts."""
    found = Qualities()
    for position in _adjectives(tokens, free, start):
        word = tokens[position]
        pair = f"{tokens[position - 1]} {word}" if position > free else ""
        both = attributes("en").get(pair)
        attribute = both or attribute_of(word)
        number = (
            NUMBERS_EN.index(word) if word in NUMBERS_EN else whole_number(word.replace(",", ""))
        )
        if attribute:
            at = frozenset((position - 1, position) if both else (position,))
            found.said[attribute.field], found.said_at[attribute.field] = attribute.value, at
        elif word in _MANY:
            found.count, found.said_at["count"] = MOST_COMPOSED, frozenset((position,))
        elif is_plural and number or word == _DOZEN or word in _TOO_MANY:
            found.count = min(number or MOST, MOST)
            # More than are drawn is not what was said.
            if number <= MOST and word not in _TOO_MANY:
                found.said_at["count"] = frozenset((position,))
        elif is_plural and word in _SOME:
            found.count, found.said_at["count"] = SEVERAL, frozenset((position,))
    return found


def said_of_whole(
    tokens: Sequence[str], own: Qualities, content: Mention, name: str
) -> tuple[dict[str, str], frozenset[int]]:
    """What is said of a container and of what is in it, by field, and the tokens that say so.

    Things in a jar that is drawn with them have the colours of its drawing; food is food.
    """
    said, used = {**content.said, **own.said}, own.used | content.used
    is_jar = "jar of" in name and content.item.thing.kind != "food"
    if is_jar and "colour" in content.said and "colour" not in own.said:
        del said["colour"]
        colours = (
            at for at in content.used if (attribute_of(tokens[at]) or _NONE).field == "colour"
        )
        used -= frozenset(colours)
    return said, used


def is_material(tokens: Sequence[str], position: int) -> bool:
    """Whether the word at a position says what something is made of, behind its noun."""
    return _MADE_OF.fullmatch(" ".join(tokens[max(position - 3, 0) : position + 1])) is not None


def is_form(tokens: Sequence[str], position: int) -> bool:
    """Whether the word at a position says in which form a thing is: "a square blue cake"."""
    ahead = tokens[position + 1 : position + 2]
    if tokens[position] not in _FORMS or not ahead:
        return False
    return (
        ahead[0].isalpha()
        and not (STOPS | _GOING_ON).intersection(ahead)
        and not ahead[0].endswith("ing")
    )


def attribute_of(word: str) -> Attribute | None:
    """What a word says of a thing."""
    size = size_of(word)
    colour = word.replace("gray", "grey")
    if size:
        return Attribute("size", size)
    if colour in COLOURS_ZH:
        return Attribute("colour", colour)
    haired = _HAIRED.fullmatch(word)
    if haired:
        return Attribute(haired[2], _COLOUR_WORDS[haired[1]])
    return attributes("en").get(word)


def size_of(word: str) -> str:
    """The size that a word says."""
    return next((size for size, words in SIZE_WORDS_EN.items() if word in words), "")


def _adjectives(tokens: Sequence[str], free: int, start: int) -> range:
    """Some tokens before a noun, of those that say something of it."""
    first = start
    while first > max(free, start - _MOST_ADJECTIVES):
        word = tokens[first - 1]
        # Behind a noun it is what this does: a dog eating fish.
        is_done = first - 1 == free > 0 and _says_state(word)
        if word in STOPS or word in ARTICLES or is_done:
            break
        if word.endswith("ing") and word not in attributes("en"):
            break
        first -= 1
    return range(first, start)


def _says_state(word: str) -> bool:
    attribute = attributes("en").get(word)
    return attribute is not None and attribute.field in ("state", "does")


def state_behind(tokens: Sequence[str], start: int, stop: int) -> tuple[str, int]:
    """The state that words behind a noun say, and at which token; "" if there is none."""
    for position in range(start, min(stop, start + 4)):
        attribute = attributes("en").get(tokens[position])
        if attribute and attribute.field == "state":
            return attribute.value, position
        if tokens[position] in STOPS.difference(("is", "are")):
            break
    return "", -1


def owners(vocabulary: Vocabulary, tokens: Sequence[str], free: int, start: int) -> set[int]:
    """The tokens that say whose a thing is, which is not drawn: a king's throne."""
    return {
        at
        for at in range(free, start)
        if tokens[at].endswith("'s") and tokens[at][:-2] in vocabulary.words_en
    }


def shows_several(vocabulary: Vocabulary, noun: str) -> bool:
    """Whether one picture shows what a noun says of several, as "birds flying" or "cats on a sofa".

    No number counts such pictures: three birds flying are three birds.
    """
    first, _, rest = noun.partition(" ")
    name, animal = vocabulary.words_en[noun], vocabulary.words_en.get(first)
    if animal is None or not _DOING_OR_WHERE.match(rest) or not vocabulary.is_plural(first, animal):
        return False
    is_one = vocabulary.how_many(noun, name) == 1 and pictured_number(name) == 1
    return vocabulary.is_plural(noun, name) and (is_one or _WHERE.match(rest) is not None)


def container_of(word: str) -> Container | None:
    """What counts or holds things, by its English word in either number."""
    known = containers("en")
    singulars = (word, word.removesuffix("s"), word.removesuffix("es"))
    return next((known[singular] for singular in singulars if singular in known), None)


def parts_said(tokens: Sequence[str]) -> list[PartSaid]:
    """What is said of somebody's hair, beard and clothes: "with red hair"."""
    text = " ".join(tokens)
    return [
        PartSaid(
            start=text.count(" ", 0, match.start()),
            stop=text.count(" ", 0, match.end()) + 1,
            part=_PART_OF_WORD.get(match[2], "clothes") if match[1] else "",
            colour=_COLOUR_WORDS[match[1]] if match[1] else "",
            is_before=False,
            is_mouth=match[2] in _MOUTHS,
        )
        for match in (*_PARTS.finditer(text), *_BODY.finditer(text))
    ] + [_look(text, match) for match in _LOOKING.finditer(text)]


def _look(text: str, match: re.Match[str]) -> PartSaid:
    """What is said of hair or a beard without a colour: its look, or only that it is there."""
    curls, curly, noun, before = match.groups()
    part = "beard" if noun in ("beard", "goatee") or before == "bearded" else "hair"
    is_curly = curls or curly or (before or "").startswith("curly")
    return PartSaid(
        start=text.count(" ", 0, match.start()),
        stop=text.count(" ", 0, match.end()) + 1,
        part=part,
        colour="curly" if is_curly else "",
        is_before=before is not None,
    )
