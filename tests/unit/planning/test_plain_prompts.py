"""Colours, patterns, forms and laid tables, as people say them."""

import pytest

from dall_e.planning.parser import Parse, parse
from dall_e.planning.vocabulary import Vocabulary

KNOWN = Vocabulary.from_text(
    """
    rain coat | 雨衣 | object | - | raincoat
    button | 纽扣 | object
    jar | 罐子 | object
    jar of buttons | 一罐纽扣 | object
    glass jar of cherries | 一罐樱桃 | object | - | jar of cherries
    cherries | 樱桃 | food | - | cherry
    mustard | 芥末 | food | - | mustard bottle
    lavender | 薰衣草 | plant | - | lavender sprig
    salmon | 三文鱼 | animal
    ice cream truck | 冰淇淋车 | vehicle
    truck | 卡车 | vehicle
    ice cream | 冰淇淋 | food
    mint | 薄荷 | plant
    dress | 连衣裙 | object
    sofa | 沙发 | object
    canoe | 独木舟 | vehicle
    hook | 挂钩 | object
    sky | 天空 | sky
    teapot | 茶壶 | object
    mug | 杯子 | object
    girl | 女孩 | person
    square | 方块 | symbol
    circle | 圆 | symbol
    clock | 时钟 | clock
    cake | 蛋糕 | food
    round table | 圆桌 | object
    raccoon | 浣熊 | animal
    bear | 熊 | animal
    tooth-brushing dog | 刷牙的狗 | animal
    dog | 狗 | animal
    man brushing teeth | 刷牙的男人 | person
    man | 男人 | person
    tooth | 牙齿 | object | - | teeth
    toothbrush | 牙刷 | object
    comb | 梳子 | object
    hair | 头发 | object
    star | 星星 | sky
    fire | 火 | object
    tent | 帐篷 | object
    swing | 秋千 | object
    slide | 滑梯 | object
    playground slide | 游乐场滑梯 | object | - | playground
    child | 孩子 | person
    table | 桌子 | object
    chair | 椅子 | object
    roast chicken | 烤鸡 | food | - | roast turkey
    turkey | 火鸡 | animal
    candle | 蜡烛 | object
    towel | 毛巾 | object
    leaf | 叶子 | plant
    mouth | 嘴 | object
    eye | 眼睛 | object
    """
)


def read(prompt: str) -> Parse:
    return parse(prompt, KNOWN)


def drawn(prompt: str) -> str:
    """The things of a prompt with what is painted on them, and its place."""
    scene = read(prompt).scene
    assert scene is not None
    looks = (
        " ".join(filter(None, (item.size, item.colour, item.pattern, item.material, item.name)))
        for item in scene.objects
    )
    return " + ".join(looks) + (f" @{scene.background}" if scene.background else "")


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("a mustard yellow raincoat", "yellow rain coat"),
        ("cherry red canoe", "red canoe"),
        ("a salmon-pink dress", "pink dress"),
        ("the sky blue sofa", "blue sofa"),
        ("two canoes, one red one teal", "red canoe + blue canoe"),
        ("a maroon sofa", "red sofa"),
        ("a lavender dress", "purple dress"),
        ("a mustard-coloured sofa", "yellow sofa"),
        ("a lavender sprig", "lavender"),
        ("a mustard bottle", "mustard"),
        ("a salmon", "salmon"),
        ("an ice cream truck", "ice cream truck"),
        ("make the sky blue", "sky"),
    ],
)
def test_colours_by_other_names(prompt: str, things: str) -> None:
    assert drawn(prompt) == things


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("a yellow raincoat with big wooden buttons", "yellow rain coat"),
        ("a yellow raincoat with big buttons on a hook", "yellow rain coat + hook"),
        ("tiny purple teapot with white dots", "small purple dotted teapot"),
        ("a red dress with white polka dots on a hook", "red dotted dress + hook"),
        ("a white mug with blue stripes", "white striped mug"),
    ],
)
def test_parts_and_patterns_are_on_their_thing(prompt: str, things: str) -> None:
    understood = read(prompt)
    assert (drawn(prompt), understood.unread) == (things, ())


def test_the_second_colour_of_a_pattern_is_said_to_be_unread() -> None:
    assert drawn("a blue mug with yellow stripes") == "blue striped mug"
    assert read("a blue mug with yellow stripes").unread == ("yellow",)


@pytest.mark.parametrize(
    ("prompt", "things", "unread"),
    [
        ("square wooden clock", "wood clock", ("square",)),
        ("a square blue cake", "blue cake", ("square",)),
        ("a round red sofa", "red sofa", ("round",)),
        ("a round red table by a sofa", "red round table + sofa", ()),
        ("a round table by a red sofa", "round table + red sofa", ()),
        ("a red square and a blue circle", "red square + blue circle", ()),
        ("a square inside a circle", "square + circle", ()),
    ],
)
def test_a_form_before_a_noun_is_no_thing(
    prompt: str, things: str, unread: tuple[str, ...]
) -> None:
    assert (drawn(prompt), read(prompt).unread) == (things, unread)


@pytest.mark.parametrize(
    ("prompt", "things", "unread"),
    [
        ("see through glass jar full of pink buttons", "jar of buttons", ("pink",)),
        ("a big jar filled with buttons", "big jar of buttons", ()),
        ("glass jar containing red cherries", "red glass jar of cherries", ()),
    ],
)
def test_a_full_jar_is_its_drawing(prompt: str, things: str, unread: tuple[str, ...]) -> None:
    assert (drawn(prompt), read(prompt).unread) == (things, unread)


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("a raccoon brushing its teeth", "raccoon + toothbrush"),
        ("a bear combing its hair", "bear + comb"),
        ("a dog brushing its teeth", "tooth-brushing dog"),
        ("a man brushing his teeth", "man brushing teeth"),
    ],
)
def test_who_has_no_picture_of_an_act_holds_the_tool(prompt: str, things: str) -> None:
    assert drawn(prompt) == things


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("campsite at night, stars and a little fire, a bear", "bear @night-camp"),
        ("school playground at recess, children, swings and slide", "child @playground"),
        ("two red stars at night", "red star @night"),
    ],
)
def test_what_a_place_shows_is_not_drawn_again(prompt: str, things: str) -> None:
    assert drawn(prompt) == things


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("thanksgiving table with roast turkey and candles", "roast chicken + candle @table"),
        ("a christmas table with turkey", "roast chicken @table"),
        ("a kitchen table with a cake", "cake @table"),
        ("a dinner table with four chairs", "chair + table"),
    ],
)
def test_what_is_served_lies_on_the_table(prompt: str, things: str) -> None:
    assert drawn(prompt) == things


@pytest.mark.parametrize("prompt", ["towels flying away", "a flying towel", "leaves flying"])
def test_what_the_wind_takes_gets_no_wings(prompt: str) -> None:
    scene = read(prompt).scene
    assert scene is not None
    assert [item.condition for item in scene.objects] == [""]


@pytest.mark.parametrize(
    ("prompt", "things", "unread"),
    [
        ("a man on a sofa, mouth open", "man + sofa", ("mouth", "open")),
        ("a dog, its eyes closed, on a sofa", "dog + sofa", ("eyes", "closed")),
        ("a man sleeping, eyes closed", "man", ("sleeping",)),
        ("a bear roaring, mouth wide open", "bear", ("roaring",)),
    ],
)
def test_how_somebody_looks_is_no_thing(prompt: str, things: str, unread: tuple[str, ...]) -> None:
    assert (drawn(prompt), read(prompt).unread) == (things, unread)
