"""What the picture of a thing shows already is not drawn beside it."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.shown_parts import without_shown_parts
from dall_e.planning.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("a hot dog with mustard", "a hot dog"),
        ("a taco with lettuce and cheese", "a taco"),
        ("a belt with a gold buckle", "a belt"),
        # A colour stays, so that it is said to be unread.
        ("a cupcake with pink frosting and sprinkles", "a cupcake with pink"),
        ("orange juice in a tall glass", "orange juice in tall"),
        ("a cup of coffee on a tray", "a cup of coffee"),
        ("a hot dog with a balloon", "a hot dog with a balloon"),
        ("a cat in a box", "a cat in a box"),
        ("a cat with a collar", "a cat with a collar"),
        ("a bunk bed with a ladder", "a bunk bed"),
        ("a cupcake with pink frosting and a cherry", "a cupcake with a cherry"),
    ],
)
def test_english(said: str, read: str, vocabulary: Vocabulary) -> None:
    assert without_shown_parts(said, vocabulary, "en") == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("玻璃杯里的牛奶", "牛奶"),
        ("盒子里的猫", "盒子里的猫"),
        ("红色的杯子", "红色的杯子"),
        ("带抽屉的书桌", "书桌"),
        ("带狗的书桌", "带狗的书桌"),
    ],
)
def test_chinese(said: str, read: str, vocabulary: Vocabulary) -> None:
    assert without_shown_parts(said, vocabulary, "zh") == read


def test_a_colour_of_a_part_is_said_to_be_unread(vocabulary: Vocabulary) -> None:
    parsed = parse("a cupcake with pink frosting", vocabulary)
    assert parsed.scene is not None and len(parsed.scene.objects) == 1
    assert "pink" in parsed.unread
