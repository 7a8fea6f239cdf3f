"""A prompt in English or Chinese to the record of a scene, and to what was not understood of it.

A first pass reads the captions of `scenes/captions.py` backwards, and a little more. It accepts a
prompt only if it understands every word: things that the model knows, their numbers, colours and
sizes, how two of them stand to each other, what they do, and where they are.

A second, loose pass takes from any other prompt the things that it names and what is said of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dall_e.planning.acts import with_groups_first, with_pictured_acts, without_own_parts
from dall_e.planning.cages import SAY_INSIDE, with_bird_in_cage
from dall_e.planning.cast import cast_of, give_parts, show_states
from dall_e.planning.chains import link_things, put_between, relate_two
from dall_e.planning.clothing import with_own_clothes
from dall_e.planning.emblems import with_emblem_first
from dall_e.planning.exact_reading import read_exactly, scene_of, seen_from_first
from dall_e.planning.fitting_images import with_better_images, with_shared_seats
from dall_e.planning.grammar import Grammar
from dall_e.planning.grammar_en import English
from dall_e.planning.grammar_zh import Chinese
from dall_e.planning.lively import with_lively_things
from dall_e.planning.long_names import with_long_name
from dall_e.planning.made_of import with_material_first
from dall_e.planning.marked_text import MarkedText
from dall_e.planning.mentions import (
    at_rest_or_play,
    bunch_together,
    drop_unclaimed,
    first_mentions,
    full_grown,
    in_a_row,
    in_many_colours,
    walked_by_somebody,
    without_diminutive,
)  # fmt: skip
from dall_e.planning.nearest import Nearest
from dall_e.planning.people_phrases import Phrase
from dall_e.planning.pictured_pairs import with_pictured_pairs
from dall_e.planning.pictured_people import readings_of, with_pictured_people, with_somebody
from dall_e.planning.place_contents import with_contents, without_indoor_sun
from dall_e.planning.place_signs import NEON_CITY, with_sign
from dall_e.planning.plain_prompts import said_plainly
from dall_e.planning.prints import with_prints
from dall_e.planning.shown_parts import without_shown_parts
from dall_e.planning.style_things import in_own_way
from dall_e.planning.style_words import without_style
from dall_e.planning.substitution import substitutes_for, with_substitutes
from dall_e.planning.turned_phrases import with_looks_first
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.whole_bodies import with_whole_bodies
from dall_e.planning.wording.copies import find_copies, in_other_colours, with_colours
from dall_e.planning.wording.plain_zh import as_asked, plainly_said
from dall_e.planning.wording.written_names import with_known_writing
from dall_e.scenes.graph import Scene
from dall_e.scenes.in_place import in_place
from dall_e.text.asides import without_asides
from dall_e.text.denials import plain_denials, without_denials
from dall_e.text.ideas import idea_of, in_other_words
from dall_e.text.idle_words import without_idle_words
from dall_e.text.language import Language, has_tone, is_chinese, without_tones
from dall_e.text.normal_form import normal_form
from dall_e.text.room_light import without_room_light

_IDIOMS = re.compile(r"马上|马虎|马拉松|世上|\bhand (?=drawn|painted|made|written)")
"""Words that name a thing and do not mean it."""
Mended = tuple[tuple[str, str], ...]
"""Words as they are written, and what they are taken for."""


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
    mended: Mended
    """Words with a wrong letter or without blanks, as written, and what each was taken for."""
    refused_style: str
    """The style that was asked for, if the model does not have it."""
    style: str
    """The style that the drawings are given when they are done, one of EFFECTS; or nothing."""
    is_exact: bool
    """Whether one reading of the whole prompt explains every word of it."""
    nearest: tuple[Nearest, ...] = ()
    """Words that the model does not know, with what it draws instead."""


_MOST_REWORDED = 500
"""Characters of a prompt that is put into other words: longer ones are no sentences."""


@lru_cache(maxsize=64)
def parse(prompt: str, vocabulary: Vocabulary) -> Parse:
    """Read a prompt by the words that a model knows, in a time that grows with its length.

    For nouns that it does not know, it is read again with what is nearest to them.
    """
    normal = normal_form(prompt)
    text, language = normal.text, _language_of(normal.text)
    idea = idea_of(text.lower(), language)
    if idea and idea != text.lower():
        return replace(parse(idea, vocabulary), text=text, is_exact=False)
    matter = without_asides(normal.written, language, vocabulary.names_in(language).__contains__)
    if matter != normal.written:
        return _with_ignored(parse(matter, vocabulary), normal.ignored)
    plain, unseen = said_plainly(text, language, vocabulary)
    if plain != text:
        return _as_written(parse(plain, vocabulary), text, unseen)
    in_turns = _read_denied(text, vocabulary) or _read_in_turns(text, vocabulary)
    if in_turns is not None:
        return _with_ignored(in_turns, normal.ignored)
    grammar: Grammar = Chinese(vocabulary) if is_chinese(text) else English(vocabulary)
    if not has_tone(text):
        named = with_somebody(with_long_name(text, vocabulary, language), grammar, vocabulary)
        prompt, text = (prompt if named == text else named), named
        for reading in readings_of(text, grammar, vocabulary):
            understood = _finished(reading.text, vocabulary, reading.shown)
            if understood is not None:
                return replace(understood, text=text, is_exact=False)
    understood = _finished(prompt, vocabulary)
    assert understood is not None
    is_open = understood.unread and not has_tone(text)
    return _read_more(understood, text, grammar) if is_open else understood


def _read_more(understood: Parse, text: str, grammar: Grammar) -> Parse:
    """The parse of a text by a picture of its people that shows more of it, if there is one."""
    for reading in readings_of(text, grammar, grammar.vocabulary, with_things=True):
        other = _finished(reading.text, grammar.vocabulary, reading.shown)
        if other is not None and len(other.unread) < len(understood.unread):
            return replace(other, text=text, is_exact=False)
    return understood


def _read_in_turns(text: str, vocabulary: Vocabulary) -> Parse | None:
    """Read a text by what it says in plainer words, or several of a thing in several colours; None
    if it is as plain as that.
    """
    plain = plainly_said(text, vocabulary) if is_chinese(text) else text
    if plain == text:
        return _read_copies(text, vocabulary)
    understood = parse(plain, vocabulary)
    nearest = tuple(near._replace(word=as_asked(near.word, text)) for near in understood.nearest)
    return replace(understood, text=text, is_exact=False, nearest=nearest)


def _read_denied(text: str, vocabulary: Vocabulary) -> Parse | None:
    """Read a text without what it says is not there; None if it denies nothing, or what its place
    may show, which nobody can take away.
    """
    language = _language_of(text)
    plain = plain_denials(text)
    denied = without_denials(plain, language, vocabulary.names_in(language).__contains__)
    if denied is None:
        return replace(parse(plain, vocabulary), text=text) if plain != text else None
    understood = parse(denied.text, vocabulary)
    if understood.scene is None or not understood.scene.objects:
        return None
    scene = in_other_colours(understood.scene, denied.colours)
    unread = tuple(dict.fromkeys((*understood.unread, *denied.kept)))
    return replace(understood, scene=scene, text=text, unread=unread, is_exact=False)


def _read_copies(text: str, vocabulary: Vocabulary) -> Parse | None:
    """Read several of a thing in several colours; None if a prompt is about anything else."""
    copies = find_copies(text, _language_of(text), vocabulary)
    understood = parse(copies.text, vocabulary) if copies else None
    if copies is None or understood is None or understood.scene is None:
        return None
    scene = with_colours(understood.scene, copies.colours)
    return replace(understood, scene=scene, text=text, is_exact=False) if scene else None


def _language_of(text: str) -> Language:
    return "zh" if is_chinese(text) else "en"


def _as_written(understood: Parse, text: str, unseen: Sequence[str]) -> Parse:
    """A parse of a prompt in other words, with those of its unread words that the prompt has."""
    words = frozenset(re.findall(r"[\w'’-]+", text.lower()))
    unread = [word for word in understood.unread if word.lower() in words]
    return replace(
        understood, text=text, unread=tuple(dict.fromkeys((*unread, *unseen))), is_exact=False
    )


def _with_ignored(understood: Parse, ignored: Sequence[str]) -> Parse:
    """A parse of a part of a prompt, of which some marks were left out."""
    return replace(
        understood,
        unread=tuple(dict.fromkeys((*understood.unread, *ignored))),
        unknown=tuple(dict.fromkeys((*understood.unknown, *ignored))),
        is_exact=understood.is_exact and not ignored,
    )


def _finished(
    text: str, vocabulary: Vocabulary, shown: Sequence[tuple[int, Phrase]] = ()
) -> Parse | None:
    """Read a text, with what else is said of its people; None if there is no picture of that."""
    understood = _read_twice(text, vocabulary)
    if understood.scene is None:
        return None if shown else understood
    scene = with_sign(understood.scene, understood.style, vocabulary)
    if scene.background == NEON_CITY and scene.background != understood.scene.background:
        understood = replace(understood, style="")
    scene = without_diminutive(scene, understood.text)
    caged = with_bird_in_cage(scene, understood.text.lower(), vocabulary)
    if caged != scene:
        unread = tuple(word for word in understood.unread if word not in SAY_INSIDE)
        scene, understood = caged, replace(understood, unread=unread)
    pictured = with_pictured_people(with_pictured_pairs(scene, vocabulary), shown, vocabulary)
    if pictured is None:
        return None
    scene, others = with_whole_bodies(with_better_images(pictured, vocabulary), vocabulary)
    scene = in_own_way(with_own_clothes(scene, vocabulary), understood.style, vocabulary)
    scene = in_place(without_indoor_sun(with_contents(scene)))
    return replace(understood, scene=scene, nearest=(*understood.nearest, *others))


def _read_twice(prompt: str, vocabulary: Vocabulary) -> Parse:
    """Read a prompt, and read it again with the nearest known thing for what is not known."""
    understood = _read(prompt, vocabulary)
    if understood.is_exact or has_tone(understood.text):
        return understood
    drawn = understood.scene.objects if understood.scene else ()
    substitutes = substitutes_for(
        understood.text, understood.unread, vocabulary, nothing_read=not drawn
    )
    if not substitutes:
        return understood
    text = with_substitutes(understood.text, substitutes)
    again = _read(text, vocabulary)
    if again.scene is None or len(again.scene.objects) < len(drawn):
        return understood
    lower = understood.text.lower()
    ignored = tuple(word for word in understood.unread if word.lower() not in lower)
    return replace(
        again,
        is_exact=again.is_exact and not ignored,
        unread=tuple(dict.fromkeys((*again.unread, *ignored))),
        mended=tuple(dict.fromkeys((*understood.mended, *again.mended))),
        style=understood.style,
        nearest=tuple(substitutes.values()),
    )


def _reworded(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a text in lower case, with what it says in the words that grammars read."""
    text = without_room_light(text, language)
    text = text if language == "zh" else with_known_writing(text, vocabulary)
    text = without_idle_words(text, language, vocabulary.names_in(language).__contains__)
    text = with_looks_first(in_other_words(text, language), vocabulary, language)
    text = with_prints(without_shown_parts(text, vocabulary, language), vocabulary, language)
    text = with_material_first(text, language)
    text = with_groups_first(text, vocabulary) if language == "zh" else text
    text = with_shared_seats(without_own_parts(text, vocabulary, language), vocabulary, language)
    text = with_pictured_acts(text, vocabulary, language)
    return with_lively_things(text, vocabulary, language)


