"""An animal and what it does, read as the name of the picture that shows both.

"a monkey playing the guitar" is "a guitar-playing monkey", 伸着懒腰的小猫 is 伸懒腰的猫, if the
model has such a picture; else a prompt stays as it is. The table `acts.txt` says which words mean
which act. What else is said of the animal, such as its colour or where it is, is read as of any
other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from dall_e.planning.long_names import long_names
from dall_e.planning.qualities import flies, whole_name
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import COLOURS_ZH, COUNT_EN, COUNT_ZH, Language, is_denied, plural_of
from dall_e.text.tables import read_table

_WORD = re.compile(r"[a-z'-]+")
_LONGEST_EN, _LONGEST_ZH = 3, 6
"""Words, or characters, of the names of animals."""
_BETWEEN_EN = (
    "(?: (?:on|at|with|an?|the|his|her|its|their|some|little|small|big|large|tiny|huge|of))"
)
_BEFORE_EN = (
    r"(?:,? (?:(?:that|who|which) )?(?:(?:is|are) )?"
    r"(?:happily |busily |quietly |standing up and )?)"
)
_JOINED_EN = re.compile(r" and (?:(?:an?|the) )?(?:[a-z]+ ){0,2}")
_JOINED_ZH = re.compile(r"[和与跟]一?[只头条匹个]?")
_MOST_TRIED = 12
"""Of many acts in a long prompt, so that the time to read it grows with its length only."""
_ALIVE = ("animal", "person", "face")
_STOPS_ZH = "，。；！？,;和与跟"
_BEFORE_ACTS_ZH = "的着只头条匹个位群，。、在里上中旁边下"
_FOR_ONE = re.compile(r"-(?:sitting|sleeping|bedded|bathing|climbing|riding|driving|flying)$")
"""Acts of which a picture shows a seat, a bed or a car, that several share."""
_SEVERAL_ZH = re.compile(f"(?:{COUNT_ZH}|几)[只头条匹个]|一群")
_COUNTED_EN = re.compile(rf"(?:(?<= of)| of) {COUNT_EN} ")
"""Behind a word for several: a family of eight ducks is eight of them."""
_AHEAD_ZH = 12
"""Characters behind an act in which its animal is."""


_PARTS_EN = re.compile(
    r" (?:with|has|having|waving|flapping|wagging|raising|spreading|snapping|swishing|clapping) "
    r"(?:(?:an?|the|its|his|her|their|big|large|long|short|small|little|tiny|huge|sharp|bushy|"
    r"fluffy|curly|floppy|round|pointy|pointed|soft|thick|fine|beautiful|shiny|strong|spiral|cute|"
    r"furry|giant|tall|wide|curved|powerful|great|very|magnificent|bright|sharp-looking) ){0,4}"
    r"(?:mane|tail|ears?|trunk|horns?|whiskers|stripes|wings|fur|feathers|teeth|claws|beak|eyes|"
    r"paws|spots|shell|humps?|antlers|tusks|fins?|legs|neck|tentacles|scales|wool|snout|nose|fangs|"
    r"quills|spines|spikes|hooves|pincers|antennae|crest)\b(?! (?:in|out|spread|on)\b)"
)
_PARTS_ZH = re.compile(
    "(?:(?<=[只头条匹个的，。群])|^)(?:有着?|长着|长有|拖着|竖着|留着|露出|带着|摇着?|挥舞着?|张开|展开|扇动|竖起|翘着)?(?:一[条对双只身个])?"
    "[\u5927\u957f\u5c0f\u5c16\u77ed\u7c97\u84ec\u677e\u6bdb\u8338\u7684\u9510\u5229\u9ad8\u5de8]{0,4}"
    "(?:鬃毛|尾巴|耳朵|鼻子|獠牙|尖牙|犄角|胡须|条纹|翅膀|羽毛|牙齿|眼睛|斑点|驼峰|鹿角|象牙|脖子|"
    "触手|鳞片|钳子|大钳|爪子)(?:[大长小尖短高]|蓬松|长长|大大|尖尖|毛茸茸|锋利)?的"
)
"""Parts that animals have, with what is said of them; not their colours and numbers."""


class _Act(NamedTuple):
    """Words that mean an act."""

    act: str
    verbs: tuple[str, ...]
    things: tuple[str, ...]
    language: Language

    def found_in(self, text: str) -> Iterator[re.Match[str]]:
        """Where a text says it. Patterns are compiled where a verb of theirs is there at all."""
        if any(verb in text for verb in self.verbs):
            yield from _pattern(self.verbs, self.things, self.language).finditer(text)


class _Named(NamedTuple):
    """Somebody where a text names them, in characters."""

    start: int
    stop: int
    name: str


def without_own_parts(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a prompt in lower case without the parts that an animal's picture shows anyway.

    "a lion with a big mane" is "a lion", 长着长鼻子的大象 is 大象.
    """
    if long_names(text, vocabulary, language):
        return text
    if language == "zh":
        for match in reversed([*_PARTS_ZH.finditer(text)]):
            ahead = next(_animals_zh(text[match.end() : match.end() + 8], vocabulary), None)
            if ahead is None or ahead.start > 2:
                continue
            if vocabulary.thing(ahead.name).kind == "animal":
                is_new = "翅膀" in match[0] and not flies(vocabulary, ahead.name)
                text = f"{text[: match.start()]}{'会飞的' * is_new}{text[match.end() :]}"
        return text
    named = _animals_en(text, vocabulary)
    ends = {one.stop: one for one in named if vocabulary.thing(one.name).kind == "animal"}
    for match in reversed([*_PARTS_EN.finditer(text)]):
        one = ends.get(match.start())
        if one is None:
            continue
        is_new = match[0].endswith("wings") and not flies(vocabulary, one.name)
        noun = f"{'flying ' * is_new}{text[one.start : one.stop]}"
        text = f"{text[: one.start]}{noun}{text[match.end() :]}"
    return text


