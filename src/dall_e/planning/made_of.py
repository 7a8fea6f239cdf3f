"""What somebody says a thing is made of behind it, said before it: a crown made of ice is an icy
one."""

from __future__ import annotations

import re
from functools import lru_cache

from dall_e.planning.lexicon import attributes
from dall_e.planning.phrases_en import attribute_of
from dall_e.text.language import Language
from dall_e.text.patterns import any_of


def with_material_first(text: str, language: Language) -> str:
    """Return a prompt in lower case with its materials where adjectives stand.

    "a small horse made of wood" is "a small wood horse", 用木头做的马 is 木头马.
    """
    if language == "zh":
        return _made_of_zh().sub(r"\1", text)
    return _made_of_en().sub(_turned, text)


def _turned(match: re.Match[str]) -> str:
    """A thing with its material behind the other words that say something of it."""
    words = match[1].split()
    said = next((at for at, word in enumerate(words) if not _is_said(word)), len(words) - 1)
    return " ".join((*words[:said], match[2], *words[said:]))


def _is_said(word: str) -> bool:
    """Whether a word says something of a thing, and hardly begins its name, as "hot" may."""
    attribute = attribute_of(word)
    return attribute is not None and attribute.field != "condition"


@lru_cache(maxsize=1)
def _made_of_en() -> re.Pattern[str]:
    return re.compile(
        r"\b((?:(?!an?\b|the\b|and\b|with\b|in\b|on\b|of\b)[\w'-]+ ){0,2}[\w'-]+)"
        r"(?: (?:that|which) (?:is|are|was))? "
        r"(?:made|built|carved|knitted|woven|folded|cut|cast)(?: out)? (?:of|from) "
        rf"(?:pure |solid |real )?({_materials('en')})\b"
    )


@lru_cache(maxsize=1)
def _made_of_zh() -> re.Pattern[str]:
    verbs = "做成?|制成?|制作|打造|雕刻?成?|织成?|编成?|折成?|砌成?|盖成?"
    return re.compile(rf"用?({_materials('zh')})(?:{verbs})的")


def _materials(language: Language) -> str:
    """Words for materials as a pattern, the longest first."""
    words = [word for word, said in attributes(language).items() if said.field == "material"]
    return any_of(words)
