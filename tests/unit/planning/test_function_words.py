"""Warnings name only words that mean something for a picture."""

import pytest

from dall_e.planning.function_words import says_nothing
from dall_e.planning.plan import plan_prompt
from dall_e.planning.vocabulary import Vocabulary


@pytest.mark.parametrize("word", ["on", "Up", "too", "all", "a", "漂亮", "又", "一只"])
def test_words_that_say_nothing(word: str) -> None:
    assert says_nothing(word)


@pytest.mark.parametrize("word", ["no", "purple", "sleeping", "without", "not", "没有", "跳舞"])
def test_words_that_say_something(word: str) -> None:
    assert not says_nothing(word)


def test_a_plan_names_no_function_words(vocabulary: Vocabulary) -> None:
    assert plan_prompt("a cat up there too, dancing wildly", vocabulary).unread == (
        "dancing",
        "wildly",
    )
