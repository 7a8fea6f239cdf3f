"""The things that a text names: which of its nouns are things of their own, and which are not.

What is named twice is one thing still. But who says more of the second one means another: "a black
cat chasing a white cat", "a cat wearing a hat and a dog wearing a hat".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dall_e.planning.attachments import is_worn
from dall_e.planning.cast import Cast
from dall_e.planning.grammar import MOST_THINGS, Grammar, Mention, Objects, PartSaid
from dall_e.planning.lively import is_alive
from dall_e.planning.marked_text import MarkedText
from dall_e.planning.poses import posed
from dall_e.planning.qualities import pictured_state, shown_as, whole_name
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.wording.copies import hues_of, in_turn
from dall_e.scenes.graph import IN_A_ROW, Action, Scene, SceneObject
from dall_e.text.language import is_chinese

_BODY_PARTS = frozenset(
    (
        "eye", "nose", "leg", "ear", "wing", "tooth", "tongue", "foot", "mouth", "raised hand",
        "flexed biceps",
    )
)  # fmt: skip
"""Names of pictures of what somebody has anyway: nobody with blue eyes holds an eye."""
_HAVING = frozenset("with has have having 有 长".split())
_VESSEL = re.compile(r"glass|cup|mug|bottle|jar\b|plate|bowl|pot\b|\bcan\b|box|knife|fork|spoon")
"""What food is in, or eaten with, rather than food."""
_STANDING_ON = frozenset(("leg", "foot"))
_ANOTHER = frozenset(("a", "an", "another"))
_STATES = {
    "sleeping": re.compile(r"\b(?:sleeping|asleep|sleeps|napping)\b|睡[觉着在]?"),
    "playing": re.compile(r"\b(?:playing|plays)\b|玩[耍球]?"),
}
_IN_A_ROW = re.compile(
    r"\b(?:(?:standing |sitting |lined up )?in a row|row of|lined up|side by side)\b"
    "|(?:站|坐|摆|排)?(?:成|在)?一[排行列]|排[成着]?[队排]|并排"
)
"""How several equal things stand to each other."""


def first_mentions(
    grammar: Grammar, tokens: Sequence[str], parts: Sequence[PartSaid]
) -> list[Mention]:
    """The first things that tokens name, each once.

    What people wear may be there more often than that, and beyond MOST_THINGS, as each wears one of
    their own: `drop_unclaimed` takes out what nobody wears.
    """
    found: list[Mention] = []
    blocked = {position for part in parts for position in range(part.start, part.stop)}
    for mention in _mentions(grammar, tokens, blocked):
        again = [known for known in found if known.item.name == mention.item.name]
        is_own = is_worn(mention.item.name) or all(
            _is_another(known, mention, tokens) for known in again
        )
        counted = sum(not _may_be_worn(found, index) for index in range(len(found)))
        found.append(mention)
        has_room = counted < MOST_THINGS or _may_be_worn(found, len(found) - 1)
        if not is_own or not has_room or len(found) > 2 * MOST_THINGS:
            found.pop()
    found = [
        mention for index, mention in enumerate(found) if not _is_own_part(found, index, tokens)
    ]
    for index, mention in enumerate(found):
        if mention.is_content and (index == 0 or found[index - 1].stop > mention.start):
            found[index] = replace(mention, is_content=False)
    return found


def drop_unclaimed(cast: Cast, mentions: Sequence[Mention]) -> None:
    """Leave out what people wear and nobody does, if it is named again or beyond MOST_THINGS.

    Its words are not read then.
    """
    for index in range(len(mentions) - 1, 0, -1):
        mention = mentions[index]
        acting = {action.subject for action in cast.actions}
        is_claimed = cast.owner(index) != index or index in acting
        if is_claimed or not is_worn(mention.item.name):
            continue
        before = [mentions[other] for other in range(index)]
        is_repeated = any(_is_same(known, mention) for known in before)
        kept = [other for other in range(len(cast.items)) if other not in cast.dropped]
        free = [other for other in kept if cast.owner(other) == other]
        if is_repeated or len(free) > MOST_THINGS:
            cast.dropped.add(index)
            cast.unused |= mention.used


def full_grown(cast: Cast, mention: Mention) -> SceneObject:
    """The only thing of a picture: beside nothing else, a small elephant is no baby.

    It is as large as any other then, and that it is a baby is not read.
    """
    item = cast.items[0]
    if mention.said.get("age") != "baby" or "size" in mention.said or not item.size:
        return item
    if item.build:
        return replace(item, size="")
    cast.unused |= mention.age_at
    return replace(item, size="")


def without_diminutive(scene: Scene, text: str) -> Scene:
    """A scene whose only thing fills its picture: 小熊 is a dear bear rather than a small one."""
    if len(scene.objects) != 1 or scene.background or not is_chinese(text):
        return scene
    (item,) = scene.objects
    is_dear = item.count == 1 and item.size == "small" and "小小" not in text
    return replace(scene, objects=(replace(item, size=""),)) if is_dear else scene


def in_many_colours(cast: Cast, mention: Mention) -> None:
    """Give several of the only thing of a picture a colour each if they are to be colourful."""
    item = cast.items[0]
    if not mention.colours_at or item.count < 2 or item.colour:
        return
    cast.items = [*in_turn((item,), hues_of(item))]
    cast.used |= mention.colours_at


def walked_by_somebody(
    grammar: Grammar, cast: Cast, mentions: Sequence[Mention], tokens: Sequence[str]
) -> None:
    """Add who walks a dog, if nobody is said to: 遛狗."""
    before = grammar.separator.join(tokens[: mentions[0].start])
    deed, vocabulary = grammar.deed(before), grammar.vocabulary
    is_animal_first = cast.items[0].thing.kind == "animal"
    if deed is None or deed.verb != "leading" or not is_animal_first or not vocabulary.knows("man"):
        return
    if any(item.thing.kind == "person" for item in cast.items):
        return
    cast.items.append(posed(vocabulary, vocabulary.planned("man"), deed.verb, ()))
    cast.actions.append(Action(len(cast.items) - 1, deed.verb, 0))
    cast.used |= grammar.tokens_at(before, deed.start, deed.stop, 0)


def bunch_together(cast: Cast, mention: Mention) -> None:
    """Put the flowers of a bunch together, which are the only thing of a picture: those beside the
    first are a second object."""
    item = cast.items[0]
    if mention.said.get("bunch") and item.count > 1:
        cast.items = [replace(item, count=1), replace(item, count=item.count - 1)]
        cast.actions.append(Action(0, "bunched with", 1))


def _is_another(known: Mention, mention: Mention, tokens: Sequence[str]) -> bool:
    """Whether a thing of the same name is meant that was not named yet."""
    if known.is_content or mention.is_content:
        return False
    first = min(mention.used, default=mention.start)
    article = tokens[first - 1] if first else ""
    if mention.said:
        return mention.said != known.said
    return article == "another" or (bool(known.said) and article in _ANOTHER)


def _is_same(known: Mention, mention: Mention) -> bool:
    """Whether two things have one name, and nothing else is said of the second."""
    is_alike = not mention.said or mention.said == known.said
    return known.item.name == mention.item.name and is_alike


def _may_be_worn(found: Sequence[Mention], index: int) -> bool:
    """Whether a thing is one that people wear, and stands behind somebody."""
    while index and is_worn(found[index].item.name):
        index -= 1
        if is_alive(found[index].item):
            return True
    return False


def stands_on_own_legs(first: SceneObject, second: SceneObject) -> bool:
    """Whether somebody is said to stand on their legs, of whom there is no picture."""
    return second.name in _STANDING_ON and is_alive(first)


def _is_own_part(found: Sequence[Mention], index: int, tokens: Sequence[str]) -> bool:
    """Whether a thing is a part of somebody's body that is only said to be theirs."""
    mention = found[index]
    name = mention.item.name
    if name not in _BODY_PARTS:
        return False
    if index and is_alive(found[index - 1].item):
        between = set(tokens[found[index - 1].stop : mention.start])
        return not _HAVING.isdisjoint(between) or (name in _STANDING_ON and "on" in between)
    behind = tokens[mention.stop : mention.stop + 1]
    owner = found[index + 1] if index + 1 < len(found) else None
    return list(behind) == ["的"] and owner is not None and is_alive(owner.item)


