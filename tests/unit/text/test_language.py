"""Articles, plurals and mirrors, by the words."""

import re

import pytest

from dall_e.text.language import (
    COUNT_EN,
    COUNT_ZH,
    NUMBERS_EN,
    NUMBERS_ZH,
    QUANTITY_EN,
    is_chinese,
    mirrors,
    plural_of,
    regular_plural,
    singular_of,
    with_article,
)


def test_chinese_is_told_by_its_characters() -> None:
    assert is_chinese("a 猫") and not is_chinese("a cat, ¿qué?")


@pytest.mark.parametrize(
    ("phrase", "whole"),
    [
        ("apple", "an apple"),
        ("unicorn", "a unicorn"),
        ("umbrella", "an umbrella"),
        ("UFO", "a UFO"),
        ("SUV", "a SUV"),
        ("orange cat", "an orange cat"),
        ("hour", "an hour"),
        ("house", "a house"),
    ],
)
def test_articles(phrase: str, whole: str) -> None:
    assert with_article(phrase) == whole


@pytest.mark.parametrize(
    ("name", "plural"),
    [
        ("cat", "cats"),
        ("bus", "buses"),
        ("box", "boxes"),
        ("candy", "candies"),
        ("key", "keys"),
        ("watch", "watches"),
    ],
)
def test_regular_plurals(name: str, plural: str) -> None:
    assert regular_plural(name) == plural


@pytest.mark.parametrize(
    ("name", "plural"),
    [
        ("woman with veil", "women with veil"),
        ("man fairy", "men fairies"),
        ("person running", "people running"),
        ("french fries", "french fries"),
        ("polar bear", "polar bears"),
        ("pile of poo", "piles of poo"),
        ("wolf", "wolves"),
        ("dumpling", "dumplings"),
        ("king", "kings"),
        ("office building", "office buildings"),
        ("face exhaling", "face exhaling"),
    ],
)
def test_plurals_of_names(name: str, plural: str) -> None:
    assert plural_of(name) == plural


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"en": "red apple", "kind": "food"}, True),
        ({"en": "flag: Japan", "kind": "flag"}, False),
        ({"en": "right arrow", "kind": "object"}, False),
        ({"en": "Left-facing fist"}, False),
        ({"en": "copyright sign"}, True),
        ({}, True),
    ],
)
def test_what_may_be_mirrored(record: dict[str, object], expected: bool) -> None:
    assert mirrors(record) is expected


@pytest.mark.parametrize(("names", "pattern"), [(NUMBERS_EN, COUNT_EN), (NUMBERS_ZH, COUNT_ZH)])
def test_counts_are_from_two_to_twelve(names: tuple[str, ...], pattern: str) -> None:
    assert len(names) == 13
    digits = [str(number) for number in range(14)]
    known = {word for word in (*names, *digits) if re.fullmatch(pattern, word)}
    assert known == {*names[2:], *digits[2:13]}


def test_quantities_are_of_several() -> None:
    several = "a few, few, several, many, a dozen, half a dozen, a couple of, lots of, seven, 10"
    assert all(re.fullmatch(QUANTITY_EN, words) for words in several.split(", "))
    assert not any(re.fullmatch(QUANTITY_EN, words) for words in ("a", "one", "1", "dozen", "13"))


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("chopsticks", "chopstick"), ("French fries", "French fry"), ("sunglasses", "sunglass"),
        ("cactus", ""), ("cyclops", ""), ("camera lens", ""), ("shorts", ""), ("cat", ""),
        ("people holding hands", ""), ("fish and chips", ""),
    ],
)  # fmt: skip
def test_the_singular_of_a_plural(name: str, one: str) -> None:
    assert singular_of(name) == one