def _read(prompt: str, vocabulary: Vocabulary) -> Parse:
    """Read a prompt by the words that a model knows, and by no others."""
    normal = normal_form(prompt)
    text, effect = without_style(
        with_emblem_first(normal.text.rstrip(".。!！").strip(), vocabulary), vocabulary
    )
    text = idea_of(text.lower(), "zh" if is_chinese(text) else "en") or text
    chinese = is_chinese(text)
    grammar: Grammar = Chinese(vocabulary) if chinese else English(vocabulary)
    language: Language = "zh" if chinese else "en"
    text = text if chinese else text.lower()
    text = _reworded(text, vocabulary, language) if len(text) <= _MOST_REWORDED else text
    spaced = "" if " " in text else grammar.spaced(text)
    marked = MarkedText(spaced or text)
    start, stop, style = grammar.frame(marked.text)
    marked.keep_only(start, stop)
    exact = read_exactly(grammar, marked.text)
    scene, mended = (exact, ()) if exact else _loose(grammar, marked)
    has_style = vocabulary.has_style(style)
    if scene and has_style:
        scene = replace(scene, style_zh=style) if chinese else replace(scene, style_en=style)
    # What was not used: nothing in an exact reading, everything where nothing is known.
    rest = "" if exact else marked.unused() if scene else marked.whole
    words = grammar.words(rest)
    toneless = {word for word in grammar.words(without_tones(rest)) if not grammar.knows(word)}
    written = normal.as_written(words)
    unknown = [was for was, word in zip(written, words, strict=True) if word in toneless]
    refused_style = "" if has_style or not scene else normal.as_written([style])[0]
    others = (*filter(None, [refused_style]), *normal.ignored)
    if not scene and not grammar.words(marked.whole):
        others = others or tuple(filter(None, [prompt.strip()]))
    return Parse(
        text=text if effect else normal.text or prompt,
        scene=scene,
        coverage=_coverage(grammar, marked.whole, words) if scene else 0.0,
        unread=tuple(dict.fromkeys((*written, *others))),
        unknown=tuple(dict.fromkeys((*unknown, *others))),
        mended=((text, spaced), *mended) if spaced and scene else mended,
        refused_style=refused_style,
        style=effect,
        is_exact=exact is not None and not others,
    )


