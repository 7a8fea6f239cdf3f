"""Which of several things words mean."""

import pytest

from dall_e.editing.choices import choice_of

FIVE = [4, 8, 2, 6, 0]


@pytest.mark.parametrize(
    ("words", "name", "meant"),
    [
        ("cats", "cats", FIVE),
        ("all the cats", "cats", FIVE),
        ("所有的猫", "猫", FIVE),
        ("one cat", "cat", [0]),
        ("a cat", "cat", [0]),
        ("one of the cats", "cats", [0]),
        ("一只猫", "猫", [0]),
        ("three eggs", "eggs", [2, 6, 0]),
        ("三个鸡蛋", "鸡蛋", [2, 6, 0]),
        ("the left cat", "cat", [4]),
        ("leftmost cat", "cat", [4]),
        ("左边的猫", "猫", [4]),
        ("左边那只猫", "猫", [4]),
        ("cat on the right", "cat", [0]),
        ("最右边的猫", "猫", [0]),
        ("the cat in the middle", "cat", [2]),
        ("中间的猫", "猫", [2]),
        ("last cat", "cat", [0]),
        ("second cat", "cat", [8]),
        ("2nd cat from the left", "cat", [8]),
        ("第二只猫", "猫", [8]),
        ("cat#2", "cat", [8]),
        ("猫#2", "猫", [8]),
    ],
)
def test_words_mean_some_of_several(words: str, name: str, meant: list[int]) -> None:
    choice = choice_of(words)
    assert (choice.name, choice.of(FIVE)) == (name, meant)


@pytest.mark.parametrize(
    ("words", "numbers", "told"),
    [
        ("six cats", FIVE, "the picture has 5 of 'cats', not 6"),
        ("cat#6", FIVE, "the picture has 5 of 'cat', not 6"),
        ("left cats", FIVE, "say how many, as 'the left cat'"),
        ("middle cat", [1, 2], "none is in the middle"),
        ("the biggest cat", FIVE, "which 'biggest cat' are meant"),
        ("两只左边的猫", FIVE, "which '左边的猫' are meant"),
        ("cat#0", FIVE, "which 'cat#0' are meant"),
    ],
)
def test_what_is_not_clear_is_said(words: str, numbers: list[int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        choice_of(words).of(numbers)


def test_of_a_single_thing_it_does_not_matter_which() -> None:
    for words in ("the left cat", "the biggest cat", "the last cat", "one cat"):
        assert choice_of(words).of([7]) == [7]
