"""What a thing's picture shows already: a hot dog has its mustard, lemonade its glass.

Drawn beside it, it would be a second thing that nobody asked for.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dall_e.planning.partitives import is_served
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import COLOURS_ZH, COUNT_EN, COUNT_ZH, Language
from dall_e.text.tables import read_table

_WITH = re.compile(
    r"^(?P<thing>[\w' -]+?) with (?P<parts>[\w', -]+?)"
    r"(?P<rest>(?: (?:in|on|at|by|under|near|next to|hanging|lying|standing) .+)?)$"
)
_IN = re.compile(
    r"^(?P<thing>[\w' -]+?) (?P<where>in|on) (?:an? |the )?(?P<looks>(?:[\w-]+ ){0,2}?)"
    r"(?:cup|glass|jar|mug|bottle|flask|vial|bowl|box|carton|plate|platter|tray|dish|board|pan)$"
)
_IN_ZH = re.compile(
    r"^(?:(?:圆|玻璃|塑料|纸|大|小|陶瓷)的?)?(?:杯子|玻璃杯|杯|碗|瓶子|瓶|盘子|罐子|盒子)[里中上](?:的|装着|盛着)"
    r"(?P<thing>[\u4e00-\u9fff]{1,6})$"
)
_PARTS_ZH = re.compile(
    f"(?:带有?|有着?|配有?|附带|装有|镶着?|镶有|镶嵌着?|嵌着|贴着|贴有)(?:一[个条把层块张颗枚些]|{COUNT_ZH}个|几个)?(?:小|大|长|圆)?"
    "(?P<part>[\u4e00-\u9fff]{1,5}?)的(?P<thing>[\u4e00-\u9fff]{1,8})$"
)
_ARTICLE = re.compile(r"^(?:an?|the) ")
_MOST_LOOKS = 3
"""Adjectives before a part."""


def without_shown_parts(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a prompt in lower case without what the picture of its thing shows already.

    Colours of a part stay, so that they are said to be unread. What the model has a picture of by
    all these words stays as it is.
    """
    if language == "zh":
        text = _without_parts_zh(text, vocabulary)
        match = _IN_ZH.match(text)
        if match is None or text in vocabulary.words_zh:
            return text
        name = vocabulary.words_zh.get(match["thing"], "")
        return match["thing"] if name and is_served(name) else text
    if _ARTICLE.sub("", text) in vocabulary.words_en:
        return text
    return _without_container(_without_toppings(text), vocabulary)


def _without_container(text: str, vocabulary: Vocabulary) -> str:
    """Food and drink without what it is in, where its own picture shows it in something."""
    match = _IN.match(text)
    if match is None:
        return text
    thing = _ARTICLE.sub("", match["thing"])
    names = (vocabulary.words_en.get(words, "") for words in (thing, thing.rpartition(" ")[2]))
    name = next(filter(None, names), "")
    if not name or vocabulary.thing(name).kind != "food" or not is_served(name):
        return text
    looks = match["looks"].strip()
    return f"{match['thing']} {match['where']} {looks}" if looks else match["thing"]


def _without_parts_zh(text: str, vocabulary: Vocabulary) -> str:
    """A Chinese text without a part that its thing has anyway: 带抽屉的书桌 is a desk."""
    match = None if text in vocabulary.words_zh else _PARTS_ZH.search(text)
    if match is None:
        return text
    for thing, parts in _parts_of().items():
        if match["thing"].endswith(thing) and match["part"] in parts:
            return text[: match.start()] + match["thing"]
    return text


def _without_toppings(text: str) -> str:
    match = _WITH.match(text)
    if match is None:
        return text
    words = match["thing"].split()
    none: frozenset[str] = frozenset()
    own = _parts_of().get(words[-1], none) | _parts_of().get(" ".join(words[-2:]), none)
    if not own:
        return text
    colours: list[str] = []
    others: list[str] = []
    for part in re.split(r",? and |, ", match["parts"]):
        said = re.sub(rf"^(?:an?|the|some|{COUNT_EN}) ", "", part.strip()).split()
        at = next((n for n in range(_MOST_LOOKS + 1) if " ".join(said[n:]) in own), None)
        if at is None:
            others.append(part)
            continue
        colours += [word for word in said[:at] if word in COLOURS_ZH]
    left = " and ".join(others) if others else " ".join(colours)
    return " with ".join(filter(None, (match["thing"], left))) + match["rest"]


@lru_cache(maxsize=1)
def _parts_of() -> dict[str, frozenset[str]]:
    """The parts that pictures show, by the last words of their thing."""
    found: dict[str, frozenset[str]] = {}
    for things, parts in read_table("planning/shown_parts.txt"):
        own = frozenset(word.strip() for word in parts.split(","))
        for thing in things.split(","):
            found[thing.strip()] = found.get(thing.strip(), frozenset()) | own
    return found
