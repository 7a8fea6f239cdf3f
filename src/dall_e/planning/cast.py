"""Who does what with which thing in a scene, from what a text says between its nouns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from dall_e.planning.attachments import is_clothing, is_worn
from dall_e.planning.grammar import Grammar, Mention, Objects, PartSaid
from dall_e.planning.lexicon import Deed, pictured_acts
from dall_e.planning.qualities import whole_name
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import PARTS, Action, SceneObject

_ALIVE = ("animal", "person", "face")
_ALIVE_NAMES = frozenset(
    ("robot face", "robot", "teddy bear", "snowman", "jack-o-lantern", "heart")
)
_UNHANDY = ("place", "sky", "weather", "vehicle", *_ALIVE)
"""Kinds of things that nobody holds in a hand."""
_READABLE = re.compile(
    r"book|newspaper|magazine|scroll|menu|map\b|letter|envelope|page|memo|tablet"
)
_HOLLOW = re.compile(
    r"vase|amphora|bowl|basket|bucket|\bjar\b|\bbox\b|\bpot\b|cauldron|chest\b|barrel|crate|"
    r"wheelbarrow|cart$|pouch|\bbag\b|handbag|backpack|stocking|nest"
)
"""Things that others are in."""
_FLAT = re.compile(r"desk|table|shelf|bench|tray|plate|stove|oven|\bbed\b|chair|couch|throne|stool")
"""Things that others are on."""
_MOUNTS = re.compile(
    r"^(?:bicycle|motorcycle|scooter|kick scooter|motor scooter|skateboard|snowboard|sled|horse|"
    r"camel|two-hump camel|elephant|donkey|unicorn|pegasus|tricycle|snowmobile|magic carpet|broom)$"
)
"""What somebody rides who is on it."""
_POSES = {
    "holding": "holding", "carrying": "holding", "eating": "holding", "drinking": "holding",
    "reading": "holding", "riding": "sitting", "sitting on": "sitting",
}  # fmt: skip
"""Pictures of somebody that have room for a thing, by verb."""


@dataclass(kw_only=True)
class Cast:
    """The things of a scene, while it is found out what they do."""

    items: list[SceneObject]
    actions: list[Action] = field(default_factory=list)
    relation: str = ""
    used: set[int] = field(default_factory=set)
    """Tokens that say what is done."""
    in_hand: set[int] = field(default_factory=set)
    """Things that are said to be in somebody's hand or mouth."""
    unused: set[int] = field(default_factory=set)
    """Tokens that say how many there are of what is drawn once."""
    dropped: set[int] = field(default_factory=set)
    """Things that are on the picture of somebody already."""

    def owner(self, index: int) -> int:
        """Who does something with a thing; the thing itself if nobody does."""
        return next((action.subject for action in self.actions if action.thing == index), index)

    def finished(self) -> tuple[Objects, tuple[Action, ...], str]:
        """The things without those that are dropped, what is done, and a relation."""
        kept = [index for index in range(len(self.items)) if index not in self.dropped]
        actions = tuple(
            Action(kept.index(action.subject), action.verb, kept.index(action.thing))
            for action in self.actions
            if action.thing in kept
        )
        relation = self.relation if len(kept) == 2 and not actions else ""
        return tuple(self.items[index] for index in kept), actions, relation


class _Gap(NamedTuple):
    """The text between two things that follow each other."""

    text: str
    first: int
    """Its first token."""
    before: str
    """The text before the first of the two, from the thing before that."""
    before_first: int


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
    in_hand = {part.start for part in parts if not part.part}
    cast.in_hand = {i for i, mention in enumerate(mentions) if mention.stop in in_hand}
    for index in range(1, len(mentions)):
        _join(grammar, cast, mentions, index, _gap(grammar, mentions, index, tokens))
    for index, mention in enumerate(mentions):
        for part in filter(mention.said.get, PARTS):
            item = cast.items[index]
            cast.items[index] = give_part(grammar.vocabulary, item, part, mention.said[part])
    _implied(grammar.vocabulary, cast, mentions)
    for action in list(cast.actions):
        _pose(grammar.vocabulary, cast, action)
    return cast


def _gap(grammar: Grammar, mentions: Sequence[Mention], index: int, tokens: Sequence[str]) -> _Gap:
    before, mention = mentions[index - 1], mentions[index]
    first = mentions[index - 2].stop if index > 1 else 0
    return _Gap(
        text=grammar.separator.join(tokens[before.stop : mention.start]),
        first=before.stop,
        before=grammar.separator.join(tokens[first : before.start]),
        before_first=first,
    )


def _join(grammar: Grammar, cast: Cast, mentions: Sequence[Mention], index: int, gap: _Gap) -> None:
    """Find out how a thing belongs to one before it, or the one before it to it."""
    mention, owner = mentions[index], cast.owner(index - 1)
    if mention.is_content:
        _act(cast, mentions, owner, "full of", index)
        return

    # A verb between them: a cat eating a fish
    deed = _fitting(grammar.deed(gap.text), cast.items[index])
    if deed:
        _act(cast, mentions, owner, deed.verb, index)
        cast.used |= grammar.tokens_at(gap.text, deed.start, deed.stop, gap.first)
        return

    # A verb before both: 拿着气球的熊
    deed = _fitting(grammar.deed(gap.before), cast.items[index - 1])
    if deed and gap.text.startswith("的"):
        _act(cast, mentions, index, deed.verb, index - 1)
        cast.used |= grammar.tokens_at(gap.before, deed.start, deed.stop, gap.before_first)
        return

    link = grammar.link(gap.text)
    verb = _verb_of_link(link, cast, owner, index)
    if verb:
        _act(cast, mentions, owner, verb, index)
        cast.used |= grammar.link_tokens(gap.text, link, gap.first)
    elif link == "with":
        cast.used |= grammar.link_tokens(gap.text, link, gap.first)
        if not mention.is_counted:
            cast.items[index] = replace(mention.item, count=1)
        if _FLAT.search(cast.items[owner].name) and index == 1 and len(mentions) == 2:
            cast.items, cast.relation = cast.items[::-1], "on"