def with_groups_first(text: str, vocabulary: Vocabulary) -> str:
    """Return a Chinese prompt with groups of animals as they are counted: 羊群 is 一群羊."""
    for one in reversed([*_animals_zh(text, vocabulary)]):
        if text[one.stop : one.stop + 1] == "群" and text[one.stop : one.stop + 2] != "群岛":
            noun, before = text[one.start : one.stop], text[: one.start].removesuffix("一群")
            text = f"{before}一群{noun}{text[one.stop + 1 :]}"
    return text


_WHERE_EN = re.compile(r"(?:on|in|at|by|under|inside|out of) ")
_WHERE_ZH = "上里下边前中"
"""How words begin and end that only say where somebody is."""


def with_pictured_acts(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a prompt in lower case with pictures' names for animals and what they do.

    Of what two words say the longer one counts; each prompt has one such act at most.
    """
    found = [
        (match, act.act)
        for act in _acts(language)
        for match in act.found_in(text)
    ]  # fmt: skip
    rewrite = _in_english if language == "en" else _in_chinese
    whole = long_names(text, vocabulary, language) if found else ()
    found = [
        (match, act)
        for match, act in found
        if not is_denied(text, match.start(), language)
        and not _is_place_of_another(text, match, language)
        and not _is_inside(match, act, whole, vocabulary)
    ]
    longest = sorted(found, key=lambda each: each[0].start() - each[0].end())
    for match, act in longest[:_MOST_TRIED]:
        again = rewrite(text, match, act, vocabulary)
        if again:
            return again
    return text


def _is_inside(
    match: re.Match[str],
    act: str,
    names: Iterable[tuple[int, int, str]],
    vocabulary: Vocabulary,
) -> bool:
    """Whether words are a part of a longer name, as of "a mother duck followed by ducklings".

    If that name means an animal's picture of the act itself, it is read as the act.
    """
    return any(
        start <= match.start()
        and match.end() <= stop
        and not (name.startswith(f"{act} ") and vocabulary.knows(name.removeprefix(f"{act} ")))
        for start, stop, name in names
    )


def _is_place_of_another(text: str, match: re.Match[str], language: Language) -> bool:
    """Whether words say where something else is done: "sleeping on a windowsill", 在窗台上睡觉."""
    if language == "en":
        is_doing = re.search(r"\b\w+ing $", text[: match.start()]) is not None
        return is_doing and _WHERE_EN.match(match[0]) is not None
    after = text[match.end() :]
    return match[0][-1] in _WHERE_ZH and after[:1] not in ("", "的", *_STOPS_ZH)


def _in_english(text: str, match: re.Match[str], act: str, vocabulary: Vocabulary) -> str:
    """The text with the picture of an animal and its act; "" if there is none."""
    if _COUNTED_EN.match(text, match.end()):
        return ""
    named = _animals_en(text, vocabulary)
    before = [one for one in named if one.stop <= match.start()]
    after = [one for one in named if one.start >= match.end()]
    doers: list[_Named] = []
    if before:
        doers = [one for one in before[-1:] if _reaches(text[one.stop : match.start()])]
        others = before[-2:-1] if doers else []
        joined = [one for one in others if _JOINED_EN.fullmatch(text[one.stop : doers[0].start])]
        doers = [*joined, *doers]
    elif after and re.fullmatch(r" (?:[a-z]+ ){0,3}", text[match.end() : after[0].start]):
        is_before = len(match[0].split()) == 1 or match[0].endswith(" of")
        doers = after[:1] if is_before else []
    if not doers or not all(_pictured(one.name, act, vocabulary)[0] for one in doers):
        return ""
    is_several = any(vocabulary.is_plural(text[one.start : one.stop], one.name) for one in doers)
    if is_several and _FOR_ONE.search(act):
        return ""

    # The words for the act go, and the picture's name stands for the animal.
    start = match.start()
    lead = re.search(_BEFORE_EN + "$", text[:start])
    start = max(lead.start() if lead else start, doers[-1].stop if before else 0)
    edits = [(one.start, one.stop, _name_en(text, one, act, vocabulary)) for one in doers]
    return _edited(text, [*edits, (start if before else match.start(), match.end(), "")])


def _in_chinese(text: str, match: re.Match[str], act: str, vocabulary: Vocabulary) -> str:
    """The text with the picture of an animal and its act; "" if there is none."""
    start, stop = match.span()
    has_owner = text[stop : stop + 1] == "的"
    named = list(_animals_zh(text, vocabulary))
    # What is said before the act is said of the animal, too: 戴帽子弹吉他的猫.
    is_open = has_owner and start > 0 and text[start - 1] not in _BEFORE_ACTS_ZH
    if is_open and any(one.start == start for one in named):
        return f"{text[:start]}的{text[start:]}"
    before = [one for one in named if one.stop <= start]
    after = [one for one in named if stop < one.start <= stop + _AHEAD_ZH]
    if has_owner:
        doers = [one for one in after[:1] if not _has_stop(text[stop + 1 : one.start])]
        stop += 1
    else:
        doers = [one for one in before[-1:] if not re.search("[，。；]", text[one.stop : start])]
        joined = before[-2:-1] if doers else []
        doers = [
            *(one for one in joined if _JOINED_ZH.fullmatch(text[one.stop : doers[0].start])),
            *doers,
        ]
    shown = [_pictured(one.name, act, vocabulary) for one in doers]
    if not doers or not all(name for name, _ in shown):
        return ""
    if _FOR_ONE.search(act) and _SEVERAL_ZH.search(text[: doers[-1].start]):
        return ""
    edits = [
        (one.start, one.stop, f"{COLOURS_ZH.get(colour, '')}{vocabulary.thing(name).zh}")
        for one, (name, colour) in zip(doers, shown, strict=True)
    ]
    return _edited(text, [*edits, (start, stop, "的" if is_open else "")])


def _has_stop(text: str) -> bool:
    return any(mark in text for mark in _STOPS_ZH)


def _reaches(between: str) -> bool:
    """Whether what is said behind an animal is still of it: "in the park playing guitar" is not
    of the park, and "who is" is of the animal."""
    return re.search(r"\b(?:and|but|while|with)\b.*\b(?:man|woman|boy|girl)\b", between) is None


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    """A text with other words at some places."""
    for start, stop, words in sorted(edits, reverse=True):
        text = f"{text[:start]}{words}{text[stop:]}"
    text = re.sub(r"\b(\w+) (?=\1\b)", "", re.sub("  +", " ", text))
    return re.sub(r" +([,.]|$)", r"\1", text).strip()


def _name_en(text: str, one: _Named, act: str, vocabulary: Vocabulary) -> str:
    """The picture's name, of as many as the words for the animal mean."""
    noun = text[one.start : one.stop]
    name, colour = _pictured(one.name, act, vocabulary)
    is_group = text[: one.start].endswith(" of ")
    is_several = vocabulary.is_plural(noun, one.name) and not is_group
    return f"{colour} {plural_of(name) if is_several else name}".strip()


def _pictured(name: str, act: str, vocabulary: Vocabulary) -> tuple[str, str]:
    """The name of the picture on which an animal does something, and the colour that it gets.

    Of kinds without such a picture it is that of the animal that they are; "" if there is none.
    """
    base = whole_name(name)
    kind, colour = _breeds().get(base) or _breeds().get(name) or ("", "")
    for shown, painted in ((base, ""), (kind, colour)):
        if shown and vocabulary.knows(f"{act} {shown}"):
            return f"{act} {shown}", painted
    return "", ""


@lru_cache(maxsize=1)
def _breeds() -> dict[str, tuple[str, str]]:
    """The animal that a kind is, and its colour or nothing, by the kind's name."""
    return {
        name: (animal, colour.removeprefix("-"))
        for names, animal, colour in read_table("planning/breeds.txt")
        for name in _split(names)
    }


def _animals_en(text: str, vocabulary: Vocabulary) -> list[_Named]:
    """Animals and people that an English text names, in its order."""
    spans = [match.span() for match in _WORD.finditer(text)]
    found: list[_Named] = []
    position = 0
    while position < len(spans):
        for length in range(min(_LONGEST_EN, len(spans) - position), 0, -1):
            start, stop = spans[position][0], spans[position + length - 1][1]
            name = vocabulary.words_en.get(text[start:stop], "")
            if name and vocabulary.thing(name).kind in _ALIVE:
                plain = _plain(name, vocabulary)
                # What is said of it stays: a black cat.
                start += len(text[start:stop].partition(" ")[0]) + 1 if plain != name else 0
                found.append(_Named(start, stop, plain))
                position += length - 1
                break
        position += 1
    return found


def _animals_zh(text: str, vocabulary: Vocabulary) -> Iterator[_Named]:
    """Animals and people that a Chinese text names, in its order."""
    position = 0
    while position < len(text):
        for length in range(min(_LONGEST_ZH, len(text) - position), 0, -1):
            name = vocabulary.words_zh.get(text[position : position + length], "")
            if not name:
                continue
            if vocabulary.thing(name).kind in _ALIVE:
                plain, stop = _plain(name, vocabulary), position + length
                own = vocabulary.thing(plain).zh
                is_said = plain != name and text[position:stop].endswith(own)
                yield _Named(stop - len(own) if is_said else position, stop, plain)
            position += length - 1 if length > 1 or vocabulary.thing(name).kind in _ALIVE else 0
            break
        position += 1


def _plain(name: str, vocabulary: Vocabulary) -> str:
    """The animal itself of "black cat" and of others in whose names something is said of them."""
    first, _, rest = name.partition(" ")
    return (
        rest if first in ("black", "baby", "white", "mother") and vocabulary.knows(rest) else name
    )


@lru_cache(maxsize=2)
def _acts(language: Language) -> tuple[_Act, ...]:
    """All acts with the words that mean them."""
    columns = (1, 2) if language == "en" else (3, 4)
    rows = read_table("planning/acts.txt")
    cells = ((row[0], _split(row[columns[0]]), _split(row[columns[1]])) for row in rows)
    return tuple(_Act(act, verbs, things, language) for act, verbs, things in cells if verbs)


@lru_cache(maxsize=1024)
def _pattern(
    verbs: tuple[str, ...], things: tuple[str, ...], language: Language
) -> re.Pattern[str]:
    return _words_en(verbs, things) if language == "en" else _words_zh(verbs, things)


def _split(cell: str) -> tuple[str, ...]:
    """Words of a cell, the longest first; none for "-"."""
    words = (word.strip().lower() for word in cell.split(",") if word.strip() not in ("", "-"))
    return tuple(sorted(words, key=len, reverse=True))


def _words_en(verbs: tuple[str, ...], things: tuple[str, ...]) -> re.Pattern[str]:
    verb, thing = "|".join(map(re.escape, verbs)), "|".join(map(re.escape, things))
    behind = rf"{_BETWEEN_EN}{{0,3}} (?:{thing})" if things else ""
    return re.compile(rf"(?<![\w-])(?:{verb}){behind}(?![\w-]| hol(?:e|low)\b)")


def _words_zh(verbs: tuple[str, ...], things: tuple[str, ...]) -> re.Pattern[str]:
    verb, thing = "|".join(map(re.escape, verbs)), "|".join(map(re.escape, things))
    number = "(?:一?[个只把本杯束条件顶辆架支根座台朵份盒碗张]|一)?"
    behind = rf"[着了过]?{number}[大小]?(?:{thing})" if things else ""
    return re.compile(rf"(?:正在|正|在)?(?:{verb}){behind}(?:着)?")
