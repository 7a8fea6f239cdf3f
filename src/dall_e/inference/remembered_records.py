"""The pictures of a data set into a model's memory, with what their records call them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from torch import Tensor

from dall_e.data.captions import names_of
from dall_e.inference.remembering import Remembering, name_in, remembered
from dall_e.planning.recall_prompts import recall_prompts
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.text.language import Language

Record = dict[str, Any]
_LANGUAGES: tuple[Language, ...] = ("en", "zh")


def remember_records(model: Remembering, x_BCHW: Tensor, records: Sequence[Record]) -> None:
    """Remember images [B, 4, H, W], premultiplied RGBA in [0, 1], by the names of their records.

    The names of a data set's records (`data/captions.py`) and short captions become words that the
    model knows; longer captions are drawn as they are. Of a name that it knows already, words that
    somebody wrote by hand in a record are newer and hold; of the others its own hold. Raises
    ValueError for published models.
    """
    own = [KnownName(name, name, "object") for record in records for name in _names(record)]
    captions = [caption for record in records for caption in _captions(record)]
    named = [record for record in records if "text" not in record]
    known = Vocabulary.from_captions(named).joined(Vocabulary(own, captions))

    asked = recall_prompts(known)
    titles = {title for record in records for title in _titles(record)}
    prompts = [tuple(dict.fromkeys(_prompts(record, asked, titles))) for record in records]
    curves = [str(record.get("curves", "")) for record in records]
    if model.vocabulary is not None:
        by_hand = [record for record in named if record.get("zh_source") == "hand"]
        model.vocabulary = Vocabulary.from_captions(by_hand).joined(model.vocabulary)
    model.add_memory(remembered(model.engine, x_BCHW, prompts, curves), known)


def _titles(record: Record) -> list[str]:
    """What a record's picture is called first, in each language."""
    if "text" in record:
        return _names(record)
    return [names[0] for language in _LANGUAGES if (names := names_of(record, language))]


def _prompts(
    record: Record, asked: dict[str, tuple[str, ...]], titles: Collection[str]
) -> Iterable[str]:
    """All prompts that recall the picture of a record.

    asked: those of plans, by name. titles: of all pictures; the further words for a picture do not
    recall it where they are the title of another: an alembic is a "potion" only if nothing else is.
    """
    if "text" in record:
        return (*_captions(record), *_names(record))
    own = _titles(record)
    words = [name for language in _LANGUAGES for name in names_of(record, language)]
    free = [word for word in words if word not in titles]
    return (*own, *free, *asked.get(str(record["en"]), ()))


def _captions(record: Record) -> list[str]:
    """The captions that somebody wrote under a picture of their own."""
    if "text" not in record:
        return []
    return [str(caption) for caption in record.get("captions") or [record["text"]]]


def _names(record: Record) -> list[str]:
    """Those of them that are names."""
    return [name for caption in _captions(record) if (name := name_in(caption))]
