"""Who is more than a head in a picture has a whole body there, and places have signs."""

import pytest

from dall_e.planning.parser import Parse, parse
from dall_e.planning.vocabulary import Vocabulary

KNOWN = """\
man | 男人 | person
woman | 女人 | person
boy | 男孩 | person
girl | 女孩 | person
old man | 老爷爷 | person
standing man | 站着的男人 | person
standing woman | 站着的女人 | person
standing girl | 站着的女孩 | person
standing old man | 站着的老爷爷 | person
man running | 男生跑步 | person
man biking | 男生骑自行车 | person
man in tuxedo | 穿礼服的男人 | person
horse | 马 | animal
dog | 狗 | animal
wolf | 狼 | animal
coyote | 郊狼 | animal
eagle | 鹰 | animal
flying bird | 飞翔的小鸟 | animal
bicycle | 自行车 | vehicle
skirt | 裙子 | object
dress | 连衣裙 | object
hat | 帽子 | object
shirt | 衬衫 | object | - | white shirt
jeans | 牛仔裤 | object
coat | 外套 | object
tuxedo | 燕尾服 | object
newspaper | 报纸 | object
fork and knife with plate | 餐具 | object
cookie | 饼干 | food
rose | 玫瑰 | plant
bouquet | 花束 | plant
flower | 花 | plant
cup of coffee | 咖啡 | food
treasure chest | 宝箱 | object
pile of gold coins | 金币堆 | object
water bottle | 水瓶 | object
stone bridge | 石桥 | place
bridge at night | 夜桥 | place | - | bridge | 桥
"""


@pytest.fixture(scope="module")
def people() -> Vocabulary:
    """A model whose people are heads, with some whole bodies."""
    return Vocabulary.from_text(KNOWN)


def drawn(read: Parse) -> str:
    """The pictures of a scene, how often each, its paint and its place."""
    assert read.scene is not None
    return " + ".join(
        " ".join(filter(None, (f"{item.count}" if item.count > 1 else "", item.colour, item.name)))
        + "".join(f" {part}:{colour}" for part, colour in item.parts)
        for item in read.scene.objects
    ) + (f" @{read.scene.background}" if read.scene.background else "")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        # Portraits
        ("a man", "man"),
        ("a girl with red hair", "girl hair:red"),
        ("a man and a woman", "man + woman"),
        ("a girl wearing a hat", "girl + hat"),
        ("戴帽子的女孩", "hat + girl"),
        # What is done with the body, in a place, and beside other things
        ("a man riding a horse", "standing man + horse"),
        ("a man on a horse", "standing man + horse"),
        ("an old man reading a newspaper", "standing old man + newspaper"),
        ("a woman in a blue dress", "standing woman clothes:blue"),
        ("穿裙子的小女孩", "standing girl"),
        ("a girl in a red skirt", "standing girl bottom:red"),
        ("a man in a green shirt and blue jeans", "standing man bottom:blue top:green"),
        ("a woman in a green shirt and a hat", "standing woman top:green + hat"),
        ("a man in a green coat", "standing man top:green + green coat"),
        ("a man wearing a white shirt", "standing man top:white"),
        ("a man in a striped shirt", "standing man + shirt"),
        ("a man in a blue dress", "standing man + blue dress"),
        ("a girl in the garden", "standing girl @garden"),
        ("a man and a dog", "standing man + dog"),
        ("a girl with red hair and a dog", "standing girl hair:red + dog"),
        ("a wolf in a forest", "coyote @forest"),
        # Pictures of what is done
        ("a boy riding a bicycle", "man biking"),
        ("骑自行车的男孩", "man biking"),
        ("a boy running", "man running"),
        ("a man in a suit", "man in tuxedo"),
        ("a flying eagle", "brown flying bird"),
        ("飞翔的老鹰", "brown flying bird"),
        ("a white eagle flying", "white flying bird"),
        ("a treasure chest full of gold coins", "treasure chest"),
        # Containers and bunches
        ("a plate of cookies", "fork and knife with plate + cookie"),
        ("一盘饼干", "fork and knife with plate + cookie"),
        ("a bunch of roses", "rose + 2 rose"),
        ("a bunch of flowers", "bouquet"),
        # What stands for a place
        ("a logo of a coffee shop", "cup of coffee"),
        ("咖啡店的标志", "cup of coffee"),
        ("a coffee shop", " @cafe"),
        # First meanings
        ("a bridge", "stone bridge"),
        ("玻璃瓶", "water bottle"),
        ("一座桥", "stone bridge"),
    ],
)
def test_what_is_drawn(prompt: str, expected: str, people: Vocabulary) -> None:
    assert drawn(parse(prompt, people)) == expected


def test_another_animal_is_told(people: Vocabulary) -> None:
    assert [near.said for near in parse("a wolf in a forest", people).nearest] == ["coyote"]
    assert parse("a wolf", people).nearest == ()
    assert parse("a man riding a horse", people).nearest == ()


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a koala", "sitting koala"),
        ("two koalas", "2 sitting koala"),
        ("考拉", "sitting koala"),
        ("a koala face", "koala"),
        ("考拉脸", "koala"),
        ("a sleeping koala", "sleeping koala"),
        ("a white eagle", "white standing eagle"),
        ("a flying eagle", "flying eagle"),
    ],
)
def test_an_animal_is_whole_unless_its_face_is_said(prompt: str, expected: str) -> None:
    rows = ("koala", "sitting koala", "sleeping koala", "eagle", "standing eagle", "flying eagle")
    words = ("考拉", "坐着的考拉", "睡觉的考拉", "鹰", "站着的鹰", "飞翔的鹰")
    known = Vocabulary.from_text(
        "\n".join(f"{name} | {zh} | animal" for name, zh in zip(rows, words, strict=True))
    )
    assert drawn(parse(prompt, known)) == expected


def test_glass_is_what_a_bottle_is_made_of(people: Vocabulary) -> None:
    scene = parse("玻璃瓶", people).scene
    assert scene is not None and scene.objects[0].material == "glass"


def test_a_model_without_whole_bodies_keeps_its_heads() -> None:
    heads = Vocabulary.from_text("man | 男人 | person\nhorse | 马 | animal")
    assert drawn(parse("a man riding a horse", heads)) == "man + horse"
    assert drawn(parse("a logo of a coffee shop", heads)) == " @cafe"


def test_a_colour_that_is_said_goes_before_that_of_the_body() -> None:
    known = Vocabulary.from_text("polar bear | 北极熊 | animal\nstanding bear | 站着的熊 | animal")
    scenes = [parse(f"a {said}polar bear in the snow", known).scene for said in ("", "red ")]
    bodies = [scene.objects[0] for scene in scenes if scene is not None]
    assert [(body.name, body.colour) for body in bodies] == [
        ("standing bear", "white"),
        ("standing bear", "red"),
    ]
