"""What is printed on a thing: "a mug with a cat on it" is one printed with a cat, 小熊图案的杯子 is
印着小熊的杯子.

Only of things that have a front for it: what is on a table stands on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dall_e.planning.lexicon import attributes
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import Language

_UPRIGHT = (
    "t-?shirt|tee|shirt|hoodie|sweater|sweatshirt|jumper|jacket|dress|apron|cap|mug|cup|tote|bag|"
    "backpack|handbag|suitcase|shield|flag|banner|balloon|poster|card|sticker|guitar|skateboard|"
    "vase|notebook|badge|coin|bottle|jar|can|cape|helmet"
)
"""Things with a front that pictures are printed on, and on which nothing stands."""
_FRONTED = f"(?:{_UPRIGHT}|box|pillow|cushion|blanket|surfboard|plate|bowl|book)"
_FLAT = "coin|medal|flag|shield|badge|button|balloon|t-?shirt|hoodie|kite"
"""Things on which a picture is, if they have one: nothing else can be with a coin."""
_SHOWN = r"(?:an? |the |some )?(?P<shown>[a-z][\w'-]*(?: [a-z][\w'-]*){0,2}?)"
_EN = (
    re.compile(
        rf"\b(?P<thing>{_UPRIGHT}) with {_SHOWN} "
        r"(?:(?:printed|painted|drawn|embroidered) )?on (?:it|(?:its|the) (?:front|side))\b"
    ),
    re.compile(
        rf"\b(?P<thing>{_FRONTED}) with {_SHOWN} "
        r"(?:print|pattern|design|motif|logo|emblem|decal|graphic|picture)s?\b"
    ),
    re.compile(
        rf"\b(?P<thing>{_FRONTED}) with (?:an? |the )?(?:picture|image|print|drawing|design) of "
        rf"{_SHOWN}(?=$|,| and | in | on )"
    ),
    re.compile(
        rf"\b{_SHOWN} (?:pattern(?:ed)?|print(?:ed)?|motif) (?P<thing>{_FRONTED}|tile|fabric|"
        r"curtain|tablecloth|carpet|rug|skirt|scarf|towel|pyjamas|pajamas|umbrella)\b"
    ),
    re.compile(rf"\b(?P<thing>{_FLAT}) with {_SHOWN}$"),
)
_ZH = re.compile(r"(?:带有|印有|画有|带|有)?(?P<shown>[\u4e00-\u9fff]{1,4}?)(?:图案|花样|印花)的")
_PLAIN_WORDS = ("gold", "golden", "silver", "wooden", "metal", "long", "short")
"""Of what is with something because it is made so: a hoodie with long sleeves."""
_MOST_WORDS_BEFORE = 4


def with_prints(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a prompt in lower case with what is printed on a thing said by a verb.

    What the model has a picture of by all these words stays as it is.
    """
    if language == "zh":
        return _with_prints_zh(text, vocabulary)
    for pattern in _EN:
        match = pattern.search(text)
        if match is None or _is_named(text, match, vocabulary):
            continue
        shown = match["shown"]
        is_look = shown.split()[0] in (*attributes("en"), *_PLAIN_WORDS)
        if is_look or not _is_known(shown, vocabulary):
            continue
        turned = f"{match['thing']} printed with a {shown}"
        return text[: match.start()] + turned + text[match.end() :]
    return text


def _with_prints_zh(text: str, vocabulary: Vocabulary) -> str:
    match = _ZH.search(text)
    if match is None or text in vocabulary.words_zh or match["shown"] not in vocabulary.words_zh:
        return text
    if f"{match['shown']}图案" in attributes("zh") or match["shown"] in attributes("zh"):
        return text
    return f"{text[: match.start()]}印着{match['shown']}的{text[match.end() :]}"


def _is_known(shown: str, vocabulary: Vocabulary) -> bool:
    """Whether the model has a picture of what is printed, or of its last word."""
    return any(word in vocabulary.words_en for word in (shown, shown.rpartition(" ")[2]))


def _is_named(text: str, match: re.Match[str], vocabulary: Vocabulary) -> bool:
    """Whether the model has a picture of the thing with its print."""
    return any(text[start : match.end()] in vocabulary.words_en for start in _starts(text, match))


def _starts(text: str, match: re.Match[str]) -> Iterator[int]:
    """Where the thing's own words may start: at its noun, and at words before it."""
    start = match.start()
    yield start
    for _ in range(_MOST_WORDS_BEFORE):
        if start < 2:
            return
        start = text.rfind(" ", 0, start - 1) + 1
        yield start
