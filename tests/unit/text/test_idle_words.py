"""Words that name nothing that is drawn go, unless they are a part of a name."""

import pytest

from dall_e.text.idle_words import without_idle_words
from dall_e.text.language import Language, plural_of

_NAMES = frozenset(
    ("game controller", "chinese character", "butcher cutting meat on a board", "会飞的道具")
)


@pytest.mark.parametrize(
    ("said", "language", "left"),
    [
        ("perfume bottle product photo style", "en", "perfume bottle"),
        ("product photo of a watch", "en", "a watch"),
        ("a campfire for a mobile game", "en", "a campfire"),
        ("a game coin with a star", "en", "a coin with a star"),
        ("a game controller", "en", "a game controller"),
        ("a very long scarf", "en", "a long scarf"),
        ("game asset", "en", "asset"),
        ("药水瓶游戏道具", "zh", "药水瓶"),
        ("非常可爱的猫", "zh", "可爱的猫"),
        # What somebody's picture shows them do
        ("a butcher cutting meat", "en", "a butcher and meat"),
        ("a butcher cutting meat on a board", "en", "a butcher cutting meat on a board"),
        ("快递员送包裹", "zh", "快递员和包裹"),
        ("a cat cutting meat", "en", "a cat cutting meat"),
    ],
)  # fmt: skip
def test_idle_words(said: str, language: Language, left: str) -> None:
    assert without_idle_words(said, language, _NAMES.__contains__) == left


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("tomato", "tomatoes"), ("mailman", "mailmen"), ("german", "germans"), ("elf", "elves"),
        ("businesswoman", "businesswomen"),
    ],
)  # fmt: skip
def test_plurals(one: str, several: str) -> None:
    assert plural_of(one) == several
