"""A record of the data set to a caption, in English or Chinese: what users may type for this picture.

A caption says only what is drawn: the name, words that mean the same, and the style of the source. Nothing is invented.
"""

from __future__ import annotations

import random
import re
from functools import lru_cache
from typing import Any, Literal

from dall_e.data.tables import read_table

Language = Literal["en", "zh"]
Record = dict[str, Any]

# Kinds whose name takes "a" or "an" when it is one thing.
ARTICLE_KINDS = frozenset(
    ("animal", "food", "vehicle", "place", "object", "activity", "plant", "person", "face", "icon", "clock")
)
# Names that are no single thing: plurals, substances, weather.
NO_ARTICLE = re.compile(
    r"(?:[^su]s|ies|\b(?:fish|rice|bread|meat|milk|water|wine|beer|tea|coffee|hair|snow|rain|fog|wind|hockey|tennis|golf|soccer|"
    r"football|basketball|baseball|badminton|music|money|corn|garlic|ginger|sushi|spaghetti|salt|honey|butter|cheese|"
    r"popcorn|luggage|litter|wood|bacon|sake|mate|yarn|dna|chess))$"
)
PROPER = re.compile(
    r"^(?:[A-Z0-9]|mount |santa|mrs|world map|map of)|^(?:\w+ing|sitting|left|right|no|see|hear|speak)\b"
)
# Keywords that say what one feels or does about a thing rather than what is drawn.
WEAK_KEYWORDS_EN = frozenset(
    "adorbs aw awesome awww bae best bff bless boo brb bruh cool cute damn dude eek eww face fierce good gtg haha heh "
    "hey hmm idk ily k love lol lmao meh mood mwah nah no nope not np oh ok okay omg oof ooh ow pls really rofl same "
    "sheesh slay smh sorry tbh thanks thx ty ugh uwu whatever whoa wow xoxo yay yes yikes yo yolo yum".split()
)
ANIMAL_FACE = re.compile(r"^(?P<animal>.+) face$")


def training_caption(record: Record, rng: random.Random) -> str:
    """One of the many captions of a record: half Chinese where its Chinese is trusted, about half with the style.

    The same `rng` state gives the same caption.
    """
    if record.get("text"):  # a picture of the user's own folder: the caption is what the user wrote
        return str(record["text"])
    chinese = bool(record.get("zh")) and rng.random() < 0.5
    phrase = _chinese(record, rng) if chinese else _english(record, rng)
    if rng.random() >= 0.45:
        return phrase
    return _with_style(phrase, record, rng, "zh" if chinese else "en")


def plain_caption(record: Record, language: Language = "en") -> str:
    """The record's name in one language, without style; English where there is no Chinese."""
    if record.get("text"):
        return str(record["text"])
    return (_chinese_names(record)[0] if language == "zh" and record.get("zh") else "") or str(record["en"])


COLOURS_ZH = {
    "black": "黑色", "grey": "灰色", "white": "白色", "brown": "棕色", "red": "红色", "pink": "粉色", "orange": "橙色",
    "yellow": "黄色", "green": "绿色", "blue": "蓝色", "purple": "紫色",
}  # fmt: skip
COLOUR_WORD_EN = re.compile(
    r"\b(?:black|gr[ea]y|white|brown|red|pink|orange|yellow|green|blue|purple|gold|silver|color)"
)
COLOUR_WORD_ZH = re.compile("[黑灰白棕红粉橙黄绿蓝紫金银彩]")


def _colour(record: Record, language: Language, rng: random.Random) -> str:
    """Now and then the colour of the picture as a word, unless the name has one."""
    colour = str(record.get("colour", ""))
    pattern = COLOUR_WORD_ZH if language == "zh" else COLOUR_WORD_EN
    if not colour or rng.random() >= 0.35 or pattern.search(str(record[language])):
        return ""
    return COLOURS_ZH[colour] if language == "zh" else colour


def _english(record: Record, rng: random.Random) -> str:
    name = str(record["en"])
    keywords = _keywords(record, "en")
    if colour := _colour(record, "en", rng):
        synonym = _synonym(record, rng)
        name = f"{colour} {name if COLOUR_WORD_EN.search(synonym) else synonym or name}"
        return _with_article(name, record["kind"]) if rng.random() < 0.6 else name
    draw = rng.random()
    if draw < 0.05 and len(keywords) >= 2 and record["kind"] not in ("flag", "letter"):
        return " ".join(rng.sample(keywords, min(len(keywords), rng.randint(2, 4))))
    if draw < 0.32 and (synonym := _synonym(record, rng)):
        return _with_article(synonym, record["kind"]) if rng.random() < 0.6 else synonym
    if draw < 0.47 and keywords:
        return f"{name}, {', '.join(rng.sample(keywords, min(len(keywords), rng.randint(1, 3))))}"
    if draw < 0.78:
        return _with_article(name, record["kind"])
    return name


