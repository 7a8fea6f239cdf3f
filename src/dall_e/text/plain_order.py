"""What is said in a roundabout way, as the grammars read it: three balloons of different colours
are three colourful balloons, and who is on somebody's back is on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dall_e.text.language import COLOURS_ZH, COUNT_EN, QUANTITY_EN, Language

_COLOURS = rf"(?:(?:all|many|{COUNT_EN}|several) )?(?:different|various|assorted|many) colou?rs"
_HUES = f"({'|'.join(colour for colour in COLOURS_ZH if colour != 'white')})"
_ANY_HUE = f"(?:{'|'.join(COLOURS_ZH)})"
_PATTERNED = "(?:striped|checked|checkered|chequered|plaid|dotted|polka|gingham)"
Turned = str | Callable[[re.Match[str]], str]


def _patterned(match: re.Match[str]) -> str:
    """A thing with its pattern before it: a cup with blue dots is a blue dotted cup."""
    article, thing, colour, stripes, checks = match.groups()
    pattern = "striped" if stripes else "checked" if checks else "dotted"
    return " ".join(filter(None, ((article or "").strip(), colour, pattern, thing.strip())))


_EN: tuple[tuple[re.Pattern[str], Turned], ...] = (
    (re.compile(r"\b(?:half an? |half[- ]|an? half[- ])dozen\b(?: of\b)?"), "six"),
    (re.compile(r"\b(?:an? |one )?dozen\b(?: of\b)?"), "twelve"),
    (
        re.compile(r"\b(?:an? |the )?family of (three|four) (?=(?!in |on |at |by |with |and |who "
                   r"|that |is |are |from |under |near |of |or |\w+ing )(?:[\w-]+ )?\w+)"),
        r"\1 ",
    ),
    (re.compile(r"\bnot \w+ing (?=(?:an?|the|any|his|her|its|their) )"), "not "),
    (re.compile(r"\bcacti\b"), "cactuses"),
    (
        re.compile(r"(?:,? and|,|,? with) (?:some |the )?(?:distant|far[- ]?away|far[- ]off) "
                   r"(mountains|hills)(?: in the (?:background|distance))?$"),
        r" in the \1",
    ),
    (re.compile(r"\boctopi\b"), "octopuses"),
    (re.compile(r"\bmangos\b"), "mangoes"),
    (re.compile(r"\brose[- ]gold\b"), "pink"),
    (
        re.compile(r"\b(?:neon|pastel|hot|baby|navy|dark|light|bright|pale|deep) "
                   r"(?=(?:red|blue|green|pink|yellow|orange|purple|brown|grey|gray)\b)"),
        "",
    ),
    (
        re.compile(r"\b(wine|champagne|beer|whisky|juice)((?: \w+)?) and "
                   rf"({COUNT_EN} )glasses"),
        r"\1\2 and \3glasses of \1",
    ),
    (
        re.compile(r"\bhatch(?:ing|es) (?:out )?(?:from|of) "
                   r"(?:an?|the|its|her|his) (?:\w+ )?egg\b"),
        "hatching",
    ),
    (re.compile(r"\bin an? (?:straight |long |neat )*(?:line|row)\b"), "in a row"),
    (
        re.compile(r"\b(an?|the|one) (?:(?:long|straight|neat|single) )*(?:row|line) of "
                   r"(?=(?:[\w-]+ ){0,3}?[\w-]+s\b)"),
        r"\1 row of ",
    ),
    (re.compile(rf"^a row of ({QUANTITY_EN} [\w -]+)$"), r"\1 in a row"),
    (
        re.compile(r"^([\w' -]+?),? (?:is )?(?:on|to|at) the (left|right)(?: side)?(?: and|,|;)+ "
                   r"([\w' -]+?),? (?:is )?(?:on|to|at) the (?!\2)(?:left|right)(?: side)?$"),
        r"\1 to the \2 of \3",
    ),
    (
        re.compile(r"^(?:on the )?left:? ([\w' -]+?)(?: and|,|;)+ (?:on the )?right:? ([\w' -]+)$"),
        r"\1 to the left of \2",
    ),
    (
        re.compile(r"^(?:(?:a (?:ring|circle) of|some|many|several|lots of) )?((?:\w+ )?\w+s) "
                   r"(?:all )?(?:around|surrounding) ((?:an?|the) [\w -]+)$"),
        r"\2 between two \1",
    ),
    (
        re.compile(
            rf"\b({QUANTITY_EN} )?([\w'-]+)(?:,)? (?:in|of|with|each in|all in) {_COLOURS}\b"
        ),
        r"\1colourful \2",
    ),
    (
        re.compile(rf"\b({_PATTERNED}(?: print)?) "
                   rf"((?:{_ANY_HUE}(?:,? and |, | & |[- ]))*{_ANY_HUE}) (?=[a-z])"),
        r"\2 \1 ",
    ),
    (
        re.compile(rf"\b(?:{_HUES} and white|white and {_HUES}) (?={_PATTERNED})"),
        lambda match: f"{match[1] or match[2]} ",
    ),
    (
        re.compile(rf"^((?:an?|the|{COUNT_EN}|a pair of) )?((?:(?!with\b)[\w'-]+ )+)with "
                   rf"(?:{_HUES} )?(?:(stripes)|(?:polka )?dots|(checks))$"),
        _patterned,
    ),
    (re.compile(r"^((?:an? )?)([\w' -]+?) with an? (?:bite|bite mark)(?: taken out)?(?: of it)?$"),
     r"\1bitten \2"),
    (re.compile(r"\bwith no [\w' -]+, (?:just|only) "), "with "),
    (re.compile(r"\b(?:different(?:ly)?|variously|multi)[- ]colou?red\b"), "colourful"),
    (
        re.compile(r"\bon ((?:an?|the|his|her) (?:\w+ ){0,2}?\w+)'s? (?:back|shoulders?|lap)\b"),
        r"on \1",
    ),
    (
        re.compile(r"\bon (?:the )?(?:back|roof|shoulders?|lap) of (?=(?:an?|the|his|her) )"),
        "on top of ",
    ),
    (
        re.compile(r"\b(balloons?|kites?|lanterns?|ribbons?|bows?|flags?|signs?|bells?|swings?) "
                   r"(?:that (?:is|are) )?(?:tied|attached|fastened|fixed) (?:to|onto)\b"),
        r"\1 on",
    ),
)  # fmt: skip
_MADE = (
    "(?:ice|snow|stone|marble|bronze|gold|golden|silver|wooden|wood|glass|crystal|clay|chocolate|"
    "metal|jade)"
)
_STATUES: tuple[tuple[re.Pattern[str], Turned], ...] = (
    (
        re.compile(
            rf"\b({_MADE}) (?:sculpture|statuette|statue|figurine|figure|carving) of "
            r"(?:an? |the )?"
        ),
        r"\1 ",
    ),
    (re.compile(r"\b(?:sculpture|statue) of (?:an? |the )?(?!liberty)"), "stone "),
)
"""A statue is what it shows, of another material."""
_CARVED = {"冰": "冰做的", "雪": "冰做的", "石": "石头", "木": "木头", "铜": "铜制的", "玉": "水晶"}
_CARVING = re.compile(r"([冰雪石木铜玉])雕(?:刻成?)?的?(?=[\u4e00-\u9fff])")
_LEFT_ZH, _IS_ZH = "左(?:边|侧|面)", "(?:的?是|有|放着?|:|：)?"
_ZH: tuple[tuple[re.Pattern[str], Turned], ...] = (
    (re.compile("一[大小](?=[堆盘筐篮碗束捧群排串摞杯桶袋盒锅])"), "一"),
    (re.compile("又([大小圆高长])又([红黄蓝绿紫黑白])的"), r"\1\2色的"),
    (re.compile(r"^一打(?=[\u4e00-\u9fff])"), "十二个"),
    (re.compile(r"一叶(?=[小扁轻孤]?[舟船])"), "一条"),
    (
        re.compile(r"^([\u4e00-\u9fff]{2,10}?)(?:[和与、,，]|还有)(?:远山|群山|远[处方]的(?:山|群山|高山))$"),
        r"群山中的\1",
    ),
    (
        re.compile(r"(?:小?木屋|小?房子|小屋|农舍)[，,、]?(?:的?屋顶上?的?)?烟囱[里上]?正?在?"
                   r"(?:冒|飘)(?:着|出)?[炊青白]?烟"),
        "烟囱冒烟的房子",
    ),
    (re.compile(r"^雨后的?(?=[\u4e00-\u9fff]{2})"), ""),
    (
        re.compile(r"(?:上空|上|里|中)?(?:出现|升起|挂着?)了?"
                   r"(?=(?:一[道条轮个])?(?:彩虹|月亮|太阳|满月)$)"),
        "里有",
    ),
    (re.compile(r"半打(?=[\u4e00-\u9fff])"), "六个"),
    (
        re.compile(r"^(?:一[个只])?(?:透明|玻璃|塑料|大|小|的)*罐子?[里中]面?(?:的|[装放盛][满着了有]+)"
                   r"(?=[\u4e00-\u9fff]{1,6}$)"),
        "一罐",
    ),
    (
        re.compile(f"^{_LEFT_ZH}{_IS_ZH}([\u4e00-\u9fff]+?)[,，和]?"
                   f"右(?:边|侧|面){_IS_ZH}([\u4e00-\u9fff]+)$"),
        r"\1在\2的左边",
    ),
    (
        re.compile(f"^([\u4e00-\u9fff]+?)在?{_LEFT_ZH}[,，]"
                   f"([\u4e00-\u9fff]+?)在?右(?:边|侧|面)$"),
        r"\1在\2的左边",
    ),
    (
        re.compile(r"[坐趴躺站蹲藏躲]着?在([\u4e00-\u9fff]{1,6}?)的?"
                   r"(下面|底下|下边|后面|旁边|前面|下)$"),
        r"在\1\2",
    ),
    (re.compile("[青蓝白]{2}(?:色|相间)?的?花纹的?(?=瓷)"), "青花"),
    (
        re.compile(r"(?:([红蓝绿黄黑粉紫橙灰棕])白|白([红蓝绿黄黑粉紫橙灰棕]))(?:色|相间)?的?"
                   r"(?=条纹|格子|格纹|波点|圆点|方格|花纹|印花|碎花)"),
        lambda match: f"{match[1] or match[2]}色",
    ),
    (
        re.compile(r"^([\u4e00-\u9fff]{1,6}?)的?(?:周围|四周)(?:有|是|的)+([\u4e00-\u9fff]{1,6})$"),
        r"\1在两个\2之间",
    ),
    (re.compile(r"(?<=[只个条朵辆件把张本顶双支艘颗])(?:不同|各种|多种)颜?色?的"), "彩色的"),
    (re.compile(r"^(?:很?多种|各种|不同)颜?色的|^(?:各色|五颜六色)的?"), "几个彩色的"),
    (
        re.compile(r"(?<=[\u4e00-\u9fff])的?(?:[脊后]?背|(?<![山屋房楼塔])头?顶|身|肩膀?|腿|膝盖?)上面?"
                   r"(?=的|有|坐|站|趴|停)"),
        "的上",
    ),
    (
        re.compile(r"(?<=[\u4e00-\u9fff])在([\u4e00-\u9fff]{1,4})(?:[脊后]?背|肩膀?)上"),
        r"在\1的上",
    ),
)  # fmt: skip


def in_plain_order(text: str, language: Language) -> str:
    """Return a prompt in lower case with such phrases as the grammars read them."""
    for pattern, plain in _ZH if language == "zh" else (*_EN, *_STATUES):
        text = pattern.sub(plain, text)
    return _CARVING.sub(lambda match: _CARVED[match[1]], text) if language == "zh" else text
