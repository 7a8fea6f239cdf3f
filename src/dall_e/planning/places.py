"""Finds in a prompt where things are, at what time of day, and in what weather.

The words for places are in `planning/places.txt`, those for light and weather in
`place_conditions`. What is
found is one setting (`images/places.py`): "a street at night in the rain" is
`city-street+night+rain`. Weather and time without a place are in the open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from dall_e.images.places import TIMES, Setting
from dall_e.planning.place_conditions import ADJECTIVES_EN, conditions
from dall_e.planning.place_contents import find_contents
from dall_e.text.language import COUNT_EN, DENIALS_EN, NUMBERS_EN, NUMERALS_ZH
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

Span = tuple[int, int]
IsNoun = Callable[[str], bool]


class FoundPlace(NamedTuple):
    """Where a text names a setting."""

    setting: str
    spans: tuple[Span, ...]
    """The characters that say so, from and up to; in their order, apart from each other."""
    is_lone: bool
    """Whether the text says nothing else."""

    def rest(self, text: str) -> str:
        """Return the text without the words for the setting."""
        position = 0
        pieces = []
        for start, stop in self.spans:
            pieces.append(text[position:start])
            position = stop
        rest = "".join([*pieces, text[position:]])
        return _JOINED.sub("", re.sub(r"\s+", " ", rest).strip(" ,，、的有"))


_JOINED = re.compile(rf"^(?:(?:an?|the) )?(?:(?:and|with) |[和与](?=[{NUMERALS_ZH}几很许]))")
"""What joined the first thing to the place."""
_LONGEST = 600
"""Characters of a text in which places are looked for."""
_OPEN = {
    "night": "hills", "sunset": "hills", "rain": "park", "snow": "snow-field", "fog": "forest",
    "storm": "hills", "clouds": "hills", "sun": "hills", "rainbow": "meadow", "wind": "hills",
    "autumn": "forest", "spring": "park", "full-moon": "hills", "aurora": "ice-field",
    "meteors": "hills", "fireworks": "city-skyline",
}  # fmt: skip
"""The place of a time or a weather without one."""
_FALLING = re.compile(r"storm|blizzard|falling|snowing|[下大暴飘风]雪")
"""Snow that is seen in the air."""
_AFLOAT = re.compile(
    r"\b(?:sail|row|steam)?(?:boats?|ships?)\b|\b(?:yachts?|whales?|dolphins?|canoes?|kayaks?|surfers?|"
    r"surfing|submarines?|jellyfish)\b|[帆轮渔战游龙海盗小木货]船|的船$|游艇|鲸鱼?|海豚|冲浪|皮划艇|独木舟"
)
"""What is on the sea where nothing says where it is."""
_ALONE = {"night": "night-sky", "sunset": "sunset-over-sea"}
"""The same where nothing else is in the picture."""

# English

_PREPOSITIONS = (
    "in|on|at|by|across|through|among|over|down|along|near|inside|above|into|around|to|from|onto|"
    "outside|beside|under|between|up|beyond"
)
_THE = r"(?:(?:an?|the|some|my|his|her|their|our|this|that) )?"
_BEHIND_HEAD = (
    r"(?=\s*$| ?[,;:.!?]| (?:with|without|full|of|where|and|in|on|at|by|under|during|from|over|"
    r"that)\b)"
)
_NUMBERS = frozenset((*NUMBERS_EN[2:], *DENIALS_EN, "many", "several"))
_SILENT_EN = re.compile(
    r"\b(?:an?|the|of|and|with|in|on|at|very|beautiful|pretty|nice|lovely|scene|view|landscape|"
    r"picture|image|scenery|background|empty|quiet|peaceful|cosy|cozy|big|large|small|little|tiny|huge|busy|lively|over|"
    r"calm|wide|old|inside|interior|full|stars?|moon|sun)\b|[\s,.!'\"-]"
)
_ADJECTIVES = frozenset(" ".join(ADJECTIVES_EN.values()).split())


# Chinese

_SUFFIX = "脚下|里面|里头|上面|中间|外面|旁边|边上|里|上|中|边|旁|内|外"
_PARTS_ZH = (
    "(?:墙|墙壁|沙发|床|桌子?|餐桌|书桌|课桌|长椅|长凳|椅子?|地板?|地毯|窗户?|书架|柜台|水槽|洗手池|浴缸|灶台|"
    "炉灶|冰箱|天空|屋顶|台|壁炉|圣诞树|大?树|架子|货架|草地)"
)
"""What a place may be named before: the sofa of a living room."""
_SILENT_ZH = re.compile(
    "[的了一个间片座条家所幅张处里上中下边旁与和有，,。！!、\\s]|美丽|风景|景色|安静|热闹|繁忙|宁静|炎热|闷热|寒冷|温暖|凉爽|慵懒|静谧|美好"
)
_BEFORE_HEAD = (
    "(?:^|[的，, ])(?:一?[个间片座条家所颗处幅张])?"
    "(?:美丽|现代|漂亮|安静|热闹|古老|繁忙|宁静|大|小|老|旧)??的?"
)
_SAYS_MORE = re.compile(
    r"\b(?:stars|starry|night|snow|sunset|snowy|winter|autumn|fall|spring|summer|moon|fireworks|"
    r"christmas|halloween)\b|[夜雪冬星秋春夏月雾]"
)
"""Names of places with words in them that would be read as time or weather."""
_GROUND_OF = {"hill": "hills", "bridge": "bridge", "bar": "bar", "moon": "moon"}
_GROUNDS = re.compile(
    r"[\s,]*(?:an? |the )?(?:(?:green|grassy|small|big|busy|stone) )?(?P<name>hill|bridge|bar|"
    rf"moon(?= with (?:an? |{COUNT_EN} )(?:astronaut|rocket|rover|spaceship|flag|alien|lander)))"
    r"(?= with )"
)
"""Things by themselves, and places with things on them."""
_ADVERBS = re.compile(r"\b(underwater|downtown)\b")
"""Places that need no preposition."""
_ARTICLE = re.compile(r" (?:an?|the) ")


def find_place(text: str, *, chinese: bool, is_noun: IsNoun) -> FoundPlace | None:
    """Find the setting that a text names; English in lower case. None if it names none.

    is_noun: whether words are the name of a thing, so that "on a table lamp" is no table.
    """
    # A place is named early, and the time to look for it grows with the text.
    text, rest = text[:_LONGEST], text[_LONGEST:]
    left = _Left(text)

    # A name with a word for time or weather in it, as "starry sky", comes before such words alone.
    named = _first_named(text, chinese, is_noun)
    if named and not _SAYS_MORE.search(named.words):
        named = None
    if named:
        left.use(*named.span)
    said = _use_conditions(left, chinese)
    if named is None:
        named = _first_named(left.text, chinese, is_noun)
        if named:
            left.use(*named.span)
    if named is None and not any(said.values()):
        return None
    named = _use_contents(left, named, chinese)
    _use_surroundings(left, named, chinese)

    is_lone = not (_SILENT_ZH if chinese else _SILENT_EN).sub("", left.text + rest)
    said = {**named.said, **said} if named else said
    time, weather = said.get("time", ""), said.get("weather", "")
    if named:
        own = Setting.of(named.place)
        time, weather = time or own.time, weather or own.weather
        setting = Setting(place=own.place, time=time, weather=weather)
    elif is_lone and not weather:
        setting = Setting(place=_ALONE[time])
    else:
        # Snow lies on its own place already.
        is_drawn = weather == "snow" and not time and not _FALLING.search(text)
        place = "sea" if _AFLOAT.search(text) else _OPEN[weather or time]
        setting = Setting(
            place=place, time=time, weather="" if is_drawn and place != "sea" else weather
        )
    return FoundPlace(str(setting), tuple(sorted(left.spans)), is_lone)


def _use_conditions(left: _Left, chinese: bool) -> dict[str, str]:
    """Take out the words for time and weather; what is said first of each is meant."""
    said: dict[str, str] = {}
    for kind, meaning, pattern in conditions(chinese):
        for match in pattern.finditer(left.text):
            if said.setdefault(kind, meaning) == meaning and match[0]:
                left.use(*match.span())
    return said


def _use_contents(left: _Left, named: _Named | None, chinese: bool) -> _Named | None:
    """Take out the words for what a place shows anyway, and take the drawing that shows it best."""
    while named:
        contents = find_contents(left.text, named.place, named.span[1], chinese=chinese)
        if contents is None:
            break
        left.use(*contents.span)
        end = named.span[1] if chinese else contents.span[1]
        named = named._replace(place=contents.place, span=(named.span[0], end))
    return named


def _use_surroundings(left: _Left, named: _Named | None, chinese: bool) -> None:
    """Take out the words for what lies around a place: a village in the mountains."""
    if named is None or chinese:
        return
    behind = _patterns_of(left.text)[2].match(left.text, named.span[1] + 1)
    if behind:
        left.use(*behind.span())


class _Left:
    """What is left to read of a text; what was read is commas."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: list[Span] = []

    def use(self, start: int, stop: int) -> None:
        """Take characters out."""
        self.spans.append((start, stop))
        self.text = f"{self.text[:start]}{',' * (stop - start)}{self.text[stop:]}"


