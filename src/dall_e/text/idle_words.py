"""Words of a prompt that say what its picture is for, or praise it, and name nothing that is drawn:
"product photo of a perfume bottle", "a campfire for a game", 药水瓶游戏道具.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from dall_e.text.language import Language
from dall_e.text.patterns import any_of
from dall_e.text.tables import read_table

_PHOTO = (
    r"(?:(?:e-?commerce|studio|professional|commercial|clean|simple|high[- ]quality|realistic|"
    r"catalog(?:ue)?|amazon) )*(?:product|stock|studio|catalog(?:ue)?|packshot|marketing)"
    r"(?: (?:photo(?:graphy|graph)?|shot|image|picture|render(?:ing)?|shoot))+(?: style)?"
)
_ASSET = (
    r"(?:(?:2d|rpg|mobile|video|fantasy|indie|casual) )*games? (?:ui )?"
    r"(?:asset|prop|item|sprite|object|element|piece|resource|loot|art|pickup)s?"
)
_MADE_FOR = (
    r"(?:(?:an?|the|my|our|some) )?(?:[\w-]+ ){0,2}?(?:games?|rpg|apps?|websites?|web ?pages?|blog|"
    r"presentations?|slides?|slideshow|youtube|instagram|thumbnails?)"
)
_GRADES = (
    r"(?:(?:very |extremely |super |ultra |highly )?(?:high[- ](?:quality|resolution|res|detail)|"
    r"detailed|hd|4k|8k|hi-?res))"
)
_EN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"^(?:an? |the )?(?:{_PHOTO}|{_ASSET})(?: of|:|,) "), ""),
    (re.compile(rf"(?:,| -| in| as)?(?: an?)? {_PHOTO}$"), ""),
    (re.compile(rf"(?:,| -| as)?(?: an?)? {_ASSET}$"), ""),
    (re.compile(rf" for {_MADE_FOR}$"), ""),
    (re.compile(r"(?<!chinese) (?:game )?(?:character|mascot)(?: design)?$"), ""),
    (re.compile(r"^(?:an? )?chibi(?: style)? (?=\w)"), ""),
    (
        re.compile(r"^(?:an? )?(?:flat )?vector (?:illustration|art|graphic|drawing|image) of "),
        "",
    ),
    (re.compile(r"\b(?:plush|stuffed|soft toy) (?:animal )?(\w+)(?: toy| doll)?\b"), r"\1"),
    (re.compile(r"(?<=(?:er|or|st|an|ef|se|ge)) at (?:his |her )?work$"), ""),
    (re.compile(rf"(?:,? {_GRADES})+$"), ""),
    (re.compile(r",? isolated(?: on (?:a )?(?:transparent|plain|clean) background)?$"), ""),
    (re.compile(r",? (?:on|with) (?:an? )?(?:transparent|no|clean|blank) background$"), ""),
    (re.compile(r"\b(?:very|really|quite|extremely|super|so) (?=\w+)"), ""),
    (re.compile(r"^(?:an? )?(?:close-? ?up|macro)(?: (?:shot|view|photo))? of "), ""),
    (re.compile(r"^(?:an? )?(?:emoji|emoticon|clip ?art|vector|graphic) (?:of|showing) "), ""),
    (re.compile(r" (?:emoji|emoticon)$"), ""),
    (re.compile(r"^(.+ with (?:an? |the |some )?[\w' -]+?) on (?:the )?top$"), r"\1"),
    (re.compile(r"^(?:some )?(?:kind|type|sort) of (?:an? )?"), ""),
)
"""What goes wherever it is said."""
_BEFORE_EN = re.compile(
    r"(?<![\w'-])(?:video game|game|stylized|stylised|generic|typical|ordinary|regular|everyday|"
    r"classic-looking|nice-looking|good-looking|lovely-looking|fancy-looking) (?=(?P<noun>[a-z]))"
)
"""What goes if what it stands before is no name together with it."""
_ZH: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("^(?:一[张个幅])?(?:产品|商品|电商|白底)(?:照片?|图片?|摄影|海报)[:：，的]"), ""),
    (re.compile("[，, 的]?(?:产品|商品|电商|白底|宣传)(?:照片?|图片?|摄影|主图|风格?)+$"), ""),
    (
        re.compile(
            "[，, 的]?(?:卡通|手机|像素)?游戏(?:里的?|中的?)?"
            "(?:道具|素材|物品|元素|资源|角色|装备)+$"
        ),
        "",
    ),
    (re.compile("^(?:一[个件种])?游戏(?:里的?|中的?)?(?:道具|素材|物品|角色|装备)[:：，的]?"), ""),
    (re.compile("[，, 的]?(?:角色设计|形象设计|吉祥物|卡通形象|素材图?|元素|免抠图?|插图)$"), ""),
    (re.compile("^(?:一[个只])?[qQ]版的?(?=[\u4e00-\u9fff])"), ""),
    (re.compile("[，,]?(?:的?表情包?|的?表情符号)$"), ""),
    (re.compile("[，,]?(?:高清|超清|高质量|高品质|精致|细节丰富|4k|8k)+$"), ""),
    (re.compile("(?:非常|十分|特别|超级|很|好|挺)(?=[可漂美大小长高胖瘦老旧新圆亮])"), ""),
)
_LONGEST = 400
"""Characters of a prompt; a longer one is read as it is."""


def _without_own_work(text: str, language: Language, is_name: Callable[[str], bool]) -> str:
    """A text without what somebody's picture shows them do anyway, if that is done with a thing: a
    butcher cutting meat is a butcher and meat."""
    match = _own_work(language).search(text)
    if match is None:
        return text
    ends = [end.end() for end in re.finditer(r"\b" if language == "en" else "(?=.|$)", text)]
    if any(is_name(text[match.start() : end]) for end in ends if end > match.end("who")):
        return text
    return f"{text[: match.end('who')]}{'和' if language == 'zh' else ' and '}{text[match.end() :]}"


@lru_cache(maxsize=2)
def _own_work(language: Language) -> re.Pattern[str]:
    """A pattern of all occupations with a verb behind them, and something that it is done with."""
    first = 0 if language == "en" else 2
    rows = [[cell.split(", ") for cell in row] for row in read_table("text/own_work.txt")]
    behind = "(?: is| are)? (?:{}) " if language == "en" else "正?在?(?:{})"
    ways = [f"(?:{any_of(row[first])})(?={behind.format(any_of(row[first + 1]))})" for row in rows]
    verbs = any_of({verb for row in rows for verb in row[first + 1]})
    if language == "en":
        return re.compile(rf"\b(?P<who>{'|'.join(ways)})(?: is| are)? (?:{verbs}) (?=\w)")
    return re.compile(rf"(?P<who>{'|'.join(ways)})正?在?(?:{verbs})着?(?=[\u4e00-\u9fff])")


def without_idle_words(text: str, language: Language, is_name: Callable[[str], bool]) -> str:
    """Return a prompt in lower case without such words, if something is left.

    is_name: whether words are the name of something that is drawn, which keeps all its words.
    """
    bare = re.sub(r"^(?:an?|the) ", "", text)
    if len(text) > _LONGEST or is_name(bare):
        return text
    for pattern, plain in _EN if language == "en" else _ZH:
        left = pattern.sub(plain, text).strip(" ,，:：")
        text = left if re.search(r"\w", re.sub(r"^(?:an?|the)$", "", left)) else text
    text = _without_own_work(text, language, is_name)
    return _without_adjectives(text, is_name) if language == "en" else text


def _without_adjectives(text: str, is_name: Callable[[str], bool]) -> str:
    """A text without adjectives that are not a part of a name: a game coin is a coin."""
    for match in reversed([*_BEFORE_EN.finditer(text)]):
        noun = text[match.end() :].split(" ", 1)[0]
        if not is_name(f"{match[0]}{noun}") and not is_name(match[0].strip() + noun):
            text = text[: match.start()] + text[match.end() :]
    return text
