"""What a picture is for and how it is asked for goes; what a thing is for stays."""

import pytest

from dall_e.text.asides import without_asides
from dall_e.text.language import Language

_NAMES = frozenset(("bowl for the kids", "can opener", "画家"))


@pytest.mark.parametrize(
    ("said", "left"),
    [
        # What it is for
        ("a cute stegosaurus for kids", "a cute stegosaurus"),
        ("fish and chips in paper, for a shop sign", "fish and chips in paper"),
        ("a pumpkin for our halloween party invite", "a pumpkin"),
        ("five apples for a counting worksheet", "five apples"),
        ("Rocket for my slides", "Rocket"),
        ("a bee, it's for a school project about insects", "a bee"),
        ("a lion for my 3 year old", "a lion"),
        ("a teapot for our cafe", "a teapot"),
        ("two foxes to put on a birthday card", "two foxes"),
        ("for my slides: a rocket", "a rocket"),
        ("a poster for kids about sharks", "a poster about sharks"),
        ("a fox for my daughter's bedroom", "a fox"),
        ("a dinosaur for my son's birthday", "a dinosaur"),
        ("a cake for my wife's birthday", "a birthday cake"),
        ("a big pink cake for a birthday", "a big pink birthday cake"),
        # Who gets it
        ("a chocolate cake for my wife's birthday", "a chocolate cake for my wife's birthday"),
        ("a present for grandma", "a present for grandma"),
        ("a present for kids", "a present for kids"),
        ("food for the dog", "food for the dog"),
        ("a dog waiting for kids", "a dog waiting for kids"),
        ("a cup of tea for the queen", "a cup of tea for the queen"),
        ("a bowl for the kids", "a bowl for the kids"),
        # How it is asked for
        ("can i get a wheelbarrow", "a wheelbarrow"),
        ("Could you please draw me a snail?", "a snail"),
        ("i need a picture of a toaster", "a toaster"),
        ("hi, i'd like a blue teapot please", "a blue teapot"),
        ("gimme a horse", "a horse"),
        ("i want to go home", "i want to go home"),
        ("can opener", "can opener"),
        ("show me", "show me"),
    ],
)
def test_english_asides(said: str, left: str) -> None:
    assert without_asides(said, "en", _NAMES.__contains__) == left


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("五个苹果，数数练习用", "五个苹果"),
        ("一只小兔子，给孩子做卡片用", "一只小兔子"),
        ("一朵玫瑰花，贺卡用", "一朵玫瑰花"),
        ("贺卡用的玫瑰", "玫瑰"),
        ("一艘火箭，做头像", "一艘火箭"),
        ("适合孩子涂色的大象", "大象"),
        ("帮我画一张恐龙给儿子的生日派对", "恐龙"),
        ("妈妈给儿子的礼物", "妈妈给儿子的礼物"),
        ("给奶奶的礼物", "给奶奶的礼物"),
        ("给小狗洗澡的女孩", "给小狗洗澡的女孩"),
        ("画个西瓜", "西瓜"),
        ("给我来一张大象的图", "大象"),
        ("帮我画一个雪人", "一个雪人"),
        ("来个汉堡", "汉堡"),
        ("我要一杯咖啡", "一杯咖啡"),
        ("画家", "画家"),
    ],
)
def test_chinese_asides(said: str, left: str) -> None:
    assert without_asides(said, "zh", _NAMES.__contains__) == left


@pytest.mark.parametrize("language", ["en", "zh"])
def test_long_prompts_are_left_as_they_are(language: Language) -> None:
    said = "can i get a cat " + "very " * 100
    assert without_asides(said, language, _NAMES.__contains__) == said
