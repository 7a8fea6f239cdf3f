"""A prompt in English or Chinese to the record of a scene, and to what was not understood of it.

A first pass reads the captions of `scenes/captions.py` backwards, and a little more. It accepts a
prompt only if it understands every word: things that the model knows, their numbers, colours and
sizes, how two of them stand to each other, what they do, and where they are.

A second, loose pass takes from any other prompt the things that it names and what is said of them
in known words. "An astronaut riding a big horse through the stars" names an astronaut, a big horse
and the night. A small model that is given such a sentence draws one lump; asked for the things one
by one, it draws them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dall_e.planning.grammar import Grammar, Mention, Objects
from dall_e.planning.grammar_en import English
from dall_e.planning.grammar_zh import Chinese
from dall_e.planning.marked_text import MarkedText
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Scene, SceneObject
from dall_e.scenes.phrases import OPPOSITE
from dall_e.scenes.vocabulary import WORN
from dall_e.text.language import is_chinese
from dall_e.text.normal_form import normal_form

_MOST_THINGS = 3
_TONES = re.compile(
    r"\b(?:(?:medium-)?(?:light|dark) |medium )?skin tone\b|(?:较[浅深]|中等(?:-?[浅深])?)?肤色"
)
"""Names of hands and people that are no words of the tables: such a prompt is left alone."""
_IDIOMS = re.compile(r"马上|马虎|世上|\bhand (?=drawn|painted|made|written)")
"""Words that name a thing and do not mean it."""
_STATES = {
    "sleeping": re.compile(r"\b(?:sleeping|asleep|sleeps|napping)\b|睡[觉着]?"),
    "playing": re.compile(r"\b(?:playing|plays)\b|玩[耍球]?"),
}
_WEARING = re.compile(r"wear|\bwith\b|\bin\b|戴")
"""Who wears something has it on the head, which is what is under a hat."""
_WORN_BY_NEXT = re.compile("(戴着?)[^，,]{0,5}$")
"""Before what somebody wears who is named behind it: 戴帽子的狗."""


@dataclass(frozen=True, kw_only=True)
class Parse:
    """What is known of a prompt."""

    text: str
    """The normal form of the prompt, which is what is read."""
    scene: Scene | None
    """What it shows; None if it names nothing that the model knows. No images are chosen."""
    coverage: float
    """Fraction of its words (for Chinese, of its characters) that some rule used.

    Words that say nothing by themselves, such as articles, do not count.
    """
    unread: tuple[str, ...]
    """The words that no rule used, as written and in their order; for Chinese, runs of characters.

    Behind them the style, if the model does not have it, and what is no word, such as marks.
    """
    unknown: tuple[str, ...]
    """Of those, what is in no name that the model knows: not even its text encoder reads it."""
    refused_style: str
    """The style that was asked for, if the model does not have it."""
    is_exact: bool
    """Whether one reading of the whole prompt explains every word of it."""


@lru_cache(maxsize=64)
def parse(prompt: str, vocabulary: Vocabulary) -> Parse:
    """Read a prompt by the words that a model knows, in a time that grows with its length."""
    normal = normal_form(prompt)
    text = normal.text.rstrip(".。!！").strip()
    chinese = is_chinese(text)
    grammar: Grammar = Chinese(vocabulary) if chinese else English(vocabulary)
    marked = MarkedText(text if chinese else text.lower())

    start, stop, style = grammar.frame(marked.text)
    marked.keep_only(start, stop)
    exact = _exact(grammar, marked.text)
    scene = exact or _loose(grammar, marked)
    has_style = vocabulary.has_style(style)
    if scene and has_style:
        scene = replace(scene, style_zh=style) if chinese else replace(scene, style_en=style)

    # What was not used: nothing in an exact reading, everything where nothing is known.
    rest = "" if exact else marked.unused() if scene else marked.whole
    words = grammar.words(rest)
    unknown = [word for word in grammar.words(_TONES.sub(" ", rest)) if not grammar.knows(word)]
    refused_style = "" if has_style or not scene else normal.as_written([style])[0]
    others = (*filter(None, [refused_style]), *normal.ignored)
    if not scene and not grammar.words(marked.whole):
        others = others or tuple(filter(None, [prompt.strip()]))
    return Parse(
        text=normal.text or prompt,
        scene=scene,
        coverage=_coverage(grammar, marked.whole, words) if scene else 0.0,
        unread=tuple(dict.fromkeys((*normal.as_written(words), *others))),
        unknown=tuple(dict.fromkeys((*normal.as_written(unknown), *others))),
        refused_style=refused_style,
        is_exact=exact is not None and not others,
    )


def _coverage(grammar: Grammar, text: str, unread: Iterable[str]) -> float:
    """The fraction of a text's words that are not among those unread, by words or characters."""

    def length(words: Iterable[str]) -> int:
        return sum(1 if grammar.separator else len(word) for word in words)

    return 1 - length(unread) / max(length(grammar.words(text)), 1)


