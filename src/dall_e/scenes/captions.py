"""The record of a scene to captions, in English and Chinese. A caption says nothing that the record
does not."""

from __future__ import annotations

import random
from collections.abc import Sequence

from dall_e.scenes.graph import Scene, SceneObject
from dall_e.scenes.vocabulary import things
from dall_e.text.language import COLOURS_ZH, Language, with_article

NUMBERS_EN = ("", "one", "two", "three", "four", "five", "six")
NUMBERS_ZH = ("", "一", "两", "三", "四", "五", "六")
SIZE_WORDS_EN = {"big": ("big", "large", "huge"), "small": ("small", "little", "tiny")}
SHAPE_WORDS = {"circle": ("circle", "圆圈"), "square": ("square", "方框")}
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
    "forest": ("in the forest", "in a forest", "in the woods", "in the jungle", "among the trees"),
    "city": ("in the city", "in a city", "in town", "in the town", "downtown", "over the city", "above the city"),
    "sunset": ("at sunset", "at sunrise", "at dusk", "at dawn", "in the sunset"),
    "rain": ("in the rain", "in heavy rain", "on a rainy day"),
    "sea": (
        "on the sea", "at sea", "on the water", "in the water", "on the lake", "on a lake", "in the sea",
        "in the ocean", "on the ocean", "on the river", "in the river", "in the lake",
    ),
    "underwater": ("under water", "underwater", "under the sea", "under the water", "at the bottom of the sea"),
    "sky": ("in the sky", "in the air", "in a blue sky", "in the clouds", "through the clouds"),
    "space": ("in space", "in outer space", "through space", "in the universe"),
}  # fmt: skip
PLACES_ZH = {
    "grass": ("草地上", "绿草地上"), "beach": ("海滩上", "沙滩上", "海边"), "night": ("星空下", "夜空下"),
    "snow": ("雪地里", "雪地上"), "desert": ("沙漠里", "沙漠中"), "road": ("马路上", "公路上", "路上"),
    "room": ("房间里", "屋子里", "地板上"), "windowsill": ("窗台上", "窗户边"), "table": ("桌子上", "木桌上", "桌上"),
    "gradient": ("彩色背景上", "渐变背景上"), "forest": ("森林里", "森林中", "树林里", "丛林里"),
    "city": ("城市里", "城市中", "城里"), "sunset": ("夕阳下", "日落时", "日出时", "黄昏时"),
    "rain": ("雨中", "雨里", "雨天", "下雨天"),
    "sea": ("海上", "海面上", "水面上", "湖上", "湖面上", "湖里", "河里", "水里", "海里", "大海里"),
    "underwater": ("水下", "海底", "海底下"), "sky": ("天空中", "天空里", "天上", "空中", "云端", "天空"),
    "space": ("太空中", "太空里", "太空", "宇宙中", "宇宙里", "外太空"),
}  # fmt: skip
RELATIONS_EN = {
    "left": ("to the left of", "left of", "on the left of"),
    "right": ("to the right of", "right of", "on the right of"),
    "above": ("above", "over"), "below": ("below",), "on": ("on", "on top of"),
    "under": ("under", "underneath"),
    "in front": ("in front of",), "behind": ("behind",), "inside": ("inside", "in"), "next to": ("next to", "beside"),
}  # fmt: skip
RELATIONS_ZH = {
    "left": ("左边", "左侧"), "right": ("右边", "右侧"), "above": ("上方", "上面"), "below": ("下方", "下面"),
    "on": ("上", "上面"), "under": ("下面", "底下"), "in front": ("前面", "前方"),
    "behind": ("后面", "后方"), "inside": ("里", "里面"),
    "next to": ("旁边", "边上"),
}  # fmt: skip
OPPOSITE = {
    "left": "right", "right": "left", "above": "below", "below": "above", "in front": "behind", "behind": "in front",
    "next to": "next to",
}  # fmt: skip
# Words for a substance rather than for a thing: no article, and no number.
SUBSTANCES = frozenset(("bread", "broccoli", "cheese", "chocolate", "coffee", "yarn"))
UNIQUE = frozenset(("sun", "moon"))
PAIRS = "pairs of "
# Some captions leave out what could be said, so that short prompts work too.
KEEPS_BACKGROUND = 0.86


def scene_caption(scene: Scene, rng: random.Random, language: Language | None = None) -> str:
    """One of the many captions of a scene; half are Chinese unless a language is asked for.

    The same `rng` state gives the same caption.
    """
    chinese = rng.random() < 0.5 if language is None else language == "zh"
    text = _chinese(scene, rng) if chinese else _english(scene, rng)
    if scene.style_en and rng.random() < scene.style_said:
        text = _styled(text, scene, "zh" if chinese and scene.style_zh else "en", rng)
    if chinese:
        return f"{text}。" if rng.random() < 0.15 else text
    text = text[0].upper() + text[1:] if rng.random() < 0.3 else text
    return f"{text}." if rng.random() < 0.15 else text


