"""Things that do what only people do: a brain that lifts weights has a face, arms and legs.

"a brain lifting weights"      a brain with a face and hands, and a barbell before it
胡萝卜在跑步                     a carrot with a face, arms and legs
"a flying teapot"              a teapot with wings
"""

from __future__ import annotations

import re
from dataclasses import replace

from dall_e.planning.qualities import has_face
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import SceneObject
from dall_e.text.language import Language

_LONGEST = 400
"""Characters of a prompt; a longer one is read as it is, so that its time stays short."""
ALIVE = ("animal", "person", "face")
"""Kinds of those who can do something."""
_ALIVE_NAMES = frozenset(
    ("robot face", "robot", "teddy bear", "snowman", "jack-o-lantern", "heart")
)
_WITH_HANDS = ("reading", "drinking", "eating", "hugging", "carrying", "pushing", "kicking")
"""What nothing does that has no hands."""
_HOLDERS = frozenset(("food", "plant", "sky", "weather"))
"""Kinds of things of which "holding" is said as a joke only; a basket holds eggs."""
_CHARACTERS = re.compile(
    r"brain|heart$|earth$|globe|clock$|watch$|pencil$|crayon$|tooth$|battery$|computer|phone|"
    r"toaster|teapot|toilet paper|sponge|lamp$|light bulb|^dice|sock$|letter$|cloud|star$"
)
"""Things that are somebody in drawings for children."""
_WAITS = r"(?:happily |proudly |slowly |quickly |busily )?"
_A = "(?:an? |the )?"
_WAVE = rf"(?:{_A}(?:\w+ )?(?:waves?|sea|ocean)(?: of \w+)?)"
_EN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(words), plain)
    for words, plain in (
        (r"lifting (?:heavy )?weights|weightlifting|working out|exercising|at the gym|pumping iron|"
         rf"lifting {_A}(?:barbells?|dumbbells?)", "carrying a barbell"),
        (rf"fishing for {_A}", "carrying a fishing rod and "),
        (r"fishing\b", "carrying a fishing rod"),
        (rf"surfing(?: (?:on |in |over )?{_WAVE})?|riding (?:on )?{_WAVE}",
         "riding a surfboard on the sea"),
        (rf"playing {_A}(guitar|violin|drums?|trumpet|saxophone)", r"carrying a \1"),
        (rf"taking {_A}(?:photos?|pictures?)", "carrying a camera"),
        (rf"taking {_A}selfies?|(?:talking|texting|chatting) on {_A}phone",
         "carrying a mobile phone"),
        (rf"typing(?: on {_A}(?:laptop|computer))?|using {_A}(?:laptop|computer)|"
         rf"working (?:on|at) (?:its |{_A})(?:laptop|computer)", "carrying a laptop"),
        (r"studying|doing (?:its )?homework", "reading a book"),
        (r"shopping", "carrying shopping bags"),
        (rf"travell?ing|going on {_A}(?:trip|vacation|holiday)", "carrying a suitcase"),
        (r"(?:jogging|marching|skipping|jumping|waving|exploring|hiking|strolling|cheering|"
         r"playing|partying|skating|celebrating)\b(?! (?:the|an?|with) )", "dancing"),
    )
)  # fmt: skip
"""What is done, and what of it can be laid before a thing with hands."""
_ZH: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:正?在)?(?:举重|举铁|健身|锻炼|举杠铃|举哑铃)"), "抱着杠铃"),
    (re.compile(r"(?:正?在)?钓(?=星|月)"), "抱着钓鱼竿和"),
    (re.compile(r"(?:正?在)?(?:钓鱼)"), "抱着钓鱼竿"),
    (re.compile(r"(?:正?在)?冲浪"), "骑着冲浪板在海上"),
    (re.compile(r"(?:正?在)?弹吉他"), "抱着吉他"),
    (re.compile(r"(?:正?在)?(?:拍照|照相)"), "抱着照相机"),
    (re.compile(r"(?:正?在)?(?:加班|打字|工作|上班|用电脑|写代码)"), "抱着笔记本电脑"),
    (re.compile(r"(?:正?在)?(?:学习|写作业|读书|看书)"), "看着书"),
    (re.compile(r"(?:正?在)?(?:旅行|度假|旅游)"), "抱着行李箱"),
    (re.compile(r"(?:正?在)?(?:慢跑|跳跃|蹦跳|挥手|蹦蹦跳跳|滑冰|散步|走路|玩耍)"), "跳舞"),
)  # fmt: skip