def _owned(grammar: Grammar, owner: Mention, thing: Mention) -> Mention:
    """A thing of somebody's, by the picture of such: 巫师的帽子 is a wizard hat."""
    vocabulary, name = grammar.vocabulary, thing.item.name
    base = whole_name(owner.item.name)
    names = (f"{base} {name}", f"{base}'s {name}")
    known = next((vocabulary.words_en[each] for each in names if each in vocabulary.words_en), "")
    return replace(thing, item=shown_as(vocabulary, thing.item, known)) if known else thing


def _is_also_meant(
    vocabulary: Vocabulary, first: Mention, second: Mention, *, is_list: bool
) -> bool:
    """Whether of two nouns that stand together the first is drawn as well: somebody before an act,
    and food on other food, as avocado toast.

    is_list: whether nouns that stand together are a list, as in Chinese: 星星月亮.
    """
    kind = vocabulary.thing(first.item.name).kind
    if second.item.name.split(" ")[0].endswith("ing") or " with " in second.item.name:
        return kind in ("person", "animal", "face")
    is_alike = kind == vocabulary.thing(second.item.name).kind
    if _VESSEL.search(first.item.name):
        return False
    return is_alike and kind in (("food", "sky", "animal", "plant") if is_list else ("food",))


def _mentions(grammar: Grammar, tokens: Sequence[str], blocked: set[int]) -> Iterator[Mention]:
    """The things that tokens name.

    Of two that stand together the last is meant: an apple pie is a pie. Who owns a thing is not
    another one. blocked: where no noun starts, as the hair of somebody is no thing.
    """
    vocabulary = grammar.vocabulary
    before: tuple[Mention, ...] = ()
    free = position = before_free = 0
    while position < len(tokens):
        length = 0 if position in blocked else grammar.noun_length(tokens, position)
        stop = position + length
        is_beside = bool(before) and before[-1].stop == position
        if is_beside and length and tokens[position] in grammar.groups:
            last = before[-1]
            before = (*before[:-1], replace(last, used=last.used.union(range(position, stop))))
        elif length:
            first = before_free if is_beside else free
            found = grammar.mentions(tokens, first, position, stop)
            owner = before[-1] if before else None
            is_somebody = owner is not None and owner.item.name not in _BODY_PARTS
            if owner and is_somebody and grammar.is_owner(tokens, before_free, owner, found[0]):
                owned = _owned(grammar, owner, found[0])
                found = (replace(owned, used=owned.used | owner.used), *found[1:])
            elif not is_beside or (
                owner is not None
                and _is_also_meant(vocabulary, owner, found[0], is_list=not grammar.separator)
            ):
                yield from before
                before_free = free
            before, free = found, stop
        position = max(stop, position + 1)
    yield from before


def at_rest_or_play(vocabulary: Vocabulary, items: Objects, marked: MarkedText) -> Objects:
    """The things, the first that can do so asleep or at play, if the text says that somebody is."""
    for state, pattern in _STATES.items():
        match = pattern.search(marked.text)
        if not match:
            continue
        if any(state in item.name or item.state == state for item in items):
            marked.use(*match.span())
            return items
        for number, item in enumerate(items):
            if vocabulary.acts(item.name, state):
                shown = replace(item, state=state)
            else:
                pictured, colour = pictured_state(vocabulary, item.name, state)
                shown = shown_as(vocabulary, item, pictured, colour) if pictured else item
            if shown != item:
                marked.use(*match.span())
                return (*items[:number], shown, *items[number + 1 :])
        return items
    return items


def in_a_row(items: Objects, marked: MarkedText) -> Objects:
    """The things, several equal ones side by side if the text says so and nothing else is there."""
    match = _IN_A_ROW.search(marked.text)
    are_equal = len({item.name for item in items}) == 1
    if not match or not are_equal or sum(item.count for item in items) == 1:
        return items
    marked.use(*match.span())
    return tuple(replace(item, spot=IN_A_ROW) for item in items)
