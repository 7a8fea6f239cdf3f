"""What a logo, a badge or a sticker shows, said behind it: "coffee shop logo with a bear".

It becomes what the styles read: "logo of a bear and a cup of coffee". What a shop or a place is
known by is in `place_signs.txt`.
"""

from __future__ import annotations

import re

from dall_e.planning.place_signs import sign_of
from dall_e.planning.places import place_named
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import COUNT_EN, is_chinese, with_article

_EMBLEMS = {
    "logo": "logo", "emblem": "logo", "badge": "logo", "crest": "logo", "patch": "logo",
    "icon": "icon", "app icon": "icon", "sticker": "sticker", "stamp": "stamp",
    "enamel pin": "enamel pin", "poster": "poster",
}  # fmt: skip
"""Words for what is shown on something, and the style that they mean."""
_LONGEST = 200
"""Characters of a prompt; a longer one is read as it is."""
_LOOKS = (
    r"(?:retro|vintage|minimalist|minimal|simple|round|circular|square|cute|modern|classic|flat|"
    r"old|hand-drawn|camping|outdoor|hiking|mountain|adventure|national park|cool|nice|beautiful|"
    r"colou?rful|fun|funny|kawaii|new|elegant|geometric|line|black and white|company|brand)"
)
_EN = re.compile(
    rf"^(?:(?:an?|the) )?(?:{_LOOKS},? )*(?P<lead>(?:[a-z'-]+ ){{0,3}}?)"
    rf"(?P<kind>{'|'.join(_EMBLEMS)}) (?:with|showing|featuring|that shows|that has) "
    rf"(?P<rest>(?:an? |the |{COUNT_EN} |some )?\w.+)$"
)
_BLANK = re.compile(
    r"^(?:an? )?(?:(?:white|thick|bold|red|blue|black|round) )*"
    r"(?:border|outline|rim|edge|background|text|circle)\b"
)
"""What is no picture on it."""
_ZH = re.compile(
    "^(?:一?个)?(?:复古|简约|极简|圆形|可爱|现代)?的?(?P<lead>[\u4e00-\u9fff]{1,6}?)的?"
    "(?P<kind>标志|徽章|徽标|商标|图标|贴纸)[，,]"
    "(?:(?:圆形|方形|简约|极简|复古|红色|蓝色|绿色)的?[，,])*(?:里面|上面|中间)?(?:有|带|画着)?"
    "(?P<rest>[\u4e00-\u9fff].*)$"
)
_CUTE_ZH = re.compile(
    "^(?P<cute>可爱|萌萌|呆萌)的?(?P<style>贴纸|简笔|卡通|像素|水彩|手绘)(?P<kind>风格?|画)?的"
    "(?P<rest>.+)$"
)


def with_emblem_first(text: str, vocabulary: Vocabulary) -> str:
    """Return a prompt in its normal form with a style before what it shows."""
    if len(text) > _LONGEST:
        return text
    if is_chinese(text):
        cute = _CUTE_ZH.match(text)
        if cute:
            return f"{cute['style']}{cute['kind'] or ''}的{cute['cute']}的{cute['rest']}"
        match = _ZH.match(text)
        if match is None:
            return text
        sign = _sign(match["lead"], vocabulary)
        lead = vocabulary.thing(sign).zh if sign else match["lead"]
        return f"{match['kind']}，{lead}和{match['rest']}"
    match = _EN.match(text.lower())
    if match is None or _BLANK.match(match["rest"]):
        return text
    lead, style = match["lead"].strip(), _EMBLEMS[match["kind"]]
    words = vocabulary.words_en
    sign = _sign(lead, vocabulary) or words.get(lead, "") or words.get(f"{lead} icon", "")
    also = f" and {with_article(sign)}" if sign and sign not in match["rest"] else ""
    return f"{style} of {match['rest']}{also}"


def _sign(words: str, vocabulary: Vocabulary) -> str:
    """The thing that stands for a place of a name; "" if it is no place."""
    place = place_named(words) if words else ""
    return sign_of(place, vocabulary) if place else ""
