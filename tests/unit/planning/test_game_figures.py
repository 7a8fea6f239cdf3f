"""Figures with what they hold, things that glow or burn, and names that begin with a number."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.plan import plan_prompt
from dall_e.planning.vocabulary import Vocabulary

KNOWN = Vocabulary.from_text(
    """
    dog | 狗 | animal | - | - | 犬
    cerberus | 三头犬 | animal
    skeleton | 骷髅 | person
    skeleton with a sword | 拿剑的骷髅 | person
    sword with a gem | 宝石剑 | object | - | sword | 剑
    key | 钥匙 | object
    candle | 蜡烛 | object
    fried rice | 炒饭 | food
    dumpling | 饺子 | food
    """
)


def names(prompt: str) -> list[tuple[str, int]]:
    scene = parse(prompt, KNOWN).scene
    assert scene is not None
    return [(item.name, item.count) for item in scene.objects]


@pytest.mark.parametrize(
    ("prompt", "count"),
    [("two skeletons with swords", 2), ("骷髅拿着剑", 1), ("a skeleton holding a sword", 1)],
)
def test_who_holds_a_thing_is_the_picture_of_it(prompt: str, count: int) -> None:
    assert names(prompt) == [("skeleton with a sword", count)]


def test_a_name_with_a_number_is_one_thing() -> None:
    assert names("三头犬") == [("cerberus", 1)]
    assert names("三只狗") == [("dog", 3)]


def test_a_plate_of_what_is_on_one_already_is_one() -> None:
    assert names("一盘炒饭") == [("fried rice", 1)]
    assert names("一盘饺子") == [("dumpling", 3)]


@pytest.mark.parametrize("prompt", ["a glowing blue key", "发光的蓝色钥匙"])
def test_a_thing_has_its_colour_before_it_glows(prompt: str) -> None:
    (planned,) = plan_prompt(prompt, KNOWN).objects
    assert (planned.condition, planned.paint, planned.look.colour) == ("glowing", "blue", "")


def test_what_burns_on_its_picture_has_no_more_flames() -> None:
    (planned,) = plan_prompt("a burning candle", KNOWN).objects
    assert planned.condition == ""
