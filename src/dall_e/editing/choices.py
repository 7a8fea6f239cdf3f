"""Which of several things of one name are meant: "the left cat", "cat#2", "three eggs", 第二只猫.

They count from left to right. A number without an order means the last ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dall_e.text.language import MEASURES_ZH, NUMBERS_EN, NUMBERS_ZH, singular_of

_ORDINALS = tuple(
    " first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(" ")
)
_ORDINAL_EN = rf"(?P<nth>{'|'.join(_ORDINALS[1:])}|\d+(?:st|nd|rd|th))"
_COUNT_EN = rf"(?P<count>{'|'.join(NUMBERS_EN[1:])}|a|an|\d+)"
_NUMBER_ZH = rf"{'|'.join(sorted(NUMBERS_ZH[1:], key=len, reverse=True))}|二|\d+"
_MEASURE = f"[{MEASURES_ZH}架部台]"
_THE = r"(?:the |this |that |its |his |her )?"
_SIDE_EN = r"(?P<side>left|right|middle|last)"

_PATTERNS = (
    r"(?P<name>.+?) ?#(?P<nth>\d+)",
    rf"{_THE}{_ORDINAL_EN} (?:one )?(?:of the )?(?P<name>.+?)(?: from the left)?",
    rf"{_THE}{_SIDE_EN}(?:-?most)?(?: one of the)? (?P<name>.+)",
    rf"{_THE}(?P<name>.+?) (?:on|at|to|in) the (?:far )?{_SIDE_EN}(?: side)?",
    rf"(?:all|both|every|each)(?: of)? {_THE}(?P<name>.+)",
    rf"{_THE}{_COUNT_EN} (?:of the )?(?P<name>.+)",
    rf"第(?P<nth>{_NUMBER_ZH}){_MEASURE}(?P<name>.+)",
    rf"最?(?P<side>左|右|中间|最后)[边侧面]?的?(?:那?一?{_MEASURE})?(?P<name>.+)",
    rf"(?:所有|全部|每一?{_MEASURE}|两{_MEASURE}都)的?(?P<name>.+)",
    rf"(?P<count>{_NUMBER_ZH}){_MEASURE}(?P<name>.+)",
)
_SIDES_ZH = {"左": "left", "右": "right", "中间": "middle", "最后": "last"}
_OF_SOME = re.compile(
    rf"\b(?:left|right|middle|centre|center|last|next|other|another|only|half|some|few|upper|lower|"
    rf"top|bottom|front|back|(?!forest)\w+(?:gest|lest|test|rest|nest)|{'|'.join(_ORDINALS[1:])}|"
    rf"{'|'.join(NUMBERS_EN[1:])})\b|\d|[左右第最另]|中间|[上下前后]面|一半|[一两二三四五六七八九十几]{_MEASURE}",
    re.IGNORECASE,
)
"""What says that not all are meant."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What of all that has a name is meant."""

    name: str
    """The words for the thing alone."""
    nth: int = 0
    """From the left, from 1; 0 says nothing."""
    side: str = ""
    """"left", "right", "middle" or "last"."""
    count: int = 0
    """So many; 0 is all of them."""

    @property
    def is_some(self) -> bool:
        """Whether only some of several are meant, and it matters which."""
        return bool(self.nth or self.side or self.count > 1)

    def of(self, numbers: Sequence[int]) -> list[int]:
        """Choose of some things, from left to right.

        Raises ValueError if there are too few, or if it is not clear which are meant.
        """
        there = f"the picture has {len(numbers)} of {self.name!r}"
        if len(numbers) > 1 and _OF_SOME.search(self.name):
            raise ValueError(
                f"the picture has {len(numbers)} of these: which {self.name!r} are "
                "meant? Count from the left, as 'the second cat', or give a box"
            )
        if self.side and len(numbers) > 1 and singular_of(self.name):
            raise ValueError(f"{there}: say how many, as 'the left cat', or give a box")
        if self.nth > len(numbers) or self.count > len(numbers):
            raise ValueError(f"{there}, not {max(self.nth, self.count)}")
        if self.side == "middle" and len(numbers) % 2 == 0:
            raise ValueError(f"{there}, and none is in the middle: count from the left")
        if self.nth:
            return [numbers[self.nth - 1]]
        if self.side:
            at = {"left": 0, "middle": len(numbers) // 2}.get(self.side, len(numbers) - 1)
            return [numbers[at]]
        return list(numbers[len(numbers) - self.count :] if self.count else numbers)


def choice_of(words: str) -> Choice:
    """Read which of several things words mean; all, if they do not say it."""
    text = words.strip()
    for pattern in _PATTERNS:
        found = re.fullmatch(pattern, text, re.IGNORECASE)
        if found is None:
            continue
        said = found.groupdict()
        side = (said.get("side") or "").lower()
        choice = Choice(
            name=said["name"].strip(),
            nth=_number(said.get("nth")),
            side=_SIDES_ZH.get(side, side),
            count=_number(said.get("count")),
        )
        # "#0" is none of them.
        if said.get("nth") and not choice.nth:
            break
        return choice
    return Choice(name=re.sub(rf"^{_THE}", "", text, flags=re.IGNORECASE))


def _number(word: str | None) -> int:
    """The number of a word or a numeral; 0 for none."""
    word = re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", (word or "").lower())
    if word.isdecimal():
        return int(word)
    word = {"a": "one", "an": "one", "二": "两"}.get(word, word)
    for words in (NUMBERS_EN, NUMBERS_ZH, _ORDINALS):
        if word and word in words:
            return words.index(word)
    return 0