def _fitting(deed: Deed | None, thing: SceneObject) -> Deed | None:
    """A verb, if it can be done with a thing."""
    if deed is None:
        return None
    if deed.verb == "reading" and not _READABLE.search(thing.name):
        return None
    if deed.verb in ("holding", "carrying") and thing.thing.kind == "vehicle":
        return deed._replace(verb="riding")
    return deed


def _verb_of_link(link: str, cast: Cast, owner: int, index: int) -> str:
    """What somebody does with a thing that is only named with them; "" if it is beside them."""
    subject, thing = cast.items[owner], cast.items[index]
    worn = is_worn(thing.name)
    is_empty = _HOLLOW.search(subject.name) and " of " not in subject.name
    if link == "with" and is_empty and not is_alive(subject):
        return "full of"
    if not is_alive(subject):
        return ""
    if link in ("with", "in") and worn:
        return "wearing"
    if link == "with" and (index in cast.in_hand or thing.thing.kind not in _UNHANDY):
        return "holding"

    # A hat and sunglasses: both are worn.
    before = [action.verb for action in cast.actions if action.thing == index - 1]
    if link == "and" and "wearing" in before and worn:
        return "wearing"
    if link == "and" and "holding" in before and thing.thing.kind not in _UNHANDY:
        return "holding"
    return ""


def is_alive(item: SceneObject) -> bool:
    """Whether a thing is somebody who can do something."""
    return item.thing.kind in _ALIVE or item.name in _ALIVE_NAMES


def _act(cast: Cast, mentions: Sequence[Mention], subject: int, verb: str, thing: int) -> None:
    """Let somebody do something with a thing, which is one then."""
    if any(action.thing == thing for action in cast.actions):
        return
    clothing = cast.items[thing]
    wearer = cast.items[subject]
    if verb == "wearing" and is_clothing(clothing.name) and wearer.thing.kind == "person":
        if clothing.colour:
            cast.items[subject] = _with_part(wearer, "clothes", clothing.colour)
            cast.dropped.add(thing)
    if not mentions[thing].is_counted or verb != "full of":
        cast.items[thing] = replace(clothing, count=1)
        cast.unused |= mentions[thing].count_at if clothing.count > 1 else frozenset()
    cast.actions.append(Action(subject, verb, thing))


def give_part(vocabulary: Vocabulary, item: SceneObject, part: str, colour: str) -> SceneObject:
    """Somebody with a part in a colour; a picture of its own if the model knows one."""
    words = {"yellow": "blond"}.get(colour, colour)
    for name in (f"{item.name} with {words} {part}", f"{item.name} with {part}"):
        if vocabulary.knows(name):
            planned = vocabulary.planned(name)
            item = replace(item, name=name, model_thing=planned.model_thing)
            if words in name:
                return item
            break
    return _with_part(item, part, colour)


def _with_part(item: SceneObject, part: str, colour: str) -> SceneObject:
    return replace(item, parts=tuple(sorted({**dict(item.parts), part: colour}.items())))


def _implied(vocabulary: Vocabulary, cast: Cast, mentions: Sequence[Mention]) -> None:
    """Add the things that nobody needs to name: the fire of a fire-breathing dragon."""
    for index, mention in enumerate(mentions):
        verb, _, word = mention.does.partition(" ")
        name = vocabulary.words_en.get(word)
        if name and len(cast.items) < 3:
            cast.items.append(vocabulary.planned(name))
            cast.actions.append(Action(index, verb, len(cast.items) - 1))


def _pose(vocabulary: Vocabulary, cast: Cast, action: Action) -> None:
    """Take the picture of somebody that shows an action, or has room for its thing."""
    item, thing = cast.items[action.subject], cast.items[action.thing]
    base = whole_name(item.name)
    for shown in (item.name, f"{action.verb} {base}"):
        things = pictured_acts().get((shown, action.verb), ())
        if vocabulary.knows(shown) and thing.name in things and not thing.colour:
            cast.items[action.subject] = _as_picture(vocabulary, item, shown)
            cast.dropped.add(action.thing)
            return
    pose = f"{_POSES.get(action.verb, 'standing')} {base}"
    if item.thing.kind == "animal" and not item.state and vocabulary.knows(pose):
        cast.items[action.subject] = _as_picture(vocabulary, item, pose)


def _as_picture(vocabulary: Vocabulary, item: SceneObject, name: str) -> SceneObject:
    return replace(item, name=name, model_thing=vocabulary.planned(name).model_thing)


def mounted(items: Objects, relation: str) -> tuple[Action, ...]:
    """What somebody does who is said to be on something that people ride."""
    if relation == "on" and len(items) == 2 and is_alive(items[0]) and _MOUNTS.match(items[1].name):
        return (Action(0, "riding", 1),)
    return ()
