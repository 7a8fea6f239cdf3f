"""What a prompt says is not there is left out of what is read."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.denials import plain_denials, without_denials
from dall_e.text.language import Language

_NAMES = frozenset(("face without mouth", "umbrella", "hat", "没有叶子的树"))


@pytest.mark.parametrize(
    ("said", "language", "left"),
    [
        ("a girl without an umbrella", "en", "a girl"),
        ("a bird that isn't flying", "en", "a bird"),
        ("a cat that is not sleeping on a sofa", "en", "a cat on a sofa"),
        ("a girl not wearing a hat in the park", "en", "a girl in the park"),
        ("a table with neither a cup nor a plate", "en", "a table"),
        ("没拿伞的女孩", "zh", "女孩"),
        ("一只没睡觉的猫", "zh", "一只猫"),
        ("男孩没骑自行车", "zh", "男孩"),
    ],
)
def test_what_is_denied_goes(said: str, language: Language, left: str) -> None:
    denied = without_denials(said, language, _NAMES.__contains__)
    assert denied is not None and denied.text == left


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("a face without mouth", "en"),
        ("pedestrians not allowed", "en"),
        ("a fishbowl with no fish, just pebbles", "en"),
        ("a cat", "en"),
        ("without a hat", "en"),
        ("不开心的男孩", "zh"),
        ("没有叶子的树", "zh"),
        ("空无一人的街道", "zh"),
    ],
)
def test_names_and_other_words_stay(said: str, language: Language) -> None:
    assert without_denials(said, language, _NAMES.__contains__) is None


def test_parts_of_a_picture_are_told() -> None:
    cup = without_denials("a cup with no handle", "en", _NAMES.__contains__)
    girl = without_denials("a girl without a hat", "en", _NAMES.__contains__)
    assert cup is not None and cup.kept == ("with", "no", "handle")
    assert girl is not None and not girl.kept


def test_neither_denies_both(vocabulary: Vocabulary) -> None:
    assert plain_denials("neither a cat nor a dog") == "no a cat, no a dog"
    assert parse("neither a cat nor a dog", vocabulary).scene is None


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("没拿伞的女孩", "girl"),
        ("没骑自行车的男孩", "boy"),
        ("a bird that isn't flying", "bird"),
        ("a cat that is not sleeping", "cat"),
    ],
)
def test_who_is_said_not_to_do_it_does_not(prompt: str, name: str, vocabulary: Vocabulary) -> None:
    understood = parse(prompt, vocabulary)
    assert understood.scene is not None and not understood.unread
    assert [item.name for item in understood.scene.objects] == [name]
    assert not understood.scene.actions


@pytest.mark.parametrize("prompt", ["a cat that is not black", "不是黑色的猫"])
def test_a_denied_colour_is_another_one(prompt: str, vocabulary: Vocabulary) -> None:
    understood = parse(prompt, vocabulary)
    assert understood.scene is not None and not understood.unread
    assert understood.scene.objects[0].colour not in ("", "black")


@pytest.mark.parametrize("prompt", ["a beach without palm trees", "天上没有云"])
def test_what_a_place_may_show_is_told(prompt: str, vocabulary: Vocabulary) -> None:
    assert parse(prompt, vocabulary).unread
