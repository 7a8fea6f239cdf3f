"""Colours by other names, as the grammars read them: mustard yellow is yellow, and teal is blue.

    "a mustard yellow raincoat"    "a yellow raincoat", and no mustard
    "one red one teal"             "one red one blue"
    "a lavender dress"             "a purple dress"; but a bunch of lavender stays one

What the model has a thing of by all these words stays: navy ships, salmon steak.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import COLOURS_ZH
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

_LONGEST = 400
"""Characters of a prompt; a longer one is read as it is."""
_MADE = frozenset(("object", "vehicle", "clock", "heart", "place"))
"""Kinds of things that have a colour of no plant and no food."""
_OF_PLANTS = re.compile(
    r"\b(?:jar|bottle|tin|can|crate|basket|bowl|pot|packet|tube|oil|field|farm|garden|bush|tree|"
    r"sauce|chip|bag|box|bunch|necklace|ring|earrings?|reef|island)s?$"
)
"""Things that a plant, food or a gem may be in, beside which its word is no colour."""
_BETWEEN = (
    r"(?:(?:big|small|little|old|new|shiny|fluffy|knitted|knit|wool|woolen|velvet|leather|silk|"
    r"cotton|wooden|metal|plastic|round|vintage|striped|plaid|long|short|winter|summer) ){0,2}"
)
_NOUN = re.compile(
    r" (?!(?:and|or|with|in|on|at|by|of|to|is|are|from|under|over|near|behind|\w+ing)\b)[a-z]"
)
"""What is behind an adjective."""
_COUNTED = re.compile(r"\b(?:an?|the|two|three|four|five|some|many) $")


class _Patterns(NamedTuple):
    """What other names for colours are found by; what each means, by its words."""

    double: re.Pattern[str]
    said: re.Pattern[str]
    single: re.Pattern[str]
    thing: re.Pattern[str]
    meanings: dict[str, str]


def with_known_colours(text: str, vocabulary: Vocabulary) -> str:
    """Return an English prompt in lower case in which colours have the names that are read."""
    if len(text) > _LONGEST:
        return text
    known, words = _patterns(), vocabulary.words_en

    def named(match: re.Match[str]) -> bool:
        """Whether a thing is called by what was found and what is behind it."""
        lead = text[: match.start()].rstrip().rpartition(" ")[2]
        behind = re.match(r" ([\w'-]+)(?: ([\w'-]+))?", text[match.end() :])
        nouns = [match[0]] + ([f"{match[0]} {behind[1]}"] if behind else [])
        nouns += [f"{nouns[-1]} {behind[2]}"] if behind and behind[2] else []
        return any(noun in words for noun in (f"{lead} {match['word'].strip()}", *nouns))

    def shade(match: re.Match[str]) -> str:
        # Of the sky that is said to be blue, blue is said.
        is_said = text[: match.start()].endswith("the ") and not _NOUN.match(text, match.end())
        return match[0] if is_said or named(match) else match["colour"]

    def plain(match: re.Match[str]) -> str:
        is_thing = _COUNTED.search(text[: match.start()]) and not _NOUN.match(text, match.end())
        return match[0] if is_thing or named(match) else known.meanings[match["word"]]

    def of_thing(match: re.Match[str]) -> str:
        noun = match["noun"]
        two = f"{noun} {match['more']}"
        name = words.get(two) or words.get(noun, "")
        whole = {f"{match['word']} {each}" for each in (noun, two)}
        is_made = name and vocabulary.thing(name).kind in _MADE
        lead = text[: match.start()].rstrip().rpartition(" ")[2]
        whole.add(f"{lead} {match['word']}")
        if not is_made or _OF_PLANTS.search(noun) or not whole.isdisjoint(words):
            return match["word"]
        return known.meanings[match["word"]]

    text = known.double.sub(shade, text)
    text = known.said.sub(lambda found: known.meanings[found["word"]], text)
    text = known.single.sub(plain, text)
    return known.thing.sub(of_thing, text)


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    meanings: dict[str, str] = {}
    doubles: list[str] = []
    alone: list[str] = []
    things: list[str] = []
    for colour, before, single, also in read_table("planning/colour_names.txt"):
        cells = [[word for word in map(str.strip, cell.split(",")) if word != "-"]
                 for cell in (before, single, also)]  # fmt: skip
        hue = "gr[ea]y" if colour == "grey" else colour
        doubles.append(rf"(?:{any_of(cells[0])})[ -](?={hue}\b)")
        alone += cells[1]
        things += cells[2]
        meanings.update(dict.fromkeys((*cells[1], *cells[2]), colour))
    colours = any_of((*COLOURS_ZH, "gray"))
    lone, both, also = any_of(alone), any_of((*alone, *things)), any_of(things)
    return _Patterns(
        re.compile(rf"(?<![\w'-])(?P<word>{'|'.join(doubles)})(?P<colour>{colours})\b(?!')"),
        re.compile(rf"(?<![\w'-])(?P<word>{both})[ -]colou?red\b"),
        re.compile(rf"(?<![\w'-])(?P<word>{lone})(?![\w'-])"),
        re.compile(
            rf"(?<![\w'-])(?P<word>{also})(?= {_BETWEEN}(?P<noun>[a-z]+)(?: (?P<more>[a-z]+))?)"
        ),
        meanings,
    )
