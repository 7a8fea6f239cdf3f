"""Pictures that fit what is said better than each thing's own: two on one seat, a book that lies.

The table `fitting_images.txt` says which. What is said beside, such as a colour of one of two
animals, is not on a picture of both, and the prompt is then read as ever.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from dall_e.planning.lexicon import pictured_number
from dall_e.planning.qualities import shown_as
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import SHAPES, Scene, SceneObject
from dall_e.text.language import NUMERALS_ZH, Language
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

_TOGETHER = (
    r"(?: (?:are|is|both|happily|together|side by side|next to each other|and|that|who|"
    r"sitting|sits?|seated|sat|lying|resting|relaxing|cuddling|snuggling|riding))*"
)
_SEAT_OF = r"(?:the same |an? |the |one |their )(?:(?:little|small|wooden|big|cosy|cozy|comfy) )*"
_TOGETHER_ZH = "(?:一起|都|并排|并肩|正在|正|依偎|安静地|开心地|地)*"
_TOLD_OF_ZH = "色的黑白灰橘黄棕花红蓝大胖"
"""How a word ends that says more of the first animal."""
_FILLED = ("full of", "containing")
_SITTING_ZH = "(?:坐|躺|趴|待|挤|窝)?"


def with_shared_seats(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a text in which two animals on one seat are named by the picture of both."""
    animals, seats = _words("animal", language), _words("seat", language)

    def named(match: re.Match[str]) -> str:
        said = match.groupdict()
        first, second = animals[said["a"]], animals[said["b"] or said["a"]]
        seat = seats[said["seat"]]
        for pair in (f"{first}-{second}", f"{second}-{first}"):
            name = f"{seat}-sharing {pair} pair"
            if vocabulary.knows(name):
                return name if language == "en" else vocabulary.thing(name).zh
        return match[0]

    for pattern in _patterns(language):
        text = re.sub(pattern, named, text)
    return text


def with_better_images(scene: Scene, vocabulary: Vocabulary) -> Scene:
    """Return a scene with the better picture of each thing that has one where it is.

    Where it is says the scene's place, or another thing in it, such as a desk, or "filled" of what
    something is in.
    """
    place = scene.background.partition("+")[0]
    there = {place, *(item.name for item in scene.objects)}
    filled = {link.second for link in scene.all_links if link.relation == "inside"}
    filled |= {action.subject for action in scene.actions if action.verb in _FILLED}

    def better(index: int, item: SceneObject) -> SceneObject:
        name, places = _better().get(item.name, ("", ()))
        said = {*there, "filled"} if index in filled else there
        is_there = not places or not said.isdisjoint(places)
        if item.name in SHAPES or item.state or not is_there or not vocabulary.knows(name):
            return item
        number = pictured_number(name)
        if item.count < number:
            return item
        # Boots of which no number is said are a pair, too.
        return shown_as(vocabulary, replace(item, count=item.count // number), name)

    items = tuple(better(index, item) for index, item in enumerate(scene.objects))
    return replace(scene, objects=items)


@lru_cache(maxsize=2)
def _patterns(language: Language) -> tuple[str, ...]:
    """Ways to say it; the groups are a, b and seat, and b is there only if both are named."""
    animals, seats = (any_of(_words(sort, language)) for sort in ("animal", "seat"))
    first, second, seat = f"(?P<a>{animals})", f"(?P<b>{animals})", f"(?P<seat>{seats})"
    none = "(?P<b>(?!))?"
    if language == "en":
        one, small = r"\b(?:an?|one|the) ", "(?:(?:cute|little|small) )?"
        end = rf"{_TOGETHER} (?:on|in) {_SEAT_OF}{seat}\b"
        return (
            rf"(?:^|{one}){small}{first} and (?:{one})?{small}{second}\b{end}",
            rf"\b(?:two|2|a pair of) {first}\b{none}{end}",
        )
    count, also = "(?:[一1]?[只条头个位])?", "[和与跟]"
    both = f"{count}{first}{also}{count}{second}"
    two = f"(?<![{NUMERALS_ZH}\\d])[两二2][只条头个]{first}{none}"
    of_seat = f"(?:同?一?[张条艘个块只把])?{seat}[上里中]?"
    on = f"{_TOGETHER_ZH}{_SITTING_ZH}在{of_seat}"
    behind = f"{_SITTING_ZH}在?{of_seat}(?:的|有|坐着|躺着|趴着)+"
    return (f"(?<![{_TOLD_OF_ZH}]){both}{on}", f"{two}{on}", f"{behind}{both}", f"{behind}{two}")


@lru_cache(maxsize=4)
def _words(sort: str, language: Language) -> dict[str, str]:
    """The name for each word of a sort of the table's rows, seat or animal."""
    return {
        word.strip(): name
        for kind, name, english, chinese in read_table("planning/fitting_images.txt")
        if kind == sort
        for word in (english if language == "en" else chinese).split(",")
    }


@lru_cache(maxsize=1)
def _better() -> dict[str, tuple[str, tuple[str, ...]]]:
    """The better picture of a name, and the places in which it is taken, none for all."""
    return {
        name: (image, () if places == "-" else tuple(map(str.strip, places.split(","))))
        for kind, name, image, places in read_table("planning/fitting_images.txt")
        if kind == "better"
    }
