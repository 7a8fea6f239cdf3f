"""The words of a prompt that ask for a style that any drawing can be given.

    "a watercolor painting of a rose"    watercolour, of "a rose"
    水墨画的竹子                           ink painting, of 竹子

Words and names are in `styles.txt`. Styles that one model has learned, or that were found in
pictures for it, are in its vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from dall_e.images.effects.catalogue import EFFECTS
from dall_e.planning.lexicon import attributes
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import COLOURS
from dall_e.text.language import COLOURS_ZH, COUNT_EN, NUMERALS_ZH, QUANTITY_EN, is_chinese
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

_MOST_STYLES = 3
"""Styles that are looked for in a prompt; the last one found counts."""
_LONGEST_TEXT = 400
"""In characters; longer prompts are read without."""
_ALWAYS, _NOT_BEHIND_IN = "*", "+"
"""Marks of words that mean a style only before one of `_MEDIA`: always, or unless "in" or a comma
is before them."""

# English

_MEDIA = (
    r"(?:(?:-| )(?:painting|drawing|art|artwork|illustration|picture|image|photo(?:graph)?|print|"
    r"style|version|design|rendering|render|portrait|sketch|sprite|icon|effect|graphic|scene)s?)"
)
_ASKING = (
    r"(?:please )?(?:(?:draw|paint|show|make|create|design|generate|give) )?(?:me )?"
    r"(?:(?:a|an|the|some) )?"
)
_PRAISE = (
    r"(?:(?:simple|cute|cartoon|kawaii|funny|adorable|beautiful|small|minimal|minimalist|modern|retro|vintage|detailed|loose|"
    r"quick|rough|soft|traditional|old|nice|little|colou?rful|classic|flat|delicate|bright|"
    r"black and white) ){0,2}"
)
_RIM = r"(?:,? with (?:an? )?(?:thick |bold )?white (?:border|borders|outline|rim|edge|edges))?"
"""Of stickers, which have one."""
_JOINING = frozenset("with and of in on a an the or at for no under by to without from as".split())
_NOUNS = frozenset(
    (
        "sticker",
        "logo",
        "icon",
        "poster",
        "sketch",
        "stamp",
        "tattoo",
        "enamel pin",
        "doodle",
        "old photo",
    )
)
"""Styles whose names are things, too: a sticker book is no book."""

_CUTE = ("sticker", "cute sticker", "die-cut sticker", "vinyl sticker")
_KAWAII = re.compile(r"\bkawaii\b")
_ARTICLE = re.compile(rf"^((?:an?|the|{COUNT_EN}) )?")
"""Of what is on a kawaii sticker, which has a face."""

# Chinese

_KINDS_ZH = r"(?:画作|画|风格|风|图案|图片|图|版|效果|艺术|作品|样式|照片|照|形式|感)"
_DRAWINGS_ZH = "张幅枚款副份"
"""Measure words of pictures; all others belong to what is shown."""
_ASKING_ZH = r"(?:请)?(?:帮我|给我)?(?:画|绘制|生成|设计|来|用|以)?"
_COUNT_ZH = rf"(?P<count>[{NUMERALS_ZH}几\d]+[只个朵棵辆头匹条座栋位名株艘架把顶张幅枚款副份])?"
_DRAWING_OF = re.compile(f"^一[{_DRAWINGS_ZH}]")
_AND_ZH = "和与跟、或及"


class Styled(NamedTuple):
    """A prompt, read for its style."""

    text: str
    """The prompt without the words for the style."""
    style: str
    """One of EFFECTS, one that was found in pictures, or nothing."""


def without_style(text: str, vocabulary: Vocabulary) -> Styled:
    """Find the style of a prompt in its normal form; what the model has learned stays in it."""
    if len(text) > _LONGEST_TEXT:
        return Styled(text, "")
    own = _found_fitted(text, vocabulary)
    if own is not None:
        return own
    find = _found_zh if is_chinese(text) else _found_en
    style = ""
    for _ in range(_MOST_STYLES):
        found = find(text, vocabulary)
        if found is None:
            break
        # A black and white sketch is a sketch.
        if not style or found.style != "black and white":
            style = found.style
        text = found.text
    return Styled(text, style)


@lru_cache(maxsize=1)
def style_table() -> dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return the Chinese name and the words in both languages of each effect, by its name."""
    table = {}
    for name, zh, words_en, words_zh in read_table("planning/styles.txt"):
        cells = [cell.split(",") for cell in (f"{name},{words_en}", f"{zh},{words_zh}")]
        english, chinese = (tuple(word.strip() for word in cell) for cell in cells)
        table[name] = (zh, english, chinese)
    return table


