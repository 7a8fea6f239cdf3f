"""Settings in parts: flat names are unique, and lead to the part and back."""

from dataclasses import dataclass

import pytest

from dall_e.config import (
    AdversarialTraining,
    DetectorTraining,
    DualEncoderTraining,
    GeneratorTraining,
    LoopConfig,
    OptimizerConfig,
    TokenizerTraining,
    TrainingConfig,
    UpsamplerTraining,
    field_help,
    flat_values,
    flattened,
    settings_of,
    with_values,
)

STAGES = (
    TokenizerTraining,
    GeneratorTraining,
    AdversarialTraining,
    DualEncoderTraining,
    UpsamplerTraining,
    DetectorTraining,
)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.stage)
def test_every_stage_has_the_settings_of_its_parts_once(stage: type[TrainingConfig]) -> None:
    settings = settings_of(stage)
    names = [setting.name for setting in settings]
    assert len(set(names)) == len(names)
    assert {"data", "images", "batch_size", "learning_rate"} <= set(names)
    by_name = {setting.name: setting for setting in settings}
    assert (by_name["data"].part, by_name["images"].part) == ("", "loop")
    assert by_name["images"].help == field_help(LoopConfig)["images"]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.stage)
def test_there_and_back(stage: type[TrainingConfig]) -> None:
    values = flat_values(stage())
    assert values == {setting.name: setting.default for setting in settings_of(stage)}
    changed = with_values(stage(), {"images": 9, "learning_rate": 0.5, "data": "here"})
    assert (changed.loop.images, changed.optimizer.learning_rate, changed.data) == (9, 0.5, "here")
    assert flat_values(changed) == {**values, "images": 9, "learning_rate": 0.5, "data": "here"}
    assert with_values(changed, values) == stage()


def test_a_stage_has_defaults_of_its_own() -> None:
    config = AdversarialTraining()
    assert (config.loop.images, config.optimizer.ema_decay) == (16_000, 0.98)
    longer = with_values(config, {"images": 20_000})
    assert longer.optimizer == config.optimizer and longer.loop == LoopConfig(images=20_000)


def test_run_folders_are_named_after_their_stages() -> None:
    assert [stage().run_folder for stage in STAGES] == [
        "runs/tokenizer",
        "runs/generator",
        "runs/adversarial",
        "runs/dual_encoder",
        "runs/upsampler",
        "runs/detector",
    ]
    assert TokenizerTraining(loop=LoopConfig(out="there")).run_folder == "there"


def test_unknown_and_bad_values_are_named() -> None:
    with pytest.raises(ValueError, match="DetectorTraining has no setting named flavour"):
        with_values(DetectorTraining(), {"flavour": "sweet"})
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        with_values(DetectorTraining(), {"batch_size": 0})


@dataclass(frozen=True, kw_only=True)
class Twice:
    """Two parts with a setting of the same name."""

    first: OptimizerConfig = OptimizerConfig()
    """One."""
    second: OptimizerConfig = OptimizerConfig()
    """Another."""


def test_a_name_that_two_parts_have_is_refused() -> None:
    with pytest.raises(ValueError, match="Twice has clip_norm, .* more than once"):
        settings_of(Twice)


def test_stored_settings_of_either_form() -> None:
    flat = {"seed": 3, "fold": 1}
    assert flattened({"loop": {"seed": 3}, "fold": 1}) == flattened(flat) == flat
