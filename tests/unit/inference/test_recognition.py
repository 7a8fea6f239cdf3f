from __future__ import annotations

from typing import Any

import pytest
import torch

from dall_e.images.files import PILImage
from dall_e.inference import recognition
from dall_e.inference.recognition import FLOOR, Recognition, names_nothing
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.planning.plan import plan_prompt
from dall_e.planning.vocabulary import Vocabulary

NAMES = [f"thing{number}" for number in range(120)]
VOCABULARY = Vocabulary.from_text("\n".join(f"{name} | 物{name} | object" for name in NAMES))


class FakeRetriever:
    """Every picture is the first axis; texts lie as near to it as they are told to."""

    def __init__(self, fits: float) -> None:
        self.fits = fits

    def embed_image(self, image: Any) -> torch.Tensor:
        return torch.tensor([1.0, 0.0])

    def embed_text(self, text: str) -> torch.Tensor:
        if text not in NAMES:
            return torch.tensor([self.fits, 0.0])
        return torch.tensor([0.1 if int(text[5:]) % 2 else -0.1, 0.0])


def job(prompt: str) -> DrawingJob:
    return DrawingJob(text=prompt, seed=0, plan=plan_prompt(prompt, VOCABULARY), rows=range(1))


def judge(fits: float) -> Recognition:
    return Recognition(FakeRetriever(fits), VOCABULARY)  # type: ignore[arg-type]


def test_the_score_counts_deviations_of_other_names() -> None:
    image = PILImage()
    names = len(NAMES[:: len(NAMES) // recognition.FEWEST_NAMES])
    deviation = 0.1 * (names / (names - 1)) ** 0.5
    assert judge(0.5).score(image, "quantum") == pytest.approx(0.5 / deviation)


def test_a_blot_is_an_error_that_names_what_can_be_drawn() -> None:
    judge(0.1 * FLOOR + 0.1).check(PILImage(), job("quantum"))
    with pytest.raises(ValueError, match=r"no picture of 'thign7'.*knows 120 things.*'thing7"):
        judge(0.1 * FLOOR - 0.1).check(PILImage(), job("thign7"))


@pytest.mark.parametrize(
    "prompt",
    ["no thing7", "neither thing7 nor thing8", "0 thing7", "没有thing7", "不是thing7", "nothing"],
)
def test_what_says_only_what_is_not_there_is_told_so(prompt: str) -> None:
    with pytest.raises(ValueError, match="says only what is not to be drawn"):
        judge(0.1 * FLOOR - 0.1).check(PILImage(), job(prompt))


@pytest.mark.parametrize("prompt", ["кошка на дереве", "고양이", "قطة", "ein roter Apfel"])
def test_other_languages_are_told_which_are_read(prompt: str) -> None:
    told = r"^this model reads English and Chinese, and has no picture.*such as 'thing0'"
    with pytest.raises(ValueError, match=told):
        judge(0.1 * FLOOR - 0.1).check(PILImage(), job(prompt))


def test_unknown_chinese_is_answered_with_chinese_names() -> None:
    with pytest.raises(ValueError, match=r"^the model has no picture of '量子'.*'物thing0'"):
        judge(0.1 * FLOOR - 0.1).check(PILImage(), job("量子"))


@pytest.mark.parametrize("prompt", ["the", "of the", "it is", "..."])
def test_function_words_alone_name_no_thing(prompt: str) -> None:
    with pytest.raises(ValueError, match="is a prompt without a thing"):
        judge(0.1 * FLOOR - 0.1).check(PILImage(), job(prompt))


def test_a_number_that_begins_with_a_zero_denies_nothing() -> None:
    with pytest.raises(ValueError, match="no picture of '007 thing'"):
        judge(0.1 * FLOOR - 0.1).check(PILImage(), job("007 thing"))


def test_only_unknown_words_of_models_with_many_names_are_judged() -> None:
    assert names_nothing(job("quantum entanglement"), VOCABULARY)
    assert not names_nothing(job("thing7"), VOCABULARY)
    assert not names_nothing(job("thing7 and quantum"), VOCABULARY)
    assert not names_nothing(job("quantum"), Vocabulary.from_text("cat | 猫 | animal"))
    assert not names_nothing(job("quantum"), None)


def test_a_word_of_known_names_that_is_none_itself_is_judged_and_names_them() -> None:
    """Red, big and no cats drew a blot, without a word."""
    more = "red apple | 红苹果 | food"
    vocabulary = Vocabulary.from_text("\n".join([more, VOCABULARY.to_text()]))
    plan = plan_prompt("red", vocabulary)
    red = DrawingJob(text="red", seed=0, plan=plan, rows=range(1))
    assert names_nothing(red, vocabulary)
    judge = Recognition(FakeRetriever(0.0), vocabulary)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="such as 'red apple'"):
        judge.check(PILImage(), red)
