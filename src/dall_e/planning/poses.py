"""Which picture shows somebody doing something: with the thing on it, or with room for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dall_e.planning.attachments import is_on_head
from dall_e.planning.lexicon import images_of_acts, pictured_acts
from dall_e.planning.qualities import shown_as, whole_name
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.whole_bodies import figure_of
from dall_e.scenes.graph import SceneObject

_POSES = {
    "holding": "holding", "carrying": "holding", "eating": "holding", "drinking": "holding",
    "reading": "holding", "riding": "sitting", "sitting on": "sitting", "biting": "sitting",
    "hanging from": "sitting", "hugging": "holding",
}  # fmt: skip
"""Pictures of somebody that have room for a thing, by verb."""
_GAITS = {
    "pulling": "walking", "pushing": "walking", "leading": "walking", "kicking": "running",
}  # fmt: skip
"""How people go who do something on their feet."""
_IN_HANDS = ("holding", "carrying")
"""What is done with both hands before the body."""
_CLOSED_BOOKS = ("book", "closed book")


def image_with(
    vocabulary: Vocabulary, item: SceneObject, verb: str, thing: SceneObject
) -> SceneObject | None:
    """Return somebody as the picture on which they do that with such a thing, if there is one."""
    base = whole_name(item.name)
    others = images_of_acts().get((base, verb), ())
    for shown in (item.name, f"{verb} {base}", *others):
        things = pictured_acts().get((shown, verb), ())
        if vocabulary.knows(shown) and thing.name in things and not thing.colour:
            return shown_as(vocabulary, item, shown)
    return None


def posed(vocabulary: Vocabulary, item: SceneObject, verb: str, worn: Sequence[str]) -> SceneObject:
    """Return somebody in the pose that has room for what they do, if there is such a picture.

    worn: names of what they wear.
    """
    kind, base = item.thing.kind, whole_name(item.name)
    if kind not in ("animal", "person") or item.state:
        return item
    if kind == "person" and verb in _GAITS:
        return _going(vocabulary, item, _GAITS[verb])
    if kind == "person" and verb == "hugging":
        return item
    # On two legs it has room for clothes, and a hat is on the head.
    upright = f"upright {base}"
    if verb == "wearing" and vocabulary.knows(upright):
        return shown_as(vocabulary, item, upright)
    pose = _POSES.get(verb, "standing" if kind == "animal" else "")
    for name in (base, *(figure for figure, _ in figure_of(item.name) if verb in _IN_HANDS)):
        if vocabulary.knows(f"{pose} {name}"):
            return shown_as(vocabulary, item, f"{pose} {name}")
    is_headwear = verb == "wearing" and all(map(is_on_head, worn))
    if is_headwear and kind == "animal" and vocabulary.knows(f"{base} face"):
        # From the front, a hat is on the head and glasses are before both eyes.
        return shown_as(vocabulary, item, f"{base} face")
    return item


def _going(vocabulary: Vocabulary, item: SceneObject, gait: str) -> SceneObject:
    """Somebody walking or running, in the colours of theirs."""
    for name, parts in ((item.name, ()), *figure_of(item.name)):
        for shown in (f"{gait} {name}", f"{name} {gait}"):
            if vocabulary.knows(shown):
                own = tuple(sorted({**dict(parts), **dict(item.parts)}.items()))
                return replace(shown_as(vocabulary, item, shown), parts=own)
    return item


def opened(vocabulary: Vocabulary, thing: SceneObject) -> SceneObject:
    """Return the book that somebody reads opened, unless its cover has to show a colour."""
    is_closed = thing.name in _CLOSED_BOOKS and not thing.colour
    if is_closed and vocabulary.knows("open book"):
        return shown_as(vocabulary, thing, "open book")
    return thing


def worn_before_eyes(vocabulary: Vocabulary, thing: SceneObject) -> SceneObject:
    """Return the glasses that somebody wears with clear lenses, through which the eyes are seen."""
    if thing.name == "glasses" and vocabulary.knows("clear glasses"):
        return shown_as(vocabulary, thing, "clear glasses")
    return thing
