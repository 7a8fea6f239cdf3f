"""Everyday Chinese: names that no short name inside them stands for, and turns of phrase."""

from __future__ import annotations

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary

ROWS = """
man fairy | 仙人 | person
cactus | 仙人掌 | plant
flower | 花 | plant
plate of mantou | 馒头 | food
trumpet | 小号 | object
mouse | 老鼠 | animal
mouse trap | 捕鼠器 | object
triangle | 三角 | symbol
triangular ruler | 三角尺 | object
donkey | 驴 | animal
dango | 团子 | food
fly | 苍蝇 | animal
tennis racket | 网球拍 | object
magpie | 喜鹊 | animal
branch | 树枝 | plant
cherry blossom | 樱花 | plant
club suit | 梅花 | symbol
heart suit | 红桃 | symbol
cat | 猫 | animal
dog | 狗 | animal
bathing dog | 洗澡的狗 | animal
table | 桌子 | object
bed | 床 | object
pillow | 枕头 | object
desk lamp | 台灯 | object
house | 房子 | building
tree | 树 | plant
car | 汽车 | vehicle
boy | 男孩 | person
girl | 女孩 | person
woman | 女人 | person
doctor | 医生 | person
barber | 理发师 | person
cooked rice | 米饭 | food
"""


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    """A model that knows short names, and better ones for longer words."""
    return Vocabulary.from_text(ROWS)


def names(prompt: str, known: Vocabulary) -> list[str]:
    """What a prompt shows, by name."""
    scene = parse(prompt, known).scene
    return [item.name for item in scene.objects] if scene else []


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("仙人球", "cactus"),
        ("一盆仙人球", "cactus"),
        ("老鼠夹", "mouse trap"),
        ("三角板", "triangular ruler"),
    ],
)
def test_a_longer_word_is_no_short_name_inside_it(
    prompt: str, name: str, known: Vocabulary
) -> None:
    assert names(prompt, known) == [name]
    assert not parse(prompt, known).nearest, "it is the same thing"


@pytest.mark.parametrize(
    ("prompt", "word", "name"),
    [
        ("唢呐", "唢呐", "trumpet"),
        ("一把唢呐", "唢呐", "trumpet"),
        ("花卷", "花卷", "plate of mantou"),
        ("驴打滚", "驴打滚", "dango"),
        ("苍蝇拍", "苍蝇拍", "tennis racket"),
    ],
)
def test_what_is_near_is_drawn_and_told(
    prompt: str, word: str, name: str, known: Vocabulary
) -> None:
    read = parse(prompt, known)
    assert names(prompt, known) == [name]
    assert [(near.word, near.name) for near in read.nearest] == [(word, name)]
    assert not read.unread


def told(prompt: str, vocabulary: Vocabulary) -> tuple[list[str], list[str], str]:
    """What a prompt shows by name, how its things stand to each other, and where they are."""
    read = parse(prompt, vocabulary)
    assert read.scene is not None
    assert not read.unread
    items = [item.name for item in read.scene.objects]
    links = [f"{items[a]} {how} {items[b]}" for a, how, b in read.scene.all_links]
    links += [f"{items[a]} {how} {items[b]}" for a, how, b in read.scene.actions]
    return sorted(items), sorted(links), read.scene.background


@pytest.mark.parametrize(
    ("prompt", "link"),
    [
        ("乌龟背上驮着一只蜗牛", "snail on turtle"),
        ("一只乌龟的背上有一只蜗牛", "snail on turtle"),
        ("大象背着一只猴子", "monkey on elephant"),
        ("老马驮着两个箱子", "box on horse"),
        ("海豹头顶着球", "ball on seal"),
        ("猫头上顶着一个苹果", "apple on cat"),
        ("头上顶着球的海豹", "ball on seal"),
    ],
)
def test_what_is_on_a_back_or_a_head_is_on_top(
    prompt: str, link: str, vocabulary: Vocabulary
) -> None:
    assert told(prompt, vocabulary)[1] == [link]


@pytest.mark.parametrize(
    ("prompt", "thing"),
    [
        ("女孩脖子上系着围巾", "scarf"),
        ("爷爷脖子上围着一条围巾", "scarf"),
        ("女孩脖子上挂着钥匙", "key"),
        ("女孩头上戴着皇冠", "crown"),
    ],
)
def test_what_is_round_a_neck_or_on_a_head_is_worn(
    prompt: str, thing: str, vocabulary: Vocabulary
) -> None:
    _, links, _ = told(prompt, vocabulary)
    assert len(links) == 1
    assert links[0].endswith(f"wearing {thing}")


def test_people_have_bags_on_their_backs(vocabulary: Vocabulary) -> None:
    assert told("男孩背上背着书包", vocabulary) == told("男孩背着书包", vocabulary)


def test_a_stone_lion_is_of_stone(vocabulary: Vocabulary) -> None:
    for prompt in ("石狮子", "一对石狮"):
        scene = parse(prompt, vocabulary).scene
        assert scene
        assert [(item.name.split()[-1], item.material) for item in scene.objects] == [
            ("lion", "stone")
        ]


