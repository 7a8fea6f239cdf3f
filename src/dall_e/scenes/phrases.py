"""The words of scenes: things, places and relations as phrases, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass

from dall_e.scenes.chance import Chance, choice, happens
from dall_e.scenes.graph import Scene, SceneObject
from dall_e.scenes.vocabulary import things
from dall_e.text.language import COLOURS_ZH, NUMBERS_EN, NUMBERS_ZH, with_article

SIZE_WORDS_EN = {"big": ("big", "large", "huge"), "small": ("small", "little", "tiny")}
SIZE_WORDS_ZH = {"big": "大", "small": "小", "": ""}
SHAPE_WORDS = {"circle": ("circle", "圆圈"), "square": ("square", "方框")}
"""In English and Chinese."""

PLACES_EN = {
    "grass": ("on the grass", "on grass", "on a meadow", "in the grass", "on green grass"),
    "beach": ("on the beach", "on a beach", "at the beach", "by the sea"),
    "night": ("at night", "under the stars", "under a starry sky", "at night under the stars"),
    "snow": ("in the snow", "on the snow", "in snow"),
    "desert": ("in the desert", "in a desert", "on the sand"),
    "road": ("on the road", "on a road", "on the street"),
    "room": ("in a room", "on the floor", "in the room", "indoors"),
    "windowsill": ("on a windowsill", "on the windowsill", "on a window sill", "by the window"),
    "table": ("on a table", "on the table", "on a wooden table"),
    "gradient": ("on a colourful background", "on a two-coloured background"),
}  # fmt: skip
PLACES_ZH = {
    "grass": ("草地上", "绿草地上"), "beach": ("海滩上", "沙滩上", "海边"),
    "night": ("星空下", "夜空下"), "snow": ("雪地里", "雪地上"), "desert": ("沙漠里", "沙漠中"),
    "road": ("马路上", "公路上", "路上"), "room": ("房间里", "屋子里", "地板上"),
    "windowsill": ("窗台上", "窗户边"), "table": ("桌子上", "木桌上", "桌上"),
    "gradient": ("彩色背景上", "渐变背景上"),
}  # fmt: skip
PLAIN_EN = ("on a {} background", "on {}")
"""On a background of one colour."""

RELATIONS_EN = {
    "left": ("to the left of", "left of", "on the left of"),
    "right": ("to the right of", "right of", "on the right of"), "above": ("above", "over"),
    "below": ("below",), "on": ("on", "on top of"), "under": ("under", "underneath"),
    "in front": ("in front of",), "behind": ("behind",), "inside": ("inside", "in"),
    "next to": ("next to", "beside"),
}  # fmt: skip
RELATIONS_ZH = {
    "left": ("左边", "左侧"), "right": ("右边", "右侧"), "above": ("上方", "上面"),
    "below": ("下方", "下面"), "on": ("上", "上面"), "under": ("下面", "底下"),
    "in front": ("前面", "前方"), "behind": ("后面", "后方"), "inside": ("里", "里面"),
    "next to": ("旁边", "边上"),
}  # fmt: skip
OPPOSITE = {
    "left": "right", "right": "left", "above": "below", "below": "above", "in front": "behind",
    "behind": "in front", "next to": "next to",
}  # fmt: skip
"""The relation of the second thing to the first, where it has a word."""

SUBSTANCES = frozenset(("bread", "broccoli", "cheese", "chocolate", "coffee", "yarn"))
"""Words for a substance rather than for a thing: no article, and no number."""
UNIQUE = frozenset(("sun", "moon"))
PAIRS = "pairs of "


@dataclass(frozen=True, kw_only=True)
class SceneCaptionProbabilities:
    """How often a caption of a scene is made which way, beside the templates."""

    chinese: float = 0.5
    """In Chinese, where no language is asked for."""
    background: float = 0.86
    """With the background of things that do nothing: some captions leave out what could be said, so
    that short prompts work too."""
    capital: float = 0.3
    """English with a capital letter."""
    full_stop: float = 0.15
    other_name: float = 0.25
    """Another word for the thing: kitty, 小猫."""
    pair: float = 0.7
    """ "a pair of socks" rather than "socks"."""
    opposite: float = 0.25
    """A relation said from the side of the second thing."""
    play_alone: float = 0.75
    """ "playing" rather than "playing with a ball"."""
    short_colour_zh: float = 0.25
    """红 instead of 红色, before a short word."""
    linked_colour_zh: float = 0.85
    """红色的 instead of 红色."""
    number_word_zh: float = 0.85
    """三 instead of 3."""
    measured_zh: float = 0.75
    """With number and measure word, of one thing without a background: 一只猫 instead of 猫."""
    measured_actor_zh: float = 0.85
    """The same of a thing that sleeps or plays."""


PROBABILITIES = SceneCaptionProbabilities()


# English


def noun_en(item: SceneObject, rng: Chance) -> str:
    """The thing's name or another word for it, in the plural where there are several."""
    if item.name in SHAPE_WORDS:
        return SHAPE_WORDS[item.name][0]
    thing = item.thing
    if item.count > 1:
        return thing.plural
    if thing.other_names and happens(rng, PROBABILITIES.other_name):
        return choice(rng, thing.other_names)
    return thing.name


