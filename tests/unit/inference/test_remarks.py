"""What is not read, and a picture that is blank, is told once: as a warning, or as an error."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from dall_e import DALL_E
from dall_e.checkpoints.known_models import BUILT_IN, find_model
from dall_e.cli import run
from dall_e.errors import DallEWarning
from dall_e.images.files import shows_nothing
from dall_e.inference.remarks import unread_in_words
from dall_e.inference.validation import checked_negatives, checked_prompts
from dall_e.planning.plan import plan_prompt
from dall_e.planning.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.fixture
def told() -> Iterator[list[str]]:
    """The warnings of a test so far, as texts."""
    with warnings.catch_warnings():
        texts: list[str] = []

        def note(
            message: Warning | str, category: type[Warning], filename: str, *_: object
        ) -> None:
            assert category is DallEWarning and filename == __file__
            texts.append(str(message))

        warnings.simplefilter("always")
        warnings.showwarning = note
        yield texts


@pytest.mark.parametrize(
    ("prompt", "remark"),
    [
        ("雪地里的苹果，量子", "“雪地里的苹果，量子” 里没有读懂：“量子”"),
        ("ein roter Apfel", "“ein roter Apfel” 里没有读懂：“ein”，“roter”，“Apfel”"),
        ("кот", "模型只读中文和英文；“кот” 里没有读懂：“кот”"),
    ],
)
def test_remarks_in_chinese(model: DALL_E, prompt: str, remark: str) -> None:
    vocabulary = model.vocabulary
    assert vocabulary is not None
    assert unread_in_words(prompt, plan_prompt(prompt, vocabulary), "zh") == remark


def draw(model: DALL_E, prompt: str | list[str], **keywords: object):
    return model(prompt, num_inference_steps=1, seed=1, compose=True, **keywords)


@pytest.mark.parametrize(
    ("prompt", "remark", "unread"),
    [
        (
            "ein roter Apfel",
            "this model reads English and Chinese; of 'ein roter Apfel' it did not read: "
            "'ein', 'roter', 'Apfel'",
            "ein, roter, Apfel",
        ),
        (
            "кот",
            "this model reads English and Chinese; of 'кот' it did not read: 'кот'",
            "кот",
        ),
        (
            "赤いリンゴ",
            "this model reads English and Chinese; of '赤いリンゴ' it did not read: '赤いリンゴ'",
            "赤いリンゴ",
        ),
        ("a fluffy cat", "of 'a fluffy cat' this model did not read: 'fluffy'", "fluffy"),
        (
            "a cat\nin batik style",
            r"the style 'batik style', which 'a cat\nin batik style' asks for is not available: "
            "the picture is in the model's own",
            "batik style",
        ),
        (
            "(a cat:1.4) --ar 16:9",
            "of '(a cat:1.4) --ar 16:9' this model did not read: '--ar 16:9', ':1.4'",
            "--ar 16:9, :1.4",
        ),
    ],
)
def test_fault_use_08_what_is_not_read_is_told_once(
    model: DALL_E, told: list[str], prompt: str, remark: str, unread: str
) -> None:
    images = draw(model, [prompt, "a cat", prompt], num_images_per_prompt=2)
    assert told == [remark]
    assert [image.info.get("unread") for image in images] == [unread] * 2 + [None] * 2 + [
        unread
    ] * 2
    assert images[0].info["prompt"] == prompt

    # A strict call stops before it draws.
    with pytest.raises(ValueError) as caught:
        draw(model, ["a cat", prompt], strict=True)
    assert str(caught.value) == remark and told == [remark]
    assert draw(model, "a cat", strict=True).info["prompt"] == "a cat"


def test_fault_use_21_long_prompts_that_are_planned_are_told(
    model: DALL_E, told: list[str]
) -> None:
    draw(model, "a cat and a dog with " + " ".join(f"blorp{number}" for number in range(99)))
    assert len(told) == 1 and "'blorp0', 'blorp1'" in told[0] and "and 87 more" in told[0]
    draw(model, "a cat and a dog. " + "xyzzy " * 9_999)
    assert len(told) == 2 and "'xyzzy'" in told[1] and len(told[1]) < 300


def test_wrong_letters_are_told() -> None:
    vocabulary = Vocabulary.load(find_model(BUILT_IN) / "vocabulary.txt")
    plan = plan_prompt("a bicylce and a blorp", vocabulary)
    assert unread_in_words("a bicylce and a blorp", plan) == (
        "took 'bicylce' for 'bicycle'; of 'a bicylce and a blorp' this model did not read: 'blorp'"
    )
    assert unread_in_words("a bicylce and a blorp", plan, "zh") == (
        "把“bicylce”当作“bicycle”；“a bicylce and a blorp” 里没有读懂：“blorp”"
    )
    assert unread_in_words("", plan_prompt("a bicycle and a dog", vocabulary)) == ""


def test_what_has_no_room_is_in_the_same_line(model: DALL_E, told: list[str]) -> None:
    draw(model, "zzyzx " * 40, negative_prompt="no " * 100)
    assert len(told) == 2 and told[1].startswith("of the negative prompt: the prompt is longer")
    assert "did not read: 'zzyzx'; the prompt is longer than" in told[0]
    with pytest.raises(ValueError, match="longer than"):
        model("a cat " * 40, num_inference_steps=1, compose=False, strict=True)


def test_fault_use_08_a_blank_picture_is_told(
    model: DALL_E, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for level, alpha in ((0.0, 0.0), (1.0, 1.0), (0.5, 1.0)):
        x_CHW = torch.full((4, 32, 32), level)
        x_CHW[3] = alpha
        monkeypatch.setattr(model.engine, "pixels", lambda *_, x=x_CHW: x)
        told.clear()
        for transparent in (False, True):
            draw(model, "cat", transparent=transparent)
        assert len(told) == 2 and "the picture of 'cat' with seed 1 is blank" in told[0]
        with pytest.raises(ValueError, match="is blank"):
            draw(model, "cat", strict=True)


def test_a_small_thing_is_not_blank() -> None:
    from PIL import Image

    image = Image.new("RGB", (256, 256), "white")
    assert shows_nothing(image)
    image.paste("black", (3, 3, 13, 13))
    assert not shows_nothing(image)
    hidden = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    hidden.paste((0, 0, 255, 0), (9, 9, 40, 40))
    assert shows_nothing(hidden)


@pytest.mark.filterwarnings("always:this model reads English and Chinese")
def test_fault_use_08_strict_on_the_command_line(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cat.png"
    drawing = ["--model", str(tiny_folder), "--steps", "1", "--device", "cpu", "--out", str(out)]
    assert run(["generate", "кот", "--strict", *drawing]) == 1 and not out.exists()
    says = "this model reads English and Chinese; of 'кот' it did not read: 'кот'\n"
    assert capsys.readouterr().err == f"dall-e: error: {says}"
    assert run(["generate", "кот", *drawing]) == 0 and out.exists()
    assert f"dall-e: warning: {says}" in capsys.readouterr().err


def test_fault_use_20_arguments_of_a_locale_without_utf_8() -> None:
    argument = "一只猫".encode().decode("ascii", "surrogateescape")
    assert checked_prompts(argument) == ["一只猫"]
    assert checked_prompts(["\ud83d\udc31 cat"]) == ["🐱 cat"]
    assert checked_prompts("a\ud800cat") == ["a?cat"]
    assert checked_negatives(argument, 2) == ("一只猫",) * 2
    assert checked_negatives([argument, "a\ud800cat"], 2) == ("一只猫", "a?cat")
