"""Whether captions name what pictures show: pictures nobody trained on, and a model's own drawings.

A caption is right if it has a name of the thing in it as whole words: the name, what people say
instead, or a synonym. Who says "cat" of a cat face is right, and who says "animal" is not. Skin
tones are not counted: "person running" is right of a person running with dark skin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dall_e.data.datasets import Record
from dall_e.text.language import Language, without_tone

_SIGNS = re.compile(r"[^\w]+")
_TONES = re.compile(r"1F3F[BCDEF]")


def concept_of(record: Record) -> str:
    """What a picture is of, whoever drew it: its emoji without the skin tone, or its name."""
    emoji = "-".join(
        part for part in str(record.get("hex", "")).split("-") if not _TONES.match(part)
    )
    return emoji or str(record.get("en", record.get("text", "")))


def names_it(caption: str, names: Sequence[str], language: Language) -> bool:
    """Whether a caption has one of a thing's names in it, such as `data.captions.names_of` has."""
    said = _plain(caption, language)
    plain = [name for name in (_plain(name, language) for name in names) if name]
    if language == "zh":
        return any(name in said for name in plain)
    return any(f" {name} " in f" {said} " for name in plain)


def known_rows(held_out: Sequence[Record], trained_on: Sequence[Record]) -> list[int]:
    """Which held-out pictures are of something that the training set has by another designer."""
    known = {concept_of(record) for record in trained_on}
    return [row for row, record in enumerate(held_out) if concept_of(record) in known]


def _plain(text: str, language: Language) -> str:
    """A name as captions have it: small letters, no signs, no skin tone."""
    text = without_tone(text.lower(), language)
    return _SIGNS.sub("" if language == "zh" else " ", text).strip()