def _styled(text: str, scene: Scene, language: Language, rng: random.Random) -> str:
    if language == "zh":
        return rng.choice((f"{text}，{scene.style_zh}", f"{scene.style_zh}，{text}"))
    joint = f" in {scene.style_en}" if scene.style_en.endswith("style") else f" {scene.style_en}"
    return f"{text}{rng.choice((joint, f', {scene.style_en}'))}"


# English


def _noun_en(item: SceneObject, rng: random.Random) -> str:
    """The thing's name or another word for it, in the plural where there are several."""
    if item.name in SHAPE_WORDS:
        return SHAPE_WORDS[item.name][0]
    thing = item.thing
    if item.count > 1:
        return thing.plural
    return (
        rng.choice(thing.other_names) if thing.other_names and rng.random() < 0.25 else thing.name
    )


def noun_phrase_en(item: SceneObject, rng: random.Random, article: str = "a") -> str:
    """ "three big red apples", "a white cat", "a pair of black socks"; `article` "" leaves it
    out."""
    words = [rng.choice(SIZE_WORDS_EN[item.size])] if item.size else []
    words += [item.colour] if item.colour else []
    noun = _noun_en(item, rng)
    # Pairs are counted, but what is in them is coloured.
    paired = item.name in things() and item.thing.plural.startswith(PAIRS)
    phrase = " ".join([*words, noun.removeprefix(PAIRS) if paired else noun])
    if item.count > 1:
        number = rng.choice((NUMBERS_EN[item.count], NUMBERS_EN[item.count], str(item.count)))
        return f"{number} {PAIRS if paired else ''}{phrase}"
    if not article or phrase.split()[-1] in SUBSTANCES and " of " not in phrase:
        return phrase
    if paired:
        return f"a pair of {phrase}" if rng.random() < 0.7 else phrase
    return f"the {phrase}" if phrase in UNIQUE else with_article(phrase)


def _place_en(scene: Scene, rng: random.Random) -> str:
    if scene.background == "plain":
        return (
            rng.choice(
                (f"on a {scene.background_colour} background", f"on {scene.background_colour}")
            )
            if (scene.background_colour != "orange")
            else "on an orange background"
        )
    return rng.choice(PLACES_EN[scene.background])


def _english(scene: Scene, rng: random.Random) -> str:
    first = scene.objects[0]
    place = (
        _place_en(scene, rng)
        if scene.background and (first.state or rng.random() < KEEPS_BACKGROUND)
        else ""
    )
    if len(scene.objects) == 1:
        return _one_en(scene, place, rng)
    if len(scene.objects) == 2 and scene.relation:
        text = _related_en(scene, rng)
    else:
        text = _listed(
            [noun_phrase_en(item, rng) for item in rng.sample(scene.objects, len(scene.objects))]
        )
    return f"{text} {place}".strip()


def _listed(phrases: Sequence[str]) -> str:
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _one_en(scene: Scene, place: str, rng: random.Random) -> str:
    item = scene.objects[0]
    draw = rng.random()
    if item.state:
        return _state_en(item, place, rng)
    if item.count == 1 and not place:
        if draw < 0.2:
            return noun_phrase_en(item, rng, article="")
        if draw < 0.3 and not item.size:
            return f"a picture of {noun_phrase_en(item, rng)}"
    if draw > 0.92:
        verb = "there is" if item.count == 1 else "there are"
        return f"{verb} {noun_phrase_en(item, rng)} {place}".strip()
    if place and draw > 0.84 and scene.background not in ("plain", "gradient"):
        return f"{noun_phrase_en(item, rng, article='')} {place}"
    return f"{noun_phrase_en(item, rng)} {place}".strip()


def _state_en(item: SceneObject, place: str, rng: random.Random) -> str:
    """ "a white cat sleeping on a windowsill" and the like."""
    draw = rng.random()
    doing = item.state if item.state == "sleeping" or rng.random() < 0.75 else "playing with a ball"
    verb = "is" if item.count == 1 else "are"
    if draw < 0.14 and item.state == "sleeping":
        words = [item.colour] if item.colour else []
        if item.count == 1:
            return f"a {' '.join(['sleeping', *words, _noun_en(item, rng)])} {place}".strip()
    if draw < 0.3:
        return f"{noun_phrase_en(item, rng)} {verb} {doing} {place}".strip()
    if draw < 0.4:
        return f"{noun_phrase_en(item, rng, article='')} {doing} {place}".strip()
    if draw < 0.5 and item.state == "sleeping" and item.count == 1:
        return f"{noun_phrase_en(item, rng)} asleep {place}".strip()
    return f"{noun_phrase_en(item, rng)} {doing} {place}".strip()


def _related_en(scene: Scene, rng: random.Random) -> str:
    first, second = scene.objects
    relation = scene.relation
    if relation in OPPOSITE and rng.random() < 0.25:
        first, second, relation = second, first, OPPOSITE[relation]
    words = rng.choice(RELATIONS_EN[relation])
    return f"{noun_phrase_en(first, rng)} {words} {noun_phrase_en(second, rng)}"


# Chinese


