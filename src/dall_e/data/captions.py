"""A record of the data set to a caption, in English or Chinese: what users may type for its image.

A caption says only what is drawn: the name, words that mean the same, and the style of the source.
Nothing is invented.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dall_e.text.language import (
    COLOURS_ZH,
    DENIALS_EN,
    NUMBERS_EN,
    Language,
    is_chinese,
    with_article,
)
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

Record = dict[str, Any]

ARTICLE_KINDS = frozenset(
    "animal food vehicle place object activity plant person face icon clock".split()
)
"""Kinds whose name takes "a" or "an" when it is one thing."""
NO_ARTICLE = re.compile(
    r"(?:[^su]s|ies|\b(?:fish|rice|bread|meat|milk|water|wine|beer|tea|coffee|hair|snow|rain|fog|"
    r"wind|hockey|tennis|golf|soccer|football|basketball|baseball|badminton|music|money|corn|"
    r"garlic|ginger|sushi|spaghetti|salt|honey|butter|cheese|popcorn|luggage|litter|wood|bacon|"
    r"sake|mate|yarn|dna|chess|furniture|jewelry|makeup|cutlery|food|seafood|headwear|equipment|"
    r"baggage|sunshine|lightning|pasta|poop|thread|rainfall|snowfall|shellfish|juice|champagne))$"
)
"""Names that are no single thing: plurals, substances, weather."""
PROPER = re.compile(
    r"^(?:[A-Z0-9]|mount |santa|mrs|world map|map of)"
    r"|^(?:\w+ing|sitting|left|right|no|see|hear|speak)\b"
)
"""Names of one person or place, and of what somebody does."""
WEAK_KEYWORDS_EN = frozenset(
    "adorbs aw awesome awww bae best bff bless boo brb bruh cool cute damn dude eek eww face "
    "fierce good gtg haha heh hey hmm idk ily k love lol lmao meh mood mwah nah no nope not np oh "
    "ok okay omg oof ooh ow pls really rofl same sheesh slay smh sorry tbh thanks thx ty ugh uwu "
    "whatever whoa wow xoxo yay yes yikes yo yolo yum".split()
)
"""Keywords that say what one feels or does about a thing rather than what is drawn."""
ANIMAL_FACE = re.compile(r"^(?P<animal>.+) face$")
FUNCTION_WORDS = frozenset(
    "a an the of in on at with and or to from for under behind over by".split()
)
TURNING = re.compile(rf"\b(?:non|{any_of((*DENIALS_EN, *NUMBERS_EN[1:]))})\b|[不没无非]")
"""Words that turn or count what follows: without the next one, something else is said."""

COLOUR_WORD_EN = re.compile(
    r"\b(?:black|gr[ea]y|white|brown|red|pink|orange|yellow|green|blue|purple|gold|silver|color)"
)
COLOUR_WORD_ZH = re.compile("[黑灰白棕褐红粉橙黄绿蓝紫金银彩]|^[一两几]")
"""A colour does not stand before a number either: 一杯茶 is not said with 绿色的 in front."""

MEASURED_KINDS = frozenset("animal vehicle plant food object weather activity place heart".split())
"""Kinds of which one can be counted in Chinese."""
MEASURES_BY_KIND = {"animal": "只", "food": "个", "object": "个"}


@dataclass(frozen=True, kw_only=True)
class CaptionProbabilities:
    """How often a training caption is made which way.

    First comes what the thing is called: `everyday`, `synonym` and `hypernym` share one draw, and
    what is left, or falls on a kind of word that the record does not have, is its CLDR name. All
    else is drawn on its own.
    """

    chinese: float = 0.5
    """In Chinese, where the record's Chinese is trusted."""
    everyday: float = 0.45
    """What people say instead of the CLDR name: kitty, automobile, 小猫.

    These words are in synonyms_en.txt and synonyms_zh.txt.
    """
    synonym: float = 0.06
    """A WordNet synonym; English only."""
    hypernym: float = 0.03
    """A broader word from WordNet, such as "animal"; English only.

    It is true, but of little use to a model.
    """
    keywords_only: float = 0.05
    """Two to four CLDR keywords instead of a name."""
    with_keywords: float = 0.12
    """One to three CLDR keywords after the name, where no colour is said."""
    colour: float = 0.35
    """The main colour of the picture, unless the name has one."""
    one: float = 0.5
    """With an article or a measure word, where "one of it" can be said: a cat, 一只猫."""
    word_drop: float = 0.05
    """Without one inner word of a name of three and more, or without a Chinese 的.

    Prompts are not always whole.
    """
    style: float = 0.45
    """With how the source draws: "flat style", 扁平风格.

    This is for records that do not say by themselves how often.
    """
    medium: float = 0.2
    """Of the captions with style, those of emoji that just say "emoji" or 表情符号."""
    mixed: float = 0.04
    """Name or style in the other language, where the record has both."""


