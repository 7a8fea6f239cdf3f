"""Who owns a thing is not drawn, what it is made of is no thing, and one picture may show two."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.plan import plan_prompt
from dall_e.planning.vocabulary import Vocabulary

KNOWN = Vocabulary.from_text(
    """
    cat | 猫 | animal
    dog | 狗 | animal
    sleeping dog | 睡觉的狗 | animal
    chair | 椅子 | object
    bed | 床 | object
    boot | 靴子 | object
    socks | 袜子 | object
    cherries | 樱桃 | food | - | cherry
    ninja | 忍者 | person
    dart | 飞镖 | object
    hat | 帽子 | object
    wizard | 巫师 | person
    wizard hat | 巫师帽 | object
    panda | 熊猫 | animal
    red panda | 小熊猫 | animal
    shirt | 衬衫 | object | - | white shirt
    wine | 葡萄酒 | food | - | red wine
    glass of wine | 一杯酒 | food
    man walking | 男行人 | person
    goblin | 小妖精 | face
    standing goblin | 站着的哥布林 | person | - | - | 哥布林
    glass of water | 一杯水 | food | - | drinking water, water
    bamboo | 竹子 | plant
    basket | 篮子 | object
    girl | 女孩 | person
    man | 男人 | person
    man with beard | 有胡子的男人 | person
    woman with curly hair | 卷发女人 | person
    people holding hands | 手拉手的两个人 | person
    wig | 假发 | object
    taco | 玉米饼 | food
    """
)


@pytest.mark.parametrize(
    ("prompt", "expected", "unread"),
    [
        # Who owns a thing
        ("忍者的飞镖", "dart", ()),
        ("女孩的红色靴子", "boot", ()),
        ("a ninja's dart", "dart", ()),
        ("有猫的椅子", "cat + chair", ("有",)),
        ("戴着靴子和袜子的狗", "boot + socks + dog", ()),
        ("巫师的帽子", "wizard hat", ()),
        ("忍者的帽子", "hat", ()),
        # Two words that are one name, and a colour that is only one
        ("a red panda", "red panda", ()),
        ("a red panda and a red chair", "red panda + chair", ()),
        ("a glass of red wine", "glass of wine", ()),
        # Whole before a mask
        ("a goblin", "standing goblin", ()),
        ("a goblin face", "goblin", ()),
        ("小妖精", "standing goblin", ()),
        # What is done is no part of a name
        ("a man walking a dog", "man walking + dog", ()),
        ("遛狗", "dog + man walking", ()),
        ("a dog drinking water", "dog + glass of water", ()),
        # What it is made of
        ("a chair made of wood", "chair", ()),
        ("a basket made of bamboo", "basket", ("made", "of", "bamboo")),
        ("竹子做的篮子", "basket", ("竹子做",)),
        ("a leopard print basket", "basket", ()),
        # How many a picture shows
        ("two cherries", "cherries", ()),
        ("four red cherries", "cherries*2", ()),
        ("three cherries", "cherries", ("three",)),
        ("两个樱桃", "cherries", ()),
        ("两双袜子", "socks*2", ()),
        ("two boots", "boot*2", ()),
        ("two kids holding hands", "people holding hands", ()),
        ("两个手拉手的孩子", "people holding hands", ()),
        # Hair and beards of no colour
        ("a girl with curly hair", "woman with curly hair", ()),
        ("卷头发的女孩", "woman with curly hair", ()),
        ("a bearded man", "man with beard", ()),
        ("有胡子的男人", "man with beard", ()),
        ("a girl with long hair", "girl", ("with", "long", "hair")),
        # Asleep somewhere
        ("睡在床上的狗", "sleeping dog + bed", ()),
        ("a dog on a bed, sleeping", "sleeping dog + bed", ()),
    ],
)
def test_reading(prompt: str, expected: str, unread: tuple[str, ...]) -> None:
    read = parse(prompt, KNOWN)
    assert read.scene is not None
    items = (f"{item.name}*{item.count}".removesuffix("*1") for item in read.scene.objects)
    assert " + ".join(items) == expected
    assert read.unread == unread


def test_material_behind_a_noun_is_painted() -> None:
    scene = parse("a chair made out of wood", KNOWN).scene
    assert scene is not None
    assert [item.material for item in scene.objects] == ["wood"]


@pytest.mark.parametrize("prompt", ["a cartoon cat", "卡通猫", "a cartoon sticker of a taco"])
def test_words_for_how_all_is_drawn_are_not_missed(prompt: str) -> None:
    assert plan_prompt(prompt, KNOWN).unread == ()
