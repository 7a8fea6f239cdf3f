"""A joined emoji is one thing, and that of a place is not said twice."""

import pytest

from dall_e.text.emoji_words import name_emoji
from dall_e.text.language import Language

_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
_SMALL_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f466"
_COUPLE = "\U0001f469\u200d\u2764\ufe0f\u200d\U0001f468"
_BEACH, _CAT = "\U0001f3d6\ufe0f", "\U0001f431"


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        (_FAMILY, "en", "family of four"),
        (f"{_FAMILY} at the zoo", "en", "family of four at the zoo"),
        (f"{_SMALL_FAMILY} at the zoo", "en", "family of three at the zoo"),
        (f"{_FAMILY}在公园", "zh", "一家四口在公园"),
        (f"{_COUPLE} in the park", "en", "couple with heart in the park"),
    ],
)
def test_a_joined_emoji_is_one_thing(text: str, language: Language, named: str) -> None:
    assert name_emoji(text, language)[0] == named


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        (f"{_CAT} at the beach {_BEACH}", "en", "cat face at the beach"),
        (f"{_BEACH} a cat on the beach", "en", "a cat on the beach"),
        (f"{_CAT}在沙滩上{_BEACH}", "zh", "猫脸在沙滩上"),
        (f"a cat {_BEACH}", "en", "a cat beach with umbrella"),
        (f"a beach ball {_BEACH}", "en", "a beach ball beach with umbrella"),
        (_BEACH, "en", "beach with umbrella"),
    ],
)
def test_a_place_is_not_said_twice(text: str, language: Language, named: str) -> None:
    assert name_emoji(text, language)[0].strip() == named
