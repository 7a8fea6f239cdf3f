"""The style that all captions of a folder name: "a castle, OpenMoji style", OpenMoji风格的城堡."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

_MOST = 0.8
"""Of the captions name the style that they share."""
_BEHIND_EN = re.compile(
    r"^(?P<rest>.+?)(?:,| -| in)(?: an?| the)? (?P<style>[^,]{1,40}?)[ -]style$", re.IGNORECASE
)
_BEHIND_ZH = re.compile(r"^(?P<rest>.+?)[，,]\s*(?P<style>[^，,]{1,20}?)\s*风格$")
_BEFORE_ZH = re.compile(r"^(?P<style>[^，,的]{1,20}?)\s*风格的(?P<rest>.+)$")
_BEFORE_EN = re.compile(
    r"^(?:an? |the )?(?P<style>[^,]{1,40}?)[ -]style (?P<rest>.+)$", re.IGNORECASE
)


class SharedStyle(NamedTuple):
    """What captions have in common, and what each says besides."""

    name: str
    """Without the word style; "" if they share none."""
    rests: tuple[str, ...]
    """The captions without it."""


def shared_style(captions: Sequence[str]) -> SharedStyle:
    """Find the style that most of the captions name."""
    found = [_read(" ".join(caption.split()).rstrip(".。!！ ")) for caption in captions]
    counts = Counter(style.casefold() for style, _ in found if style)
    if not counts:
        return SharedStyle("", tuple(captions))
    shared, count = counts.most_common(1)[0]
    if count < _MOST * len(captions):
        return SharedStyle("", tuple(captions))
    name = next(style for style, _ in found if style.casefold() == shared)
    rests = [
        rest if style.casefold() == shared else caption
        for caption, (style, rest) in zip(captions, found, strict=True)
    ]
    return SharedStyle(name, tuple(rests))


def _read(caption: str) -> tuple[str, str]:
    """The style that a caption names, and the rest of it."""
    for pattern in (_BEHIND_EN, _BEHIND_ZH, _BEFORE_ZH, _BEFORE_EN):
        match = pattern.match(caption)
        if match:
            return match["style"].strip(), match["rest"].strip(" ,，")
    return "", caption