class _Named(NamedTuple):
    """A place where a text names it."""

    place: str
    span: Span
    words: str
    said: dict[str, str]
    """Time and weather that an adjective says."""


# Names


@lru_cache(maxsize=1)
def place_words() -> dict[str, tuple[tuple[str, ...], ...]]:
    """The four lists of words of each place: English names and phrases, Chinese ones."""
    rows: dict[str, tuple[tuple[str, ...], ...]] = {}
    for name, *cells in read_table("planning/places.txt"):
        rows[name] = tuple(tuple(filter(None, map(str.strip, cell.split(",")))) for cell in cells)
    return rows


@lru_cache(maxsize=1)
def words_of_places() -> frozenset[str]:
    """Every English word of the names of places, of times of day and of weather."""
    names = (name for lists in place_words().values() for words in lists[:2] for name in words)
    return frozenset(word for name in names for word in name.split()) | _ADJECTIVES


@lru_cache(maxsize=4)
def _place_of(column: int) -> dict[str, str]:
    """The place of each word of a column; English phrases without articles."""
    found: dict[str, str] = {}
    for place, lists in place_words().items():
        for words in lists[column]:
            found.setdefault(_ARTICLE.sub(" ", words) if column == 1 else words, place)
    return found


def place_named(words: str) -> str:
    """The place of a name in either language; "" if it is none."""
    return _place_of(0).get(words) or _place_of(2).get(words, "")


