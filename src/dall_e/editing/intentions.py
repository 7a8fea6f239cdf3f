"""What words mean that describe rather than instruct, beside what a picture shows already.

"A blue car" for a picture of a red one is that car in blue; "a cat wearing a hat" for one of a cat
is that cat, and now it wears a hat.
"""

from __future__ import annotations

import dataclasses

from dall_e.editing.drawing import named_things
from dall_e.editing.instructions import Instruction
from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary


def as_meant(instruction: Instruction, shown: str, vocabulary: Vocabulary | None) -> Instruction:
    """Return what is to be done, for words that only say what shall be seen.

    shown: the prompt of the picture as it is; without it, or a vocabulary, nothing is known of it.
    """
    says_how = instruction.kind != "draw" or instruction.adds or instruction.where
    if says_how or vocabulary is None or not shown:
        return instruction
    scene = parse(instruction.what, vocabulary).scene
    if scene is None:
        return instruction
    before = {item.name: item for item in named_things(shown, vocabulary)}

    # Somebody who is there does something with a thing that is not.
    for action in scene.actions:
        subject, thing = scene.objects[action.subject], scene.objects[action.thing]
        # Who acts is a picture of its own: the cat is now a standing cat.
        said = set(subject.name.split())
        name = next((name for name in before if set(name.split()) <= said), "")
        if name and thing.name not in before and not scene.background:
            return dataclasses.replace(instruction, where=name, whole=True)

    # A thing that is there, in another colour
    if len(scene.objects) != 1 or scene.background:
        return instruction
    (item,) = scene.objects
    same = before.get(item.name)
    if same is None or not item.colour or item.colour == same.colour or item.material:
        return instruction
    return Instruction(kind="recolour", what=item.colour, where=item.name)
