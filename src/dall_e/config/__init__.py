"""Every setting of the project: networks, sampling, data and training, with presets.

Standard library only. A default is written once, here; flags of the command line and their help
come from these classes.
"""

from dall_e.config.adapter_training import AdapterTraining
from dall_e.config.base import (
    REMOVED_SETTINGS,
    build_settings,
    check_kinds,
    check_sizes,
    field_help,
)
from dall_e.config.captioner_training import CaptionerTraining
from dall_e.config.composition import flat_values, flattened, settings_of, with_values
from dall_e.config.data import DataConfig
from dall_e.config.model import CAPTIONERS, DUAL_ENCODERS, PRESETS, UPSAMPLERS, ModelConfig
from dall_e.config.networks import (
    CaptionerConfig,
    DetectorConfig,
    DiscriminatorConfig,
    DualEncoderConfig,
    GeneratorConfig,
    TextConfig,
    TokenizerConfig,
    UpsamplerConfig,
)
from dall_e.config.sampling import OrderKind, SamplingConfig, ScheduleKind
from dall_e.config.serving import ServingConfig
from dall_e.config.stages import (
    AdversarialTraining,
    CodeGameConfig,
    DetectorTraining,
    DualEncoderTraining,
    GeneratorBatchConfig,
    GeneratorLossConfig,
    GeneratorTraining,
    NoiseConfig,
    PerceptualConfig,
    PerturbationConfig,
    PixelGameConfig,
    SampledCodesConfig,
    TokenizerBatchConfig,
    TokenizerTraining,
    UpsamplerTraining,
)
from dall_e.config.training import (
    LoopConfig,
    LoraConfig,
    OptimizerConfig,
    OptimizerKind,
    PriorConfig,
    ReconstructionConfig,
    StartConfig,
    TrainingConfig,
)

__all__ = [
    "CAPTIONERS",
    "DUAL_ENCODERS",
    "PRESETS",
    "REMOVED_SETTINGS",
    "UPSAMPLERS",
    "AdapterTraining",
    "AdversarialTraining",
    "CaptionerConfig",
    "CaptionerTraining",
    "CodeGameConfig",
    "DataConfig",
    "DetectorConfig",
    "DetectorTraining",
    "DiscriminatorConfig",
    "DualEncoderConfig",
    "DualEncoderTraining",
    "GeneratorBatchConfig",
    "GeneratorConfig",
    "GeneratorLossConfig",
    "GeneratorTraining",
    "LoopConfig",
    "LoraConfig",
    "ModelConfig",
    "NoiseConfig",
    "OptimizerConfig",
    "OptimizerKind",
    "OrderKind",
    "PerceptualConfig",
    "PerturbationConfig",
    "PixelGameConfig",
    "PriorConfig",
    "ReconstructionConfig",
    "SampledCodesConfig",
    "SamplingConfig",
    "ScheduleKind",
    "ServingConfig",
    "StartConfig",
    "TextConfig",
    "TokenizerBatchConfig",
    "TokenizerConfig",
    "TokenizerTraining",
    "TrainingConfig",
    "UpsamplerConfig",
    "UpsamplerTraining",
    "build_settings",
    "check_kinds",
    "check_sizes",
    "field_help",
    "flat_values",
    "flattened",
    "settings_of",
    "with_values",
]