PROBABILITIES = CaptionProbabilities()


def training_caption(record: Record, rng: random.Random, *, other_words: float = 1.0) -> str:
    """One of the many captions of a record, with the probabilities of `PROBABILITIES`.

    `other_words` is how often a thing is called by everyday, like or broader words, as a fraction
    of what `PROBABILITIES` says; 0 always calls it by its name. The same `rng` state gives the same
    caption. Records of older data sets, without WordNet's words, work as well.
    """
    # An image of the user's own folder has the caption that the user wrote, or one of several.
    if record.get("captions"):
        return str(rng.choice(record["captions"]))
    if "text" in record:
        return str(record["text"])

    bilingual = bool(record.get("zh"))
    language: Language = "zh" if bilingual and rng.random() < PROBABILITIES.chinese else "en"
    if bilingual and rng.random() < PROBABILITIES.mixed:
        return _mixed(record, language, rng, other_words)
    phrase = _phrase(record, language, rng, other_words)
    if rng.random() < style_said(record):
        return _with_style(phrase, record, rng, language)
    return phrase


def style_said(record: Record) -> float:
    """Fraction of a record's captions that name its style."""
    return float(record.get("style_said", PROBABILITIES.style))


def plain_caption(record: Record, language: Language = "en") -> str:
    """The record's name in one language, without style; English where there is no Chinese."""
    if "text" in record:
        return str(record["text"])
    chinese = _chinese_names(record)[0] if language == "zh" and record.get("zh") else ""
    return chinese or str(record["en"])


def describing_captions(record: Record, language: Language) -> list[str]:
    """What to say of a picture to somebody who does not see it, in one language; maybe nothing.

    That is its name, as one of it where that can be said: "an apple", 一个苹果. An image of the
    user's own folder has the captions that are in this language.
    """
    if "text" in record:
        own = [str(caption) for caption in record.get("captions") or [record["text"]]]
        return [caption for caption in own if is_chinese(caption) == (language == "zh")]
    if language == "zh" and not record.get("zh"):
        return []
    return [_one(plain_caption(record, language), "", record["kind"], language, counted=True)]


def names_of(record: Record, language: Language) -> list[str]:
    """What the thing of a record is called in one language: its name, then words as good as it."""
    if language == "zh":
        return _chinese_names(record) if record.get("zh") else []
    return [str(record["en"]), *_everyday_english(record), *_words(record, "en_synonyms")]


