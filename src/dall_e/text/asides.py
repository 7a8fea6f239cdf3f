"""What people say around the matter of a prompt: what its picture is for, and how they ask for it.

    "five apples for a counting worksheet"    "five apples"
    "can i get a wheelbarrow"                 "a wheelbarrow"
    给我来一张大象的图                           大象

What a thing is for stays, as "a present for grandma" and "food for the dog". The words for what
pictures are for are in `asides.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from dall_e.text.language import COLOURS_ZH, NUMERALS_ZH, Language
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

IsName = Callable[[str], bool]
_LONGEST = 400
"""Characters of a prompt; a longer one is read as it is."""
_MOST_ASIDES = 4
"""So often a prompt is looked through; people say few."""

# What a picture is for

_WORD = r"(?:(?!(?:and|with|in|on|of|for|to|at|by|from|holding|a|an|the)\b)[\w'&-]+ )"
_WHOSE = (
    r"(?:(?:an?|the|my|our|your|his|her|their|some|this|that|one|another) )?"
    rf"{_WORD}{{0,4}}?"
)
_SAID = (
    r"(?:(?:it is|it'?s|this is|that is|that'?s|which is|i need it|i want it|to be|intended|meant|"
    r"suitable|perfect|great|good|ideal|made|used|needed|just|only|mainly|to use) )*"
)
_ABOUT = r"(?: about (?:the )?[\w' -]+)?"
_TAIL = (
    r"(?: (?:in (?:class|school)|at (?:school|work)|tomorrow|tonight|today|"
    r"next (?:week|month|\w+day)|this (?:week|month|\w+day|year)|on \w+day))*"
)
_AGE = r"grade \d|ages? \d+(?: ?(?:to|and|-) ?\d+| and up)?|\d+[- ]year[- ]olds?"
_DOING = (
    "(?:counting|teaching|learning|practi[cs]ing|studying|colou?ring|tracing|printing|decorating|"
    "show and tell)"
)
_LEARN = "(?:use|colou?r|paint|count|trace|cut|print|learn|see|enjoy|play)"
_PUT = "(?:use|put|print|go|stick|paste|show|hang|be used)"
_END = r"(?=$|[,.;:!?])"
_GIVEN = re.compile(
    r"\b(?:presents?|gifts?|surprises?|foods?|treats?|snacks?|meals?|lunch|dinner|breakfast|"
    r"letters?|cake|medicine|milk|bottles?|waits?|looks?|cares?|asks?|cooks?|searche?s?|begs?|"
    r"reach(?:es)?|works?|(?!(?:thing|painting|drawing|king|ring)\b)\w+ing)$"
)
"""Words before "for" behind which somebody gets something."""
_BIRTHDAY_CAKE = re.compile(
    rf"^((?:an?|the) )?((?:(?:big|large|small|little|nice|beautiful|{'|'.join(COLOURS_ZH)}) )*)"
    r"cake for "
    rf"(?:an? |the )?(?:(?:my|our|her|his|their|your) )?{_WORD}{{0,3}}?birthday(?: party)?{_END}",
    re.IGNORECASE,
)
"""A cake that is said to be of some kind stays one."""

# How people ask for it

_DRAW = (
    "(?:draw|sketch|paint|make|create|generate|design|do|show|give|get|find|have|see|produce|"
    "illustrate)"
)
_SOME = "an?|the|some|one|two|three|four|five|six|seven|eight|nine|ten|several|many"
_SOFTLY = "(?: (?:please|pls|plz|kindly|just|maybe|possibly))*"
_HELLO = (
    r"(?:(?:hi|hello|hey|hey there|hi there|ok|okay|so|um|uh|please|pls|plz|kindly|yo)[,!.]? )*"
)
_ASKING = (
    rf"(?:can|could|would|will|may|might) (?:you|u|i|we){_SOFTLY} (?:be able to )?{_DRAW}"
    r"(?: (?:me|us))?(?: up)? ",
    r"(?:i|we)(?: (?:really|just|only|also|still))*(?: am|'m| are|'re)? ?(?:would like|would love|"
    r"'d like|'d love|want|need|wanna|wish for|looking for|require)(?: (?:you )?to "
    rf"{_DRAW}(?: me| us)?)? (?!to\b)",
    rf"id (?:like|love)(?: (?:you )?to {_DRAW}(?: me| us)?)? (?!to\b)",
    r"(?:let'?s|let us|let me) (?:see|have|draw|make|get) ",
    r"(?:give|get|find|bring|show|make|draw|do|paint|create|generate|design|sketch|produce|send) "
    r"(?:me|us|up) (?=\w)",
    rf"(?:please|try) (?:to )?{_DRAW} (?:me )?",
    r"gimme |(?:would|do) you mind (?:drawing|making|painting|showing)(?: (?:me|us))? ",
    rf"(?:need|want|show|looking for) (?=(?:{_SOME}|\d+) )",
    r"(?:how|what) about |do you have |any chance of |"
    r"is it possible to (?:draw|get|have|see|make) ",
    rf"i was wondering if you (?:could|can) {_DRAW}(?: me)? ",
    r"(?:generate|create|illustrate|draw|sketch|depict|render|visuali[sz]e|produce|imagine) "
    rf"(?=(?:{_SOME}|\d+) )",
)
_FRAMED = (
    r"(?:(?:(?:an?|the|some|one) )?(?:(?:nice|simple|quick|cute|good|little|small) )?"
    r"(?:pictures?|pics?|drawings?|images?|photos?) (?:of|with|showing) )?"
)
_POLITE_EN = re.compile(rf"^{_HELLO}(?:{'|'.join(_ASKING)}){_FRAMED}")
_POLITE_BEHIND_EN = re.compile(
    r"(?:,| )+(?:please|pls|plz|thanks|thank you|thank u|thx|ty|if you can|if possible|"
    r"if you could|would be (?:nice|great|lovely|cool)|would you|can you|ok|okay)[.!?]*$|\?+$"
)

# The same in Chinese

_FOR_ZH = "(?:(?:是)?我?想?要?(?:给|为|让|帮)(?:我的?|我们)?(?:AUDIENCE)们?)"
_AS_ZH = "(?:做|当作?|作为?|画|写|贴|印|放|挂|制作|设计)"
_WITHIN_ZH = "(?:上|里|时候?|课)?"
_PURPOSES_ZH = (
    # Behind
    f"[，, ]*{_FOR_ZH}?{_AS_ZH}?在?(?:一?[张个份])?(?:(?:USE)的?)+{_WITHIN_ZH}"
    "(?:要|会|使|来)?用的?$",
    f"[，, ]+{_FOR_ZH}(?:看|玩|用|画|学|认|数数|涂色|准备|做|讲|练习)+(?:一?[张个份])?(?:USE)*"
    "用?的?$",
    "[，, ]+[要想]?(?:用于|用来|用作|用在|适合|拿来|打算|准备)[^，,]{1,14}$",
    f"(?<=[\u4e00-\u9fff])用[于作在]{_FOR_ZH}?[做当]?(?:USE)+{_WITHIN_ZH}的?$",
    f"[，, ]+我?[要想]?{_AS_ZH}在?(?:一?[张个份])?(?:我的?)?(?:USE)+{_WITHIN_ZH}用?的?$",
    "[，, ]+送?给(?:AUDIENCE)们?的?$",
    "(?<=[\u4e00-\u9fff])给(?:我的?|我们的?)?(?:AUDIENCE)们?的(?:USE)+(?:上|里)?用?的?$",
    # Before
    f"^{_FOR_ZH}?{_AS_ZH}?在?(?:USE)+{_WITHIN_ZH}[要使]?用的?[，,：:]?(?=[\u4e00-\u9fff])",
    "^适合(?:AUDIENCE)们?(?:看|玩|用|画|涂色|学习?)?的(?=[\u4e00-\u9fff])",
    "^[为给](?:AUDIENCE)们?(?:看|玩|画|涂色)的(?=[\u4e00-\u9fff])",
)
_NUMERAL = f"[{NUMERALS_ZH}几\\d]"
_ASK_ZH = (
    "(?:你好[，,！!]?|请|麻烦你?|拜托|劳驾|你?(?:能不能|能否|可不可以|可以|能)请?|"
    "我?(?:想要|想看|需要|希望有|要|想)|帮(?:我|忙|个忙)[，,]?|给(?:我|俺|咱)|替我|为我)"
)
_DRAW_ZH = "(?:画|来|生成|绘制|设计)"
_DO_ZH = "(?:画|来|生成|绘制|设计|整|弄|搞|制作|做|出|找|看)"
_FRAME_ZH = "(?:一?[张幅副](?:关于|有)?)"
_ONE_ZH = f"(?:一下|点儿?|些|{_FRAME_ZH}|[个只])"
_POLITE_ZH = tuple(
    re.compile(f"^{pattern}(?=[\u4e00-\u9fff\\d])")
    for pattern in (
        f"{_ASK_ZH}+{_DRAW_ZH}(?:一下)?{_ONE_ZH}?(?:关于)?",
        f"{_ASK_ZH}+{_DO_ZH}(?:一下)?(?:{_ONE_ZH}|(?={_NUMERAL}))",
        f"(?:请?给我|我?(?:想要|想看|需要|要))(?:{_FRAME_ZH}|(?={_NUMERAL}))",
        "我想看|给我看看?",
        "有没有(?=.*图片?$)",
        "(?:画|来)(?:一[下画]|点儿?|[个只]|一?[张幅](?:关于)?)",
        f"{_DRAW_ZH}(?={_NUMERAL})",
    )
)
_POLITE_BEHIND_ZH = re.compile(
    "[，, ]*(?:好吗|好不好|可以吗|可不可以|行吗|行不行|谢谢你?|多谢|感谢|拜托了?|谢了|呗|吧|吗)?"
    "[？?。！!]*$"
)
_IMAGE_BEHIND_ZH = re.compile("(?<=[\u4e00-\u9fff])的?(?:图片?|图像|图画|画面)$|的(?:照片|画)$")


@lru_cache(maxsize=2)
def _words(language: Language) -> dict[str, str]:
    """A pattern of all words of each sort."""
    found: dict[str, list[str]] = {}
    for sort, *cells in read_table("text/asides.txt"):
        words = [word.strip() for word in cells[language == "zh"].split(",") if word.strip()]
        found.setdefault(sort, []).extend(words)
    plural = "s?" if language == "en" else ""
    return {sort: f"(?:{any_of(words)}){plural}" for sort, words in found.items()}


@lru_cache(maxsize=1)
def _purposes_en() -> tuple[re.Pattern[str], ...]:
    words = _words("en")
    use, own, family = words["use"], words["own"], words["family"]
    audience = f"(?:{words['audience']}|{_AGE})"
    lead, whose = rf"(?:,| -)? {_SAID}for", "(?:my|our|her|his|their)"
    patterns = (
        rf"^{_SAID}for {_WHOSE}(?:{use}|{own}|{audience})(?: about [\w' -]+)?(?:,|:| -) ?(?=\w)",
        rf"{lead} (?:use (?:in|on|as) |making |printing (?:on )?)?{_WHOSE}{use}"
        rf"{_TAIL}{_ABOUT}{_END}",
        rf"{lead} {whose} {_WORD}{{0,2}}?{own}{_TAIL}{_END}",
        rf"{lead} (?:the |my |our |all |young |small |little |some |an? )*{audience}"
        rf"(?: to {_LEARN}(?: \w+){{0,3}})?{_TAIL}(?={_END[3:-1]}| (?:with|about|of|showing) )",
        rf"{lead} (?:my|our) {_WORD}{{0,4}}?{family}{_TAIL}{_END}",
        rf"{lead} (?:the |some )?{_DOING}(?: [\w'-]+){{0,4}}{_END}",
        rf"(?:,| that i can| that we can| i can)? to {_PUT} (?:it |them )?"
        rf"(?:in|on|as|for|up in|up on) {_WHOSE}(?:{use}|{own}){_TAIL}{_END}",
        rf"(?:,| that i can| that we can)? (?:to )?(?:print|print out|colou?r in){_END}",
    )
    return tuple(map(re.compile, patterns))


@lru_cache(maxsize=1)
def _purposes_zh() -> tuple[re.Pattern[str], ...]:
    words = _words("zh")
    filled = (
        pattern.replace("USE", words["use"]).replace("AUDIENCE", words["audience"])
        for pattern in _PURPOSES_ZH
    )
    return tuple(map(re.compile, filled))


def without_asides(text: str, language: Language, is_name: IsName) -> str:
    """Return a prompt without what its picture is for and how it is asked for, if a word is left.

    is_name: whether words in lower case are the name of something, which keeps all its words.
    """
    lower = text.lower()
    if len(text) > _LONGEST or len(lower) != len(text):
        return text
    if is_name(re.sub("^(?:an?|the) ", "", lower)):
        return text
    take_off = _plain_en if language == "en" else _plain_zh
    return take_off(text, is_name)


def _plain_en(text: str, is_name: IsName) -> str:
    text = _cut(text, _POLITE_BEHIND_EN)
    text = _BIRTHDAY_CAKE.sub(r"\1\2birthday cake", text)
    for _ in range(_MOST_ASIDES):
        before = text
        text = _cut(text, _POLITE_EN)
        for pattern in _purposes_en():
            match = pattern.search(text.lower())
            if match and not _is_meant(text.lower(), match, is_name):
                text = _left(text, match)
        if text == before:
            break
    return text


def _is_meant(text: str, match: re.Match[str], is_name: IsName) -> bool:
    """Whether words behind "for" say who gets something, or are a part of a name."""
    before = text[: match.start()]
    if _GIVEN.search(before):
        return True
    starts = [0, *(blank.end() for blank in re.finditer(" ", before))]
    return any(is_name(text[start : match.end()]) for start in starts[-3:])


def _plain_zh(text: str, is_name: IsName) -> str:
    text = _cut(text, _POLITE_BEHIND_ZH)
    for pattern in _POLITE_ZH:
        match = pattern.match(text)
        is_noun = match is not None and any(
            is_name(text[:stop]) for stop in range(match.start() + 2, match.end() + 5)
        )
        if match and match[0] and not is_noun:
            text = _cut(_left(text, match), _IMAGE_BEHIND_ZH)
            break
    for pattern in _purposes_zh():
        text = _cut(text, pattern)
    return text


def _cut(text: str, pattern: re.Pattern[str]) -> str:
    """A text without what a pattern finds in it."""
    match = pattern.search(text.lower())
    return _left(text, match) if match and match[0] else text


def _left(text: str, match: re.Match[str]) -> str:
    """A text without a match, if a word is left; else as it is."""
    left = f"{text[: match.start()]}{text[match.end() :]}".strip(" ,，:：-")
    return left if re.search(r"\w", re.sub("^(?:an?|the)$", "", left.lower())) else text