def _coverage(grammar: Grammar, text: str, unread: Iterable[str]) -> float:
    """The fraction of a text's words that are not among those unread, by words or characters."""

    def length(words: Iterable[str]) -> int:
        return sum(1 if grammar.separator else len(word) for word in words)

    # What is read inside of a word of another script leaves two of one.
    return max(0.0, 1 - length(unread) / max(length(grammar.words(text)), 1))


# Any sentence


def _loose(grammar: Grammar, marked: MarkedText) -> tuple[Scene | None, Mended]:
    """The scene of the things that a prompt names, None if it names nothing known; and what was
    taken for other words."""
    if has_tone(marked.text):
        return None, ()

    # What would be taken for a thing, and the place, make way for a comma.
    marked.replace((match.span() for match in _IDIOMS.finditer(marked.text)), "，")
    placed = grammar.find_place(marked.text)
    if placed:
        for span in placed.spans:
            marked.use(*span)
        marked.replace(placed.spans, ",")

    # The things. What is named twice is one thing still.
    spans = grammar.tokens(marked.text)
    written = [marked.text[start:stop] for start, stop in spans]
    tokens = grammar.mended(written)
    parts = grammar.parts(tokens)
    mentions = first_mentions(grammar, tokens, parts)
    if not mentions:
        scene = scene_of((), background=placed.setting) if placed else None
        return scene, ()
    used = {position for mention in mentions for position in mention.used}

    # What they do, what is said behind them, and how two of them stand to each other
    cast = cast_of(grammar, mentions, tokens, parts)
    drop_unclaimed(cast, mentions)
    walked_by_somebody(grammar, cast, mentions, tokens)
    used |= cast.used
    used |= give_parts(grammar, cast, mentions, parts)
    used |= show_states(grammar, cast, mentions, tokens)
    used |= put_between(grammar, cast, mentions, tokens)
    if len(mentions) == 2 and not (cast.actions or cast.relation or cast.links):
        used |= relate_two(grammar, cast, mentions, tokens)
    elif not cast.relation:
        used |= link_things(grammar, cast, mentions, tokens)
    if not placed and len(mentions) == 1:
        cast.items[0] = full_grown(cast, mentions[0])
    if len(cast.items) == 1:
        bunch_together(cast, mentions[0])
        in_many_colours(cast, mentions[0])
        used |= cast.used
    for position in used - cast.unused:
        marked.use(*spans[position])

    scene = cast.scene(placed.setting if placed else "")
    items = in_a_row(at_rest_or_play(grammar.vocabulary, scene.objects, marked), marked)
    mended = tuple(
        (was, now)
        for position, (was, now) in enumerate(zip(written, tokens, strict=True))
        if was != now and position in used
    )
    return seen_from_first(replace(scene, objects=items)), mended
