"""What lies on a table that is laid: "a dinner table with roast chicken and candles" is both of
them on a table. A table with four legs stays what it is.
"""

from __future__ import annotations

import re

from dall_e.planning.vocabulary import Vocabulary

_MEALS = (
    "thanksgiving|christmas|easter|holiday|festive|birthday|party|dinner|lunch|breakfast|brunch|"
    "tea|kitchen|dining|supper|buffet|family"
)
_TABLE = re.compile(
    r"^(?P<article>(?:an?|the) )?(?P<looks>(?:[a-z-]+ ){0,3}?)table(?: that is| is)?"
    r"(?: set| laid| filled| covered| loaded| full| topped| decorated)?"
    r"(?: for (?:\w+)(?: people)?)? (?:with|of) (?P<things>[\w', -]+?)(?P<dot>\.?)"
    r"(?P<rest>(?: (?:in|at|by|near|during|under) (?:an?|the) .+)?)$"
)
_JOINED = re.compile(r",? and |, ")
_SAID = re.compile(r"^(?:an?|the|some|lots of|plates? of|two|three|four|five) ")
_LAID = re.compile(
    r"(?:^| )(?:lamps?|vases?|cups?|mugs?|glass(?:es)?|plates?|bowls?|bottles?|books?|laptop|"
    r"candles?|pots?|teapots?|kettle|jars?|flowers|roses|tulips|bouquet|cake|coffee|tea|sauce|gravy|wine|"
    r"pie|bread|candlestick|napkins?|forks?|spoons?|cutlery|gifts?|presents?|pumpkins?|toast)$"
)
_ROASTED = re.compile(r"(?<!roast )(?<!roasted )\b(?=(?:turkey|chicken|goose)\b)")
"""On a table they are no animals."""


def with_things_on_table(text: str, vocabulary: Vocabulary) -> str:
    """Return an English prompt in lower case whose things are on the table that it tells of.

    One thing on a table of which no meal is said is read so anyway.
    """
    match = _TABLE.match(text)
    if match is None or re.sub("^an? ", "", text) in vocabulary.words_en:
        return text
    things = [_SAID.sub("", thing.strip()) for thing in _JOINED.split(match["things"])]
    looks = [word for word in match["looks"].split() if not re.fullmatch(_MEALS, word)]
    is_meal = len(looks) < len(match["looks"].split())
    if not (is_meal or len(things) > 1) or not all(_is_laid(thing, vocabulary) for thing in things):
        return text
    laid = _ROASTED.sub("roast ", match["things"])
    table = " ".join((*looks, "table"))
    return f"{laid} on {match['article'] or 'a '}{table}{match['rest']}"


def _is_laid(thing: str, vocabulary: Vocabulary) -> bool:
    """Whether it is food, or something else that lies or stands on tables."""
    roast = _ROASTED.sub("roast ", thing)
    last = thing.rpartition(" ")[2]
    names = (vocabulary.words_en.get(words, "") for words in (roast, thing, last))
    name = next(filter(None, names), "")
    is_food = name != "" and vocabulary.thing(name).kind == "food"
    return is_food or _LAID.search(thing) is not None
