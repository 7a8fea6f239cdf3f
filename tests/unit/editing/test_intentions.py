"""Words that describe what shall be seen, beside what a picture shows."""

import pytest

from dall_e.editing.instructions import read_instruction
from dall_e.editing.intentions import as_meant
from dall_e.planning.vocabulary import Vocabulary

KNOWN = Vocabulary.from_text(
    "cat | 猫 | animal | - | - | -\nstanding cat | 站着的猫 | animal | - | - | -\n"
    "automobile | 汽车 | vehicle | - | - | -\nwoman's hat | 女帽 | object | - | - | -\n"
    "tree | 树 | plant | - | - | -\n"
)
SHOWN = "a cat and a red car"


@pytest.mark.parametrize("words", ["a blue car", "the blue car", "蓝色的汽车"])
def test_a_thing_in_another_colour_is_painted(words: str) -> None:
    meant = as_meant(read_instruction(words), SHOWN, KNOWN)
    assert (meant.kind, meant.what, meant.where) == ("recolour", "blue", "automobile")


def test_who_is_there_gets_what_they_wear() -> None:
    meant = as_meant(read_instruction("a cat wearing a hat"), SHOWN, KNOWN)
    assert (meant.kind, meant.where, meant.whole) == ("draw", "cat", True)
    assert meant.what == "a cat wearing a hat"


@pytest.mark.parametrize(
    ("words", "drawn"),
    [
        ("give the cat a red hat", "a cat with a red hat"),
        ("put a hat on the cat", "a cat with a hat"),
        ("给猫戴上红帽子", "戴红帽子的猫"),
        ("a standing cat", "a standing cat"),
    ],
)
def test_who_is_there_is_given_something(words: str, drawn: str) -> None:
    meant = as_meant(read_instruction(words), SHOWN, KNOWN)
    assert (meant.kind, meant.what, meant.where, meant.whole) == ("draw", drawn, "cat", True)


@pytest.mark.parametrize("words", ["put a hat on the car", "give the tree a hat", "put a tree"])
def test_what_is_not_alive_is_given_nothing(words: str) -> None:
    assert not as_meant(read_instruction(words), SHOWN, KNOWN).whole


@pytest.mark.parametrize(
    "words", ["a red car", "a tree", "add a blue car", "remove the car", "a car", "a blue tree"]
)
def test_everything_else_is_done_as_it_is_said(words: str) -> None:
    said = read_instruction(words)
    assert as_meant(said, SHOWN, KNOWN) == said


def test_of_an_unknown_picture_nothing_is_meant() -> None:
    said = read_instruction("a blue car")
    assert as_meant(said, "", KNOWN) == said
    assert as_meant(said, SHOWN, None) == said
