"""Materials said behind a thing, moved before it."""

import pytest

from dall_e.planning.made_of import with_material_first


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("a bottle made of glass", "a glass bottle"),
        ("a small horse made of wood", "a small wood horse"),
        ("a big red chair made out of solid plastic", "a big red plastic chair"),
        ("a hot air balloon that is made of paper", "a paper hot air balloon"),
        ("a cat made of ice and a dog made of gold", "a ice cat and a gold dog"),
        ("a crown of flowers", "a crown of flowers"),
        ("a cake made of cheese", "a cake made of cheese"),
    ],
)
def test_a_material_is_read_where_adjectives_stand(said: str, read: str) -> None:
    assert with_material_first(said, "en") == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("用木头做的马", "木头马"),
        ("两只玻璃做成的鱼", "两只玻璃鱼"),
        ("黄金打造的剑", "黄金剑"),
        ("妈妈做的蛋糕", "妈妈做的蛋糕"),
    ],
)
def test_a_chinese_material_is_read_so_too(said: str, read: str) -> None:
    assert with_material_first(said, "zh") == read