def effect_named(name: str) -> str:
    """Return the effect of a name or of another word for it; "" if there is none."""
    bare = " ".join(name.lower().split())
    for effect, (_, english, chinese) in style_table().items():
        if bare in (*(word.rstrip("*+") for word in english), *chinese):
            return effect
    shorter = re.sub(r"(?: style| painting| drawing|风格|风|画)$", "", bare)
    return effect_named(shorter) if shorter not in ("", bare) else ""


def in_style(text: str, style: str, vocabulary: Vocabulary | None) -> str:
    """Return a prompt that asks for a style that the model has learned, by its English name."""
    if not style or vocabulary is None:
        return text
    if is_chinese(text):
        return f"{text}，{dict(vocabulary.styles)[style]}"
    return f"{text}, {style}"


def fitted_named(name: str, vocabulary: Vocabulary | None) -> str:
    """Return the style found in pictures that a name means; "" if there is none."""
    bare = _without_kind(" ".join(name.lower().split()))
    for style in vocabulary.fitted.values() if vocabulary else ():
        if bare in (_without_kind(style.name.lower()), _without_kind(style.name_zh.lower())):
            return style.name
    return ""


def _without_kind(name: str) -> str:
    return re.sub(r"(?:[ -]style|风格)$", "", name)


def _found_fitted(text: str, vocabulary: Vocabulary) -> Styled | None:
    """The style found in pictures that a prompt names, and the rest of it; None if it names none.

    It has the word style with it, or stands behind a comma or "in".
    """
    lower = text.lower()
    if len(lower) != len(text):
        return None
    for style in vocabulary.fitted.values():
        names = {_without_kind(name.lower()) for name in (style.name, style.name_zh)}
        for pattern in _patterns_fitted("|".join(sorted(map(re.escape, names)))):
            match = pattern.match(lower)
            if match is None:
                continue
            parts = [text[slice(*match.span(part))] for part in ("count", "rest", "more")
                     if match.groupdict().get(part)]  # fmt: skip
            if match.groupdict().get("count") and parts[0][-1] in _DRAWINGS_ZH:
                parts[0] = ""
            rest = _DRAWING_OF.sub("", "".join(parts)).strip(" ,，")
            if _is_left(rest):
                return Styled(rest, style.name)
    return None


@lru_cache(maxsize=32)
def _patterns_fitted(words: str) -> tuple[re.Pattern[str], ...]:
    """Where a prompt may name a style of one of some words."""
    style = rf"(?:{words})"
    kind = r"(?:[ -]?style(?:d)?|风格|风)"
    return (
        re.compile(rf"(?P<rest>.+?)(?:,| -| in the style of| in)(?: an?| the)? ?{style} ?{kind}?$"),
        re.compile(rf"(?P<rest>.+?)[，,的\s]*(?:用|以)?{style} ?{kind}$"),
        re.compile(
            rf"{_ASKING}{style} ?{kind}(?: {_MEDIA.replace('(?:-| )', '')})? (?:of|for|showing) "
            rf"(?P<rest>.+)$"
        ),
        re.compile(
            rf"{_ASKING_ZH}{_COUNT_ZH}{style} ?{kind}[的，,：:\s]*(?:画|绘制)?(?P<rest>.+)$"
        ),
        re.compile(rf"(?P<rest>.+?),? ?{style} ?{kind}(?P<more>,.+)$"),
        re.compile(rf"{_ASKING}{style} ?{kind}[,:]? (?P<rest>.+)$"),
        re.compile(rf"{style}[,:：，] ?(?P<rest>.+)$"),
    )


def _is_left(text: str) -> bool:
    """Whether a text still says something."""
    return re.search(r"\w", text) is not None


# English


