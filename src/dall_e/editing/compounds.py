"""Several edits in one sentence, taken apart: lists of things, and one edit after another.

What cannot be taken apart for certain is refused, so that no half of it is done.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from itertools import pairwise

from dall_e.editing.instructions import Instruction, read_instruction
from dall_e.images.colour import TARGETS

Known = Callable[[str], bool]
"""Whether words such as "bow and arrow" are the name of one thing."""

_VERBS_EN = (
    r"(?:remove|delete|erase|take away|take out|get rid of|make|paint|colou?r|turn|dye|change|"
    r"replace|swap|exchange|add|put|draw|insert|place)"
)
_VERBS_ZH = "(?:把|去掉|删除|删掉|移除|擦掉|去除|添加|加上|加|画上)"
_BETWEEN_EDITS = re.compile(
    rf"\s*(?:[,;.]\s*(?:and\s+)?(?:then\s+)?|\s(?:and\s+)?then\s+|\sand\s+)(?={_VERBS_EN}\s)"
    rf"|\s*(?:[，,；;。]\s*(?:然后|接着|并且|并|再|同时|也)?|然后|接着|并且|并|再)(?={_VERBS_ZH})",
    re.IGNORECASE,
)
_BETWEEN_THINGS = re.compile(
    r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*|\s*[，、]\s*(?:和|以及)?|以及|[和与跟及](?![服平尚谐])",
    re.IGNORECASE,
)
_NO_THING = re.compile(
    r"\b(?:with|wearing|holding|carrying|riding|keep|leave|not|but|except|without|then|into|to)\b"
    rf"|\b{_VERBS_EN}\s+(?:the|an?)\b|[涂染变改换]成|替换|去掉|删除|删掉|移除|擦掉|保留|留下|不要|除了",
    re.IGNORECASE,
)
"""What a name in a list does not have: what it is said of is open."""
_SECOND_CHANGE = re.compile(
    r"(?:\band|,)\s+(?:the|this|that|then)\s+.+\s(?:with|by|for|into|to)\s|[，,；;].*(?:换|变|改)成",
    re.IGNORECASE,
)
_TWO_ENDS = re.compile(r"(?:\band|\bor|,|&|.[，、和与])$", re.IGNORECASE)
"""Where a thing is to get two colours at once, the first is at the end of its name."""
_UNREAD = re.compile("把.+[涂染变改换]成")
_COLOUR_AT_END = re.compile(rf"(?P<name>.*?)\s*\b(?P<colour>{'|'.join((*TARGETS, 'gray'))})", re.I)
_ORDER = {"remove": 0, "recolour": 1, "draw": 2}


def read_instructions(prompt: str, known: Known) -> list[Instruction]:
    """Read all that an edit is asked for, in the order in which it is done.

    What is removed goes first, and what is added comes last. Of a list each thing is an instruction
    of its own. Raises ValueError for what is no text, and where several edits are in one and cannot
    be taken apart.
    """
    whole = read_instruction(prompt)
    text = " ".join(prompt.split()).strip(" .!。！")
    clauses = _BETWEEN_EDITS.split(text)
    if _TWO_ENDS.search(whole.where) or (not _says_how(whole) and _UNREAD.match(text)):
        raise _one_at_a_time(prompt)
    if len(clauses) == 1 or not _says_how(read_instruction(clauses[0])):
        return _taken_apart(whole, prompt, known)

    found = [
        each for clause in clauses for each in _taken_apart(read_instruction(clause), prompt, known)
    ]
    draws = [each for each in found if each.kind == "draw"]
    is_clear = all(each.where or each.kept or each.adds for each in found)
    if len(draws) > 1 or not all(each.adds for each in draws) or not is_clear:
        raise _one_at_a_time(prompt)
    if any(each.kept for each in found):
        raise _one_at_a_time(prompt)
    return sorted(found, key=lambda each: _ORDER[each.kind])


def _says_how(instruction: Instruction) -> bool:
    """Whether words are an instruction, and do not only say what shall be seen."""
    return instruction.kind != "draw" or instruction.adds or bool(instruction.where)


def _taken_apart(instruction: Instruction, prompt: str, known: Known) -> list[Instruction]:
    """One instruction for each thing of a list."""
    if instruction.kind == "draw":
        has_list = len(_things(instruction.where, prompt, known)) > 1
        if has_list or (instruction.where and _SECOND_CHANGE.search(instruction.what)):
            raise _one_at_a_time(prompt)
        return [instruction]
    if instruction.kept:
        things = _things(instruction.kept[0], prompt, known)
        return [dataclasses.replace(instruction, kept=tuple(things))]
    things = _things(instruction.where, prompt, known)
    if instruction.kind == "remove":
        return [dataclasses.replace(instruction, where=each) for each in things]
    return _painted(instruction, things, prompt)


def _painted(instruction: Instruction, things: list[str], prompt: str) -> list[Instruction]:
    """What gets which colour: that behind it, or else the next one that is said."""
    found: list[Instruction] = []
    waiting: list[str] = []
    for number, each in enumerate(things):
        ends = _COLOUR_AT_END.fullmatch(each)
        is_last = number == len(things) - 1
        name = ends["name"].strip() if ends and len(things) > 1 else ""
        if ends and re.sub(r"^(?:the|an?)$", "", name, flags=re.IGNORECASE):
            # "The cat blue and green" has two colours for one thing.
            if is_last:
                raise _one_at_a_time(prompt)
            colour = ends["colour"].lower().replace("gray", "grey")
            waiting.append(name)
        else:
            waiting.append(each)
            colour = instruction.what if is_last else ""
        if colour:
            found += [dataclasses.replace(instruction, where=w, what=colour) for w in waiting]
            waiting = []
    return found


def _things(words: str, prompt: str, known: Known) -> list[str]:
    """The things of a list, each in its own words."""
    parts = _BETWEEN_THINGS.split(words)
    if len(parts) == 1 or known(words):
        if len(parts) == 1 and re.search(r"\b(?:keep|but|except)\b|但|除了", words):
            raise _one_at_a_time(prompt)
        return [words]
    joints = _BETWEEN_THINGS.findall(words)
    things = [parts[0]]
    for joint, (before, part) in zip(joints, pairwise(parts), strict=True):
        # "Black and white cat", and what goes by a name of two things
        is_pattern = _bare(things[-1]).lower() in TARGETS and part.partition(" ")[0] in TARGETS
        if is_pattern or known(_bare(things[-1] + joint + part)):
            things[-1] += joint + part
        elif not before or not part:
            raise _one_at_a_time(prompt)
        else:
            things.append(part)
    if len(things) > 1 and any(_NO_THING.search(each) for each in things):
        raise _one_at_a_time(prompt)
    return things


def _bare(words: str) -> str:
    return re.sub(r"^(?:the|an?) ", "", words.strip(), flags=re.IGNORECASE)


def _one_at_a_time(prompt: str) -> ValueError:
    return ValueError(f"{prompt!r} may be several edits: give one edit at a time")
