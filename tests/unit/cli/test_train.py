"""`dall-e train` hands the settings of its flags to the stage."""

from typing import Any

import pytest

from dall_e.cli import run
from dall_e.config import (
    AdapterTraining,
    AdversarialTraining,
    CaptionerTraining,
    DetectorTraining,
    DualEncoderTraining,
    GeneratorTraining,
    TokenizerTraining,
    UpsamplerTraining,
    settings_of,
    with_values,
)


@pytest.mark.parametrize(
    ("stage", "config_class"),
    [
        ("tokenizer", TokenizerTraining),
        ("generator", GeneratorTraining),
        ("adversarial", AdversarialTraining),
        ("dual-encoder", DualEncoderTraining),
        ("upsampler", UpsamplerTraining),
        ("detector", DetectorTraining),
        ("captioner", CaptionerTraining),
        ("adapter", AdapterTraining),
    ],
)
def test_flags_become_settings(
    stage: str, config_class: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    module = stage.replace("-", "_")
    monkeypatch.setattr(
        f"dall_e.training.{module}_stage.run_{module}_training",
        lambda config, dry_run: seen.append((config, dry_run)),
    )
    assert run(["train", stage]) == 0
    flags = "--images 9 --learning-rate 1e-4 --dry-run".split()
    changes: dict[str, Any] = {"images": 9, "learning_rate": 1e-4}
    if any(setting.name == "preset" for setting in settings_of(config_class)):
        flags, changes = [*flags, "--preset", "tiny"], {**changes, "preset": "tiny"}
    assert run(["train", stage, *flags]) == 0
    assert seen == [(config_class(), False), (with_values(config_class(), changes), True)]


def test_a_stage_of_one_size_has_no_preset() -> None:
    assert run(["train", "detector", "--preset", "tiny"]) == 2


def test_sizes_of_the_upsampler_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "upsampler", "--preset", "odd"]) == 1
    error = "dall-e: error: preset 'odd' is not one of tiny, small, large\n"
    assert capsys.readouterr().err == error


def test_bad_settings_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "tokenizer", "--batch-size", "0"]) == 1
    assert capsys.readouterr().err == "dall-e: error: batch_size must be at least 1, got 0\n"
    assert run(["train", "generator", "--precision", "odd"]) == 2


def test_a_list_of_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []
    monkeypatch.setattr(
        "dall_e.training.adversarial_stage.run_adversarial_training",
        lambda config, dry_run: seen.append(config.game.fake_steps),
    )
    assert run(["train", "adversarial", "--fake-steps", "8, 24"]) == 0
    assert seen == [(8, 24)]
    assert run(["train", "adversarial", "--fake-steps", "8,many"]) == 2
    assert "--fake-steps takes whole numbers, got '8,many'" in " ".join(
        capsys.readouterr().err.replace("│", " ").split()
    )
