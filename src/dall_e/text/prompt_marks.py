"""Marks of other programs in a prompt: "(a cat:1.4)", "<lora:x:1>", "--ar 16:9".

The words between them are kept; the marks are left out and told.
"""

from __future__ import annotations

import re

_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)"
_TAG = re.compile(r"<([^<>]*)>")
_FLAG = re.compile(
    r"(?:(?<=\s)|^)(?:"
    # What is not wanted: everything up to the next mark
    r"--no\s[^—–<>-]*"
    # Those that take a word
    r"|--(?:style|sref|cref|profile|quality|sampler)[ =]+[^\s,，<>-]\S*"
    # Any other with a number or without
    r"|--[a-z]\w*(?:[ =]+\d[\w.:/x]*)?"
    # Some programs turn two hyphens into a dash.
    r"|[—–](?:ar|aspect|v|q|s|no|niji|seed|style|stylize|chaos|iw|tile|weird)\b"
    r"(?:[ =]+\d[\w.:/x]*)?"
    r")",
    re.IGNORECASE,
)
_WEIGHT = re.compile(rf":\s*[-+]?{_NUMBER}\s*(?=[)\]}}])|::\s*-?{_NUMBER}?")
_STRESS = re.compile(r"(?<=[\w)])(?:\+{2,}|-{2,})(?=[\s,)]|$)")
_STRESSING = re.compile(r"[(\[{]{2,}|[\[{]")
"""Brackets of no ordinary sentence."""
_BRACKETS = re.compile(r"\\?[()\[\]{}]")
_LINK = re.compile(r"\bBREAK\b|\|")


def without_marks(text: str, gap: str) -> tuple[str, list[str]]:
    """Return a text without marks, and those that were left out.

    gap: what stands where a bracket was.
    """
    ignored: list[str] = []

    def told(match: re.Match[str]) -> str:
        ignored.append(match[0].strip())
        return ", " if match[0].startswith("::") else " "

    def of_tag(match: re.Match[str]) -> str:
        # "<lora:x:1>" loads something; "<cat>" is a word.
        return told(match) if ":" in match[1] else f"{gap}{match[1]}{gap}"

    text = _TAG.sub(of_tag, text)
    text = _FLAG.sub(told, text)
    text = _WEIGHT.sub(told, text)
    text = _STRESS.sub(told, text)
    ignored += _STRESSING.findall(text)
    text = _LINK.sub(", ", text)
    return _BRACKETS.sub(gap, text), ignored
