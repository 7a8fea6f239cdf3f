"""What an edit is asked for, in English or Chinese: to draw, replace, remove or recolour something.

People say what shall be there ("a red hat"), or what to do ("add a red hat", "replace the apple
with a pear", 去掉树). The first names what is drawn, the second also where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dall_e.images.colour import TARGETS
from dall_e.text.language import COLOURS_ZH, COUNT_EN

Kind = Literal["draw", "remove", "recolour"]

_COLOURS = "|".join((*TARGETS, "gray"))
_ZH = "|".join(colour.rstrip("色") for colour in COLOURS_ZH.values())
_THE = r"(?:the |this |that |its |his |her )?"

_EVERYTHING = r"(?:all|everything|anything)(?: else| other things| things)?"
_REMOVED_ZH = "(?:去掉|删除|删掉|移除|擦掉|去除)"
_OTHER_ZH = "(?:以外|之外|外)?的?(?:其他|其它|别的)?(?:东西|一切|所有|全部)?的?(?:东西)?"

_KEEP = (
    rf"(?:remove|delete|erase|take away|take out|get rid of)\s+{_EVERYTHING},?\s+"
    rf"(?:except(?: for)?|but|apart from|other than|besides)\s+(?P<kept>.+)",
    r"(?:keep|leave)\s+only\s+(?P<kept>.+)",
    rf"(?:把)?除了?(?P<kept>.+?){_OTHER_ZH}[，,]?(?:其他的?|其余的?)?(?:都|全都?|全部)?{_REMOVED_ZH}",
    rf"{_REMOVED_ZH}除了?(?P<kept>.+?){_OTHER_ZH}",
    r"只(?:留下?|保留)(?P<kept>.+)",
)
_REMOVE = (
    rf"(?:remove|delete|erase|take away|take out|get rid of)\s+{_THE}(?P<where>.+)",
    r"(?:去掉|删除|删掉|移除|擦掉|去除)(?P<where>.+)",
    r"把(?P<where>.+?)(?:去掉|删除|删掉|移除|擦掉)",
    r"(?:nothing|empty|background|without anything|什么都没有|空|)(?P<where>)",
    r"(?:remove|delete|erase|take away|take out|去掉|删除|删掉|移除|擦掉|去除)(?P<where>)",
)
_RECOLOUR = (
    rf"(?:make|paint|colou?r|turn|dye)\s+{_THE}(?P<where>.+?)\s+(?P<what>{_COLOURS})",
    rf"(?:change|turn)\s+(?:the colou?r of\s+)?{_THE}(?P<where>.+?)\s+(?:in)?to\s+"
    rf"(?P<what>{_COLOURS})",
    rf"(?P<where>)(?P<what>{_COLOURS})",
    rf"把(?P<where>.+?)(?:涂成|染成|变成|改成|换成)(?P<what>{_ZH})色?",
    rf"(?P<where>)(?P<what>{_ZH})色",
)
_REPLACE = (
    rf"(?:replace|swap|exchange)\s+{_THE}(?P<where>.+?)\s+(?:with|by|for)\s+(?P<what>.+)",
    rf"(?:change|turn)\s+{_THE}(?P<where>.+?)\s+(?:in)?to\s+(?P<what>.+)",
    rf"(?:make it|make this)(?P<where>)\s+(?P<what>(?:an?|the|some|{COUNT_EN})\s.+)",
    rf"make\s+{_THE}(?P<where>.+?)\s+(?P<what>an?\s.+)",
    r"把(?P<where>.+?)(?:换成|变成|改成|替换成|替换为)(?P<what>.+)",
)
_ADD = (
    r"(?:add|put|draw|insert|place|paint)\s+(?P<what>.+?)(?P<where>)(?:\s+(?:here|there))?",
    r"(?:添加|加上|加|画上|画|放)(?P<where>)(?P<what>.+)",
)
_PRONOUNS = frozenset(("it", "this", "that", "them", "these", "everything", "它", "这个"))


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """What is to be done to a part of a picture."""

    kind: Kind
    what: str = ""
    """What is drawn, as a prompt; or the colour that something gets, one of TARGETS."""
    where: str = ""
    """What is there now and is to change, in words; or nothing is said."""
    adds: bool = False
    """Whether what is drawn comes to what is there already, and replaces nothing."""
    kept: tuple[str, ...] = ()
    """What stays where everything else is removed, each in words."""
    whole: bool = False
    """Whether all that the prompt says is drawn, with what is there already."""


def read_instruction(prompt: str) -> Instruction:
    """Read what an edit is asked for. What is no instruction names what is to be drawn.

    Raises ValueError for what is no text.
    """
    if not isinstance(prompt, str):
        raise ValueError(f"prompt must be a text, got {type(prompt).__name__}")
    text = " ".join(prompt.split()).strip(" .!。！")
    for pattern in (*_KEEP, *_REMOVE):
        if found := re.fullmatch(pattern, text, re.IGNORECASE):
            said = found.groupdict()
            kept = (said["kept"],) if "kept" in said else ()
            return Instruction(kind="remove", where=_named(said.get("where", "")), kept=kept)
    for pattern in _RECOLOUR:
        if found := re.fullmatch(pattern, text, re.IGNORECASE):
            colour = _colour(found["what"])
            return Instruction(kind="recolour", what=colour, where=_named(found["where"]))
    for adds, patterns in ((False, _REPLACE), (True, _ADD)):
        for pattern in patterns:
            if found := re.fullmatch(pattern, text, re.IGNORECASE):
                where = _named(found["where"])
                what = found["what"].strip()
                return Instruction(kind="draw", what=what, where=where, adds=adds)
    return Instruction(kind="draw", what=text)


def _named(words: str) -> str:
    """What is meant by words for a thing; "" for a pronoun, which names nothing."""
    words = words.strip()
    return "" if words.lower() in _PRONOUNS else words


def _colour(word: str) -> str:
    """The colour of an English or Chinese word."""
    for colour, chinese in COLOURS_ZH.items():
        if word in (chinese, chinese.rstrip("色")):
            return colour
    return "grey" if word.lower() == "gray" else word.lower()
