"""Filters of what is asked for and of what was drawn, which an operator may put before a server.

None is used unless the settings say so. A filter says in words why it refuses; nothing that is
refused is changed, or painted over.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Protocol, cast

from dall_e.bounded_files import read_text
from dall_e.config import ServingConfig
from dall_e.errors import UnusableFileError
from dall_e.images.files import PILImage
from dall_e.text.language import is_chinese

DEFAULT_LIST = "default"
"""Stands for the short list that comes along."""
_MOST_BYTES = 2**20


class ContentFilter(Protocol):
    """What a server asks before it draws a prompt, and before it gives an image away.

    It is called from several threads at a time, and each waits for its answer.
    """

    def refuse_prompt(self, prompt: str) -> str | None:
        """Why a prompt is not drawn, as its sender shall read it; None if it may be."""
        ...

    def refuse_image(self, image: PILImage) -> str | None:
        """The same for an image that was drawn, or sent in."""
        ...


class WordFilter:
    """Refuses prompts that have a word of a list in them.

    It finds what is said plainly, in letters of any case, width and accent, and nothing that is
    meant between the lines. A word counts whole, a Chinese one anywhere.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """words: one word or phrase each; a star at the end stands for any ending."""
        patterns = [_pattern(word) for word in map(_plain, words) if word.strip("* ")]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    @classmethod
    def from_file(cls, name: str) -> WordFilter:
        """Read a list: a word or phrase on each line, remarks after #. `default` is our own.

        Raises UnusableFileError for a list without words, and OSError for a file that cannot be
        read.
        """
        if name == DEFAULT_LIST:
            text = (files("dall_e.serving") / "refused_words.txt").read_text(encoding="utf-8")
        else:
            text = read_text(Path(name).expanduser(), _MOST_BYTES)
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        words = [line for line in lines if line.strip("* ")]
        if not words:
            raise UnusableFileError(name, "it holds no words", "write one on each line")
        return cls(words)

    def refuse_prompt(self, prompt: str) -> str | None:
        """Name the first word that is not drawn here."""
        found = self._pattern.search(_plain(prompt)) if self._pattern else None
        return found and f"this server draws nothing with {found[0]!r} in it"

    def refuse_image(self, image: PILImage) -> str | None:
        """Refuse none: a list of words knows nothing of images."""
        return None


def filters_of(settings: ServingConfig) -> Sequence[ContentFilter]:
    """Return the filters that settings name. Raises ValueError for one that is not there."""
    found: list[ContentFilter] = []
    if settings.refused_words:
        found.append(WordFilter.from_file(settings.refused_words))
    if settings.content_filter:
        found.append(_filter_at(settings.content_filter))
    return found


def _filter_at(place: str) -> ContentFilter:
    """What the callable at MODULE:CALLABLE makes, if it is a filter."""
    module, _, name = place.partition(":")
    try:
        make = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"there is no content_filter {place!r} ({error}): give MODULE:CALLABLE, and let "
            "PYTHONPATH name the folder of the module"
        ) from error
    made = make()
    missing = [
        method
        for method in ("refuse_prompt", "refuse_image")
        if not callable(getattr(made, method, None))
    ]
    if missing:
        raise ValueError(
            f"{place} makes {type(made).__name__}, which is no filter: it has no "
            f"{' and no '.join(missing)}"
        )
    return cast(ContentFilter, made)


def _plain(text: str) -> str:
    """A text in small letters without accents, invisible signs and the widths of letters."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    kept = [each for each in parts if unicodedata.category(each) not in ("Mn", "Cf")]
    return " ".join("".join(kept).split())


def _pattern(word: str) -> str:
    """A regular expression for a plain word or phrase of a list."""
    stem = word.rstrip("* ")
    if is_chinese(stem):
        return re.escape(stem)
    return rf"\b{re.escape(stem)}" + (r"\w*" if word.endswith("*") else r"\b")
