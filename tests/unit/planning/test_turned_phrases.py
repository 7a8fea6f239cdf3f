"""What is said in a roundabout way, as the grammars read it."""

import pytest

from dall_e.planning.turned_phrases import in_plain_order


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("three balloons of different colors", "three colourful balloons"),
        ("two cats in various colours", "two colourful cats"),
        ("a monkey on an elephant's back", "a monkey on an elephant"),
        ("a cat on the roof of a car", "a cat on top of a car"),
        ("a balloon tied to a chair", "a balloon on a chair"),
        ("an ice sculpture of a swan", "an ice swan"),
        ("flowers around a fountain", "a fountain between two flowers"),
        ("a statue of liberty", "a statue of liberty"),
        ("a cat with a long back", "a cat with a long back"),
    ],
)
def test_english(said: str, plain: str) -> None:
    assert in_plain_order(said, "en") == plain


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("三个不同颜色的气球", "三个彩色的气球"),
        ("五颜六色的气球", "几个彩色的气球"),
        ("大象背上的小鸟", "大象的上的小鸟"),
        ("车顶上的猫", "车的上的猫"),
        ("屋顶上的猫", "屋顶上的猫"),
        ("冰雕天鹅", "冰做的天鹅"),
    ],
)
def test_chinese(said: str, plain: str) -> None:
    assert in_plain_order(said, "zh") == plain
