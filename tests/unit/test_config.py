"""Settings: documented, checked with both numbers, and the same after a trip through JSON."""

import dataclasses
import json
from typing import Any

import pytest

from dall_e import config as settings
from dall_e.config import (
    PRESETS,
    DataConfig,
    GeneratorConfig,
    GeneratorTraining,
    LoopConfig,
    ModelConfig,
    SamplingConfig,
    TextConfig,
    TokenizerConfig,
    TokenizerTraining,
    field_help,
)

CLASSES = [value for value in vars(settings).values() if isinstance(value, type) and dataclasses.is_dataclass(value)]


@pytest.mark.parametrize("config_class", CLASSES, ids=lambda c: c.__name__)
def test_every_field_has_help_and_every_class_is_frozen(config_class: type) -> None:
    texts = field_help(config_class)
    for field in dataclasses.fields(config_class):
        assert texts.get(field.name, "").endswith("."), f"{config_class.__name__}.{field.name} has no help"
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config_class(), dataclasses.fields(config_class)[0].name, None)
    with pytest.raises(TypeError):
        config_class("positional")


def test_help_of_a_subclass_wins() -> None:
    assert field_help(TokenizerTraining)["seed"] == field_help(LoopConfig)["seed"]
    assert "perturbed_share" in field_help(TokenizerTraining)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name: str) -> None:
    preset = PRESETS[name]
    assert ModelConfig.from_dict(json.loads(json.dumps(preset.to_dict()))) == preset


def test_derived_sizes() -> None:
    tokenizer = TokenizerConfig(image_size=96, widths=(8, 8, 8), fsq_levels=(8, 5, 5, 5))
    assert (tokenizer.patch_size, tokenizer.grid_size, tokenizer.num_codes) == (8, 12, 1000)
    assert TokenizerConfig(quantizer="vq", vq_codes=77).num_codes == 77
    assert GeneratorConfig(grid_size=12).num_tokens == 144


@pytest.mark.parametrize(
    ("config_class", "values", "message"),
    [
        (TokenizerConfig, {"image_size": 100}, "100 is not a multiple of .* 8 pixels"),
        (TokenizerConfig, {"widths": (8, 8)}, "one entry per resolution"),
        (TokenizerConfig, {"fsq_levels": (8, 1)}, "at least 2"),
        (TextConfig, {"vocab_size": 258}, "258 < 259"),
        (TextConfig, {"max_tokens": 3}, "3 < 4"),
        (TextConfig, {"width": 30}, "30 is not a multiple of 4"),
        (GeneratorConfig, {"width": 255}, "255 is not a multiple of 4"),
        (GeneratorConfig, {"width": 24}, "6 is not a multiple of 4"),
        (GeneratorConfig, {"dropout": 1.0}, r"1.0 is not in \[0, 1\)"),
        (SamplingConfig, {"num_inference_steps": 0}, "at least 1, got 0"),
        (SamplingConfig, {"guidance_scale": -1.0}, "got -1.0"),
        (SamplingConfig, {"final_temperature": -0.5}, "got 1.0 and -0.5"),
        (SamplingConfig, {"top_k": -1}, "got -1"),
        (SamplingConfig, {"top_p": 0.0}, r"\(0, 1\], got 0.0"),
        (SamplingConfig, {"max_group": 0}, "got 0"),
        (SamplingConfig, {"correction_rounds": -1}, "got -1"),
        (SamplingConfig, {"correction_share": 1.5}, "got 1.5"),
        (DataConfig, {"size": 4}, "got 4"),
        (DataConfig, {"shard_size": 0}, "got 0"),
        (LoopConfig, {"preset": "xxl"}, "'xxl' is not one of tiny"),
        (LoopConfig, {"images": 0}, "got 0"),
        (LoopConfig, {"batch_size": 0}, "got 0"),
        (LoopConfig, {"learning_rate": 0.0}, "got 0.0"),
        (LoopConfig, {"ema_decay": 1.0}, "got 1.0"),
        (LoopConfig, {"log_every": 0}, "got 0"),
        (GeneratorTraining, {"caption_drop": 1.1}, r"caption_drop must be in \[0, 1\], got 1.1"),
        (GeneratorTraining, {"views": 0}, "got 0"),
        (GeneratorTraining, {"images": 0}, "got 0"),
        (ModelConfig, {"generator": GeneratorConfig(num_codes=7)}, "generator.num_codes = 7 differs .* = 1000"),
        (ModelConfig, {"text": TextConfig(max_tokens=8)}, "= 32 differs from text.max_tokens = 8"),
    ],
)
def test_bad_values_are_named(config_class: type, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config_class(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"flavour": "sweet"}, "ModelConfig has no setting named flavour"),
        ({"text": {"width": 64, "depth": 3}}, "TextConfig has no setting named depth"),
        ({"text": 7}, "TextConfig needs a table of settings, got 7"),
        ({"text": {"width": "wide"}}, "TextConfig"),
    ],
)
def test_damaged_config_files_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelConfig.from_dict(values)
