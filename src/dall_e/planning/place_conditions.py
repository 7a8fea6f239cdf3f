"""The words for times of day, weathers and seasons, in both languages.

`places` finds places and these in prompts.
"""

from __future__ import annotations

import re
from functools import lru_cache

_OVER = r"(?= (?:over|above|across|behind)\b)"
"""What is in the sky is named before the place under it."""
_TIMES_EN = (
    (
        "night",
        r"(?:late )?(?:at|by|in the|during the) (?:\w+ )?night(?:time)?|at midnight|"
        r"(?:under|beneath|below) (?:the|a) (?:starry |night |clear )*(?:stars|moon|moonlight"
        r"|(?<=starry )sky|(?<=night )sky)|"
        r"under (?:a|the) sky full of stars|with (?:a )?stars in the sky|"
        r"(?:in|by|under) (?:the )?(?:moonlight|starlight)|in the dark(?! \w)|"
        r"(?=(?:rainy|snowy|stormy|foggy|misty|windy|cloudy|wintry|winter|summer|autumn) night\b)",
    ),
    (
        "sunset",
        r"(?:at|during|before|in|into|under|against|by) (?:an? |the )?(?:\w+ )?(?:sunset|sunrise|"
        r"dusk|dawn|sundown|twilight|golden hour)|(?:in|on) the (?:early )?(?:evening|morning)"
        r"(?: light)?|(?:^|(?<=^the )|(?<=^a ))(?:\w+ )?(?:sunset|sunrise)(?: sky)?"
        r"(?=$|,| (?:over|on|in|at|above|behind|with|by)\b)|\bwith (?:a|the) (?:sunset|sunrise)",
    ),
    ("", r"by day|in the day(?:time|light)|during the day(?:time)?|at noon"),
)
_WEATHERS_EN = (
    (
        "storm",
        r"^(?:(?:an?|the) )?(?:\w+ )?(?:thunder ?|rain ?|lightning ?)?storms?"
        r"(?= ?$| ?,| (?:with|and|at|over|in|on)\b)|"
        r"^(?:(?:an?|the) )?(?:\w+ )?lightning(?: bolts?)? in (?:an?|the) (?:\w+ )?sky|"
        r"(?:with|and) (?:an? |the )?"
        r"(?:(?:bright|big|loud|flashing|huge|bolts? of|flash(?:es)? of) )*"
        r"(?:lightning|thunder)"
        r"(?: (?:and thunder|bolts?|strikes?|flash(?:es)?))?|"
        r"(?:in|during|through) (?:an? |the )?(?:\w+ )?(?:thunder ?|lightning ?)?storm|"
        r"with (?:thunder and )?lightning|on a stormy (?:day|night)|"
        rf"^(?:(?:an?|the) )?(?:bolt of |thunder ?)?(?:lightning(?: bolts?)?|storm){_OVER}",
    ),
    (
        "rain",
        r"(?:in|under|through|during) (?:an? |the )?(?:heavy |pouring |light |falling )*"
        r"(?:rain(?! forest)|rainstorm|downpour)|on an? rainy (?:day|night)|"
        r"(?:when|while) it (?:is |')?rain(?:s|ing)|^(?:heavy )?rain(?= (?:in|on|over)\b)",
    ),
    (
        "snow",
        r"(?:in|on|through|under) (?:an? |the )?(?:deep |falling |heavy |fresh )*(?:snow|snowstorm|"
        r"snowfall|blizzard)|(?:in|during) (?:the )?winter|on a snowy (?:day|night)|covered (?:in|"
        r"with) snow|^(?:falling )?snow(?:fall)?(?= (?:in|on|over)\b)",
    ),
    ("fog", r"(?:in|through) (?:an? |the )?(?:thick |morning )*(?:fog|mist|haze)|"
     rf"on a foggy (?:day|night|morning)|(?:covered|shrouded) (?:in|with|by) (?:fog|mist)|"
     rf"^(?:(?:thick|morning) )?(?:fog|mist){_OVER}"),
    ("sun", r"(?:in|on) (?:an? |the )?(?:bright )?(?:sunshine|sunlight|sunny day)|in the sun\b|"
     r"in (?:the )?summer(?:time)?|on an? (?:hot )?summer(?:'s)? day"),
    ("clouds", r"on a cloudy day|under a cloudy sky"),
    ("rainbow", rf"(?:under|beneath|below) (?:an?|the) (?:\w+ )?rainbow|with (?:an?|the) "
     rf"(?:\w+ )?rainbow (?:in the sky|above|overhead|in the background)|"
     rf"(?:^|with )(?:(?:an?|the) )?(?:\w+ )?rainbow (?:after|following) "
     rf"(?:an? |the |some )?(?:\w+ )?(?:rain(?:storm|fall)?|storm|shower)|"
     rf"^(?:(?:an?|the) )?(?:(?:\w+ )?rainbow){_OVER}"),
    ("wind", r"(?:in|through|against) (?:an? |the )?(?:strong )?(?:wind|gale|windstorm|breeze)|"
     r"on a windy (?:day|night)"),
    ("autumn", r"(?:in|during) (?:the )?(?:late |early )?(?:autumn|fall)(?: season)?|"
     r"on an autumn day|with (?:autumn|fall) leaves"),
    ("spring", r"(?:in|during) (?:the )?(?:early )?spring(?:time)?|on a spring day"),
    ("full-moon", r"(?:under|beneath|below|by|in) (?:the light of )?(?:an?|the) (?:big |bright )*"
     r"full moon|(?:on|during) (?:an? |the )?full moon(?: night)?|with (?:an?|the) full moon"
     rf"(?: in the sky)?|^(?:(?:an?|the) )?(?:\w+ )?moon{_OVER}"),
    ("aurora", r"(?:under|beneath|with) (?:the |an? )?(?:northern lights|aurora(?: borealis)?)|"
     rf"^(?:the |an? )?(?:northern lights|aurora(?: borealis)?){_OVER}"),
    ("meteors", r"(?:under|with|during) (?:an? |the )?(?:meteor shower|shooting stars?)"
     rf"(?: in the sky)?|^(?:an? |the )?(?:meteor shower|shooting stars?){_OVER}"),
    ("fireworks", r"(?:under|beneath|with) (?:the )?fireworks(?: in the (?:night )?sky)?|"
     rf"^(?:the )?fireworks{_OVER}"),
)  # fmt: skip
ADJECTIVES_EN = {
    "night": "night nighttime moonlit starry nocturnal dark midnight",
    "sunset": "sunset sunrise evening dusk dawn",
    "rain": "rainy raining wet",
    "snow": "snowy snow-covered snowing winter wintry frozen icy",
    "fog": "foggy misty hazy",
    "storm": "stormy",
    "clouds": "cloudy overcast",
    "sun": "sunny sunlit summer",
    "wind": "windy windswept",
    "autumn": "autumn autumnal",
    "spring": "spring springtime",
}

