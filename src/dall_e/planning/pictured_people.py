"""Pictures of people who do something, and of what they wear: "a girl in a red hoodie reading".

Our drawings show people from head to foot at many acts and in many clothes. Phrases of two tables
name them: `acts_of_people.txt` and `garments.txt`. A phrase is taken out of a prompt if there is a
picture of whoever it is said of; the rest is read as ever, and then they get that picture. What is
said of them beside, such as the colour of their hair, is painted on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from dall_e.planning.grammar import Grammar
from dall_e.planning.long_names import long_names
from dall_e.planning.people_phrases import (
    Act,
    Phrase,
    acts,
    figures,
    garments,
    part_at_act,
    phrases_in,
    who_in,
)
from dall_e.planning.qualities import is_person, shown_as
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.whole_bodies import figure_of
from dall_e.scenes.graph import Scene, SceneObject
from dall_e.text.language import COUNT_EN, Language

_ALIVE = ("person", "face", "animal")
_POSE = re.compile(r"^(?:standing|walking|running|holding|sitting|reading|waving|jumping) ")
_MOST = 3
"""Phrases of one prompt that are taken out of it."""
_NEAR = 14
"""Characters from an adjective to who it is said of."""
_FOLLOWING = re.compile(
    r"\s*$|\s*[,.;!?，。；！？、]|\s+(?:in|on|at|with|and|by|near|under|beside|next|behind|outside|"
    r"inside|while|to|from|through|over|together|during|after|before|happily|quietly|alone|around|"
    r"outdoors|indoors|up|wearing|wears|as|for|like|against|below|above|using|into|of)\b"
)
"""What may be behind an act: what else is said, and not a thing that it is done with."""


_MORE_WORN = re.compile(
    r"\s*(?:,|and)\s+(?=(?:an?|the)\s|(?:\w+ )?(?:sunglasses|glasses|gloves|boots|shoes|sneakers|"
    r"sandals|headphones|socks)\b)"
)
"""What joins something else that is worn."""


class Reading(NamedTuple):
    """A prompt without the phrases that pictures of people show."""

    text: str
    shown: tuple[tuple[int, Phrase], ...]
    """Which of the people named, from 0, and what is said of them."""


class _Named(NamedTuple):
    """Somebody where a text names them, in characters."""

    start: int
    stop: int
    name: str


_DONE_WITH = re.compile(rf"\s+(?:an?|the|some|his|her|their|its|{COUNT_EN})\s")
"""What may be behind an act that is done with a thing, which is drawn beside: "knitting a sock"."""


_TO_ZH = re.compile("(?P<now>正?在)?[给替陪帮](?=(?:[一两几二三四五六][个位名])?$)")
"""What is before whom something is done for: 妈妈给孩子讲故事."""


def readings_of(
    text: str, grammar: Grammar, vocabulary: Vocabulary, *, with_things: bool = False
) -> Iterator[Reading]:
    """Yield a text without what pictures of people may show, most of it first; () if none does.

    with_things: also where an act is done with a thing that its pictures do not show.
    """
    is_chinese = not grammar.separator
    language: Language = "zh" if is_chinese else "en"
    found = phrases_in(text, language)[:_MOST]
    whole = long_names(text.lower(), vocabulary, language) if found else ()
    found = [phrase for phrase in found if not _is_of_another_name(phrase, whole)]
    if not found:
        return
    named = _named(text, grammar, vocabulary)
    said: list[tuple[int, Phrase]] = []
    for phrase in found:
        owner = _owner(text, phrase, named, is_chinese, with_things=with_things)
        if owner is not None and is_person(vocabulary, _bare(owner, phrase, text, vocabulary)):
            said.append((owner.start, phrase))
    taken = [phrase for _, phrase in said]
    people = [
        each.start
        for each in named
        if is_person(vocabulary, each.name)
        and not any(phrase.start <= each.start and each.stop <= phrase.stop for phrase in taken)
    ]
    kept = [(people.index(at), phrase) for at, phrase in said if at in people]
    if is_chinese:
        text = _with_receivers(text, named)
    for some in _subsets(kept):
        yield Reading(_without(text, [phrase for _, phrase in some], is_chinese), tuple(some))


_ASKED_EN = re.compile(
    r"^(?:(?:i am|i'm|we are|we're|let's go|let's|gone|going|go|time for|i love|i like|love|enjoy|"
    r"enjoying|out|people|somebody|someone|a person|person) )+(?=\w+ing\b)"
)
_ASKED_ZH = re.compile("^(?:我们?|有人|大家|一起|去|正?在|喜欢|爱|热爱)+(?=[\u4e00-\u9fff]{2})")
_FOLLOWING_ZH = re.compile("[，。！,!在呢啦了]")
_LEAD = 8
"""Characters before an act that say when or where it is done."""
_ANYBODY = (("woman", "女人"), ("man", "男人"), ("girl", "女孩"), ("boy", "男孩"))
"""Who does what nobody is said to do."""


def with_somebody(text: str, grammar: Grammar, vocabulary: Vocabulary) -> str:
    """Return a prompt that starts with an act of people and names nobody, with somebody who does
    it: "playing chess" is a woman, a man, a girl or a boy who does.
    """
    is_chinese = not grammar.separator
    words = vocabulary.words_zh if is_chinese else vocabulary.words_en
    lower = text.lower()
    if lower in words:
        return text
    bare = (_ASKED_ZH if is_chinese else _ASKED_EN).sub("", lower)
    first = next(iter(phrases_in(bare, "zh" if is_chinese else "en")), None)
    if first is None or not isinstance(first.shows, Act):
        return text
    before, rest = bare[: first.start], bare[first.stop :]
    if before and not (is_chinese and len(before) <= _LEAD and before[-1] not in "的地个"):
        return text
    if rest and not (_FOLLOWING_ZH if is_chinese else _FOLLOWING).match(rest):
        return text
    if any(
        not first.start <= each.start < first.stop for each in _named(bare, grammar, vocabulary)
    ):
        return text
    turn = len(first.shows.image) % len(_ANYBODY)
    for who, who_zh in (*_ANYBODY[turn:], *_ANYBODY[:turn]):
        if vocabulary.knows(first.shows.image_of(who)):
            return f"{before}{who_zh if is_chinese else f'{who} '}{bare[first.start :]}"
    return text


def _is_of_another_name(phrase: Phrase, names: Iterable[tuple[int, int, str]]) -> bool:
    """Whether a phrase is a part of a long name of a picture that does not just show it."""
    return any(
        start <= phrase.start and phrase.stop <= stop and not who_in(phrase.shows.image, name)
        for start, stop, name in names
    )


def _subsets(said: Sequence[tuple[int, Phrase]]) -> Iterator[list[tuple[int, Phrase]]]:
    """All phrases, then the acts alone, then one act, then the clothes alone; nothing twice."""
    done: list[list[tuple[int, Phrase]]] = [[]]
    some = [each for each in said if isinstance(each[1].shows, Act)]
    worn = [each for each in said if each not in some]
    single = [[*worn, each] for each in some]
    for chosen in (list(said), some, *single, *([each] for each in some), worn):
        if chosen not in done:
            done.append(chosen)
            yield chosen


def _named(text: str, grammar: Grammar, vocabulary: Vocabulary) -> list[_Named]:
    """Whoever is alive of those that a text names, in their order."""
    spans = grammar.tokens(text)
    tokens = [text[start:stop] for start, stop in spans]
    words = vocabulary.words_en if grammar.separator else vocabulary.words_zh
    found: list[_Named] = []
    position = 0
    while position < len(tokens):
        length = grammar.noun_length(tokens, position)
        name = words.get(grammar.separator.join(tokens[position : position + length]), "")
        if length and name and vocabulary.thing(name).kind in _ALIVE:
            start, stop = spans[position][0], spans[position + length - 1][1]
            found.append(_Named(start, stop, name))
        position += max(length, 1)
    return found


def _bare(owner: _Named, phrase: Phrase, text: str, vocabulary: Vocabulary) -> str:
    """The name of somebody whose noun has a phrase in it: of "woman doing yoga" that of "woman"."""
    if owner.stop <= phrase.start or owner.start >= phrase.stop:
        return owner.name
    rest = text[owner.start : phrase.start] + " " + text[phrase.stop : owner.stop]
    rest = rest.strip(" 的着在")
    return vocabulary.words_en.get(rest, "") or vocabulary.words_zh.get(rest, "") or owner.name


def _owner(
    text: str,
    phrase: Phrase,
    named: Sequence[_Named],
    is_chinese: bool,
    *,
    with_things: bool = False,
) -> _Named | None:
    """Who a phrase is said of; None if that is not clear, or the phrase is a part of a name."""
    # Who is a part of what is done is nobody else: the dog of "walking a dog"
    named = [each for each in named if each.start < phrase.start or phrase.stop < each.stop]
    for each in named:
        if each.start < phrase.stop and phrase.start < each.stop:
            return each if each.start <= phrase.start or phrase.stop == each.stop else None
    earlier = [each for each in named if each.stop <= phrase.start]
    if is_chinese and len(earlier) > 1 and _TO_ZH.search(text[: earlier[-1].start]):
        earlier.pop()
    before = earlier[-1] if earlier else None
    after = next((each for each in named if each.start >= phrase.stop), None)
    rest = text[phrase.stop :]
    if with_things and not is_chinese and _DONE_WITH.match(rest) and phrase.start > 0:
        return before
    if is_chinese:
        is_before = after is not None and re.match(r"[着了]?[的地]", rest) is not None
        is_before = is_before or before is None
        return after if is_before else before
    if after is not None and after.start - phrase.stop <= _NEAR and not _FOLLOWING.match(rest):
        return after if isinstance(phrase.shows, Act) and phrase.shows.is_adjective else None
    is_done = not isinstance(phrase.shows, Act) or _FOLLOWING.match(rest)
    return before if is_done else None


def _with_receivers(text: str, named: Sequence[_Named]) -> str:
    """A Chinese text, as long, in which those that something is done for are there, too."""
    for each in named[1:]:
        match = _TO_ZH.search(text[: each.start])
        if match:
            joined = "，" * len(match[0])
            text = text[: match.start()] + joined + text[match.end() :]
    return text


def _without(text: str, phrases: Sequence[Phrase], is_chinese: bool) -> str:
    """A text without phrases. What is worn beside clothes is worn still."""
    for phrase in sorted(phrases, key=lambda phrase: -phrase.start):
        before, after = text[: phrase.start], text[phrase.stop :]
        if is_chinese:
            before = re.sub(r"正?在$|[，,]$", "", before) if not after[:1] == "的" else before
            if not before or before[-1] in "，,个名位的群只":
                after = after.removeprefix("的")
            text = before + after
            continue
        worn = _MORE_WORN.match(after)
        if worn and not isinstance(phrase.shows, Act):
            after = " wearing " + after[worn.end() :]
        text = f"{before.rstrip()} {after.strip()}"
    text = re.sub(
        r"\s+(?:is|are|and)\s*$|\s+(?:is|are)(?=\s+(?:in|on|at|and|with|wearing)\b)", "", text
    )
    return re.sub(r"\s+,", ",", text).strip()


# On a scene


def with_pictured_people(
    scene: Scene, shown: Sequence[tuple[int, Phrase]], vocabulary: Vocabulary
) -> Scene | None:
    """Return a scene whose people have the pictures of what is said; None if one has none."""
    people = [i for i, item in enumerate(scene.objects) if is_person(vocabulary, item.name)]
    items = list(scene.objects)
    dropped: set[int] = set()
    for number in sorted({number for number, _ in shown}):
        if number >= len(people):
            return None
        index = people[number]
        said = [phrase for owner, phrase in shown if owner == number]
        pictured = _pictured(items[index], said, vocabulary)
        if pictured is None:
            return None
        items[index] = pictured
        things = {name for phrase in said for name in phrase.shows.things}
        dropped |= {i for i, item in enumerate(items) if item.name in things and i not in people}
    return _kept(replace(scene, objects=tuple(items)), dropped)


def _kept(scene: Scene, dropped: set[int]) -> Scene:
    """A scene without the things that are on somebody's picture already."""
    # What is left of two stands to nothing any more.
    return replace(scene, relation="").without(dropped) if dropped else scene


