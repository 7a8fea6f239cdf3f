"""What a logo or a badge shows is said behind it, and its shop before it."""

import pytest

from dall_e.planning.emblems import with_emblem_first
from dall_e.planning.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("coffee shop logo with a dog", "logo of a dog and a cup of coffee"),
        ("retro badge with mountains and a bear", "logo of mountains and a bear"),
        ("a sticker with a white border", "a sticker with a white border"),
        ("a cat with a hat", "a cat with a hat"),
        ("茶馆标志，圆形，有一片叶子", "标志，咖啡和一片叶子"),
        ("可爱贴纸风的奶茶", "贴纸风的可爱的奶茶"),
        ("一只猫", "一只猫"),
    ],
)
def test_styles_come_first(said: str, read: str, vocabulary: Vocabulary) -> None:
    assert with_emblem_first(said, vocabulary) == read
