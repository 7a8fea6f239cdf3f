"""What words mean that describe rather than instruct, beside what a picture shows already.

"A blue car" for a picture of a red one is that car in blue; "a cat wearing a hat" for one of a cat
is that cat, and now it wears a hat; so it does by "give the cat a hat" and "put a hat on the cat".
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection

from dall_e.editing.drawing import named_things
from dall_e.editing.instructions import Instruction
from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import is_chinese

_GIVEN = (
    re.compile(r"(?:give|hand) (?:the|an?) (?P<who>[\w' -]+?) (?P<what>(?:an?|some) [\w' -]+)"),
    re.compile("给(?P<who>[\u4e00-\u9fff]{1,6}?)[戴穿系围加](?:上|一?[顶条件副个双])+"
               "(?P<what>[\u4e00-\u9fff]{1,8})"),
)  # fmt: skip
_ADDED = (
    re.compile(r"(?P<what>(?:(?:an?|some) )?[\w' -]+?) (?:on|to) (?:the|an?) (?P<who>[\w' -]+)"),
)
_ALIVE = ("animal", "person", "face")


def as_meant(instruction: Instruction, shown: str, vocabulary: Vocabulary | None) -> Instruction:
    """Return what is to be done, for words that only say what shall be seen.

    shown: the prompt of the picture as it is; without it, or a vocabulary, nothing is known of it.
    """
    if instruction.kind != "draw" or instruction.where or vocabulary is None or not shown:
        return instruction
    before = {item.name: item for item in named_things(shown, vocabulary)}
    given = _given(instruction, before, vocabulary)
    if given or instruction.adds:
        return given or instruction
    scene = parse(instruction.what, vocabulary).scene
    if scene is None:
        return instruction

    # Somebody who is there does something with a thing that is not.
    for action in scene.actions:
        subject, thing = scene.objects[action.subject], scene.objects[action.thing]
        # Who acts is a picture of its own: the cat is now a standing cat.
        name = _named_in(subject.name, before)
        if name and thing.name not in before and not scene.background:
            return dataclasses.replace(instruction, where=name, whole=True)

    # The same, where one picture shows both
    if len(scene.objects) == 1 and not scene.background and scene.objects[0].name not in before:
        name = _named_in(scene.objects[0].name.replace("-", " "), before)
        if name and vocabulary.thing(name).kind in _ALIVE:
            return dataclasses.replace(instruction, where=name, whole=True)

    # A thing that is there, in another colour
    if len(scene.objects) != 1 or scene.background:
        return instruction
    (item,) = scene.objects
    same = before.get(item.name)
    if same is None or not item.colour or item.colour == same.colour or item.material:
        return instruction
    return Instruction(kind="recolour", what=item.colour, where=item.name)


def _named_in(longer: str, names: Collection[str]) -> str:
    """Which of some names a longer one has all the words of: "cat" of "standing cat"."""
    said = set(longer.split())
    return next((name for name in names if set(name.split()) <= said), "")


def _given(
    instruction: Instruction, before: Collection[str], vocabulary: Vocabulary
) -> Instruction | None:
    """What is to be done if somebody who is there is given something to wear or to hold."""
    what = instruction.what
    for pattern in _ADDED if instruction.adds else _GIVEN:
        match = pattern.fullmatch(what.strip(" .!。！").lower())
        owners = named_things(match["who"], vocabulary) if match else ()
        if match is None or len(owners) != 1 or owners[0].name not in before:
            continue
        if vocabulary.thing(owners[0].name).kind not in _ALIVE:
            continue
        said = f"戴{match['what']}的{match['who']}"
        drawn = said if is_chinese(what) else f"a {match['who']} with {match['what']}"
        return Instruction(kind="draw", what=drawn, where=owners[0].name, whole=True)
    return None
