"""Light that comes into a room, and that a room is tidy: "a classroom, sunlight streaming in, the
desks all neat" is a classroom. Neither is a thing.
"""

from __future__ import annotations

import re

from dall_e.text.language import Language

_LIGHT = (
    r"(?:(?:the|some|soft|warm|bright|golden|morning|afternoon|evening|gentle|early|late|rays? of|"
    r"beams? of|a|an) )*(?:sun ?light|sunshine|sun ?rays?|sun ?beams?|sun|daylight|light|moonlight)"
)
_COMES = (
    r"(?:(?:is|that is|which is) )?(?:streaming|coming|shining|pouring|flooding|falling|filtering|"
    r"spilling|flowing|streams|comes|shines|pours|floods|falls|filters)(?: down)?"
)
_EN = (
    (re.compile(rf"^{_LIGHT} {_COMES} into (?=(?:an?|the|my) )"), ""),
    (
        re.compile(
            rf"(?:,| with| and| while| as)+ {_LIGHT} {_COMES} (?:in|inside|into (?:it|the room)|"
            r"(?:in )?through (?:the |a |its |big |large |open )*(?:windows?|blinds|curtains|door))"
            r"(?: on the floor| onto the floor)?(?=$|,| and )"
        ),
        "",
    ),
    (
        re.compile(
            r", (?:the |all )*[\w' -]{0,30}?\b(?:everything|all|is|are|very|so|neatly|nice and) "
            r"(?:neat|tidy|clean|in order|spotless|organi[sz]ed|arranged|neat and tidy|"
            r"clean and tidy)$"
        ),
        "",
    ),
)
_LIGHT_ZH = (
    "(?:一[缕束片道]|温暖|明媚|柔和|金色|和煦|清晨|早晨|午后|傍晚|的)*"
    "(?:阳光|日光|太阳光?|月光|光线|光)"
)
_ZH = (
    (
        re.compile(
            f"[，,]?(?:有)?{_LIGHT_ZH}(?:正?从|透过|穿过|通过|经过)?(?:明亮的|大)?(?:窗户|窗子|窗口|窗外|窗|玻璃)?"
            "(?:外|里)?(?:斜?照|洒|射|透|照射|倾泻|流)(?:了)?(?:进来|进去|入内|进(?:了)?[房屋室]?[内里间]?来?|满(?:了)?"
            "(?:房间|屋子|整个房间)?|在地板上|在地上)(?=$|[，,])"
        ),
        "",
    ),
    (re.compile(f"[，,]{_LIGHT_ZH}(?:透过|穿过)(?:窗户|窗子|窗帘|玻璃)(?=$|[，,])"), ""),
    (
        re.compile(
            "[，,](?:里面|屋里|房间里)?[\u4e00-\u9fff]{0,4}?(?:都|很|非常|十分|特别|收拾得|摆放得?|摆得|打扫得|"
            "排列得?|布置得)*(?:整整齐齐|整齐|整洁|干干净净|干净|井井有条|井然有序|一尘不染)(?=$|[，,])"
        ),
        "",
    ),
)


def without_room_light(text: str, language: Language) -> str:
    """Return a prompt in lower case without light that comes in and tidiness, if a word is left."""
    for pattern, plain in _EN if language == "en" else _ZH:
        left = pattern.sub(plain, text).strip(" ,，")
        text = left if re.search(r"\w", left) else text
    return text