_NIGHTS_ZH = (("weather", "snow", "雪(?=夜)"), ("weather", "rain", "雨(?=夜)"))
"""A weather that is said together with the night: 雪夜."""
_TIMES_ZH = (
    (
        "night",
        "(?<=,)夜(?:里|晚|中)?的?|(?:在)?(?:夜晚|夜里|晚上|深夜|午夜|夜间|月光下|星光下|星空下|夜空下|(?<![满圆明])月下|夜色中|月夜|黑夜)"
        "(?:里|中|时)?的?|(?<=市)夜景|(?:的)?夜景",
    ),
    (
        "sunset",
        "(?:在)?(?:日落时分|日落时|日出时|日落|日出|夕阳下|夕阳西下|夕阳中|夕阳|黄昏时?|傍晚|清晨|"
        "早晨|晚霞|黎明)(?:里|中|下|时)?的?",
    ),
    ("", "(?:在)?(?:白天|午后|下午|中午|正午)(?:里|时)?的?"),
)
_WEATHERS_ZH = (
    (
        "storm",
        "(?:在)?(?:暴风雨|雷雨|雷电|雷暴|电闪雷鸣|闪电(?=[中里下天]))(?:中|里|下|天)?的?(?:闪电|雷电|天空)?",
    ),
    (
        "rain",
        "(?:在)?(?:下雨天|雨天|雨中|雨里|[大小暴细]雨(?:中|里|天)|下着雨|下雨|烟雨)(?:里|中|时)?的?",
    ),
    (
        "snow",
        "(?:在)?(?:暴?风雪(?:中|里|天)?|下雪天|雪天|雪中|雪里|[大暴]雪(?:纷飞|中|里|天)|下着雪|下雪|雪后|冬天|冬季|"
        "冬日|飘雪|白雪覆盖|积雪覆盖)(?:里|中|时)?的?",
    ),
    ("fog", "(?:在)?(?:[云迷晨]?雾中|雾里|大雾|浓雾|薄雾|晨雾|有雾|云雾缭绕|雾蒙蒙)(?:中|里)?的?"),
    (
        "sun",
        "(?:在)?(?:阳光下|晴天|夏天|夏季|夏日|阳光(?:明媚|灿烂|充足|很好|正好)|"
        "太阳(?:很|好|真|非常)?(?:大|毒|晒|好)(?=$|[,，。的])|太阳(?:高照|当空)|艳阳高?照?|"
        "烈日(?:炎炎|当空|下)?|骄阳似火|晴空万里|万里晴空|(?:天气)?晴朗)(?:里|中)?的?",
    ),
    ("clouds", "(?:在)?(?:阴天|多云)的?"),
    (
        "rainbow",
        "(?:在)?(?:雨后彩虹|彩虹)(?:之?下)的?|(?:大雨|雨|雨过天晴)(?:过?后|之后)?的?(?:一道|天空)?的?彩虹|有彩虹的",
    ),
    (
        "wind",
        "(?:在)?(?:[大狂微]风(?:中|里|天)|(?<![卷旋台屏暴])风[中里]|刮风|起风)(?:的时候|时)?的?",
    ),
    ("autumn", "(?:在)?(?:的)?(?:秋天|秋季|秋日|深秋|金秋)(?:里|时)?的?"),
    ("spring", "(?:在)?(?:的)?(?:春天|春季|春日|阳春)(?:里|时)?的?"),
    (
        "full-moon",
        "(?:在)?(?:一轮)?(?:满月|圆月|明月|月亮)(?:之?下面?|当空|夜)的?|月圆之夜的?|中秋夜(?:里|晚)?的?",
    ),
    ("aurora", "(?:在)?极光(?:之?下)的?"),
    ("meteors", "(?:在)?(?:流星雨|流星)(?:之?下|划过)的?"),
    (
        "fireworks",
        "(?:在)?(?:烟花|烟火)(?:之?下|绽放)的?|放(?:烟花|烟火)的(?:夜晚|晚上|夜空)?|满天(?:烟花|烟火)的?",
    ),
)


