"""The style that captions have in common, in English and Chinese."""

from __future__ import annotations

import pytest

from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.planning.style_words import fitted_named, without_style
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.text.shared_style import shared_style

from ..checkpoints.test_styles_file import STYLE


def test_a_style_is_found_behind_and_before_what_is_shown() -> None:
    captions = ["a castle, OpenMoji style", "a cat in openmoji style.", "OpenMoji风格的狗",
                "猫，OpenMoji 风格", "OpenMoji-style fish"]  # fmt: skip
    shared = shared_style(captions)
    assert shared.name == "OpenMoji"
    assert shared.rests == ("a castle", "a cat", "狗", "猫", "fish")


def test_a_few_without_it_keep_their_captions() -> None:
    captions = ["a cat, pen style"] * 5 + ["a dog"]
    assert shared_style(captions).rests[-1] == "a dog"
    assert shared_style(captions[3:]).name == ""


@pytest.mark.parametrize("captions", [[], ["a castle", "a cat"], ["a, x style", "b, y style"]])
def test_captions_that_share_no_style_have_none(captions: list[str]) -> None:
    assert shared_style(captions) == ("", tuple(captions))


VOCABULARY = Vocabulary([KnownName("cat", "猫", "animal")], (), [STYLE])


@pytest.mark.parametrize(
    ("prompt", "rest"),
    [
        ("a cat, pen style", "a cat"),
        ("a cat in Pen style", "a cat"),
        ("a cat in the style of pen", "a cat"),
        ("pen style cat", "cat"),
        ("a pen-style cat", "cat"),
        ("a pen style drawing of a cat", "a cat"),
        ("a cat, pen style, on the beach", "a cat, on the beach"),
        ("pen风格的猫", "猫"),
        ("猫，pen 风格", "猫"),
        ("一只pen风格的猫", "一只猫"),
        ("一张pen风格的猫", "猫"),
        ("用pen风格画一只猫", "一只猫"),
    ],
)
def test_prompts_ask_for_a_style_of_the_model(prompt: str, rest: str) -> None:
    assert without_style(prompt, VOCABULARY) == (rest, "pen style")


@pytest.mark.parametrize("prompt", ["a cat with a pen", "a pen", "a stylish cat", "pen style"])
def test_other_prompts_do_not(prompt: str) -> None:
    assert without_style(prompt, VOCABULARY).style != "pen style"
    assert not without_style("a cat, pen style", Vocabulary([])).style == "pen style"


def test_names_of_styles_are_known_with_and_without_the_word() -> None:
    for name in ("pen", "Pen style", "pen风格"):
        assert fitted_named(name, VOCABULARY) == "pen style"
    assert fitted_named("ink", VOCABULARY) == fitted_named("pen", None) == ""


def test_styles_stay_where_vocabularies_are_joined() -> None:
    other = Vocabulary([KnownName("fritz", "fritz", "animal")])
    for joined in (VOCABULARY.joined(other), other.joined(VOCABULARY)):
        assert joined.fitted == {"pen style": STYLE} and joined.knows("fritz")
    newer = FittedStyle(name="pen style", name_zh="pen风格", colours=STYLE.colours)
    assert VOCABULARY.with_fitted([newer]).fitted["pen style"] is newer
