"""Settings of training: what all stages share, and one record a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from dall_e.config.base import check_at_least, check_fractions, check_kinds, require
from dall_e.config.model import DUAL_ENCODERS, PRESETS
from dall_e.config.networks import UpsamplerConfig

OptimizerKind = Literal["adamw", "muon"]


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """What every training stage has in common (`training/loop.py`). Schedules count pictures, not
    steps."""

    presets: ClassVar[Mapping[str, Any]] = PRESETS

    out: str = "runs/out"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from
    it."""
    data: str = "data/emoji"
    """Folder made by `dall-e data build`, or a folder of pictures with captions."""
    preset: str = "xs"
    """Size of the model: one of the presets in config.py."""
    images: int = 400_000
    """Pictures to see before the run ends."""
    batch_size: int = 64
    """Pictures per step."""
    optimizer: OptimizerKind = "adamw"
    """What steps the matrices of transformer blocks and the kernels of convolutions: adamw, or
    muon, which learns more from a picture."""
    learning_rate: float = 1e-3
    """Peak learning rate; muon's steps are as large as AdamW's at the same one, and it bears
    several times as much."""
    warmup_images: int = 10_000
    """Pictures over which the learning rate rises to its peak."""
    final_learning_rate: float = 0.05
    """Learning rate at the end of the cosine, as a fraction of the peak."""
    weight_decay: float = 0.05
    """AdamW's decoupled weight decay, on matrices only."""
    clip_norm: float = 1.0
    """Largest norm of the gradient; larger ones are scaled down."""
    ema_decay: float = 0.999
    """Decay per step of the averaged weights, which are the ones that are sampled and kept."""
    seed: int = 0
    """Seed of initialisation, data order and noise."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Arithmetic of the forward pass; auto takes bf16 where the machine computes in it."""
    compile: bool = False
    """Compile the forward pass with torch.compile: faster steps after a minute or two of
    start-up."""
    device: str = "auto"
    """cpu, cuda, or auto."""
    log_every: int = 20
    """Steps between lines of the log."""
    save_minutes: float = 5.0
    """Minutes between checkpoints."""
    sample_minutes: float = 10.0
    """Minutes between sample sheets."""
    max_minutes: float = 0.0
    """Save and stop after this many minutes, to be resumed by the same command; 0 is no limit."""
    tensorboard: bool = False
    """Also write the log for TensorBoard."""

    def __post_init__(self) -> None:
        check_kinds(self)
        known = self.presets
        require(self.preset in known, f"preset {self.preset!r} is not one of {', '.join(known)}")
        check_at_least(self, 1, "images", "batch_size", "log_every")
        check_at_least(
            self,
            0,
            "warmup_images",
            "weight_decay",
            "save_minutes",
            "sample_minutes",
            "max_minutes",
        )
        check_fractions(self, "final_learning_rate")
        for name in ("learning_rate", "clip_norm"):
            require(getattr(self, name) > 0, f"{name} must be above 0, got {getattr(self, name)}")
        require(0 <= self.ema_decay < 1, f"ema_decay must be in [0, 1), got {self.ema_decay}")
        require(0 <= self.seed < 2**32, f"seed must be between 0 and 2^32 - 1, got {self.seed}")


