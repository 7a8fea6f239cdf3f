"""What is said in a roundabout way, as the grammars read it: three balloons of different colours
are three colourful balloons, and who is on somebody's back is on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dall_e.planning.lexicon import attributes
from dall_e.planning.place_conditions import ADJECTIVES_EN
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import COLOURS_ZH, Language, plural_of

_COLOURS = r"(?:(?:all|many|two|three|four|several) )?(?:different|various|assorted|many) colou?rs"
_NUMBER = r"(?:two|three|four|five|six|[2-6]|several|some|many|lots of)"
_HUES = f"({'|'.join(colour for colour in COLOURS_ZH if colour != 'white')})"
_PATTERNED = "(?:striped|checked|checkered|chequered|plaid|dotted|polka|gingham)"
Turned = str | Callable[[re.Match[str]], str]


def _patterned(match: re.Match[str]) -> str:
    """A thing with its pattern before it: a cup with blue dots is a blue dotted cup."""
    article, thing, colour, stripes, checks = match.groups()
    pattern = "striped" if stripes else "checked" if checks else "dotted"
    return " ".join(filter(None, ((article or "").strip(), colour, pattern, thing.strip())))


_EN: tuple[tuple[re.Pattern[str], Turned], ...] = (
    (
        re.compile(r"^(?:(?:a (?:ring|circle) of|some|many|several|lots of) )?((?:\w+ )?\w+s) "
                   r"(?:all )?(?:around|surrounding) ((?:an?|the) [\w -]+)$"),
        r"\2 between two \1",
    ),
    (
        re.compile(rf"\b({_NUMBER} )?([\w'-]+)(?:,)? (?:in|of|with|each in|all in) {_COLOURS}\b"),
        r"\1colourful \2",
    ),
    (
        re.compile(rf"\b(?:{_HUES} and white|white and {_HUES}) (?={_PATTERNED})"),
        lambda match: f"{match[1] or match[2]} ",
    ),
    (
        re.compile(r"^((?:an?|the|two|three|a pair of) )?((?:(?!with\b)[\w'-]+ )+)with "
                   rf"(?:{_HUES} )?(?:(stripes)|(?:polka )?dots|(checks))$"),
        _patterned,
    ),
    (re.compile(r"^((?:an? )?)([\w' -]+?) with an? (?:bite|bite mark)(?: taken out)?(?: of it)?$"),
     r"\1bitten \2"),
    (re.compile(r"\bwith no [\w' -]+, (?:just|only) "), "with "),
    (re.compile(r"\b(?:different(?:ly)?|variously|multi)[- ]colou?red\b"), "colourful"),
    (
        re.compile(r"\bon ((?:an?|the|his|her) (?:\w+ ){0,2}?\w+)'s? (?:back|shoulders?|lap)\b"),
        r"on \1",
    ),
    (
        re.compile(r"\bon (?:the )?(?:back|roof|shoulders?|lap) of (?=(?:an?|the|his|her) )"),
        "on top of ",
    ),
    (
        re.compile(r"\b(balloons?|kites?|lanterns?|ribbons?|bows?|flags?|signs?|bells?|swings?) "
                   r"(?:that (?:is|are) )?(?:tied|attached|fastened|fixed) (?:to|onto)\b"),
        r"\1 on",
    ),
)  # fmt: skip
_MADE = (
    "(?:ice|snow|stone|marble|bronze|gold|golden|silver|wooden|wood|glass|crystal|clay|chocolate|"
    "metal|jade)"
)
_STATUES: tuple[tuple[re.Pattern[str], Turned], ...] = (
    (
        re.compile(
            rf"\b({_MADE}) (?:sculpture|statuette|statue|figurine|figure|carving) of "
            r"(?:an? |the )?"
        ),
        r"\1 ",
    ),
    (re.compile(r"\b(?:sculpture|statue) of (?:an? |the )?(?!liberty)"), "stone "),
)
"""A statue is what it shows, of another material."""
_CARVED = {"冰": "冰做的", "雪": "冰做的", "石": "石头", "木": "木头", "铜": "铜制的", "玉": "水晶"}
_CARVING = re.compile(r"([冰雪石木铜玉])雕(?:刻成?)?的?(?=[\u4e00-\u9fff])")
_ZH: tuple[tuple[re.Pattern[str], Turned], ...] = (
    (
        re.compile(r"(?:([红蓝绿黄黑粉紫橙灰棕])白|白([红蓝绿黄黑粉紫橙灰棕]))(?:色|相间)?的?"
                   r"(?=条纹|格子|格纹|波点|圆点|方格)"),
        lambda match: f"{match[1] or match[2]}色",
    ),
    (
        re.compile(r"^([\u4e00-\u9fff]{1,6}?)的?(?:周围|四周)(?:有|是|的)+([\u4e00-\u9fff]{1,6})$"),
        r"\1在两个\2之间",
    ),
    (re.compile(r"(?<=[只个条朵辆件把张本顶双支艘颗])(?:不同|各种|多种)颜?色?的"), "彩色的"),
    (re.compile(r"^(?:很?多种|各种|不同)颜?色的|^(?:各色|五颜六色)的?"), "几个彩色的"),
    (
        re.compile(r"(?<=[\u4e00-\u9fff])的?(?:[脊后]?背|(?<![山屋房楼塔])头?顶|身|肩膀?|腿|膝盖?)上面?"
                   r"(?=的|有|坐|站|趴|停)"),
        "的上",
    ),
    (
        re.compile(r"(?<=[\u4e00-\u9fff])在([\u4e00-\u9fff]{1,4})(?:[脊后]?背|肩膀?)上"),
        r"在\1的上",
    ),
)  # fmt: skip


def in_plain_order(text: str, language: Language) -> str:
    """Return a prompt in lower case with such phrases as the grammars read them."""
    for pattern, plain in _ZH if language == "zh" else (*_EN, *_STATUES):
        text = pattern.sub(plain, text)
    return _CARVING.sub(lambda match: _CARVED[match[1]], text) if language == "zh" else text


_COLOUR_BEHIND = re.compile(
    r"^(?P<article>(?:an?|the|my) )?(?P<thing>[a-z][\w' -]*?)(?:, (?:in |all )?| in | colou?red )"
    rf"(?P<colour>{'|'.join((*COLOURS_ZH, 'gray'))})(?: colou?r)?$"
)
_REPEATED = re.compile(
    r"^(?:an? )?(?:(?:seamless|repeating|repeat|tileable|simple|cute|colou?rful) )*"
    r"(?:pattern|wallpaper|wrapping paper|fabric print|texture) (?:made )?(?:of|with) "
    r"(?:an? |the |some |many |little |small |cute )*(?P<of>[a-z][\w' -]*)$|"
    r"^(?:an? )?(?:seamless |repeating |tileable |cute )*(?P<noun>[a-z][\w' -]*?)(?: print)?"
    r" (?:seamless |repeat(?:ing)? |wallpaper )*(?:pattern|motif|wrapping paper)"
    r"(?: (?:wallpaper|background|paper|texture))?$"
)
_REPEATED_ZH = re.compile(
    "^(?:无缝|重复|一[个张幅种])?的?(?P<noun>[\u4e00-\u9fff]{1,6}?)的?(?:无缝|重复|平铺)?的?"
    "(?:图案|花纹|印花|底纹|纹样|壁纸|包装纸)$"
)
_MANY_OF = "six {}"
"""As many as are drawn of one thing."""


_DAYS = {
    "rain": "on a rainy day", "snow": "on a snowy day", "fog": "on a foggy day",
    "storm": "on a stormy day", "clouds": "on a cloudy day", "sun": "on a sunny day",
    "wind": "on a windy day", "autumn": "on an autumn day", "spring": "on a spring day",
}  # fmt: skip
"""How a day of each weather and season is said where something is."""
_MORE_DAYS = {"hot": "sun", "warm": "sun", "cold": "snow", "chilly": "autumn", "blustery": "wind"}
_HOURS = {"night": " at night", "evening": " at sunset", "dusk": " at sunset", "dawn": " at dawn"}
_PLAIN = (
    "very|hot|warm|cold|chilly|freezing|cool|quiet|calm|peaceful|beautiful|lovely|lazy|long|late|"
    "early|perfect|nice|bright|dark|typical|fine|clear|blustery|grey|gray|gloomy"
)
"""What else is said of days."""
_DAY = re.compile(
    r"^(?:(?:an?|the|on an?|it is an?|what an?) )?(?P<looks>(?:(?:"
    + "|".join((_PLAIN, *(" ".join(ADJECTIVES_EN.values()).split())))
    + r") ){1,3})"
    r"(?P<hour>day|morning|afternoon|evening|night|dusk|dawn|weather|season)(?: scene)?$"
)


def with_days(text: str) -> str:
    """An English prompt that is a day and its weather, as where something is: "a rainy night"."""
    match = _DAY.match(text)
    for word in match["looks"].split() if match else ():
        meanings = (day for day in _DAYS if word in ADJECTIVES_EN[day].split())
        meaning = next(meanings, _MORE_DAYS.get(word, ""))
        if match and meaning:
            return _DAYS[meaning] + _HOURS.get(match["hour"], "")
    return text


def with_looks_first(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a prompt in lower case with such phrases as the grammars read them, whose thing has
    its colour before it, and of which a pattern is many: "a house in blue" is a blue house.
    """
    text = in_plain_order(text, language)
    if language == "zh":
        match = _REPEATED_ZH.match(text)
        noun = match["noun"] if match else ""
        nouns = [(noun[:at], noun[at:]) for at in range(2, len(noun) - 1)]
        both = next((two for two in nouns if all(each in vocabulary.words_zh for each in two)), ())
        if both and noun not in vocabulary.words_zh:
            return "和".join(f"三个{each}" for each in both)
        is_thing = noun in vocabulary.words_zh and text not in vocabulary.words_zh
        return f"六个{noun}" if is_thing else text
    text = with_days(text)
    behind = _COLOUR_BEHIND.match(text)
    if behind and _is_made(behind["thing"], vocabulary):
        return f"{behind['article'] or ''}{behind['colour']} {behind['thing']}"
    match = _REPEATED.match(text)
    if match is None or re.sub("^an? ", "", text) in vocabulary.words_en:
        return text
    noun = match["of"] or match["noun"]
    name = _name_of(noun, vocabulary)
    if not name or noun in attributes("en"):
        return text
    last = noun.rpartition(" ")[2]
    is_many = any(vocabulary.is_plural(each, name) for each in (noun, last))
    return _MANY_OF.format(noun if is_many else plural_of(noun))


def _name_of(noun: str, vocabulary: Vocabulary) -> str:
    """The thing of a noun or of its last word."""
    names = vocabulary.words_en
    return names.get(noun, "") or names.get(noun.rpartition(" ")[2], "")


def _is_made(noun: str, vocabulary: Vocabulary) -> bool:
    """Whether a noun names something that is not alive: a woman in red wears it."""
    name = _name_of(noun, vocabulary)
    return name != "" and vocabulary.thing(name).kind not in ("person", "face", "animal")
