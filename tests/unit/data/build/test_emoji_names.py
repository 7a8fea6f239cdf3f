"""CLDR labels to phrases, and icon names to emoji."""

import pytest

from dall_e.data.build.emoji_names import chinese_phrase, english_phrase, glued, normal_hex


@pytest.mark.parametrize(
    ("label", "phrase"),
    [
        ("cat face", "cat face"),
        ("flag: France", "flag of France"),
        ("man: red hair", "man with red hair"),
        ("woman: medium skin tone, bald", "bald woman, medium skin tone"),
        ("thumbs up: dark skin tone", "thumbs up, dark skin tone"),
        ("family: man, woman, girl, boy", "family, man, woman, girl and boy"),
        ("kiss: woman, man", "woman and man kissing"),
        ("A button (blood type)", "A button"),
        ("Japanese “discount” button", "Japanese discount button"),
        ("man’s shoe", "man's shoe"),
    ],
)
def test_english_labels(label: str, phrase: str) -> None:
    assert english_phrase(label) == phrase


@pytest.mark.parametrize(
    ("label", "phrase"),
    [
        ("旗: 法国", "法国国旗"),
        ("男人: 红发", "红发男人"),
        ("拇指向上: 较浅肤色", "拇指向上，较浅肤色"),
        ("行人: 面向右边", "面向右边的行人"),
        ("按键: 1", "按键 1"),
        ("猫脸", "猫脸"),
    ],
)
def test_chinese_labels(label: str, phrase: str) -> None:
    assert chinese_phrase(label) == phrase


def test_codes_and_names_have_one_spelling() -> None:
    assert normal_hex("1f170-fe0f") == "1F170" and normal_hex("23_20E3") == "0023-20E3"
    assert glued("Piña-colada & Sons") == glued("pina colada and sons")
