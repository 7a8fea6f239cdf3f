"""Settings: documented, checked with both numbers, and the same after a trip through JSON."""

import dataclasses
import json
import warnings
from typing import Any

import pytest

from dall_e import config as settings
from dall_e.config import (
    PRESETS,
    AdversarialTraining,
    CodeGameConfig,
    DataConfig,
    GeneratorBatchConfig,
    GeneratorConfig,
    LoopConfig,
    ModelConfig,
    OptimizerConfig,
    PixelGameConfig,
    SampledCodesConfig,
    SamplingConfig,
    StartConfig,
    TextConfig,
    TokenizerBatchConfig,
    TokenizerConfig,
    TokenizerTraining,
    TrainingConfig,
    field_help,
)

CLASSES = [
    value
    for value in vars(settings).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value)
]


@pytest.mark.parametrize("config_class", CLASSES, ids=lambda c: c.__name__)
def test_every_field_has_help_and_every_class_is_frozen(config_class: type) -> None:
    texts = field_help(config_class)
    for field in dataclasses.fields(config_class):
        assert texts.get(field.name, "").endswith("."), (
            f"{config_class.__name__}.{field.name} has no help"
        )
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config_class(), dataclasses.fields(config_class)[0].name, None)
    with pytest.raises(TypeError):
        config_class("positional")


def test_help_of_a_subclass_wins() -> None:
    assert field_help(AdversarialTraining)["data"] == field_help(TrainingConfig)["data"]
    assert field_help(AdversarialTraining)["loop"] != field_help(TrainingConfig)["loop"]
    assert "game" in field_help(AdversarialTraining)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name: str) -> None:
    preset = PRESETS[name]
    assert ModelConfig.from_dict(json.loads(json.dumps(preset.to_dict()))) == preset


def test_derived_sizes() -> None:
    tokenizer = TokenizerConfig(image_size=96, widths=(8, 8, 8), fsq_levels=(8, 5, 5, 5))
    assert (tokenizer.patch_size, tokenizer.grid_size, tokenizer.num_codes) == (8, 12, 1000)
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
        (
            SamplingConfig,
            {"final_temperature": -0.5},
            "final_temperature must be at least 0, got -0.5",
        ),
        (
            SamplingConfig,
            {"guidance_scale": float("inf")},
            "guidance_scale must be a finite number, got inf",
        ),
        (
            SamplingConfig,
            {"temperature": float("nan")},
            "temperature must be a finite number, got nan",
        ),
        (
            SamplingConfig,
            {"num_inference_steps": 2.5},
            "num_inference_steps must be a whole number, got 2.5",
        ),
        (SamplingConfig, {"top_k": True}, "top_k must be a whole number, got True"),
        (SamplingConfig, {"compose": "no"}, "compose must be True or False, got 'no'"),
        (
            SamplingConfig,
            {"order": "odd"},
            "order must be one of raster, random, locality, got 'odd'",
        ),
        (TokenizerConfig, {"image_size": 0}, "image_size must be at least 1, got 0"),
        (TokenizerConfig, {"widths": (8, -8, 8)}, "widths must be at least 1, got"),
        (TokenizerConfig, {"widths": ()}, "1 to 8 entries, got 0"),
        (TokenizerConfig, {"widths": (8, 8.5, 8)}, "widths must be a list of whole numbers"),
        (TokenizerConfig, {"fsq_levels": ()}, "at least one entry"),
        (TextConfig, {"num_heads": 0}, "num_heads must be at least 1, got 0"),
        (TextConfig, {"width": 64.0}, "width must be a whole number, got 64.0"),
        (GeneratorConfig, {"grid_size": -1}, "grid_size must be at least 1, got -1"),
        (SamplingConfig, {"top_k": -1}, "got -1"),
        (SamplingConfig, {"top_p": 0.0}, r"\(0, 1\], got 0.0"),
        (SamplingConfig, {"max_group": 0}, "got 0"),
        (SamplingConfig, {"top_k": -1}, "got -1"),
        (DataConfig, {"size": 4}, "got 4"),
        (DataConfig, {"shard_size": 0}, "got 0"),
        (StartConfig, {"preset": "xxl"}, "'xxl' is not one of tiny"),
        (LoopConfig, {"images": 0}, "got 0"),
        (LoopConfig, {"batch_size": 0}, "got 0"),
        (OptimizerConfig, {"learning_rate": 0.0}, "got 0.0"),
        (OptimizerConfig, {"ema_decay": 1.0}, "got 1.0"),
        (LoopConfig, {"log_every": 0}, "got 0"),
        (
            OptimizerConfig,
            {"learning_rate": float("inf")},
            "learning_rate must be a finite number, got inf",
        ),
        (OptimizerConfig, {"warmup_images": -1}, "warmup_images must be at least 0, got -1"),
        (OptimizerConfig, {"clip_norm": 0.0}, "clip_norm must be above 0, got 0.0"),
        (LoopConfig, {"seed": -1}, "seed must be between 0 and .* got -1"),
        (LoopConfig, {"seed": 2**32}, "got 4294967296"),
        (
            TokenizerBatchConfig,
            {"coarse_fraction": 1.5},
            r"coarse_fraction must be in \[0, 1\], got 1.5",
        ),
        (
            PixelGameConfig,
            {"adversarial_weight": -1.0},
            "adversarial_weight must be at least 0, got -1.0",
        ),
        (GeneratorBatchConfig, {"caption_drop": 1.1}, r"caption_drop must be in \[0, 1\], got 1.1"),
        (GeneratorBatchConfig, {"views": 0}, "got 0"),
        (TrainingConfig, {"loop": {"images": 9}}, "loop must be a LoopConfig, got"),
        (
            TokenizerTraining,
            {"sampled_codes": SampledCodesConfig(generator="runs/generator")},
            "generator needs freeze_encoder",
        ),
        (
            AdversarialTraining,
            {"game": CodeGameConfig(fakes=100)},
            "fakes must be at least 128, a batch per entry of fake_steps; got 100",
        ),
        (
            ModelConfig,
            {"generator": GeneratorConfig(num_codes=7)},
            "generator.num_codes = 7 differs .* = 1000",
        ),
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
        ({"text": {"width": "wide"}}, "width must be a whole number, got 'wide'"),
        ([], "a model needs a table of settings, got list"),
    ],
)
def test_damaged_config_files_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelConfig.from_dict(values)


def test_settings_of_older_versions_still_load() -> None:
    older = ModelConfig().to_dict()
    older["tokenizer"] |= {"quantizer": "fsq", "vq_codes": 1024, "vq_width": 8}
    older["sampling"] |= {
        "guidance_ramp": False,
        "correction_rounds": 0,
        "correction_share": 0.1,
        "inbetween": False,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ModelConfig.from_dict(older) == ModelConfig()
    older["sampling"] |= {"inbetween": True, "correction_rounds": 2}
    with pytest.warns(UserWarning, match="are ignored: correction_rounds, inbetween") as said:
        assert ModelConfig.from_dict(older) == ModelConfig()
    assert len(said) == 1