# Every word


def _exact(grammar: Grammar, text: str) -> Scene | None:
    """The scene of a prompt that is understood to the last word, and that the model can draw."""
    if len(text) > grammar.longest_exact:
        return None
    placed = grammar.find_place(text)
    if placed and placed.is_lone:
        return _scene((), background=placed.setting)
    scene = _exact_scene(grammar, text)
    if scene is None:
        return None
    acts = grammar.vocabulary.acts
    can_be_drawn = all(not item.state or acts(item.name, item.state) for item in scene.objects)
    return scene if can_be_drawn else None


def _exact_scene(grammar: Grammar, text: str) -> Scene | None:
    whole = grammar.item(text)
    if whole:  # "Sun behind cloud" and "man in tuxedo" are names of single pictures.
        return _scene((whole,))
    for without_action, state in grammar.actions(text):
        for without_place, background, colour in grammar.places(without_action):
            read = grammar.pair(without_place) or _listed(grammar, without_place)
            read = _acting(*read, state) if read else None
            if read:
                return _scene(*read, background, colour)
    return None


def _listed(grammar: Grammar, text: str) -> tuple[Objects, str] | None:
    """One to three things, in no stated relation."""
    phrases = grammar.split(text)
    if len(phrases) > _MOST_THINGS:
        return None
    items = tuple(item for item in map(grammar.item, phrases) if item)
    return (items, "") if len(items) == len(phrases) else None


def _acting(items: Objects, relation: str, state: str) -> tuple[Objects, str] | None:
    """The things, the first of them doing something; None if it is not said which one does."""
    if not state:
        return items, relation
    if len(items) > 1 and not relation:
        return None
    return (replace(items[0], state=state), *items[1:]), relation


def _scene(
    items: Objects, relation: str = "", background: str = "", background_colour: str = ""
) -> Scene:
    """The record of up to three things.

    What is right of, below or behind another is said the other way round.
    """
    if relation in ("right", "below", "behind"):
        items, relation = (items[1], items[0]), OPPOSITE[relation]
    return Scene(
        objects=items,
        relation=relation,
        background=background,
        background_colour=background_colour,
    )


# Any sentence


def _loose(grammar: Grammar, marked: MarkedText) -> Scene | None:
    """The scene of the things that a prompt names; None if it names nothing known."""
    if _TONES.search(marked.text):
        return None

    # What would be taken for a thing, and the place, make way for a comma.
    marked.replace((match.span() for match in _IDIOMS.finditer(marked.text)), "，")
    placed = grammar.find_place(marked.text)
    if placed:
        for span in placed.spans:
            marked.use(*span)
        marked.replace(placed.spans, ",")

    # The things. What is named twice is one thing still.
    spans = grammar.tokens(marked.text)
    tokens = [marked.text[start:stop] for start, stop in spans]
    mentions: dict[str, Mention] = {}
    for mention in _mentions(grammar, tokens):
        if len(mentions) < _MOST_THINGS:
            mentions.setdefault(mention.item.name, mention)
    if not mentions:
        return _scene((), background=placed.setting) if placed else None
    used = {position for mention in mentions.values() for position in mention.used}

    # How two of them stand to each other
    items, relation = tuple(mention.item for mention in mentions.values()), ""
    if len(mentions) == 2:
        first, second = mentions.values()
        items, relation, words = _related(grammar, first, second, tokens)
        used |= words
    for position in used:
        marked.use(*spans[position])

    items = _at_rest_or_play(grammar.vocabulary, items, marked)
    return _scene(items, relation, placed.setting if placed else "")


