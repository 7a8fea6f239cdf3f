"""Turns of Chinese, said as the grammar reads them.

乌龟背上驮着青蛙              青蛙在乌龟背上
脖子上系着围巾                戴着围巾
桌子下面有鞋,桌上放着灯       鞋在桌子下面,上面有灯
妈妈给宝宝剪指甲              妈妈和宝宝
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dall_e.images.places import places
from dall_e.planning.places import find_place
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.vocabulary import Thing

_LONGEST = 200
"""Characters of a prompt; a longer one is read as it is."""
_LONGEST_NOUN = 6
"""In characters."""
Turn = Callable[[str, Vocabulary], str]

_SOME = "[^,，。上下]{1,12}"
_END = "(?=$|[,，。])"
_STILL = "(?:正|还|都)?"
_BE = f"{_STILL}(?:[驮背载坐站趴蹲停骑落躺顶放搁摆]着?了?|有着?)"


def plainly_said(text: str, vocabulary: Vocabulary) -> str:
    """Return a Chinese prompt with such turns as the grammar reads them."""
    if len(text) > _LONGEST:
        return text
    for needed, turn in _TURNS:
        if needed.search(text):
            text = turn(text, vocabulary)
    return text


def _thing(words: str, vocabulary: Vocabulary) -> Thing | None:
    """The thing that words end in."""
    ends = (words[-length:] for length in range(min(len(words), _LONGEST_NOUN), 0, -1))
    name = next((vocabulary.words_zh[end] for end in ends if end in vocabulary.words_zh), "")
    return vocabulary.thing(name) if name else None


def _kind(words: str, vocabulary: Vocabulary) -> str:
    """The kind of the thing that words end in; "" if they end in none."""
    thing = _thing(words, vocabulary)
    return thing.kind if thing else ""


# Somebody and what they have on them

_ON_BACK = re.compile(f"^(?P<who>{_SOME}?)的?[后脊]?背上{_BE}(?P<what>{_SOME}){_END}")
_CARRIED = re.compile(f"^(?P<who>{_SOME}?){_STILL}[背驮][着了](?P<what>{_SOME}){_END}")
_ON_HEAD = re.compile(
    f"^(?P<who>{_SOME}?)的?头(?:顶?上|顶(?=有)|(?=顶着)){_BE}(?P<what>{_SOME}){_END}"
)
_HEADED = re.compile(f"^头(?:顶?上)?(?:[顶放]着)(?P<what>{_SOME}?)的(?P<who>{_SOME}){_END}")
_WORN = re.compile(
    f"的?(?:(?:脖子|脖颈|脖|颈)[上间]?{_STILL}(?:[系挂围戴套缠绕打]|佩戴)[着了有]*|"
    f"头上{_STILL}[戴系扎插别裹][着了有]*)(?=[^在的着])"
)
"""What is round a neck or on a head."""


def _on_somebody(text: str, vocabulary: Vocabulary) -> str:
    """What is carried on a back or a head is on whoever carries it; people have bags on."""
    text = _HEADED.sub(r"\g<what>在\g<who>上", _WORN.sub("戴着", text))
    for pattern in (_ON_BACK, _CARRIED, _ON_HEAD):
        match = pattern.match(text)
        who, what = (match["who"], match["what"]) if match else ("", "")
        if match is None or not (_thing(who, vocabulary) and _thing(what, vocabulary)):
            continue
        rest = text[match.end() :]
        kinds = _kind(who, vocabulary), _kind(what, vocabulary)
        if pattern is not _ON_HEAD and kinds[0] == "person":
            return f"{who}背着{what}{rest}" if pattern is _ON_BACK else text
        if pattern is _CARRIED and "驮" not in match[0] and kinds[1] not in ("animal", "person"):
            return text
        return f"{what}在{who}{'上' if pattern is _ON_HEAD else '背上'}{rest}"
    return text


# One thing with two others, on either side of it

_SIDE = "(?:上面?|下面?|底下|左[边面侧]|右[边面侧]|前面|后面)"
_THERE = "(?:正|还|都|也)?(?:有|[放摆躺趴坐藏站睡停蹲挂搁]着?了?|是)+"
_EITHER = re.compile(
    f"^(?P<it>[^,，。]{{1,5}}?)子?的?(?P<first>{_SIDE}){_THERE}(?P<a>[^,，。]{{1,10}}?)[,，和]?"
    f"(?:(?P=it)子?的?|(?<=[,，]))(?P<second>{_SIDE}){_THERE}(?P<b>[^,，。]{{1,10}})$"
)
_FULL = {"上": "上面", "下": "下面", "底下": "下面"}


def _on_either_side(text: str, vocabulary: Vocabulary) -> str:
    match = _EITHER.match(text)
    if match is None or match["first"][0] == match["second"][0]:
        return text
    it = f"{match['it']}子" if f"{match['it']}子" in vocabulary.words_zh else match["it"]
    first, second = (_FULL.get(side, side) for side in (match["first"], match["second"]))
    # What is on it is said last: 在桌子上 alone is a place.
    if first[0] == "上":
        return f"{match['b']}在{it}{second},{first}有{match['a']}"
    return f"{match['a']}在{it}{first},{second}有{match['b']}"


_LEANING = re.compile(
    "(?:斜|倚)?[靠倚]着?在?(?:墙角|墙边|墙上|墙壁上|墙根|墙壁|墙)[里上旁下]?(?![\u4e00-\u9fff])|"
    "^墙[角边上根]?[里下旁]?[靠倚]着"
)


def _by_a_wall(text: str, _: Vocabulary) -> str:
    return _LEANING.sub("", text)


# Light and steam

_LAMP = "(?:[红黄白彩暖]色?的?)?(?:路灯|街灯|灯泡|灯笼|霓虹灯|彩灯|台灯|灯火|灯光|灯)"
_LAMPS = f"(?:一[盏串排个只])?{_LAMP}"
_LIT = re.compile(
    f"[,，]{_LAMPS}{_STILL}[亮点]着?了?{_END}|^{_LAMPS}{_STILL}[亮点]着的|"
    f"(?<=[里外边旁]){_LAMPS}{_STILL}亮着{_END}|"
    f"[,，]{_STILL}[亮点]着{_LAMPS}{_END}|^[亮点]着{_LAMPS}的|[,，]?灯火通明的?"
)
_SHINING = re.compile(f"(?P<lamp>{_LAMP}){_STILL}亮着(?:光|的)?")
_WITH_LAMPS = re.compile(
    "market|street|night|city|town|village|alley|shop|front|square|fair|christmas|station|lantern|"
    "road|park|bridge|harbour|skyline"
)
"""Of places in the open, those with lamps of their own; rooms have them all."""


def _with_lights(text: str, vocabulary: Vocabulary) -> str:
    """The lamps of a place are in its drawing; any other lamp shines."""
    left = _LIT.sub("", text)
    found = find_place(left, chinese=True, is_noun=vocabulary.words_zh.__contains__)
    place = found.setting.partition("+")[0] if found and left != text else ""
    if place in places() and (places()[place].kind == "indoor" or _WITH_LAMPS.search(place)):
        return left
    return _SHINING.sub(lambda match: f"发光的{match['lamp']}", text)


_STEAM = re.compile(
    f"(?P<before>[\u4e00-\u9fff]*?)[里上]?{_STILL}(?:冒|飘|散发|升)[着出起]?(?:腾腾的?|白色的?|阵阵)?"
    "(?:热气|白气|蒸汽)(?:腾腾)?(?P<of>的)?"
)


def _with_steam(text: str, vocabulary: Vocabulary) -> str:
    """Food that steams is hot; nothing else of it is drawn."""

    def hot(match: re.Match[str]) -> str:
        before = match["before"]
        if match["of"]:
            return f"{before}热气腾腾的"
        for length in range(min(len(before), _LONGEST_NOUN), 0, -1):
            name = vocabulary.words_zh.get(before[-length:], "")
            if name and vocabulary.thing(name).kind == "food":
                return f"{before[:-length]}热气腾腾的{before[-length:]}"
        return before

    text = re.sub("[,，]热气腾腾$", "", text)
    return _STEAM.sub(hot, text).strip(",，") or text


# In the field and on the river

_DITCH = re.compile(
    "(?:[站泡躺趴走卧歇]着?)?在(?:水沟|水渠|沟渠|沟|田埂|泥塘|泥水|泥|水)[里中上](?:面)?"
    f"(?:[站泡躺趴走卧歇]着?|休息|打滚)?{_END}"
)
_WET = re.compile("(?<!水)稻田(?=.*(?:水牛|水沟|水渠|插秧|秧苗|泥))")


def _in_the_field(text: str, _: Vocabulary) -> str:
    """What is in a ditch of a field is in the field, and a field with water is a paddy."""
    return _DITCH.sub("", _WET.sub("水稻田", text))


_ON_RIVER = re.compile(
    "(?<=[,，])(?:河(?:里|面|中|上)(?:面|上)?|(?:小|石|拱)*桥下面?)(?:正|还)?(?:有|[漂停划行泊驶飘]着?过?了?)+(?=[^,，])"
)
_RIVERSIDE = re.compile("江南|水乡|古镇|小桥|石桥|拱桥")


def _on_the_river(text: str, _: Vocabulary) -> str:
    """The river of a water town is in its drawing."""
    return _ON_RIVER.sub("有", text) if _RIVERSIDE.search(text) else text


# Plum blossom

PLUM, _STANDS_FOR = "梅花", "腊梅"
"""The blossom, which is a suit of cards too, and the word that it is read as: no suit."""
_SUIT = re.compile("扑克|纸牌|花色|红桃|黑桃|方块|符号|梅花[A-Za-z0-9鹿桩]")
_BLOOMS = re.compile(
    "枝|树|盛开|开放|绽放|开[满着了]|一[朵棵]|赏|雪|冬|[鸟鹊雀莺燕]|花瓶|水墨|国画"
)
_OPEN = "(?:盛开|开放|绽放)"
_BLOSSOM = re.compile(f"(?:一[枝朵束]|几枝)?{_OPEN}?的?梅花(?:正|都)?(?:{_OPEN}|开了)?")
_BRANCH = "(?:一[枝根棵株])?(?:盛开|开放)?的?梅花?(?:(?:树的?)?枝(?:头上?|条?上)|树上)"
_PERCHED = re.compile(
    f"^(?P<who>{_SOME}?)(?:[站停落歇栖立坐]息?着?)?[在于到]{_BRANCH}(?:唱歌|歌唱)?{_END}|"
    f"^{_BRANCH}(?:的|(?:[站停落歇栖立坐]着?了?|有)+)(?P<whose>{_SOME}){_END}"
)


def _plum_blossom(text: str, _: Vocabulary) -> str:
    if _SUIT.search(text) or not _BLOOMS.search(text):
        return text
    match = _PERCHED.match(text)
    if match:
        who = match["who"] or match["whose"]
        return f"{who}和{_STANDS_FOR}在树枝上{text[match.end() :]}"
    return text if "梅花树" in text else _BLOSSOM.sub(_STANDS_FOR, text)


def as_asked(word: str, text: str) -> str:
    """A word that something else was drawn for, as a prompt has it."""
    return PLUM if word == _STANDS_FOR and word not in text else word


# What is done to somebody

_FOR = f"(?P<who>[^,，。]{{0,10}}?){_STILL}(?:正?在)?[给帮替为](?P<whom>[^,，。给]{{1,8}}?)"
_BODY = re.compile(
    f"{_FOR}(?:剪|修剪?|涂|染|擦|洗|扎|编|掏|挖|刷|刮|剃|吹|梳(?!头)|按摩?|揉|捏|看|拔|检查|量|抹|挠)(?:了|着)?"
    "(?:手?指甲|脚?趾甲|头发|长发|短发|辫子|马尾|耳朵|鼻子|鼻涕|嘴巴?|眼泪|眼睛|手|脚丫?|脸|屁股|后背|背|牙齿?|"
    f"胡子|毛|肩膀?|肚子|体温|身体)(?:[呢啊]|上)?{_END}"
)
_HAIRCUT = re.compile(f"{_FOR}(?:理发|剃头|剪发){_END}")
_WASHED = re.compile(f"{_FOR}洗(?:个)?(?:热水)?澡{_END}")
_CHANGED = re.compile(f"{_FOR}换(?P<what>尿布|尿不湿|纸尿裤){_END}")
_FED = re.compile(f"{_FOR}喂(?:米饭|饭|粥){_END}")
_SMALL = re.compile("宝宝|宝贝|婴儿|娃娃?$")
_WHERE = re.compile("[里上中下外旁边]$")


def _done_to(text: str, vocabulary: Vocabulary) -> str:
    """Who is cared for is there, whole: the nails that are cut are no thing."""

    def both(match: re.Match[str], whom: str, link: str = "和") -> str:
        who = match["who"]
        return f"{who}{'' if not who or _WHERE.search(who) else link}{whom}"

    def tended(match: re.Match[str]) -> str:
        return both(match, match["whom"], "抱着" if _SMALL.search(match["whom"]) else "和")

    def washed(match: re.Match[str]) -> str:
        whom = match["whom"]
        return both(match, f"{'浴缸里' if _SMALL.search(whom) else '洗澡'}的{whom}")

    def fed(match: re.Match[str]) -> str:
        is_held = _SMALL.search(match["whom"]) and match["who"]
        return match[0] if is_held else both(match, f"{match['whom']}和一碗米饭", "、")

    text = _HAIRCUT.sub(lambda match: both(match, match["whom"]), text)
    text = _BODY.sub(tended, text)
    text = _CHANGED.sub(lambda match: both(match, f"{match['whom']}和尿布", "、"), text)
    return _FED.sub(fed, _WASHED.sub(washed, text))


_PICKER = re.compile(
    "^(?P<before>.*?)采茶(?:的?(?:女孩?|姑娘|妹子?|少女)|[工人](?!家))|^(?P<lone>采茶叶?)$"
)
_PICKING = re.compile(
    f"^(?:茶?山上的?)?(?P<who>{_SOME}?)(?:正?在)?(?:茶园里?|茶山上?|茶田里?)?采着?茶叶?{_END}"
)


def _picking_tea(text: str, _: Vocabulary) -> str:
    """Who picks tea is in a tea plantation."""
    text = re.sub("(?:茶园里?|茶山上?)?的?采茶叶?的(?=[\u4e00-\u9fff])", "茶园里的", text)
    text = _PICKER.sub(lambda match: f"{match['before'] or ''}茶园里的女孩", text)
    match = _PICKING.match(text)
    return f"茶园里的{match['who']}{text[match.end() :]}" if match else text


def _stone_lion(text: str, _: Vocabulary) -> str:
    return re.sub("石狮(?!子)", "石狮子", text)


_TURNS: tuple[tuple[re.Pattern[str], Turn], ...] = tuple(
    (re.compile(needed), turn)
    for needed, turn in (
        ("[背头颈脖驮]", _on_somebody),
        (_SIDE, _on_either_side),
        ("[靠倚]", _by_a_wall),
        ("[亮点]着|亮了|灯火通明", _with_lights),
        ("热气|白气|蒸汽", _with_steam),
        ("[水稻秧梯]田", _in_the_field),
        ("河|桥下", _on_the_river),
        ("梅", _plum_blossom),
        ("[给帮替为]", _done_to),
        ("采茶|采着茶", _picking_tea),
        ("石狮", _stone_lion),
    )
)
"""What a text must have for a turn to be in it, and the turn said plainly."""
