"""Who does what with which thing in a scene, from what a text says between its nouns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dall_e.planning.attachments import FACED, is_on_head, is_worn
from dall_e.planning.grammar import Grammar, Mention, Objects, PartSaid
from dall_e.planning.lexicon import Deed
from dall_e.planning.lively import ALIVE, is_alive, with_hands
from dall_e.planning.poses import image_with, opened, posed, worn_before_eyes
from dall_e.planning.qualities import flies, mood_of, pictured_state, shown_as
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import (
    COLOURS,
    PARTS,
    Action,
    Link,
    Scene,
    SceneObject,
    actions_among,
    links_among,
)  # fmt: skip

_BLOND_LOOKS = ("long blond hair", "short blond hair", "blond hair")
"""Pictures from head to foot come first."""
_UNHANDY = ("place", "sky", "weather", "vehicle", *ALIVE)
"""Kinds of things that nobody holds in a hand."""
_READABLE = re.compile(
    r"book|newspaper|magazine|scroll|menu|map\b|letter|envelope|page|memo|tablet"
)
_CHILD = re.compile(r"child|\bboy|\bgirl|baby")
_EMBRACING = ("person", "animal")
_BLOWN = re.compile("bubble|^foam$")
_HOLLOW = re.compile(
    r"vase|amphora|bowl|basket|bucket|\bjar\b|\bbox\b|\bpot\b|cauldron|chest\b|barrel|crate|"
    r"wheelbarrow|cart$|pouch|\bbag\b|handbag|backpack|stocking|nest"
)
"""Things that others are in."""
_FLAT = re.compile(r"desk|table|shelf|bench|tray|plate|stove|oven|\bbed\b|chair|couch|throne|stool")
"""Things that others are on."""
_ICED = re.compile(r"cake$|muffin$|pudding$|custard$|pancakes$|ice cream$|sundae$")
"""Food with something on top."""
_MOUNTS = re.compile(
    r"^(?:bicycle|motorcycle|scooter|kick scooter|motor scooter|skateboard|snowboard|sled|horse|"
    r"camel|two-hump camel|elephant|donkey|unicorn|pegasus|tricycle|snowmobile|magic carpet|broom)$"
)
"""What somebody rides who is on it."""
_WITHIN = ("里", "中", "内")
_BELONGS = re.compile("[上里中]?的")
"""What joins something done to who does it."""
_OF_SEVERAL = ("full of", "holding", "carrying")
"""What is done with several things of a kind at once."""
_EACH = re.compile(r"都|\b(?:both|each|all)\b")
_ADULTS = {"boy": "man", "girl": "woman", "child": "person", "father": "man"}
"""Whose picture is taken of those that have none with such hair."""
_PAINTED_YOUNG = ("boy", "girl")
"""Those whose hair is painted instead."""


@dataclass(kw_only=True)
class Cast:
    """The things of a scene, while it is found out what they do."""

    items: list[SceneObject]
    actions: list[Action] = field(default_factory=list)
    relation: str = ""
    links: list[Link] = field(default_factory=list)
    """How things stand to each other where one relation does not say it."""
    used: set[int] = field(default_factory=set)
    """Tokens that say what is done."""
    joined: set[int] = field(default_factory=set)
    """Things that an "and" joins to the one before them."""
    in_hand: set[int] = field(default_factory=set)
    """Things that are said to be in somebody's hand or mouth."""
    in_mouth: set[int] = field(default_factory=set)
    """Those that are said to be in somebody's mouth."""
    unused: set[int] = field(default_factory=set)
    """Tokens that say how many there are of what is drawn once."""
    dropped: set[int] = field(default_factory=set)
    """Things that are on the picture of somebody already."""

    def owner(self, index: int) -> int:
        """Who does something with a thing; the thing itself if nobody does."""
        return next((action.subject for action in self.actions if action.thing == index), index)

    def scene(self, place: str) -> Scene:
        """The scene of the things without those that are dropped, in a place or nowhere."""
        kept = [index for index in range(len(self.items)) if index not in self.dropped]
        actions = actions_among(self.actions, kept)
        links = links_among(self.links, kept)
        return Scene(
            objects=tuple(self.items[index] for index in kept),
            relation=self.relation if len(kept) == 2 and not actions and not links else "",
            links=links,
            actions=actions,
            background=place,
        )


