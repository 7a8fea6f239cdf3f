"""How somebody looks, said behind a comma: "a man asleep on a bus, mouth open" has no mouth beside
him. What is said so is not drawn.
"""

from __future__ import annotations

import re

_WHOSE = r"(?:with )?(?:(?:his|her|its|their|both|one|the) )?(?:(?:big|little|long) )?"
_PARTS = (
    r"(?:eyes?|mouths?|arms?|hands?|legs?|ears?|tails?|wings?|paws?|tongues?|teeth|heads?|chins?|"
    r"hair|nose|feet|fists?|lips)"
)
_HOW = (
    r"(?:(?:wide|half|fully|tightly|slightly|held|all|stretched|straight) )?"
    r"(?:closed|shut|open|opened|up|down|back|out|wide|crossed|raised|spread|outstretched|folded|"
    r"flapping|wagging|blowing|flowing|tilted|lowered|perked|high|forward|apart|together|stretched)"
    r"(?: (?:wide|high|up|out|back|in the (?:air|wind)))?"
)
_CLAUSE = re.compile(
    rf"(?:,(?: and)?|(?<=\w) and) ({_WHOSE}{_PARTS}(?: and {_PARTS})? {_HOW})(?=$|,)"
)
_FACES = re.compile(r"\b(?:face|emoji|emoticon|smiley)\b")
"""What is told apart by eyes and mouths."""
_ASLEEP = re.compile(r"\b(?:asleep|sleeping|sleeps|napping|dozing|snoring)\b")
_SHUT = re.compile(r"\beyes (?:\w+ )?(?:closed|shut)\b")
_LOUD = re.compile(
    r"\b(?:roar|yawn|scream|sing|shout|laugh|howl|cry|yell|bark)(?:ing|s)\b|\bcries\b"
)
_WIDE = re.compile(r"\bmouths? (?:\w+ )?open(?:ed)?\b")
_SILENT = frozenset("with his her its their the in and".split())


def without_bearing(text: str) -> tuple[str, tuple[str, ...]]:
    """Return an English prompt in lower case without such clauses, and their words.

    Closed eyes of somebody asleep and the open mouth of who roars are drawn anyway, so that their
    words are not returned.
    """
    if _FACES.search(text):
        return text, ()
    cut: list[str] = []
    for match in _CLAUSE.finditer(text):
        is_shown = _SHUT.search(match[1]) and _ASLEEP.search(text)
        is_shown = is_shown or (_WIDE.search(match[1]) and _LOUD.search(text))
        cut += [] if is_shown else [word for word in match[1].split() if word not in _SILENT]
    return _CLAUSE.sub("", text), tuple(cut)
