"""The Open Clip Art collection to drawings.

It is by thousands of hands, so most of the work is to find what a file shows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import unescape

from dall_e.data.build.catalogue import Source
from dall_e.data.build.icons import Drawing, Facts, Skip, Vocabulary

ROOT = "usr/share/openclipart/svg/"
MAX_SAME_TITLE = 12
MAX_WORDS = 4
MAX_BYTES = 600_000

FOLDER_KINDS = {
    "animals": "animal", "buildings": "place", "buildings/furniture": "object", "buttons": "",
    "computer": "object", "computer/icons": "", "computer/buttons": "", "computer/diagrams": "",
    "computer/folders": "", "containers": "object", "decorations": "", "education": "object",
    "electronics": "object", "food": "food", "geography": "", "logos": "", "office": "object",
    "people": "person", "people/clothing": "object", "plants": "plant", "recreation": "activity",
    "recreation/games/cards": "", "recreation/religion": "", "science": "object", "shapes": "",
    "signs_and_symbols": "symbol", "signs_and_symbols/flags": "",
    "signs_and_symbols/map_symbols": "", "signs_and_symbols/led": "",
    "signs_and_symbols/clocks": "object", "signs_and_symbols/weather": "weather", "special": "",
    "tools": "object", "tools/weapons": "", "transportation": "vehicle",
    "transportation/roadsigns": "", "transportation/aiga-symbols": "", "unsorted": "object",
    "unsorted/duplicates": "",
}  # fmt: skip
"""The kind of what a folder holds; the longest match counts. Those without a kind are left out."""

EMPTY_WORDS = frozenset(
    "clipart clip art svg icon icons simple vector outline silhouette bw color image picture a an "
    "the of with from and on in at to by one two three".split()
)
"""Words that say nothing about what is drawn."""

CLEAR_KINDS = frozenset(("animal", "food", "person", "plant", "vehicle", "place"))
"""Kinds that are never two at once."""
UNWANTED_KINDS = frozenset(("flag", "letter", "clock", "symbol", "icon"))
"""Kinds that other sources show better."""
MISLEADING = frozenset(
    "blueberry card chess clouds desktop farmer houses iris male female map palm points running "
    "switch user van".split()
)
"""Words that mislead: an eye's iris, a desktop theme, a painter called van."""


def clipart_drawings(
    source: Source, files: Mapping[str, bytes], vocabulary: Vocabulary
) -> Iterator[Drawing | Skip]:
    """The SVG files whose title or file name says in known words what they show.

    There are at most twelve of one title.
    """
    seen: Counter[str] = Counter()
    for path in sorted(files):
        name = path.removeprefix(ROOT)
        if not name.endswith(".svg"):
            continue
        facts = _facts(name, files[path], vocabulary)
        if isinstance(facts, Facts):
            seen[facts.en] += 1
            if seen[facts.en] > MAX_SAME_TITLE:
                facts = Skip(name=name, reason=f"more than {MAX_SAME_TITLE} of the same title")
        if isinstance(facts, Skip):
            yield facts
        else:
            yield Drawing(source=source, name=name, data=files[path], is_svg=True, facts=facts)


def _facts(name: str, data: bytes, vocabulary: Vocabulary) -> Facts | Skip:
    """What a file shows, by its folder and by its title or else its file name."""
    kind = _folder_kind(name)
    if not kind:
        return Skip(name=name, reason="folder left out")
    if len(data) > MAX_BYTES:
        return Skip(name=name, reason=f"larger than {MAX_BYTES} bytes")
    text = data.decode("utf-8", "replace")
    if "<text" in text or "<flowRoot" in text:
        return Skip(name=name, reason="contains text")
    title = re.search(r"<dc:title>([^<]*)", text)
    file_name = name.rpartition("/")[2].removesuffix(".svg")
    for candidate in (unescape(title.group(1)) if title else "", file_name):
        usable = _usable(_words(candidate), vocabulary)
        if usable:
            facts = vocabulary.facts(usable, kind=kind)
            if {kind, facts.kind} <= CLEAR_KINDS and facts.kind != kind:
                return Skip(name=name, reason="title and folder disagree")
            return facts
    return Skip(name=name, reason="no usable title")


def _folder_kind(name: str) -> str:
    """The kind of what the folder of a file holds, or nothing."""
    folder, slash, _ = name.rpartition("/")
    while slash:
        if folder in FOLDER_KINDS:
            return FOLDER_KINDS[folder]
        folder, slash, _ = folder.rpartition("/")
    return ""


def _words(text: str) -> list[str]:
    """Lower-case words of a title or file name: "RoundPoint_shovel01" -> round point shovel."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return [word for word in re.findall(r"[a-z]+", spaced.lower()) if word not in EMPTY_WORDS]


def _usable(words: list[str], vocabulary: Vocabulary) -> str:
    """The leading words that are all known, if they end in the name of a thing.

    The rest of a title is mostly the author.
    """
    known: list[str] = []
    for word in words[:MAX_WORDS]:
        if word not in vocabulary.known or len(word) < 3 or word in known:
            break
        known.append(word)
    while known:
        phrase = " ".join(known)
        if _is_thing(known[-1], vocabulary) or _is_thing(phrase, vocabulary):
            return phrase
        known.pop()
    return ""


def _is_thing(word: str, vocabulary: Vocabulary) -> bool:
    """Whether a word is the name of something that one can draw."""
    if word in MISLEADING:
        return False
    if word in vocabulary.words:
        return vocabulary.words[word].kind not in UNWANTED_KINDS | {"quality"}
    entry = vocabulary.emoji.by_label(word)
    return entry is not None and entry.kind not in UNWANTED_KINDS