@pytest.mark.parametrize(
    ("prompt", "links"),
    [
        ("桌子下面有一只猫,桌上放着台灯", ["cat under table", "desk lamp on table"]),
        ("桌上放着台灯,桌下趴着一只猫", ["cat under table", "desk lamp on table"]),
        ("床上有一个枕头,床底下有一只猫", ["cat under bed", "pillow on bed"]),
        ("房子左边有一棵树,右边有一辆汽车", ["car right house", "tree left house"]),
    ],
)
def test_a_thing_with_others_on_either_side_is_one(
    prompt: str, links: list[str], known: Vocabulary
) -> None:
    items, said, background = told(prompt, known)
    assert (len(items), said, background) == (3, links, "")


@pytest.mark.parametrize(
    ("prompt", "items"),
    [
        ("扫帚靠在墙角,旁边有个水桶", ["broom", "bucket"]),
        ("水桶旁边有一把扫帚", ["broom", "bucket"]),
        ("墙角靠着一把扫帚", ["broom"]),
        ("自行车靠在墙边", ["bicycle"]),
    ],
)
def test_a_wall_that_something_leans_on_is_no_word_left(
    prompt: str, items: list[str], vocabulary: Vocabulary
) -> None:
    assert told(prompt, vocabulary)[0] == items


@pytest.mark.parametrize(
    ("prompt", "background"),
    [
        ("傍晚的夜市小摊,灯泡亮着,冒着热气", "night-market+sunset"),
        ("晚上的街道,路灯亮着", "city-street+night"),
        ("路灯亮着的街道", "city-street"),
        ("夜晚的小镇,灯火通明", "village+night"),
        ("下雨天的江南小桥,河里有一条乌篷船", "water-town+rain"),
        ("江南水乡,小桥下有一条船", "water-town"),
    ],
)
def test_a_place_has_its_lamps_and_boats_already(
    prompt: str, background: str, vocabulary: Vocabulary
) -> None:
    assert told(prompt, vocabulary) == ([], [], background)


@pytest.mark.parametrize(
    ("prompt", "items", "background"),
    [
        ("海滩,灯泡亮着", ["light bulb"], "beach"),
        ("夏天中午的稻田,太阳很大,一头水牛在水沟里", ["water buffalo"], "rice-paddy+sun"),
        ("太阳很大,狗在草地上", ["dog"], "meadow+sun"),
        ("阳光灿烂的草地,一只狗", ["dog"], "meadow+sun"),
        ("石桥,河里有一条帆船", ["sailboat"], "river-bridge"),
        ("采茶的阿姨", ["woman"], "tea-hills"),
        ("姑娘在采茶", ["girl"], "tea-hills"),
    ],
)
def test_what_is_said_of_a_place_is_no_thing(
    prompt: str, items: list[str], background: str, vocabulary: Vocabulary
) -> None:
    found, _, place = told(prompt, vocabulary)
    assert ([name.removeprefix("standing ") for name in found], place) == (items, background)


def test_food_that_steams_is_hot(vocabulary: Vocabulary) -> None:
    for prompt in ("面包冒着热气", "冒着热气的面包"):
        scene = parse(prompt, vocabulary).scene
        assert scene
        assert [(item.name, item.condition) for item in scene.objects] == [("bread", "hot")]


@pytest.mark.parametrize(
    ("prompt", "items"),
    [
        ("喜鹊站在梅花枝上", ["branch", "cherry blossom", "magpie"]),
        ("梅花枝头站着一只喜鹊", ["branch", "cherry blossom", "magpie"]),
        ("一枝梅花", ["cherry blossom"]),
        ("雪中的梅花", ["cherry blossom"]),
        ("梅花盛开", ["cherry blossom"]),
    ],
)
def test_plum_blossom_is_told(prompt: str, items: list[str], known: Vocabulary) -> None:
    assert told(prompt, known)[0] == items
    assert [near.word for near in parse(prompt, known).nearest] == ["梅花"]


def test_a_suit_of_cards_stays_one(known: Vocabulary) -> None:
    assert told("梅花", known)[0] == ["club suit"]
    assert told("红桃和梅花", known)[0] == ["club suit", "heart suit"]


@pytest.mark.parametrize(
    ("prompt", "items"),
    [
        ("给猫剪指甲", ["cat"]),
        ("理发师给男孩剪头发", ["barber", "boy"]),
        ("女人给女孩扎辫子", ["girl", "woman"]),
        ("医生给男孩看牙", ["boy", "doctor"]),
        ("女孩给狗洗澡", ["bathing dog", "girl"]),
        ("女人给男孩喂饭", ["boy", "cooked rice", "woman"]),
    ],
)
def test_the_one_cared_for_is_whole(prompt: str, items: list[str], known: Vocabulary) -> None:
    assert told(prompt, known)[0] == items
