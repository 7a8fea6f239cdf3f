"""Every setting of the project: networks, sampling, data and training, with presets.

Standard library only. A default is written once, here; flags of the command line and their help
come from these classes.
"""

from dall_e.config.base import REMOVED_SETTINGS, build_settings, check_kinds, field_help
from dall_e.config.data import DataConfig
from dall_e.config.model import COMPANIONS, PRESETS, ModelConfig
from dall_e.config.networks import (
    CompanionConfig,
    DetectorConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    TextConfig,
    TokenizerConfig,
    UpsamplerConfig,
)
from dall_e.config.sampling import OrderKind, SamplingConfig, ScheduleKind
from dall_e.config.training import (
    AdversarialTraining,
    CompanionTraining,
    DetectorTraining,
    GeneratorData,
    GeneratorTraining,
    LoopConfig,
    OptimizerKind,
    TokenizerTraining,
    UpsamplerTraining,
)

__all__ = [
    "COMPANIONS",
    "PRESETS",
    "REMOVED_SETTINGS",
    "AdversarialTraining",
    "CompanionConfig",
    "CompanionTraining",
    "DataConfig",
    "DetectorConfig",
    "DetectorTraining",
    "DiscriminatorConfig",
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