@lru_cache(maxsize=1)
def _words_en() -> dict[str, tuple[str, str]]:
    """The style and the mark of each English word."""
    return {
        word.rstrip("*+"): (style, word[len(word.rstrip("*+")) :])
        for style, (_, english, _) in style_table().items()
        for word in english
    }


@lru_cache(maxsize=1)
def _patterns_en() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Where an English prompt may name a style: a word for the place, and a pattern."""
    words = any_of(_words_en())
    style = rf"(?P<style>{words})(?P<media>{_MEDIA}*)"
    style_behind = style + _RIM
    return (
        (
            "of",
            re.compile(
                rf"{_ASKING}{_PRAISE}{style} (?:of|for|showing|featuring) (?P<rest>.+?){_RIM}$"
            ),
        ),
        ("in", re.compile(rf"{style}[,:] ?(?P<rest>.+)")),
        (
            "in",
            re.compile(
                r"(?P<rest>.+?)(?:,| -| in the style of| in| as| \()"
                rf"(?: an?| the)? ?{_PRAISE}{style_behind}\)?$"
            ),
        ),
        ("in", re.compile(rf"(?P<rest>.+?), ?{style}(?P<more>,.+)")),
        ("before", re.compile(rf"{_ASKING_KEPT}{style} (?P<rest>.+)")),
        ("behind", re.compile(rf"(?P<rest>.+?) {style_behind}$")),
    )


_ASKING_KEPT = (
    r"(?:please )?(?:(?:draw|paint|show|make|create|design|generate|give) )?(?:me )?"
    rf"(?P<article>(?:an?|the|one|{QUANTITY_EN}) )?"
)


def _found_en(text: str, vocabulary: Vocabulary) -> Styled | None:
    """The style that an English prompt names, and the rest of it; None if it names none."""
    lower = text.lower()
    for place, pattern in _patterns_en():
        match = pattern.match(lower) if len(lower) == len(text) else None
        if match is None or not _is_meant_en(place, match, lower, vocabulary):
            continue
        parts = match.groupdict()
        rest = text[match.start("rest") : match.end("rest")]
        if parts["style"] in _CUTE and _KAWAII.search(lower[: match.start("style")]):
            rest = _ARTICLE.sub(r"\1kawaii ", rest)
        if parts.get("article"):
            rest = f"{parts['article']}{rest}"
        if parts.get("more"):
            rest = f"{rest}{text[match.start('more') : match.end('more')]}"
        if _is_left(rest):
            return Styled(rest.strip(" ,"), _words_en()[parts["style"]][0])
    return None


def _is_meant_en(place: str, match: re.Match[str], text: str, vocabulary: Vocabulary) -> bool:
    """Whether the words that a pattern found mean a style where they are."""
    word, media = match["style"], match["media"]
    style, mark = _words_en()[word]
    named = {own.lower() for names in vocabulary.styles for own in names}
    if f"{word}{media}" in named:
        return False
    if not media and mark and (mark == _ALWAYS or place != "in"):
        return False
    if place == "before" and style == "neon" and match["rest"].split()[0] in COLOURS:
        return False
    if place == "before":
        is_coat = style == "black and white" and _is_coat_en(match, vocabulary)
        is_longer = _is_longer_noun(text[match.start("style") :], word, vocabulary)
        is_noun = style in _NOUNS and not word.endswith("drawn")
        return not (is_coat or is_longer or is_noun)
    if place == "behind" and word == "knitting" and not media:
        return False
    if place == "behind":
        last = match["rest"].split()[-1]
        is_name = text in vocabulary.words_en or f"{last} {word}" in vocabulary.words_en
        return not is_name and last not in _JOINING and last in vocabulary.parts_en
    return True


def _is_coat_en(match: re.Match[str], vocabulary: Vocabulary) -> bool:
    """Whether black and white are an animal's colours, or two of several."""
    rest = match["rest"]
    names = (vocabulary.words_en.get(word) for word in rest.split())
    has_animal = any(name and vocabulary.thing(name).kind == "animal" for name in names)
    return (bool(match["article"]) and has_animal) or any(colour in rest for colour in _OTHERS)


_OTHERS = tuple(colour for colour in COLOURS if colour not in ("black", "white", "grey"))