def _phrase(record: Record, language: Language, rng: random.Random, other_words: float) -> str:
    """What is drawn, in one language and without style."""
    kind = record["kind"]
    keywords = _keywords(record, language)
    keywords_only = rng.random() < PROBABILITIES.keywords_only
    if keywords_only and len(keywords) >= 2 and kind not in ("flag", "letter"):
        number = min(rng.randint(2, 4), len(keywords))
        return " ".join(rng.sample(keywords, number))

    thing = _thing(record, language, rng, other_words)
    thing = _with_word_dropped(thing, kind, language, rng)
    colour = _colour(record, thing, language, rng)
    if not colour and keywords and rng.random() < PROBABILITIES.with_keywords:
        comma, separator = ("，", "、") if language == "zh" else (", ", ", ")
        number = min(rng.randint(1, 3), len(keywords))
        return f"{thing}{comma}{separator.join(rng.sample(keywords, number))}"
    return _one(thing, colour, kind, language, rng.random() < PROBABILITIES.one)


def _thing(record: Record, language: Language, rng: random.Random, other_words: float) -> str:
    """One of the words for the whole thing."""
    draw = rng.random()
    choices: list[tuple[Sequence[str], float]]
    if language == "zh":
        name, *everyday = _chinese_names(record)
        choices = [(everyday, PROBABILITIES.everyday)]
    else:
        name = str(record["en"])
        choices = [
            (_everyday_english(record), PROBABILITIES.everyday),
            (_words(record, "en_synonyms"), PROBABILITIES.synonym),
            (_words(record, "en_hypernyms"), PROBABILITIES.hypernym),
        ]
    for words, fraction in choices:
        if draw < fraction * other_words:
            return rng.choice(words) if words else name
        draw -= fraction * other_words
    return name


def _with_word_dropped(thing: str, kind: str, language: Language, rng: random.Random) -> str:
    """Now and then without one inner word, but never without one that carries the meaning."""
    if rng.random() >= PROBABILITIES.word_drop:
        return thing
    if kind in ("flag", "letter", "clock") or TURNING.search(thing):
        return thing
    if language == "zh":
        return re.sub(r"(?<=.)的(?=.)", "", thing, count=1)

    # The word before "with" is the thing itself: a "fish cake with swirl" is no fish.
    words = thing.split()
    droppable = []
    for index in range(1, len(words) - 1):
        word, following = words[index : index + 2]
        if word in FUNCTION_WORDS or (following not in FUNCTION_WORDS and "," not in word):
            droppable.append(index)
    if droppable:
        del words[rng.choice(droppable)]
    return " ".join(words)


def _colour(record: Record, thing: str, language: Language, rng: random.Random) -> str:
    """Now and then the colour of the picture as a word, unless the name has one."""
    colour = str(record.get("colour", ""))
    if not colour or rng.random() >= PROBABILITIES.colour:
        return ""
    pattern = COLOUR_WORD_ZH if language == "zh" else COLOUR_WORD_EN
    if pattern.search(str(record[language])) or pattern.search(thing):
        return ""
    return COLOURS_ZH[colour] if language == "zh" else colour


def _one(thing: str, colour: str, kind: str, language: Language, counted: bool) -> str:
    """Colour and thing; if `counted`, as one of it where that can be said.

    `thing` may be in the other language.
    """
    if language == "en":
        name = f"{colour} {thing}" if colour else thing
        return _with_article(name, kind) if counted else name
    head = f"{colour}的" if colour else ""
    measure = _measure(thing, kind) if counted else ""
    return f"一{measure}{head}{thing}" if measure else f"{head}{thing}"


def _mixed(record: Record, language: Language, rng: random.Random, other_words: float) -> str:
    """A caption of both languages: the style or the name in the other one, or both names."""
    foreign: Language = "en" if language == "zh" else "zh"
    way = rng.randrange(3)
    if way == 0 and record.get(f"style_{foreign}"):
        phrase = _phrase(record, language, rng, other_words)
        return _with_style(phrase, record, rng, foreign)
    if way == 1:
        thing = _thing(record, foreign, rng, other_words)
        colour = _colour(record, thing, language, rng)
        phrase = _one(thing, colour, record["kind"], language, counted=True)
        if phrase != thing:
            return phrase
    names = (
        _thing(record, word_language, rng, other_words) for word_language in (language, foreign)
    )
    return " ".join(names)