_WHOSE = r"(?:(?:its|his|her|their|the|some) )?(?:own )?"
_COMBED = "(?:hair|mane|fur|beard|coat|tail)"
_TOOLS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{words}(?! (?:of|from|in a)\b)"), plain)
    for words, plain in (
        (rf"(?:brush|clean)(?:ing|es|s) {_WHOSE}teeth(?: with a toothbrush)?",
         "holding a toothbrush"),
        (rf"comb(?:ing|s) {_WHOSE}{_COMBED}(?: with a comb)?", "holding a comb"),
        (rf"brush(?:ing|es) {_WHOSE}{_COMBED}(?: with a (?:hair)?brush)?", "holding a hairbrush"),
        (rf"(?:reading|reads) {_WHOSE}(?:paper|news)\b", "reading a newspaper"),
    )
)  # fmt: skip
"""What is done with a thing that nobody names, or with their own teeth and hair, and that thing."""


def with_tools(text: str, vocabulary: Vocabulary) -> str:
    """Return an English prompt in lower case in which animals hold what they do something with.

    What they do is no more in it where a picture shows them do it.
    """
    for pattern, plain in _TOOLS:
        for match in pattern.finditer(text):
            words = re.findall(r"[\w'-]+", text[: match.start()])[-4:]
            pieces = [" ".join(words[at:]) for at in range(len(words))]
            is_name = any(f"{piece} {match[0]}" in vocabulary.words_en for piece in pieces)
            name = next(
                (vocabulary.words_en[each] for each in pieces if each in vocabulary.words_en), ""
            )
            if not is_name and name and vocabulary.thing(name).kind in ALIVE:
                return f"{text[: match.start()]}{plain}{text[match.end() :]}"
    return text


def with_lively_things(text: str, vocabulary: Vocabulary, language: Language) -> str:
    """Return a prompt in lower case in which things that do what people do hold what it takes."""
    if len(text) > _LONGEST:
        return text
    text = with_tools(text, vocabulary) if language == "en" else text
    for pattern, plain in _EN if language == "en" else _ZH:
        for match in pattern.finditer(text):
            before = text[: match.start()]
            if _ends_with_thing(before, vocabulary, language):
                return f"{before}{match.expand(plain)}{text[match.end() :]}"
    return text


def _ends_with_thing(before: str, vocabulary: Vocabulary, language: Language) -> bool:
    """Whether a text ends with the name of a thing that has no face."""
    if language == "zh":
        before = before.removesuffix("正在").removesuffix("在")
        pieces = [before[-length:] for length in range(min(6, len(before)), 0, -1)]
        known = vocabulary.words_zh
    else:
        words = re.sub(
            rf"(?: (?:is|are|that is|who is))? {_WAITS}$", "", f"{before.rstrip()} "
        ).split()
        pieces = [" ".join(words[-length:]) for length in range(min(3, len(words)), 0, -1)]
        known = vocabulary.words_en
    name = next((known[piece] for piece in pieces if piece in known), "")
    return bool(name) and not has_face(vocabulary, name)


def is_alive(item: SceneObject) -> bool:
    """Whether a thing is somebody who can do something."""
    return item.thing.kind in ALIVE or item.name in _ALIVE_NAMES


def with_hands(
    item: SceneObject, verb: str, other: SceneObject, vocabulary: Vocabulary
) -> SceneObject:
    """Return a thing that does something with another as somebody with a face and hands."""
    if item.condition or has_face(vocabulary, item.name):
        return item
    if verb == "riding":
        return replace(item, condition="lively")
    is_somebody = item.thing.kind in _HOLDERS or _CHARACTERS.search(item.name) is not None
    if verb in _WITH_HANDS and other.name == "barbell":
        return replace(item, condition="lifting")
    if verb in _WITH_HANDS or (verb == "holding" and is_somebody):
        return replace(item, condition="handy")
    return item