def _is_longer_noun(text: str, word: str, vocabulary: Vocabulary) -> bool:
    """Whether a text starts with a thing of whose name a word is only the beginning."""
    words = text.split()
    return any(
        " ".join(words[:count]) in vocabulary.words_en
        for count in range(len(word.split()) + 1, len(word.split()) + 3)
    )


# Chinese


@lru_cache(maxsize=1)
def _words_zh() -> dict[str, tuple[str, str]]:
    """The style and the mark of each Chinese word."""
    return {
        word.rstrip("*+"): (style, word[len(word.rstrip("*+")) :])
        for style, (_, _, chinese) in style_table().items()
        for word in chinese
    }


@lru_cache(maxsize=1)
def _patterns_zh() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Where a Chinese prompt may name a style: at its beginning, and at its end."""
    words = any_of(_words_zh())
    style = rf"(?P<style>{words})(?P<kind>{_KINDS_ZH}*)"
    return (
        re.compile(rf"{_ASKING_ZH}{_COUNT_ZH}{style}(?P<link>[的，,：:\s]*)(?P<rest>.+)"),
        re.compile(rf"(?P<rest>.+?)(?P<link>[的，,\s]*)(?:一?[{_DRAWINGS_ZH}])?{style}$"),
    )


def _found_zh(text: str, vocabulary: Vocabulary) -> Styled | None:
    """The style that a Chinese prompt names, and the rest of it; None if it names none."""
    lower = text.lower()
    for pattern, is_before in zip(_patterns_zh(), (True, False), strict=True):
        match = pattern.match(lower) if len(lower) == len(text) else None
        if match is None or not _is_meant_zh(match, is_before, vocabulary):
            continue
        rest = _DRAWING_OF.sub("", text[match.start("rest") : match.end("rest")])
        count = match.groupdict().get("count") or ""
        if count and count[-1] not in _DRAWINGS_ZH:
            rest = f"{count}{rest}"
        return Styled(rest.strip(" ，,"), _words_zh()[match["style"]][0])
    return None


def _is_meant_zh(match: re.Match[str], is_before: bool, vocabulary: Vocabulary) -> bool:
    """Whether the words that a pattern found mean a style where they are."""
    word, rest = match["style"], match["rest"]
    known = vocabulary.words_zh
    own_styles = {own for names in vocabulary.styles for own in names}
    if not _is_left(rest) or f"{word}{match['kind']}" in own_styles:
        return False
    is_joined = bool(match["kind"] or match["link"])
    if _words_zh()[word][1] and not match["kind"]:
        return False

    # A longer name that the word is a part of is that thing: 铅笔盒, 交通标志.
    whole = match.string
    start, stop = match.span("style")
    lengths = range(1, 4)
    if is_before:
        is_part = any(
            whole[start : stop + more] in known for more in lengths if stop + more <= len(whole)
        )
        nouns = [known[rest[:length]] for length in range(1, 6) if rest[:length] in known]
        is_noun = bool(nouns)
        is_animal = any(vocabulary.thing(name).kind == "animal" for name in nouns)
        counts_things = (match["count"] or "张")[-1] not in _DRAWINGS_ZH
        if _words_zh()[word][0] == "black and white" and counts_things and is_animal:
            return False
        return not is_part and rest[0] not in _AND_ZH and (is_joined or is_noun)
    is_part = any(whole[max(start - more, 0) :] in known for more in lengths)
    is_thing = word in known and not match["kind"] and _how_zh().fullmatch(rest)
    return not is_part and not is_thing and rest[-1] not in _AND_ZH + "有拿看用"


@lru_cache(maxsize=1)
def _how_zh() -> re.Pattern[str]:
    """Words that only say something of a thing behind them: 红色的积木 are bricks, no style."""
    said = any_of((*attributes("zh"), *COLOURS_ZH.values(), *"大小新旧的又很红黄蓝绿紫"))
    return re.compile(rf"(?:[一二两三四五六七八九十几\d]+[大小]?[\u4e00-\u9fff]|漂亮|美丽|{said})+")


def style_names() -> Iterator[tuple[str, str, str]]:
    """Yield each effect: its name, its Chinese name, and what it makes of a picture."""
    for name, effect in EFFECTS.items():
        yield name, style_table()[name][0], effect.about
