"""What all pictures of a folder have in common: their style, or the one thing that they show.

Said once, it stands in every caption, and a model that learns them can be asked for it:

    style "crayon"         "a cat" becomes "a cat, crayon style"; any name can be drawn in it
    subject "sks robot"    every picture is "a sks robot"; it is planned as any other thing is
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dall_e.text.language import is_chinese

Record = dict[str, Any]

_STYLE_EN, _STYLE_ZH = " style", "风格"
_KIND = "object"
"""Of a subject: how things are placed that nothing else is known of."""


def style_names(style: str) -> tuple[str, str]:
    """A style's name as it stands in English and in Chinese captions.

    Any style ends in "style" or 风格, so that it is found again in a prompt.
    """
    bare = style.removesuffix(_STYLE_EN).removesuffix(_STYLE_ZH)
    return f"{bare}{_STYLE_EN}", f"{bare}{_STYLE_ZH}"


def with_shared_names(records: Sequence[Record], *, style: str, subject: str) -> list[Record]:
    """Records that say a style and a subject; as they were where both are empty."""
    named = [_of_subject(record, subject) for record in records] if subject else list(records)
    return [_in_style(record, style) for record in named] if style else named


def _of_subject(record: Record, subject: str) -> Record:
    """A record of the subject instead of what its caption said."""
    kept: Record = {
        key: record[key] for key in ("source", "name", "split", "weight") if key in record
    }
    return {**kept, "en": subject, "zh": subject, "kind": _KIND}


def _in_style(record: Record, style: str) -> Record:
    """The style behind each caption that people wrote, and in the fields of a data set."""
    english, chinese = style_names(style)
    named = {**record, "style_en": english, "style_zh": chinese, "style_said": 1.0}

    def said(caption: str) -> str:
        if caption.lower().endswith((english.lower(), chinese.lower())):
            return caption
        bare = caption.rstrip(" .。!！,，")
        return f"{bare}，{chinese}" if is_chinese(caption) else f"{bare}, {english}"

    if "text" in record:
        named["text"] = said(str(record["text"]))
    if record.get("captions"):
        named["captions"] = [said(str(caption)) for caption in record["captions"]]
    return named
