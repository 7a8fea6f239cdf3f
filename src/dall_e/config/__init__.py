"""Every setting of the project: networks, sampling, data and training, with presets.

Standard library only. A default is written once, here; flags of the command line and their help
come from these classes.
"""

from dall_e.config.base import REMOVED_SETTINGS, build_settings, check_kinds, field_help
from dall_e.config.data import DataConfig
from dall_e.config.model import DUAL_ENCODERS, PRESETS, ModelConfig
from dall_e.config.networks import (
    DetectorConfig,
    DiscriminatorConfig,
    DualEncoderConfig,
    GeneratorConfig,
    TextConfig,
    TokenizerConfig,
    UpsamplerConfig,
)
from dall_e.config.sampling import OrderKind, SamplingConfig, ScheduleKind
from dall_e.config.training import (
    AdversarialTraining,
    DetectorTraining,
    DualEncoderTraining,
    GeneratorData,
    GeneratorTraining,
    LoopConfig,
    OptimizerKind,
    TokenizerTraining,
    UpsamplerTraining,
)

__all__ = [
    "DUAL_ENCODERS",
    "PRESETS",
    "REMOVED_SETTINGS",
    "AdversarialTraining",
    "DataConfig",
    "DetectorConfig",
    "DetectorTraining",
    "DiscriminatorConfig",
    "DualEncoderConfig",
    "DualEncoderTraining",
    "GeneratorConfig",
    "GeneratorData",
    "GeneratorTraining",
    "LoopConfig",
    "ModelConfig",
    "OptimizerKind",
    "OrderKind",
    "SamplingConfig",
    "ScheduleKind",
    "TextConfig",
    "TokenizerConfig",
    "TokenizerTraining",
    "UpsamplerConfig",
    "UpsamplerTraining",
    "build_settings",
    "check_kinds",
    "field_help",
]
