"""What a prompt means that names an idea, and no thing: "never give up" is somebody who climbs.

The table `ideas.txt` says what stands for an idea, where the idea is all that is said. Beside it
are phrases that say how things are drawn in other words: "not a dog, a wolf" is a wolf.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from dall_e.text.language import Language
from dall_e.text.tables import read_table

_AROUND_EN = re.compile(
    r"^(?:(?:an?|the|some|that|this|my|pure|the (?:feeling|concept|idea|meaning|power|spirit) of|"
    r"(?:a )?(?:symbol|picture|image|feeling|sense|concept) (?:of|for)|feeling of|represent|"
    r"symboli[sz]e|show|express) )+|[.!?]+$"
)
_MORE_AROUND_EN = re.compile(
    r"^(?:happy|feeling|feel|stay|so much|too much|so|very|i feel|i am|i'm|we are|it's|it is|"
    r"let's|celebrating|celebrate|spread|spreading|pure|total|endless|happy happy) |"
    r" (?:mood|vibes|feeling|time|concept|illustration|poster|card|greeting card|banner|theme|"
    r"symbol|picture|image|emoji|sticker|icon|celebration|greetings|day|again|forever)$"
)
_MORE_AROUND_ZH = re.compile(
    "^(?:我们?|好想?|太|真|很|非常|超级|祝你?|庆祝|欢度|喜迎|永远|一起)|"
    "(?:快乐|了|啊|呀|啦|吧|时光|时刻|的?海报|的?贺卡|的?插画|的?主题|的?图标|的?贴纸|的?表情包?|的?一天|节)$"
)
"""What is said around an idea that means it still."""
_AROUND_ZH = re.compile(
    r"^(?:一种|一张|表达|表现|象征|代表|关于)|(?:的感觉|的象征|的心情|的样子|[。！!~～]+)$"
)
_LONGEST = 400
"""Characters of a prompt that is said in other words; longer ones are read as they are."""
_Plain = str | Callable[[re.Match[str]], str]
"""What stands for a match."""
_NOBODY = (
    r"(?:nobody|no one|no people|no person|without (?:any )?people|without anyone|no humans?)"
    r"(?: (?:there|in it|in sight|around|inside|else|here))?"
)
_OUTSIDE = (
    r"(?:,| and| with| while)* (?:it is |it's |the )?(rain|snow)(?:ing|y)?(?: (?:is )?falling)? "
    r"outside(?: the window| of the window)?$"
)
_LEAVES = r"(?:falling (?:\w+ )?leaves|(?:\w+ )?leaves falling(?: down)?)"
_PETALS = r"(?:falling (?:\w+ )?(?:petals|blossoms)|(?:\w+ )?petals falling(?: down)?)"
_SHOWERED = (
    r"((?:\w+ )?(?:stars|hearts|flowers|butterflies|bubbles|coins|rainbows|balloons|fireworks))\b"
)
_QUEUES = r"(?:queu(?:e|e?ing)|lining up|in (?:a )?(?:line|queue)) (?:for|at)|waiting for"
_MENDED = r"(?:fixed|mended|repaired|healed|patched)(?: up)?"
_PLASTERS = r"(?:an? )?(?:band-?aids?|bandages?|plasters?|stitches)"


def _in_weather(match: re.Match[str]) -> str:
    """The rain or snow that is seen through a window."""
    return f" in the {match[1] or match[2]}"


_EN: tuple[tuple[re.Pattern[str], _Plain], ...] = (
    # What is not there
    (
        re.compile(
            r"^(?:it'?s |it is |this is |that'?s )?not (?:an? |the )?[\w' -]+?"
            r"(?:, ?(?:but |it'?s |it is )?| but (?:rather )?)(?=(?:an?|the|some) )"
        ),
        "",
    ),
    (re.compile(r"(?:,| but)? not (?:an? |the )[\w' -]+$"), ""),
    (
        re.compile(
            r",? (?:instead of|rather than) (?:an? |the |any )?[\w' -]+?"
            r"(?=$|,| (?:in|on|at) (?:the|an?) )"
        ),
        "",
    ),
    (re.compile(rf"(?:,| and| with)* {_NOBODY}$"), ""),
    # Where, and in which weather
    (re.compile(r" (?:out )?in the middle of nowhere$"), " in the desert"),
    (re.compile(rf"(?<=windowsill){_OUTSIDE}|(?<=window){_OUTSIDE}"), _in_weather),
    (re.compile(_OUTSIDE), r" by the window in the \1"),
    (re.compile(rf"(?:,| and| with| among)+ {_LEAVES}$"), " in autumn"),
    (re.compile(rf"(?:,| and| with| among)+ {_PETALS}$"), " in spring"),
    (re.compile(r"\b(with|and) one (?=[a-z])"), r"\1 a "),
    (re.compile(r" (?:that is |which is )?taking off$"), ""),
    (re.compile(r"(?<=[a-z]) outside$"), ""),
    (re.compile(r"\bon (?:vacation|holiday|his holidays?|her holidays?)\b"), "on the beach"),
    (re.compile(rf"\b(?:{_QUEUES}) (?:the|a) bus\b"), "at the bus stop"),
    # What somebody feels and thinks
    (
        re.compile(r"\b(?:afraid|scared|frightened|terrified) of (?:the )?dark(?:ness)?\b"),
        "scared at night",
    ),
    (re.compile(r"^(two |a pair of )(\w+)s in love$"), r"\1lovestruck \2s and a red heart"),
    (re.compile(r"^(.+?)s in love$"), r"\1s and a red heart"),
    (
        re.compile(
            r"\blooking at (?:an? |the |its |his |her )?(?:old )?"
            r"(?:photo|picture|painting|poster)s? of (?:the )?"
        ),
        "and the ",
    ),
    # How things stand to each other
    (
        re.compile(
            r"\b(?:fighting|battling|facing|challenging) (?:with |against )?"
            r"((?:an?|the) [\w -]+?) with (an? [\w -]+)$"
        ),
        r"holding \2 and \1",
    ),
    (
        re.compile(
            r"\b(?:giving|handing|offering|bringing|gives|hands) (an? [\w -]+?) to (an? .+)$"
        ),
        r"holding \1 and \2",
    ),
    (
        re.compile(
            r"^(.+?) (?:shooting|spitting|firing|throwing|launching|popping)(?: out| up)? "
            + _SHOWERED
        ),
        r"\2 above \1",
    ),
    (re.compile(r"\b(crying|raining|weeping) (?:into|onto|over|on) (?=an? )"), r"\1 above "),
    # Things by another name
    (re.compile(r"\b(?:planet )?earth\b(?! ?worm|quake)"), "globe showing americas"),
    (
        re.compile(r"\bmade (?:out )?(?:of|from) (?:candy|candies|sweets|sugar)\b"),
        "with pink stripes",
    ),
    (re.compile(r"\bpizza slice\b"), "slice of pizza"),
    (
        re.compile(rf"\bbroken heart (?:being )?{_MENDED} with {_PLASTERS}"),
        "heart with a bandage",
    ),
    # Words that say nothing of what is seen
    (
        re.compile(
            r"\b(?:(?:flat (?:design|style|vector)|clip ?art)(?: of)?|glossy|homesick|"
            r"cartoon(?! (?:drawing|style|picture|image|illustration|version|art|of)))"
            r" (?=\w)"
        ),
        "",
    ),
)  # fmt: skip
_LONGEST = 400
"""Characters of a prompt; a longer one is read as it is, so that its time stays short."""
_LONGEST_IDEA = 80
"""Characters of a prompt that is an idea and nothing else."""
_NIGHT_LANDS = "草原|草地|沙漠|山|海|湖|田|村|森林|树林|城|营地|河|院子|花园"
_ZH: tuple[tuple[re.Pattern[str], _Plain], ...] = (
    # What is not there
    (re.compile(r"^(?:这)?不是[^，,]+?[，,]?(?:而?是|，|,)(?=[一\u4e00-\u9fff])"), ""),
    (re.compile(r"[，,](?:而不是|不要|不是)[一\u4e00-\u9fff]{1,6}$"), ""),
    (
        re.compile(r"(?:里面?|中|上)?(?:空无一人|没有一个人|没有人|没人|空空荡荡|空荡荡)的?$"),
        "",
    ),
    (re.compile(r"(?:空无一人|没有人|空荡荡|空空荡荡)的(?=.)"), ""),
    # Where, and in which weather
    (
        re.compile(
            "(?:满天|漫天|布满|满是|缀满)(?:的)?(?:星星|繁星|星斗|星光)的(?:夜空下的)?"
            f"(?=.*(?:{_NIGHT_LANDS}))"
        ),
        "星空下的",
    ),
    (re.compile(r"[，,]?(?:窗外|外面)(?:正?在)?下着?([雨雪])$"), r"，\1天的窗边"),
    (re.compile(r"[，,](?:落叶|树叶)(?:纷飞|飘落|飘飞)$"), "，秋天"),
    (re.compile(r"^(.+?)在?排队(?:坐|等|上|乘)(?:公交车?|巴士|公共汽车|车)$"), r"公交站的\1"),
    (re.compile(r"(?:正?在)?(?:度假|休假)(?=的|$|喝|吃|，)"), "在海边"),
    # How things are
    (re.compile(r"^(.{1,4})外面的.{1,3}?看着里面的(.{1,4})$"), r"\1里的\2"),
    (re.compile(r"(?:加班|工作|熬夜)(?:到深夜|到半夜|一整夜)的?"), "夜晚疲惫的"),
    (re.compile(r"(?:扁平|平面)(?:风格?|设计)?的"), ""),
)


def idea_of(text: str, language: Language) -> str:
    """What stands for an idea, in English; "" for a prompt in lower case that names a thing."""
    if len(text) > _LONGEST_IDEA:
        return ""
    known, is_english = _ideas(language), language == "en"
    around = _AROUND_EN if is_english else _AROUND_ZH
    more = _MORE_AROUND_EN if is_english else _MORE_AROUND_ZH
    bare = around.sub("", text)
    return next((known[words] for words in (text, bare, more.sub("", bare)) if words in known), "")


def in_other_words(text: str, language: Language) -> str:
    """Return a prompt in lower case, with what it says in words that are read."""
    if len(text) > _LONGEST:
        return text
    if len(text) > _LONGEST:
        return text
    for pattern, plain in _EN if language == "en" else _ZH:
        changed = pattern.sub(plain, text)
        # What says nothing more would be left without a thing.
        text = re.sub("  +", " ", changed).strip(" ,，") or text
    return text


@lru_cache(maxsize=2)
def _ideas(language: Language) -> dict[str, str]:
    """What is drawn for each idea, in English."""
    column = 0 if language == "en" else 1
    return {
        words.strip(): row[2].lower()
        for row in read_table("text/ideas.txt")
        for words in row[column].split(",")
        if words.strip()
    }
