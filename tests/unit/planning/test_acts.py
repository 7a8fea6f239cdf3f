"""An animal and what it does become the name of the picture that shows both."""

import pytest

from dall_e.planning.acts import (
    with_groups_first,
    with_pictured_acts,
    without_own_parts,
)
from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import is_chinese

VOCABULARY = Vocabulary.from_text(
    """
    cat | 猫 | animal | black
    dog | 狗 | animal
    lion | 狮子 | animal
    guitar | 吉他 | object
    man | 男人 | person
    guitar-playing cat | 弹吉他的猫 | animal
    guitar-playing dog | 弹吉他的狗 | animal
    dancing cat | 跳舞的猫 | animal
    box-sitting cat | 纸箱里的猫 | animal
    ball-carrying dog | 叼着球的狗 | animal
    ball-playing dog | 玩球的狗 | animal
    poodle | 贵宾犬 | animal
    angry cat | 生气的猫 | animal
    sick dog | 生病的狗 | animal
    arms-crossing cat | 双臂交叉的猫 | animal
    cart-pushing dog | 推着小车的狗 | animal
    newspaper-reading dog | 看报纸的狗 | animal
    """
)


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a cat playing the guitar", "a guitar-playing cat"),
        ("a black cat who is playing a guitar", "a black guitar-playing cat"),
        ("two cats dancing in the park", "two dancing cats in the park"),
        ("a dancing cat", "a dancing cat"),
        ("a cat and a dog playing guitar", "a guitar-playing cat and a guitar-playing dog"),
        ("弹吉他的猫", "弹吉他的猫"),
        ("一只正在弹着吉他的白色的猫", "一只白色的弹吉他的猫"),
        ("猫在跳舞", "跳舞的猫"),
        ("戴帽子弹吉他的猫", "戴帽子的弹吉他的猫"),
        ("a cat in a box", "a box-sitting cat"),
        ("a dog with a ball in its mouth", "a ball-carrying dog"),
        ("a dog with a ball", "a ball-playing dog"),
        ("叼着球的狗", "叼着球的狗"),
        ("a poodle playing the guitar", "a white guitar-playing dog"),
        ("a furious cat", "a angry cat"),
        ("愤怒的猫", "生气的猫"),
        ("a dog with a sore throat", "a sick dog"),
        ("喉咙痛的狗", "生病的狗"),
        ("a cat with crossed arms", "a arms-crossing cat"),
        ("一只猫双臂交叉", "一只双臂交叉的猫"),
        ("a dog pushing a cart of carrots", "a cart-pushing dog"),
        ("狗推着一车胡萝卜", "推着小车的狗"),
        ("a dog reading the newspaper", "a newspaper-reading dog"),
    ],
)
def test_an_act_is_read_as_the_name_of_its_picture(prompt: str, read: str) -> None:
    language = "zh" if is_chinese(prompt) else "en"
    assert with_pictured_acts(prompt, VOCABULARY, language) == read


@pytest.mark.parametrize(
    "prompt",
    [
        "a lion playing the guitar",
        "a man with a cat playing chess",
        "three cats in a box",
        "一个男人在弹吉他",
        "纸箱里的两只猫",
        "纸箱里的十一只猫",
        "a cat who is not playing the guitar",
        "没有弹吉他的猫",
        "纸箱里的10只猫",
    ],
)
def test_an_act_without_a_picture_stays(prompt: str) -> None:
    language = "zh" if is_chinese(prompt) else "en"
    assert with_pictured_acts(prompt, VOCABULARY, language) == prompt


def test_a_man_beside_an_animal_keeps_his_guitar() -> None:
    prompt = "a cat and a man playing the guitar"
    assert with_pictured_acts(prompt, VOCABULARY, "en") == prompt


def test_parts_that_an_animal_has_are_no_things() -> None:
    assert without_own_parts("a lion with a big mane", VOCABULARY, "en") == "a lion"
    assert without_own_parts("a man with a big mane", VOCABULARY, "en") == "a man with a big mane"
    assert without_own_parts("长着长鬃毛的狮子", VOCABULARY, "zh") == "狮子"


def test_what_else_is_said_of_it_is_drawn() -> None:
    scene = parse("a big black cat playing the guitar", VOCABULARY).scene
    assert scene is not None and len(scene.objects) == 1
    (cat,) = scene.objects
    assert (cat.name, cat.colour, cat.size) == ("guitar-playing cat", "black", "big")


def test_a_group_in_chinese_is_counted() -> None:
    assert with_groups_first("草地上的狗群", VOCABULARY) == "草地上的一群狗"
    assert with_groups_first("一群狗", VOCABULARY) == "一群狗"


def test_the_only_small_animal_of_a_chinese_picture_is_no_small_one() -> None:
    scene = parse("小狮子", VOCABULARY).scene
    assert scene is not None and [item.size for item in scene.objects] == [""]
    scene = parse("小狮子和大狗", VOCABULARY).scene
    assert scene is not None and [item.size for item in scene.objects] == ["small", "big"]