@dataclass(frozen=True, kw_only=True)
class TokenizerTraining(LoopConfig):
    """`dall-e train tokenizer` (`training/tokenizer_stage.py`)."""

    out: str = "runs/tokenizer"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from
    it."""
    init: str = ""
    """Run or model folder, or dall-e-emoji, to start from instead of random numbers."""
    freeze_encoder: bool = False
    """Train the decoder only: codes stay the same, so a generator trained on them stays valid."""
    coarse_fraction: float = 0.5
    """Fraction of batches at two thirds of the picture size, so that one vocabulary serves coarse and
    fine grids."""
    background_fraction: float = 0.2
    """Fraction of pictures put on an opaque gradient of two random colours, so that full scenes have
    codes too."""
    scene_fraction: float = 0.0
    """Fraction of a batch's pictures that are composed scenes (`scenes/composer.py`), each seen
    once."""
    moved_fraction: float = 1.0
    """Fraction of pictures that are moved, mirrored or scaled; a generator trained with `--views 1`
    meets the others."""
    pyramid_weight: float = 0.5
    """Weight of the Laplacian-pyramid L1 loss."""
    edge_weight: float = 4.0
    """How much more an error counts on a sharp edge of the picture than on flat colour."""
    feature_weight: float = 0.5
    """Weight of matching the discriminator's features of original and reconstruction."""
    dual_encoder: str = ""
    """Run or model folder of a dual encoder, or dall-e-emoji: its features of both pictures are
    matched too."""
    perceptual_weight: float = 0.1
    """Weight of matching the dual encoder's features, where there is one."""
    adversarial_weight: float = 0.5
    """Weight of the adversarial loss, on top of its adaptive scale; 0 trains without a
    discriminator."""
    adversarial_start: float = 0.25
    """Fraction of the run after which the discriminator joins."""
    discriminator_learning_rate: float = 4e-4
    """Peak learning rate of the discriminator."""
    gradient_penalty: float = 8.0
    """Weight of the discriminator's gradient penalties R1 and R2, applied every 8th step."""
    perturbed_fraction: float = 0.1
    """Fraction of pictures whose codes are moved to neighbours before decoding, so that the decoder
    forgives errors."""
    perturbed_tokens: float = 0.5
    """Largest fraction of the tokens of such a picture that are moved; each picture draws its own."""
    generator: str = ""
    """Run folder of a generator: the decoder then also learns from codes that it drew. Needs
    --freeze-encoder."""
    drawn_fraction: float = 0.5
    """Fraction of pictures whose codes are partly drawn by that generator."""
    drawn_tokens: float = 0.25
    """Fraction of the tokens of such a picture that are drawn; the others are its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            not self.generator or self.freeze_encoder,
            "generator needs freeze_encoder: what was drawn means something else once the encoder has moved",
        )
        check_fractions(self, "drawn_fraction", "drawn_tokens")
        check_fractions(
            self,
            "coarse_fraction",
            "background_fraction",
            "adversarial_start",
            "scene_fraction",
            "moved_fraction",
        )
        check_fractions(self, "perturbed_fraction", "perturbed_tokens")
        check_at_least(
            self, 0, "pyramid_weight", "edge_weight", "feature_weight", "adversarial_weight"
        )
        check_at_least(self, 0, "perceptual_weight")
        check_at_least(self, 0, "discriminator_learning_rate", "gradient_penalty")


@dataclass(frozen=True, kw_only=True)
class GeneratorData(LoopConfig):
    """What the stages that train the generator have in common (`training/generator_base.py`)."""

    tokenizer: str = "runs/tokenizer"
    """Run or model folder of the image tokenizer; dall-e-emoji is the built-in model's."""
    init: str = ""
    """Run or model folder, or dall-e-emoji, to start from instead of random numbers."""
    views: int = 8
    """Augmented views of each picture that are tokenised beforehand; the first is the picture
    itself."""
    scene_fraction: float = 0.0
    """Fraction of a batch's pictures that are composed scenes (`scenes/composer.py`) instead of
    pictures of the data set."""
    scenes: int = 40_000
    """How many scenes are composed and tokenised beforehand, if they have a fraction."""
    canonical_scenes: bool = True
    """Sizes, places and directions that captions do not say are always the same; small models learn
    these sooner."""
    caption_drop: float = 0.1
    """Fraction of captions replaced by the empty one, for classifier-free guidance."""
    caption_fraction: float = 1.0
    """Fraction of pictures whose captions are used; 0 trains without labels, before a run that starts
    from it (--init)."""
    other_words: float = 1.0
    """How often captions use everyday, like or broader words, relative to `data/captions.py`; 0
    always uses names."""
    weight_exponent: float = 1.0
    """Exponent of the data set's weights: 1 sees pictures as often as they say, 0 each as often as
    any other."""
    random_order: float = 0.7
    """Fraction of batches with random order; the rest is split between locality and raster, two to
    one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fractions(
            self,
            "caption_drop",
            "caption_fraction",
            "other_words",
            "random_order",
            "scene_fraction",
        )
        check_fractions(self, "weight_exponent")
        check_at_least(self, 1, "views", "scenes")


@dataclass(frozen=True, kw_only=True)
class GeneratorTraining(GeneratorData):
    """`dall-e train generator` (`training/generator_stage.py`)."""

    out: str = "runs/generator"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from
    it."""
    noisy_fraction: float = 0.3
    """Fraction of pictures whose context gets noise."""
    noise_level: float = 0.4
    """Largest standard deviation of that noise, in units of the code grid, which spans -1 to 1."""
    replaced_fraction: float = 0.1
    """Fraction of context tokens of such a picture that are replaced by others of the picture or by
    neighbours."""
    correction_weight: float = 0.2
    """Weight of the loss that asks for the true token at replaced places."""
    contrastive_weight: float = 0.1
    """Weight of the contrastive loss between caption and picture."""
    first_weight: float = 2.0
    """Weight of the first revealed token's loss relative to the last one's."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fractions(self, "noisy_fraction", "replaced_fraction")
        check_at_least(
            self, 0, "noise_level", "correction_weight", "contrastive_weight", "first_weight"
        )


@dataclass(frozen=True, kw_only=True)
class AdversarialTraining(GeneratorData):
    """`dall-e train adversarial` (`training/adversarial_stage.py`)."""

    out: str = "runs/adversarial"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from
    it."""
    images: int = 16_000
    """Real pictures to see before the run ends."""
    learning_rate: float = 2e-5
    """Peak learning rate of AdamW."""
    warmup_images: int = 1_000
    """Pictures over which the learning rate rises to its peak."""
    ema_decay: float = 0.98
    """Decay per step of the averaged weights; a round is short."""
    fakes: int = 8_192
    """How many pictures the generator draws before the game; they are the fakes."""
    fake_steps: tuple[int, ...] = (16, 32)
    """Numbers of steps that they are drawn in, as many fakes for each."""
    beta: float = 0.05
    """Factor of the log-likelihood ratio in d_i; small values move the generator far."""
    fake_weight: float = 1.0
    """Weight of the fakes in the game, relative to the real pictures."""
    wrong_weight: float = 0.5
    """Weight of the second game, in which real pictures with wrong captions are the fakes."""
    wrong_beta: float = 0.02
    """Factor of the log-likelihood ratio in that game."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 1, "fake_steps")
        require(len(self.fake_steps) > 0, "fake_steps needs at least one entry")
        least = self.batch_size * len(self.fake_steps)
        require(
            self.fakes >= least,
            f"fakes must be at least {least}, a batch per entry of fake_steps; got {self.fakes}",
        )
        require(self.beta > 0, f"beta must be above 0, got {self.beta}")
        check_at_least(self, 0, "fake_weight", "wrong_weight", "wrong_beta")


@dataclass(frozen=True, kw_only=True)
class DualEncoderTraining(LoopConfig):
    """`dall-e train dual encoder` (`training/dual_encoder_stage.py`)."""

    presets: ClassVar[Mapping[str, Any]] = DUAL_ENCODERS

    out: str = "runs/dual_encoder"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from
    it."""
    batch_size: int = 256
    """Pictures per step. Every other picture of a batch is a wrong one for a caption, so more teach
    more."""
    text_tokenizer: str = ""
    """Run or model folder whose text tokenizer is taken over, as a model's dual encoder must. Empty
    makes a new one."""
    fold: int = 0
    """Which half of the pictures is trained on, 0 or 1; the split is by name and always the
    same."""
    other_fraction: float = 1.0
    """How often pictures of the other half are drawn, relative to those of this one; 0 leaves them
    out."""
    scene_fraction: float = 0.0
    """Fraction of a batch's pictures that are composed scenes (`scenes/composer.py`), most with a
    nearly right caption too."""
    hard_weight: float = 0.5
    """Weight of telling a caption from one with a colour, a count or a place changed, where a
    picture has such."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.fold in (0, 1), f"fold must be 0 or 1, got {self.fold}")
        check_fractions(self, "other_fraction", "scene_fraction")
        check_at_least(self, 0, "hard_weight")


@dataclass(frozen=True, kw_only=True)
class UpsamplerTraining(LoopConfig):
    """`dall-e train upsampler` (`training/upsampler_stage.py`)."""

    out: str = "runs/upsampler"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from
    it."""
    tokenizer: str = ""
    """Run folder of an image tokenizer. Half of the small pictures go through it, so that what it
    blurs is repaired."""
    batch_size: int = 32
    """Pictures per step."""
    small_size: int = 64
    """Side of the small pictures in pixels; the data set must have pictures of twice this side."""
    pyramid_weight: float = 0.5
    """Weight of the Laplacian-pyramid L1 loss."""
    edge_weight: float = 4.0
    """How much more an error counts on a sharp edge of the picture than on flat colour."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 8, "small_size")
        check_at_least(self, 0, "pyramid_weight", "edge_weight")
        least = 1 << (len(UpsamplerConfig().widths) - 1)
        require(
            self.small_size % least == 0,
            f"small_size {self.small_size} is not a multiple of {least}",
        )


@dataclass(frozen=True, kw_only=True)
class DetectorTraining(LoopConfig):
    """`dall-e train detector` (`training/detector_stage.py`)."""

    out: str = "runs/detector"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from
    it."""
    fold: int = 1
    """Which half of the pictures things are cut out of, 0 or 1; on the other half it is
    measured."""
    colour_weight: float = 0.5
    """Weight of naming colours, relative to finding things."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.fold in (0, 1), f"fold must be 0 or 1, got {self.fold}")
        check_at_least(self, 0, "colour_weight")
