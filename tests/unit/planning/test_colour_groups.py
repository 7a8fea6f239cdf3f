"""Groups of one thing that differ in colour are as many as are said, in their colours."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.planning.wording.colour_groups import grouped


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    """A model that knows a few things that come in colours."""
    rows = [
        KnownName("ball", "球", "object"),
        KnownName("apple", "苹果", "food"),
        KnownName("balloon", "气球", "object"),
        KnownName("bird", "鸟", "animal"),
        KnownName("cat", "猫", "animal"),
        KnownName("car", "车", "vehicle"),
    ]
    return Vocabulary(rows)


def _colours(prompt: str, known: Vocabulary) -> str:
    understood = parse(prompt, known)
    assert understood.scene is not None and not understood.unread
    assert len({item.name for item in understood.scene.objects}) == 1
    items = understood.scene.objects
    return " ".join(item.colour for item in items for _ in range(item.count))


@pytest.mark.parametrize(
    ("prompt", "colours"),
    [
        ("two red and three blue balls", "red red blue blue blue"),
        ("a red and a blue ball", "red blue"),
        ("three red apples and a green one", "red red red green"),
        ("a black cat and two white ones", "black white white"),
        ("four birds, two of them red, one blue and one yellow", "red red blue yellow"),
        ("five cars, all of them red", "red red red red red"),
        ("三个红苹果和一个绿的", "red red red green"),
        ("两个红色和三个蓝色的气球", "red red blue blue blue"),
        ("五个气球，两个红的三个蓝的", "red red blue blue blue"),
        ("五辆车都是红色的", "red red red red red"),
    ],
)
def test_each_group_has_its_number_and_colour(prompt: str, colours: str, known: Vocabulary) -> None:
    assert _colours(prompt, known) == colours


def test_a_place_stays(known: Vocabulary) -> None:
    scene = parse("two red and one blue cars on the beach", known).scene
    assert scene is not None and scene.background == "beach"
    assert [item.colour for item in scene.objects] == ["red", "red", "blue"]


@pytest.mark.parametrize(
    "prompt",
    [
        "ten red and nine blue balls",
        "five balls, two red and one blue",
        "a red ball and a blue cat",
        "two red balls",
        "black and white cats",
    ],
)
def test_what_does_not_add_up_is_another_prompt(prompt: str) -> None:
    assert grouped(prompt, "en") is None


@pytest.mark.parametrize("prompt", ["五个气球，两个红的一个蓝的", "两个红气球", "红色的猫和车"])
def test_the_same_in_chinese(prompt: str) -> None:
    assert grouped(prompt, "zh") is None