def cast_of(
    grammar: Grammar,
    mentions: Sequence[Mention],
    tokens: Sequence[str],
    parts: Sequence[PartSaid],
) -> Cast:
    """Find out what the things that a text names do with each other.

    parts: what is said of hair, hands and mouths.
    """
    cast = Cast(items=[mention.item for mention in mentions])
    reading = _Reading(grammar=grammar, mentions=mentions, tokens=tokens)
    at_hand = {part.start: part.is_mouth for part in parts if not part.part}
    cast.in_hand = {i for i, mention in enumerate(mentions) if mention.stop in at_hand}
    cast.in_mouth = {i for i in cast.in_hand if at_hand[mentions[i].stop]}
    for index in range(1, len(mentions)):
        _join(reading, cast, index)
    for index, mention in enumerate(mentions):
        for part in filter(mention.said.get, PARTS):
            item = cast.items[index]
            cast.items[index] = _give_part(grammar.vocabulary, item, part, mention.said[part])
    _implied(grammar.vocabulary, cast, mentions)
    _give_each(reading, cast)
    _embrace(reading, cast)
    for action in list(cast.actions):
        _pose(grammar.vocabulary, cast, action)
    return cast


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A text and the things that it names."""

    grammar: Grammar
    mentions: Sequence[Mention]
    tokens: Sequence[str]

    def between(self, start: int, stop: int) -> str:
        """The text of some tokens."""
        return self.grammar.separator.join(self.tokens[start:stop])

    def stop_before(self, index: int) -> int:
        """Where the thing before a thing stops."""
        return self.mentions[index - 1].stop if index else 0


def _join(reading: _Reading, cast: Cast, index: int) -> None:
    """Find out how a thing belongs to one before it, or the one before it to it."""
    owner = cast.owner(index - 1)
    if reading.mentions[index].is_content:
        _act(cast, reading.mentions, owner, "full of", index)
    elif not (_by_verb(reading, cast, owner, index) or _by_verb_before(reading, cast, index)):
        _by_link(reading, cast, owner, index)


def _by_verb(reading: _Reading, cast: Cast, owner: int, index: int) -> bool:
    """A verb between two things: a cat eating a fish."""
    start = reading.stop_before(index)
    between = reading.between(start, reading.mentions[index].start)
    deed = _fitting(reading.grammar.deed(between), cast.items[index])
    if deed is None:
        return False
    behind = reading.mentions[index].stop
    if deed.verb == "sitting on" and reading.between(behind, behind + 1) in _WITHIN:
        # 坐在箱子里: in the box, not on it
        cast.relation = "inside"
        cast.used.add(behind)
    else:
        _act(cast, reading.mentions, owner, deed.verb, index)
    cast.used |= reading.grammar.tokens_at(between, deed.start, deed.stop, start)
    return True


def _by_verb_before(reading: _Reading, cast: Cast, index: int) -> bool:
    """A verb before a thing, or several, and then who does it: 拿着气球的熊."""
    stop = reading.stop_before(index)
    if not _BELONGS.match(reading.between(stop, reading.mentions[index].start)):
        return False
    head = index - 1
    while head in cast.joined:
        head -= 1
    start = reading.stop_before(head)
    before = reading.between(start, reading.mentions[head].start)
    deed = _fitting(reading.grammar.deed(before), cast.items[head])
    if deed is None:
        return False
    for thing in range(head, index):
        _act(cast, reading.mentions, index, deed.verb, thing)
    cast.used |= reading.grammar.tokens_at(before, deed.start, deed.stop, start)
    return True


def _by_link(reading: _Reading, cast: Cast, owner: int, index: int) -> None:
    """Two things that no verb joins: a cat with a hat."""
    start, mention = reading.stop_before(index), reading.mentions[index]
    between = reading.between(start, mention.start)
    link = reading.grammar.link(between)
    verb = _verb_of_link(link, cast, owner, index)
    if link == "and":
        cast.joined.add(index)
    if verb or link == "with":
        cast.used |= reading.grammar.link_tokens(between, link, start)
    if verb:
        _act(cast, reading.mentions, owner, verb, index)
    elif link == "with":
        if not mention.is_counted:
            cast.items[index] = replace(mention.item, count=1)
        name = cast.items[owner].name
        has_top = _FLAT.search(name) or _ICED.search(name)
        if has_top and index == 1 and len(reading.mentions) == 2:
            cast.items, cast.relation = cast.items[::-1], "on"


def _fitting(deed: Deed | None, thing: SceneObject) -> Deed | None:
    """A verb, if it can be done with a thing."""
    if deed is None:
        return None
    if deed.verb == "reading" and not _READABLE.search(thing.name):
        return None
    if deed.verb in ("holding", "carrying") and thing.thing.kind == "vehicle":
        return deed._replace(verb="riding")
    if deed.verb == "breathing" and _BLOWN.search(thing.name):
        return deed._replace(verb="blowing")
    if deed.verb == "leading" and thing.thing.kind != "animal":
        return None if thing.thing.kind in _UNHANDY else deed._replace(verb="holding")
    return deed


def _verb_of_link(link: str, cast: Cast, owner: int, index: int) -> str:
    """What somebody does with a thing that is only named with them; "" if it is beside them."""
    subject, thing = cast.items[owner], cast.items[index]
    worn = is_worn(thing.name)
    is_empty = _HOLLOW.search(subject.name) and " of " not in subject.name
    if link == "with" and is_empty and not is_alive(subject):
        return "full of"
    if link == "with" and is_on_head(thing.name) and subject.thing.kind in FACED:
        return "wearing"
    if not is_alive(subject):
        return ""
    if link in ("with", "in") and worn:
        return "wearing"
    if link == "with" and (index in cast.in_hand or thing.thing.kind not in _UNHANDY):
        return "holding"

    # A hat and sunglasses: both are worn, and so is a hat beside a balloon.
    before = [action.verb for action in cast.actions if action.thing == index - 1]
    if link == "and" and worn and not {"wearing", "holding"}.isdisjoint(before):
        return "wearing"
    if link == "and" and "holding" in before and thing.thing.kind not in _UNHANDY:
        return "holding"
    return ""


def _give_each(reading: _Reading, cast: Cast) -> None:
    """Give each of several what all of them are said to wear: a cat and a dog wearing hats."""
    for subject, verb, thing in list(cast.actions):
        if verb != "wearing" or thing >= len(reading.mentions):
            continue
        between = reading.between(reading.stop_before(thing), reading.mentions[thing].start)
        is_of_all = reading.mentions[thing].item.count > 1 or _EACH.search(between)
        other = subject
        while is_of_all and other in cast.joined:
            other -= 1
            if is_alive(cast.items[other]):
                cast.items.append(replace(cast.items[thing]))
                cast.actions.append(Action(other, verb, len(cast.items) - 1))


def _embrace(reading: _Reading, cast: Cast) -> None:
    """Let two of a kind hug each other: two bears hugging."""
    for index, mention in enumerate(reading.mentions):
        is_last = index + 1 == len(reading.mentions)
        stop = len(reading.tokens) if is_last else reading.mentions[index + 1].start
        behind = reading.between(mention.stop, stop)
        deed = reading.grammar.deed(behind)
        if deed is None or deed.verb != "hugging" or mention.item.count != 2:
            continue
        cast.items[index] = replace(cast.items[index], count=1)
        cast.items.append(cast.items[index])
        cast.actions.append(Action(index, "hugging", len(cast.items) - 1))
        cast.used |= reading.grammar.tokens_at(behind, deed.start, deed.stop, mention.stop)


def _act(cast: Cast, mentions: Sequence[Mention], subject: int, verb: str, thing: int) -> None:
    """Let somebody do something with a thing, which is one then."""
    if any(action.thing == thing for action in cast.actions):
        return
    item = cast.items[thing]
    if item.count > 1 and not (mentions[thing].is_counted and verb in _OF_SEVERAL):
        cast.items[thing] = replace(item, count=1)
        cast.unused |= mentions[thing].count_at
    kinds = {cast.items[index].thing.kind for index in (subject, thing)}
    if verb == "hugging" and (len(kinds) > 1 or kinds.isdisjoint(_EMBRACING)):
        verb = "carrying"
    if verb == "hugging" and _CHILD.search(item.name) and not cast.items[thing].size:
        cast.items[thing] = replace(cast.items[thing], size="small")
    if thing in cast.in_mouth and verb in ("holding", "carrying"):
        verb = "biting"
    cast.actions.append(Action(subject, verb, thing))


def _give_part(vocabulary: Vocabulary, item: SceneObject, part: str, colour: str) -> SceneObject:
    """Somebody with a part in a colour; a picture of its own if the model knows one."""
    words = {"yellow": "blond"}.get(colour, colour)
    is_painted = colour in COLOURS and item.name in _PAINTED_YOUNG
    bases = (item.name, item.name if is_painted else _ADULTS.get(item.name, item.name))
    own_looks = _BLOND_LOOKS if (words, part) == ("blond", "hair") else (f"{words} {part}",)
    looks = (*own_looks, part)
    for name in (f"{base} with {look}" for look in looks for base in bases):
        if vocabulary.knows(name):
            item = shown_as(vocabulary, item, name)
            if words in name:
                return item
            break
    return item.with_part(part, colour) if colour in COLOURS else item


def _implied(vocabulary: Vocabulary, cast: Cast, mentions: Sequence[Mention]) -> None:
    """Add the things that nobody needs to name: the fire of a fire-breathing dragon."""
    for index, mention in enumerate(mentions):
        verb, _, word = mention.does.partition(" ")
        name = vocabulary.words_en.get(word)
        if name and len(cast.items) < 3:
            cast.items.append(vocabulary.planned(name))
            cast.actions.append(Action(index, verb, len(cast.items) - 1))


def _pose(vocabulary: Vocabulary, cast: Cast, action: Action) -> None:
    """Take the pictures of somebody and of their thing that fit an action."""
    subject, verb, thing = action
    item, other = cast.items[subject], cast.items[thing]
    shown = image_with(vocabulary, item, verb, other)
    # Who holds a sword does not show that there are four.
    if shown is not None and not (verb in _OF_SEVERAL and other.count > 2):
        cast.items[subject] = shown
        cast.dropped.add(thing)
        return
    cast.items[subject] = item = with_hands(item, verb, other, vocabulary)
    if item.condition == "lifting":
        cast.dropped.add(thing)
        return
    worn = [cast.items[each.thing].name for each in cast.actions if each.verb == "wearing"]
    cast.items[subject] = posed(vocabulary, item, verb, worn)
    if verb == "hugging":
        cast.items[thing] = posed(vocabulary, other, verb, ())
    elif verb == "reading":
        cast.items[thing] = opened(vocabulary, other)
    elif verb == "wearing":
        cast.items[thing] = worn_before_eyes(vocabulary, other)


def mounted(items: Objects, relation: str) -> tuple[Action, ...]:
    """What somebody does who is said to be on something that people ride."""
    if relation == "on" and len(items) == 2 and is_alive(items[0]) and _MOUNTS.match(items[1].name):
        return (Action(0, "riding", 1),)
    return ()


def give_parts(
    grammar: Grammar, cast: Cast, mentions: Sequence[Mention], parts: Sequence[PartSaid]
) -> set[int]:
    """Give somebody their hair, beard and clothes; the tokens that say so."""
    used: set[int] = set()
    for part in parts:
        behind = [i for i, mention in enumerate(mentions) if mention.start >= part.stop]
        ahead = [i for i, mention in enumerate(mentions) if mention.start < part.start]
        choice = behind[:1] if part.is_before and behind else ahead[-1:] or behind[:1]
        for index in choice:
            owner = cast.owner(index)
            item = cast.items[owner]
            if part.part:
                cast.items[owner] = _give_part(grammar.vocabulary, item, part.part, part.colour)
            if not part.part or cast.items[owner] != item or f"with {part.part}" in item.name:
                used.update(range(part.start, part.stop))
    return used


def show_states(
    grammar: Grammar, cast: Cast, mentions: Sequence[Mention], tokens: Sequence[str]
) -> set[int]:
    """Take pictures of those who are said to do something, behind their nouns."""
    used: set[int] = set()
    for index, mention in enumerate(mentions):
        stop = mentions[index + 1].start if index + 1 < len(mentions) else len(tokens)
        state, position = grammar.state_behind(tokens, mention.stop, stop)
        item, vocabulary = cast.items[index], grammar.vocabulary
        if not state or item.state or position in cast.used or vocabulary.acts(item.name, state):
            continue
        pictured, colour = pictured_state(vocabulary, item.name, state)
        if pictured:
            cast.items[index] = shown_as(vocabulary, item, pictured, colour)
        mood = "" if pictured or item.condition else mood_of(vocabulary, item.name, state)
        if mood:
            cast.items[index] = replace(item, condition=mood)
        if pictured or mood or state == "flying" and flies(vocabulary, item.name):
            used.update(range(position, position + grammar.state_tokens(tokens, position)))
    return used
