"""How several things of a text stand to each other: a book under a lamp on a desk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dall_e.planning.cast import Cast
from dall_e.planning.grammar import MOST_THINGS, Grammar, Mention, Related
from dall_e.planning.grammar_en import English
from dall_e.planning.grammar_zh import Chinese
from dall_e.scenes.graph import Link
from dall_e.text.language import is_chinese

_BETWEEN_EN = re.compile(r"\b(?:in )?between\b")
_BETWEEN_ZH = re.compile("的?(?:正?中间|之间|当中)")


_SPREAD = re.compile(r"cloth$|blanket$|\b(?:rug|mat|carpet|tray|shelf)$")
"""What several things lie on side by side."""


def relation_of(grammar: Grammar, between: str, after: str) -> Related | None:
    """Find how two things stand to each other; English words in Chinese say an English relation."""
    in_english = isinstance(grammar, Chinese) and not is_chinese(between + after)
    return (English(grammar.vocabulary) if in_english else grammar).relate(between, after)


def relate_two(
    grammar: Grammar, cast: Cast, mentions: Sequence[Mention], tokens: Sequence[str]
) -> set[int]:
    """Find out how two things stand to each other; the tokens that say so."""
    first, second = mentions
    between = grammar.separator.join(tokens[first.stop : second.start])
    after = grammar.separator.join(tokens[second.stop :])
    related = relation_of(grammar, between, after)
    if related is None:
        return set()
    if not second.is_counted and not related.is_turned:
        cast.items[1] = replace(cast.items[1], count=1)
    if related.is_turned:
        cast.items.reverse()
    cast.relation = related.relation
    words = grammar.tokens_at(between, *related.between, first.stop)
    return words | grammar.tokens_at(after, *related.after, second.stop)


def put_between(
    grammar: Grammar, cast: Cast, mentions: Sequence[Mention], tokens: Sequence[str]
) -> set[int]:
    """Put things between two others: a cat between two dogs. The tokens that say so."""
    used: set[int] = set()
    for index in range(1, len(mentions)):
        if _is_free(cast, index):
            used |= _between_two(grammar, cast, mentions, tokens, index)
    return used


def link_things(
    grammar: Grammar, cast: Cast, mentions: Sequence[Mention], tokens: Sequence[str]
) -> set[int]:
    """Find out how each thing stands to the one before it; the tokens that say so."""
    used: set[int] = set()
    for index in range(1, len(mentions)):
        head = cast.owner(index - 1)
        if not _is_free(cast, index):
            continue
        linked = {link.first for link in cast.links}
        if index in linked or index in cast.joined:
            continue
        related = _related(grammar, mentions, tokens, index)
        first, second = (index, head) if related and related.is_turned else (head, index)
        if related is None or first in linked:
            continue
        if not mentions[index].is_counted and not related.is_turned:
            cast.items[index] = replace(cast.items[index], count=1)
        cast.links.append(Link(first, related.relation, second))
        if not related.is_turned:
            cast.links += _joined_links(cast, index, related.relation)
        cast.links += _joined_behind(cast, index, related)
        start, stop = mentions[index - 1].stop, mentions[index].stop
        between, after = _around(grammar, mentions, tokens, index)
        used |= grammar.tokens_at(between, *related.between, start)
        used |= grammar.tokens_at(after, *related.after, stop)
    _put_beside(cast)
    return used


def _put_beside(cast: Cast) -> None:
    """Let a thing lie where that lies which it is next to: a bowl next to a jug on a cloth."""
    under = {link.first: link for link in cast.links if link.relation == "on"}
    for number, (first, relation, second) in enumerate(cast.links):
        link = under.get(second)
        if relation == "next to" and link and _SPREAD.search(cast.items[link.second].name):
            cast.links[number] = Link(first, "on", link.second)


def _joined_links(cast: Cast, index: int, relation: str) -> list[Link]:
    """The same of what an "and" joins to the one before a thing: a cat and a dog on a bed."""
    links, other = [], index - 1
    linked = {link.first for link in cast.links}
    while other in cast.joined and cast.owner(other - 1) == other - 1 and other - 1 not in linked:
        other -= 1
        links.append(Link(other, relation, index))
    return links


def _joined_behind(cast: Cast, index: int, related: Related) -> list[Link]:
    """The same of what an "and" joins to a thing behind: 沙发上的猫和狗."""
    links, other = [], index + 1
    while related.is_turned and other in cast.joined and cast.owner(other) == other:
        links.append(Link(other, related.relation, cast.owner(index - 1)))
        other += 1
    return links


def _is_free(cast: Cast, index: int) -> bool:
    """Whether a thing and the one before it are in the picture, each for itself."""
    head = cast.owner(index - 1)
    is_own = cast.owner(index) != index or head == index
    return not is_own and not {head, index} & cast.dropped


def _around(
    grammar: Grammar, mentions: Sequence[Mention], tokens: Sequence[str], index: int
) -> tuple[str, str]:
    """The text between a thing and the one before it, and the text behind it."""
    end = mentions[index + 1].start if index + 1 < len(mentions) else len(tokens)
    between = tokens[mentions[index - 1].stop : mentions[index].start]
    after = tokens[mentions[index].stop : end]
    return grammar.separator.join(between), grammar.separator.join(after)


def _related(
    grammar: Grammar, mentions: Sequence[Mention], tokens: Sequence[str], index: int
) -> Related | None:
    return relation_of(grammar, *_around(grammar, mentions, tokens, index))


def _between_two(
    grammar: Grammar,
    cast: Cast,
    mentions: Sequence[Mention],
    tokens: Sequence[str],
    index: int,
) -> set[int]:
    """Put the thing before a thing between two of it, or between it and the next one.

    The tokens that say so.
    """
    between, after = _around(grammar, mentions, tokens, index)
    match = _BETWEEN_EN.search(between)
    last = index + 1 if index + 1 in cast.joined else index
    if match:
        used = grammar.tokens_at(between, *match.span(), mentions[index - 1].stop)
    else:
        behind = _around(grammar, mentions, tokens, last)[1] if last > index else after
        match = _BETWEEN_ZH.match(behind)
        at = between.find("在")
        if match is None or at < 0:
            return set()
        used = grammar.tokens_at(between, at, at + 1, mentions[index - 1].stop)
        used |= grammar.tokens_at(behind, *match.span(), mentions[last].stop)

    item = cast.items[index]
    if last == index:
        if item.count != 2 or len(cast.items) >= MOST_THINGS:
            return set()
        cast.items[index] = replace(item, count=1)
        cast.items.append(cast.items[index])
        last = len(cast.items) - 1
    head = cast.owner(index - 1)
    cast.links += [Link(index, "left", head), Link(last, "right", head)]
    return used
