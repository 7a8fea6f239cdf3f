"""How things look and where they are, said in few words, as the grammars read it: a teapot with
white dots is a dotted one, a see-through jar is of glass.
"""

from __future__ import annotations

import re

from dall_e.text.language import COLOUR_EN

_HUES = f"(?:{COLOUR_EN})"
_VESSELS = "(?:jar|bottle|bowl|vase|cup|mug|box|pitcher|jug|flask|teapot)s?"
_LAST_NOUN = re.compile(
    r"^(?P<before>.*\b(?:in|on|wearing|wears|holding|carrying|with|and|under|by|near) )?"
    r"(?P<article>(?:an?|the|his|her|its|my|some|one|two|three|four|five) )?(?P<noun>.+)$"
)
_PATTERN = re.compile(
    rf"^(?P<thing>[\w', -]*?\b(?P<colour>{_HUES}) [\w' -]+?) with "
    rf"(?:(?:an? |the )?(?:big|small|little|tiny|thin|thick|wide|large|many|lots of) )*"
    rf"(?P<of>{_HUES} )?(?:(?P<stripes>stripes)|(?:polka[- ])?(?:dots|spots)|(?P<checks>checks))"
    r"(?P<rest>(?:,| (?:in|on|at|by|under|near|next to|lying|standing|sitting|hanging)\b).*)?$"
)
"""A thing of a colour with a pattern on it."""
_LIVING = re.compile(r"\b(?:cat|dog|cow|horse|snake|fish|bird|butterfly|frog|tiger|mushroom)s?$")
"""What has spots and stripes of its own."""
_EN: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\b(?:see[- ]through|transparent|clear) (?=glass\b)"), ""
    ),
    (
        re.compile(rf"\b(?:see[- ]through|transparent|clear) (?={_VESSELS}\b)"), "glass "
    ),
    (re.compile(r"\b(?:school|children's|kids'?) (?=playground\b)"), ""),
    (re.compile(r"\b(?:forest|woodland|mountain) (?=campsite\b)"), ""),
    (
        re.compile(r"^(?:(?:an?|the) )?playground"
                   r"(?: at (?:recess|break(?: time)?|school))?(?=,)"),
        "at the playground",
    ),
)  # fmt: skip


def in_plain_looks(text: str) -> str:
    """Return an English prompt in lower case with such phrases as the grammars read them."""
    for pattern, plain in _EN:
        text = pattern.sub(plain, text)
    return _PATTERN.sub(_patterned, text)


def _patterned(match: re.Match[str]) -> str:
    """A thing with its pattern behind its colour: patterns are white, and blue on white things."""
    phrase = _LAST_NOUN.match(match["thing"])
    colour, of = match["colour"], (match["of"] or "").strip()
    if phrase is None or colour not in phrase["noun"].split() or _LIVING.search(phrase["noun"]):
        return match[0]
    pattern = "striped" if match["stripes"] else "checked" if match["checks"] else "dotted"
    if of in ("", "white") or (colour, of) == ("white", "blue"):
        noun = phrase["noun"].replace(colour, f"{colour} {pattern}", 1)
    else:
        # The last colour counts, and that of the pattern is said to be unread.
        noun = f"{of} {pattern} {phrase['noun']}"
    before, article = phrase["before"] or "", phrase["article"] or ""
    return f"{before}{article}{noun}{match['rest'] or ''}"