def _mentions(grammar: Grammar, tokens: Sequence[str]) -> Iterator[Mention]:
    """The things that tokens name.

    Of two that stand together the last is meant: an apple pie is a pie.
    """
    before: Mention | None = None
    free = position = 0
    while position < len(tokens):
        length = grammar.noun_length(tokens, position)
        stop = position + length
        is_beside = before is not None and before.stop == position
        if before and is_beside and length and tokens[position] in grammar.groups:
            before = replace(before, used=before.used.union(range(position, stop)))
        elif length:
            if before and not is_beside:
                yield before
            before = grammar.mention(tokens, free, position, stop)
            free = stop
        position = max(stop, position + 1)
    if before:
        yield before


def _related(
    grammar: Grammar, first: Mention, second: Mention, tokens: Sequence[str]
) -> tuple[Objects, str, set[int]]:
    """Two things in the order of their relation, this, and the tokens that say so."""
    vocabulary = grammar.vocabulary
    before = grammar.separator.join(tokens[: first.start])
    between = grammar.separator.join(tokens[first.stop : second.start])
    after = grammar.separator.join(tokens[second.stop :])

    # What is worn is on a head.
    wearing = _WEARING.search(between) if second.item.name in WORN else None
    if wearing:
        items = _worn(second.item, first.item, vocabulary)
        return items, "on", _tokens_at(grammar, between, wearing.span(), first.stop)
    worn = _WORN_BY_NEXT.search(before) if first.item.name in WORN else None
    if worn and between.startswith("的"):
        items = _worn(first.item, second.item, vocabulary)
        return items, "on", _tokens_at(grammar, before, worn.span(1), 0)

    # Every other relation. In a Chinese prompt, English words between things say an English one.
    in_english = isinstance(grammar, Chinese) and not is_chinese(between + after)
    related = (English(vocabulary) if in_english else grammar).relate(between, after)
    if related is None:
        return (first.item, second.item), "", set()
    items = (second.item, first.item) if related.is_turned else (first.item, second.item)
    words = _tokens_at(grammar, between, related.between, first.stop)
    words |= _tokens_at(grammar, after, related.after, second.stop)
    return items, related.relation, words


def _tokens_at(grammar: Grammar, text: str, span: tuple[int, int], first: int) -> set[int]:
    """The tokens that some characters of a text lie in, where `first` is the text's first token."""
    start, stop = span
    if start == stop:
        return set()
    if grammar.separator:
        start = text.count(grammar.separator, 0, start)
        stop = text.count(grammar.separator, 0, stop) + 1
    return set(range(first + start, first + stop))


def _worn(worn: SceneObject, wearer: SceneObject, vocabulary: Vocabulary) -> Objects:
    """What is worn and on which head; of several each wears one."""
    if wearer.count > 1:
        worn = replace(worn, count=wearer.count)
    return worn, _head_of(wearer, vocabulary)


def _head_of(item: SceneObject, vocabulary: Vocabulary) -> SceneObject:
    """The face of an animal, if the model knows that by itself."""
    head = f"{item.name} face"
    if not vocabulary.knows(head):
        return item
    return replace(item, name=head, model_thing=vocabulary.single_things.get(head))


def _at_rest_or_play(vocabulary: Vocabulary, items: Objects, marked: MarkedText) -> Objects:
    """The things, the first that can do so asleep or at play, if the text says that somebody is."""
    for state, pattern in _STATES.items():
        match = pattern.search(marked.text)
        if not match:
            continue
        for number, item in enumerate(items):
            if vocabulary.acts(item.name, state):
                marked.use(*match.span())
                return (*items[:number], replace(item, state=state), *items[number + 1 :])
        return items
    return items