def _first_named(text: str, chinese: bool, is_noun: IsNoun) -> _Named | None:
    """The place that a text is about, else the first one that something is in."""
    return next(_named_zh(text) if chinese else _named_en(text, is_noun), None)


def _named_en(text: str, is_noun: IsNoun) -> Iterator[_Named]:
    head, phrases, behind = _patterns_of(text)
    match = head.match(text)
    if match:
        before = (match["before"] or "").split()
        coloured = any(is_noun(f"{word} {match['name']}") for word in before)
        nouns = [word for word in before if is_noun(word) and word not in _ADJECTIVES]
        is_thing = coloured or nouns or not _NUMBERS.isdisjoint(before)
        if not is_thing:
            yield _described(match, _place_of(0)[match["name"]], match.start("name"))
    ground = _GROUNDS.match(text)
    if ground:
        yield _Named(_GROUND_OF[ground["name"]], ground.span(), ground["name"], {})
    # What is named first, and of two names at one place the longer: a tea house is no house.
    found: list[_Named] = []
    for match in phrases.finditer(text):
        place = _place_of(1).get(f"{match['where']} {match['name']}")
        if place and not _goes_on(text, match, is_noun):
            found.append(_described(match, place, match.start()))
    for match in behind.finditer(text):
        before = (match["before"] or "").split()
        is_thing = any(is_noun(f"{word} {match['name']}") for word in before)
        if not is_thing and not _goes_on(text, match, is_noun):
            found.append(_described(match, _place_of(0)[match["name"]], match.start()))
    yield from sorted(found, key=lambda named: (named.span[0], -len(named.words)))
    for match in _ADVERBS.finditer(text):
        yield _Named(_place_of(0)[match[1]], match.span(), match[1], {})