def _synonym(record: Record, rng: random.Random) -> str:
    """Another word for the whole thing, where there surely is one."""
    name = str(record["en"])
    face = ANIMAL_FACE.match(name)
    if face and record["kind"] == "animal":
        return rng.choice((face["animal"], f"head of a {face['animal']}"))
    return rng.choice(_synonyms("en").get(name, ("",)))


@lru_cache(maxsize=2)
def _synonyms(language: Language) -> dict[str, tuple[str, ...]]:
    return {name: tuple(others) for name, *others in read_table(f"synonyms_{language}.txt")}


def _with_article(name: str, kind: str) -> str:
    first = re.split(r",| with | and | of | in | on ", name)[0]
    if kind not in ARTICLE_KINDS or PROPER.match(name) or NO_ARTICLE.search(first):
        return name
    if re.match(r"(?:woman|man|person|people|men|women|boy|girl)\b \w+ing\b", name):
        head, _, rest = name.partition(" ")
        return name if head in ("people", "men", "women") else f"a {head} {rest}"
    vowel = re.match(r"[aeio]|u(?!ni|s[aeiou]|k)|hour", name.lower())
    return f"{'an' if vowel else 'a'} {name}"


def _chinese_names(record: Record) -> list[str]:
    """The CLDR name, if it does not mislead, and then what people say instead: CLDR's is often an idiom."""
    name = str(record["zh"])
    others = _synonyms("zh").get(name, ())
    if others and others[0].startswith("!"):
        return [others[0][1:], *others[1:]]
    return [name, *others]


def _chinese(record: Record, rng: random.Random) -> str:
    names = _chinese_names(record)
    name = names[0] if len(names) == 1 or rng.random() < 0.5 else rng.choice(names[1:])
    keywords = _keywords(record, "zh")
    if colour := _colour(record, "zh", rng):
        measure = _measure(name, record["kind"]) if rng.random() < 0.5 else ""
        head = "" if COLOUR_WORD_ZH.search(name) else f"{colour}的"
        return f"一{measure}{head}{name}" if measure else f"{head}{name}"
    draw = rng.random()
    if draw < 0.05 and len(keywords) >= 2 and record["kind"] not in ("flag", "letter"):
        return " ".join(rng.sample(keywords, min(len(keywords), rng.randint(2, 4))))
    if draw < 0.28 and keywords:
        return f"{name}，{'、'.join(rng.sample(keywords, min(len(keywords), rng.randint(1, 3))))}"
    if draw < 0.60 and (measure := _measure(name, record["kind"])):
        return f"一{measure}{name}"
    return name


@lru_cache(maxsize=1)
def _measures() -> tuple[tuple[str, str], ...]:
    """(ending of a name, measure word), longer endings first."""
    return tuple((ending, measure) for measure, ending in read_table("measures_zh.txt"))


MEASURED_KINDS = frozenset(("animal", "vehicle", "plant", "food", "object", "weather", "activity", "place", "heart"))
MEASURES_BY_KIND = {"animal": "只", "food": "个", "object": "个"}


def _measure(name: str, kind: str) -> str:
    """The Chinese measure word for one of `name`; empty where "one" would sound wrong."""
    if re.search(r"[，、:：和与·一二三两几]|的[^脸]{3,}", name) or len(name) > 8:
        return ""
    if kind == "face":
        return "张" if name.endswith("脸") else ""
    if kind == "animal" and name.endswith("脸"):
        return "张"
    if kind not in MEASURED_KINDS:
        return ""
    for ending, measure in _measures():
        if name.endswith(ending):
            return measure
    return MEASURES_BY_KIND.get(kind, "") if len(name) <= 5 else ""


def _keywords(record: Record, language: Language) -> list[str]:
    """Keywords that add something to the name; the weak ones are left out."""
    name = str(record[language]).lower()
    words = [str(word) for word in record.get(f"{language}_keywords", ())]
    return [word for word in words if word not in WEAK_KEYWORDS_EN and word.lower() not in name and len(word) < 24]


def _with_style(phrase: str, record: Record, rng: random.Random, language: Language) -> str:
    style = str(record.get(f"style_{language}", ""))
    if not style:
        return phrase
    if language == "zh":
        before = f"{style}的{phrase}" if style.endswith("风格") else f"{phrase}{style}"
        return rng.choice((f"{phrase}，{style}", before, f"{phrase} {style}"))
    after = f"{phrase} in {style}" if style.endswith("style") else f"{phrase} {style}"
    return rng.choice((f"{phrase}, {style}", f"{phrase}, {style}", after))