def _everyday_english(record: Record) -> tuple[str, ...]:
    """What people say instead of the name, where there surely is something."""
    name = str(record["en"])
    synonyms = _synonyms("en")
    face = ANIMAL_FACE.match(name)
    if face and record["kind"] == "animal":
        animal = face["animal"]
        heads = (animal, f"head of a {animal}")
        return (*heads, *synonyms.get(animal, ()), *synonyms.get(name, ()))
    return synonyms.get(name, ())


def _words(record: Record, field: str) -> list[str]:
    """The words of a field that older data sets do not have."""
    return [str(word) for word in record.get(field, ())]


@lru_cache(maxsize=2)
def _synonyms(language: Language) -> dict[str, tuple[str, ...]]:
    """What people say, by CLDR name."""
    return {name: tuple(others) for name, *others in read_table(f"text/synonyms_{language}.txt")}


def _with_article(name: str, kind: str) -> str:
    """ "apple" to "an apple", where one says so of this kind of thing."""
    head = re.split(r",| with | and | of | in | on ", name)[0]
    if kind not in ARTICLE_KINDS or PROPER.match(name) or NO_ARTICLE.search(head):
        return name

    # "woman dancing" is said with an article, "women dancing" is not.
    if re.match(r"(?:woman|man|person|people|men|women|boy|girl)\b \w+ing\b", name):
        head, _, rest = name.partition(" ")
        return name if head in ("people", "men", "women") else f"a {head} {rest}"
    return with_article(name)


def _chinese_names(record: Record) -> list[str]:
    """The CLDR name, if it does not mislead, and then what people say instead.

    CLDR's name is often an idiom. The table marks a misleading one with an exclamation mark before
    the word that takes its place.
    """
    name = str(record["zh"])
    everyday = _synonyms("zh").get(name, ())
    if everyday and everyday[0].startswith("!"):
        return [everyday[0][1:], *everyday[1:]]
    return [name, *everyday]


@lru_cache(maxsize=1)
def _measures() -> tuple[tuple[str, str], ...]:
    """(ending of a name, measure word), longer endings first."""
    return tuple((ending, measure) for measure, ending in read_table("text/measures_zh.txt"))


def _measure(name: str, kind: str) -> str:
    """The Chinese measure word for one of `name`; empty where "one" would sound wrong."""
    if re.search(r"[，、:：和与·一二三两几]|的[^脸]{3,}", name) or len(name) > 8:
        return ""
    if kind in ("face", "animal") and name.endswith("脸"):
        return "张"
    if kind not in MEASURED_KINDS:
        return ""
    for ending, measure in _measures():
        if name.endswith(ending):
            return measure
    return MEASURES_BY_KIND.get(kind, "") if len(name) <= 5 or name.isascii() else ""


def _keywords(record: Record, language: Language) -> list[str]:
    """Keywords that add something to the name; the weak ones are left out."""
    name = str(record[language]).lower()
    return [
        word
        for word in _words(record, f"{language}_keywords")
        if word not in WEAK_KEYWORDS_EN and word.lower() not in name and len(word) < 24
    ]


def _with_style(phrase: str, record: Record, rng: random.Random, language: Language) -> str:
    """A phrase with the style of its source, or now and then just as an emoji."""
    style = str(record.get(f"style_{language}", ""))
    if record.get("hex") and rng.random() < PROBABILITIES.medium:
        return f"{phrase}表情符号" if language == "zh" else f"{phrase} emoji"
    if not style:
        return phrase
    if language == "zh":
        before = f"{style}的{phrase}" if style.endswith("风格") else f"{phrase}{style}"
        return rng.choice((f"{phrase}，{style}", before, f"{phrase} {style}"))
    after = f"{phrase} in {style}" if style.endswith("style") else f"{phrase} {style}"
    return rng.choice((f"{phrase}, {style}", f"{phrase}, {style}", after))