def noun_phrase_en(item: SceneObject, rng: Chance, article: str = "a") -> str:
    """ "three big red apples", "a white cat", "a pair of black socks".

    An empty `article` leaves it out.
    """
    words = [choice(rng, SIZE_WORDS_EN[item.size])] if item.size else []
    words += [item.colour] if item.colour else []
    noun = noun_en(item, rng)

    # Pairs are counted, but what is in them is coloured.
    paired = item.name in things() and item.thing.plural.startswith(PAIRS)
    phrase = " ".join([*words, noun.removeprefix(PAIRS) if paired else noun])

    if item.count > 1:
        word = NUMBERS_EN[item.count]
        number = choice(rng, (word, word, str(item.count)))
        return f"{number} {PAIRS if paired else ''}{phrase}"
    is_substance = phrase.split()[-1] in SUBSTANCES and " of " not in phrase
    if not article or is_substance:
        return phrase
    if paired:
        return f"a pair of {phrase}" if happens(rng, PROBABILITIES.pair) else phrase
    return f"the {phrase}" if phrase in UNIQUE else with_article(phrase)


def place_en(scene: Scene, rng: Chance) -> str:
    """Where the things are, as words."""
    if scene.background != "plain":
        return choice(rng, PLACES_EN[scene.background])
    if scene.background_colour == "orange":
        return "on an orange background"
    return choice(rng, PLAIN_EN).format(scene.background_colour)


# Chinese


def _noun_zh(item: SceneObject, rng: Chance) -> tuple[str, str]:
    """The thing's name or another word for it, and its measure word."""
    if item.name in SHAPE_WORDS:
        return SHAPE_WORDS[item.name][1], "个"
    thing = item.thing
    # 小猫 is no big cat.
    other_names = [
        (word, measure) for word, measure in thing.other_zh if not (item.size and word[0] in "大小")
    ]
    if other_names and happens(rng, PROBABILITIES.other_name):
        return choice(rng, other_names)
    return thing.zh, thing.measure


def _colour_zh(colour: str, noun: str, rng: Chance) -> str:
    """红色的 or, before a short word, 红; both are said."""
    if not colour:
        return ""
    word = COLOURS_ZH[colour]
    may_be_short = len(noun) <= 2 and noun[0] != word[0]
    if may_be_short and happens(rng, PROBABILITIES.short_colour_zh):
        return word[0]
    return f"{word}的" if happens(rng, PROBABILITIES.linked_colour_zh) else word


def noun_phrase_zh(item: SceneObject, rng: Chance, number: bool = True) -> str:
    """一只白色的猫, 三个红苹果.

    `number` False leaves out the number and measure word of a single thing.
    """
    noun, measure = _noun_zh(item, rng)
    colour = _colour_zh(item.colour, noun, rng)
    size = SIZE_WORDS_ZH[item.size]
    # 小提琴 is a word of its own: a big one is 大的小提琴.
    if size and noun[0] in "大小":
        size = f"{size}的"

    # 红色的大苹果, but 大红苹果.
    first_colour = colour.endswith("的") or not colour
    phrase = f"{colour}{size}{noun}" if first_colour else f"{size}{colour}{noun}"
    if not number and item.count == 1:
        return phrase
    as_word = happens(rng, PROBABILITIES.number_word_zh) or item.count == 1
    return f"{NUMBERS_ZH[item.count] if as_word else item.count}{measure}{phrase}"


def place_zh(scene: Scene, rng: Chance) -> str:
    """Where the things are, as words."""
    if scene.background == "plain":
        return f"{COLOURS_ZH[scene.background_colour]}背景上"
    return choice(rng, PLACES_ZH[scene.background])