def _pictured(
    item: SceneObject, said: Sequence[Phrase], vocabulary: Vocabulary
) -> SceneObject | None:
    """Somebody with the picture of all that is said; None if there is no such picture."""
    worn = [phrase for phrase in said if not isinstance(phrase.shows, Act)]
    done = [phrase for phrase in said if isinstance(phrase.shows, Act)]
    if len(worn) > 1 or len(done) > 1:
        return None
    for name, parts in _figures_of(item.name):
        shown = name
        for phrase in (*worn, *done):
            shown = phrase.shows.image_of(shown)
        if not vocabulary.knows(shown) and worn and done:
            # The act, and the clothes of its picture in the colour that is said
            shown = done[0].shows.image_of(name)
        if not vocabulary.knows(shown):
            continue
        pictured = shown_as(vocabulary, item, shown)
        own = {**dict(parts), **dict(pictured.parts)}
        own = {part_at_act(shown, part): colour for part, colour in own.items()}
        for part, colour in (each for phrase in worn for each in phrase.parts):
            own[part_at_act(shown, part)] = colour
        return replace(pictured, parts=tuple(sorted(own.items())))
    return None


def _figures_of(name: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """The names under which somebody is drawn, the nearest first, with the parts to be painted."""
    bare = _POSE.sub("", name)
    yield bare, ()
    for figure, parts in (*figure_of(name), *figure_of(bare)):
        yield figure, parts
        yield from ((other, parts) for other, _ in figures().get(figure, ()))
    yield from figures().get(bare, ())
    images = (*(act.image for act in acts()), *(worn.image for worn in garments()))
    for image in images:
        who = who_in(image, bare)
        if who:
            yield who, ()