def _noun_zh(item: SceneObject, rng: random.Random) -> tuple[str, str]:
    """The thing's name or another word for it, and its measure word."""
    if item.name in SHAPE_WORDS:
        return SHAPE_WORDS[item.name][1], "个"
    thing = item.thing
    # 小猫 is no big cat.
    others = [other for other in thing.other_zh if not (item.size and other[0][0] in "大小")]
    return rng.choice(others) if others and rng.random() < 0.25 else (thing.zh, thing.measure)


def _colour_zh(colour: str, noun: str, rng: random.Random) -> str:
    """红色的 or, before a short word, 红; both are said."""
    if not colour:
        return ""
    whole = COLOURS_ZH[colour]
    if len(noun) <= 2 and noun[0] != whole[0] and rng.random() < 0.25:
        return whole[0]
    return f"{whole}的" if rng.random() < 0.85 else whole


def noun_phrase_zh(item: SceneObject, rng: random.Random, number: bool = True) -> str:
    """一只白色的猫, 三个红苹果; `number` False leaves out number and measure word of a single thing."""
    noun, measure = _noun_zh(item, rng)
    colour = _colour_zh(item.colour, noun, rng)
    size = {"big": "大", "small": "小", "": ""}[item.size]
    if size and noun[0] in "大小":  # 小提琴 is a word of its own: a big one is 大的小提琴
        size = f"{size}的"
    phrase = (
        f"{colour}{size}{noun}" if colour.endswith("的") or not colour else f"{size}{colour}{noun}"
    )
    if not number and item.count == 1:
        return phrase
    count = NUMBERS_ZH[item.count] if rng.random() < 0.85 or item.count == 1 else str(item.count)
    return f"{count}{measure}{phrase}"


def _chinese(scene: Scene, rng: random.Random) -> str:
    first = scene.objects[0]
    place = (
        _place_zh(scene, rng)
        if scene.background and (first.state or rng.random() < KEEPS_BACKGROUND)
        else ""
    )
    if len(scene.objects) == 1:
        return (
            _state_zh(first, place, rng)
            if first.state
            else _placed_zh(noun_phrase_zh(first, rng), first, place, rng)
        )
    if len(scene.objects) == 2 and scene.relation:
        text = _related_zh(scene, rng)
        return f"{place}，{text}" if place else text
    phrases = [noun_phrase_zh(item, rng) for item in rng.sample(scene.objects, len(scene.objects))]
    text = f"{'、'.join(phrases[:-1])}和{phrases[-1]}"
    return rng.choice((f"{place}有{text}", f"{place}的{text}")) if place else text


def _place_zh(scene: Scene, rng: random.Random) -> str:
    if scene.background == "plain":
        return f"{COLOURS_ZH[scene.background_colour]}背景上"
    return rng.choice(PLACES_ZH[scene.background])


def _placed_zh(phrase: str, item: SceneObject, place: str, rng: random.Random) -> str:
    if not place:
        return (
            phrase
            if item.count > 1 or rng.random() < 0.75
            else noun_phrase_zh(item, rng, number=False)
        )
    return rng.choice((f"{place}的{phrase}", f"{place}有{phrase}", f"{phrase}在{place}"))


def _state_zh(item: SceneObject, place: str, rng: random.Random) -> str:
    """一只白色的猫在窗台上睡觉 and the like."""
    phrase = noun_phrase_zh(item, rng, number=rng.random() < 0.85)
    whole = noun_phrase_zh(item, rng)
    if item.state == "sleeping":
        if not place:
            return rng.choice(
                (
                    f"{phrase}在睡觉",
                    f"{phrase}正在睡觉",
                    f"睡觉的{noun_phrase_zh(item, rng, number=False)}",
                )
            )
        return rng.choice(
            (f"{phrase}在{place}睡觉", f"{phrase}在{place}睡觉", f"{phrase}睡在{place}", f"{place}有{whole}在睡觉",
             f"{phrase}正在{place}睡觉")
        )  # fmt: skip
    doing = rng.choice(("玩耍", "玩耍", "玩", "玩球"))
    if not place:
        return rng.choice((f"{phrase}在{doing}", f"{phrase}正在{doing}"))
    return rng.choice(
        (
            f"{phrase}在{place}{doing}",
            f"{phrase}在{place}{doing}",
            f"{place}有{whole}在{doing}",
            f"{phrase}正在{place}{doing}",
        )
    )


def _related_zh(scene: Scene, rng: random.Random) -> str:
    first, second = scene.objects
    relation = scene.relation
    if relation in OPPOSITE and rng.random() < 0.25:
        first, second, relation = second, first, OPPOSITE[relation]
    word = rng.choice(RELATIONS_ZH[relation])
    link = "" if relation in ("on", "inside") else "的"
    return rng.choice(
        (
            f"{noun_phrase_zh(second, rng, number=False)}{word}有{noun_phrase_zh(first, rng)}",
            f"{noun_phrase_zh(first, rng)}在{noun_phrase_zh(second, rng)}{link}{word}",
            f"{noun_phrase_zh(second, rng, number=False)}{word}的{noun_phrase_zh(first, rng)}",
        )
    )