def _goes_on(text: str, match: re.Match[str], is_noun: IsNoun) -> bool:
    """Whether the name of a place is the first part of a thing's: a garden chair."""
    following = re.match(r" ([\w'-]+)", text[match.end() :])
    if following is None:
        return False
    word = following[1]
    return is_noun(f"{match['name']} {word}") or (is_noun(word) and not word.endswith("s"))


def _described(match: re.Match[str], place: str, start: int) -> _Named:
    """A place with what the adjective before it says."""
    said: dict[str, str] = {}
    before = (match["before"] or "").split()
    # "Snowy village" is among the names of the village, and says snow all the same.
    own = match["name"].split()
    is_name = _place_of(0).get(" ".join(own[1:])) == place
    for word in [*before, *own[:is_name]]:
        for meaning, words in ADJECTIVES_EN.items():
            if word in words.split():
                said["time" if meaning in TIMES else "weather"] = meaning
                if word in before:
                    start = min(start, match.start("before"))
    return _Named(place, (start, match.end()), match["name"], said)


def _named_zh(text: str) -> Iterator[_Named]:
    """The longest name, wherever it is."""
    found: list[_Named] = []
    there = _there(text, _place_of(2)), _there(text, _place_of(3))
    of_part, in_name, owner, at_name, phrases, head = _patterns_zh(*there)
    match = of_part.match(text)
    if match:
        yield _Named(_place_of(2)[match["name"]], match.span(), match["name"], {})
    for pattern, column in ((in_name, 2), (owner, 2), (at_name, 2), (phrases, 3), (head, 2)):
        for match in pattern.finditer(text):
            start = match.start("name") if pattern is head else match.start()
            place = _place_of(column)[match["name"]]
            found.append(_Named(place, (start, match.end()), match["name"], {}))
    yield from sorted(found, key=lambda named: -len(named.words))


def _there(text: str, words: Iterable[str]) -> tuple[str, ...]:
    """Those words that are in a text. To compile a pattern of all would take half a second."""
    return tuple(word for word in words if word in text)


@lru_cache(maxsize=1)
def _behind_prepositions() -> frozenset[str]:
    """The names of places with a preposition of their own."""
    return frozenset(phrase.split(" ", 1)[1] for phrase in _place_of(1))


def _patterns_of(text: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """The patterns of the places that an English text may name."""
    return _patterns_en(_there(text, _place_of(0)), _there(text, _behind_prepositions()))


@lru_cache(maxsize=256)
def _patterns_en(
    names: tuple[str, ...], nouns: tuple[str, ...]
) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A place first, a phrase of those with their own preposition, a name behind any."""
    name, wheres = any_of(names), {phrase.split(" ", 1)[0] for phrase in _place_of(1)}
    before = rf"(?P<before>(?:(?!(?:and|with|or|of|{_PREPOSITIONS}) )[\w'-]+ ){{0,2}}?)"
    return (
        re.compile(rf"[\s,]*{_THE}{before}(?P<name>{name})(?: scene)?{_BEHIND_HEAD}"),
        re.compile(rf"\b(?P<where>{any_of(wheres)}) {_THE}{before}(?P<name>{any_of(nouns)})\b"),
        re.compile(rf"\b(?:{_PREPOSITIONS}) {_THE}{before}(?P<name>{name})\b"),
    )


@lru_cache(maxsize=256)
def _patterns_zh(names: tuple[str, ...], phrases: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """A place before a part of it, 在 before a name, a word for a side behind it, whole phrases, a
    place that ends the text."""
    name, longer = any_of(names), any_of(each for each in names if len(each) > 1)
    return (
        re.compile(rf"^(?:在)?(?P<name>{longer})的?(?={_PARTS_ZH}(?:上|里|下|旁|边|前))"),
        re.compile(rf"在(?P<name>{name})(?:{_SUFFIX})?的?"),
        re.compile(rf"^(?P<name>{longer})的(?=.)"),
        re.compile(rf"(?P<name>{name})(?:{_SUFFIX}|(?<=[边畔里上中内底]))[的有]?"),
        re.compile(rf"在?(?P<name>{any_of(phrases)})面?[的有]?"),
        re.compile(rf"{_BEFORE_HEAD}(?P<name>{name})(?=$|[，,、。有])"),
    )