def _days(meanings: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Patterns for "a rainy day in", by what an adjective means."""
    ahead = r"(?= (?:in|at|on|by|over|near|with)\b)"
    return tuple(
        (
            meaning,
            rf"^(?:(?:an?|the) )?(?:\w+ ){{0,2}}?(?:{ADJECTIVES_EN[meaning].replace(' ', '|')}) "
            rf"(?:\w+ )?(?:day|night|morning|afternoon|evening|time){ahead}",
        )
        for meaning in meanings
    )


@lru_cache(maxsize=2)
def conditions(chinese: bool) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Return what to look for: time or weather, which one, and the words for it."""
    times: tuple[tuple[str, str], ...] = _TIMES_ZH if chinese else _TIMES_EN
    weathers: tuple[tuple[str, str], ...] = _WEATHERS_ZH if chinese else _WEATHERS_EN
    if not chinese:
        of_times = ("night", "sunset")
        others = tuple(meaning for meaning in ADJECTIVES_EN if meaning not in of_times)
        times, weathers = (*times, *_days(of_times)), (*weathers, *_days(others))
    nights = tuple((kind, said, re.compile(pattern)) for kind, said, pattern in _NIGHTS_ZH)
    return (nights if chinese else ()) + tuple(
        (kind, meaning, re.compile(pattern if chinese else rf"(?<![\w'])(?:{pattern})\b"))
        for kind, known in (("time", times), ("weather", weathers))
        for meaning, pattern in known
    )
