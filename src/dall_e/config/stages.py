"""Settings of the six training stages: one record per stage, made of parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dall_e.config.base import check_at_least, check_fractions, check_kinds, check_name, require
from dall_e.config.model import DUAL_ENCODERS, UPSAMPLERS
from dall_e.config.training import (
    LoopConfig,
    LoraConfig,
    OptimizerConfig,
    PriorConfig,
    ReconstructionConfig,
    StartConfig,
    TrainingConfig,
)


@dataclass(frozen=True, kw_only=True)
class TokenizerBatchConfig:
    """What the image tokenizer sees (`training/tokenizer_data.py`)."""

    coarse_fraction: float = 0.5
    """Fraction of batches at two thirds of the picture size, so that one vocabulary serves coarse
    and fine grids."""
    background_fraction: float = 0.2
    """Fraction of pictures put on an opaque gradient of two random colours, so that full scenes
    have codes too."""
    scene_fraction: float = 0.0
    """Fraction of a batch's pictures that are composed scenes (`scenes/composer.py`), each seen
    once."""
    moved_fraction: float = 1.0
    """Fraction of pictures that are moved, mirrored or scaled; a generator trained with `--views 1`
    meets the others."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_fractions(self, "coarse_fraction", "background_fraction")
        check_fractions(self, "scene_fraction", "moved_fraction")


@dataclass(frozen=True, kw_only=True)
class PerceptualConfig:
    """The distance of two pictures by a dual encoder's features (`training/perceptual.py`)."""

    dual_encoder: str = ""
    """Run or model folder of a dual encoder, or dall-e-emoji: its features of both pictures are
    matched too."""
    perceptual_weight: float = 0.1
    """Weight of matching the dual encoder's features, where there is one."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(self, 0, "perceptual_weight")


@dataclass(frozen=True, kw_only=True)
class PixelGameConfig:
    """The image tokenizer's opponent, the discriminator of pixels (`training/pixel_game.py`)."""

    adversarial_weight: float = 0.5
    """Weight of the adversarial loss, on top of its adaptive scale; 0 trains without a
    discriminator."""
    adversarial_start: float = 0.25
    """Fraction of the run after which the discriminator joins."""
    feature_weight: float = 0.5
    """Weight of matching the discriminator's features of original and reconstruction."""
    discriminator_learning_rate: float = 4e-4
    """Peak learning rate of the discriminator."""
    gradient_penalty: float = 8.0
    """Weight of the discriminator's gradient penalties R1 and R2, applied every 8th step."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_fractions(self, "adversarial_start")
        check_at_least(self, 0, "adversarial_weight", "feature_weight", "gradient_penalty")
        check_at_least(self, 0, "discriminator_learning_rate")


@dataclass(frozen=True, kw_only=True)
class PerturbationConfig:
    """Codes that are moved to neighbours before decoding (`training/perturbation.py`)."""

    perturbed_fraction: float = 0.1
    """Fraction of pictures whose codes are moved to neighbours before decoding, so that the decoder
    forgives errors."""
    perturbed_tokens: float = 0.5
    """Largest fraction of the tokens of such a picture that are moved; each picture draws its
    own."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_fractions(self, "perturbed_fraction", "perturbed_tokens")


@dataclass(frozen=True, kw_only=True)
class SampledCodesConfig:
    """Codes that a generator drew, for the decoder to learn from (`training/sampled_codes.py`)."""

    generator: str = ""
    """Run folder of a generator: the decoder then also learns from codes that it drew. Needs
    --freeze-encoder."""
    drawn_fraction: float = 0.5
    """Fraction of pictures whose codes are partly drawn by that generator."""
    drawn_tokens: float = 0.25
    """Fraction of the tokens of such a picture that are drawn; the others are its own."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_fractions(self, "drawn_fraction", "drawn_tokens")


@dataclass(frozen=True, kw_only=True)
class TokenizerTraining(TrainingConfig):
    """`dall-e train tokenizer` (`training/tokenizer_stage.py`)."""

    stage: ClassVar[str] = "tokenizer"

    start: StartConfig = StartConfig()
    """What the image tokenizer starts from."""
    freeze_encoder: bool = False
    """Train the decoder only: codes stay the same, so a generator trained on them stays valid."""
    batches: TokenizerBatchConfig = TokenizerBatchConfig()
    """What it sees."""
    reconstruction: ReconstructionConfig = ReconstructionConfig()
    """The distance of its pictures to the originals."""
    perceptual: PerceptualConfig = PerceptualConfig()
    """The same by a dual encoder's features."""
    game: PixelGameConfig = PixelGameConfig()
    """Its opponent."""
    perturbation: PerturbationConfig = PerturbationConfig()
    """Codes that are moved before decoding."""
    sampled_codes: SampledCodesConfig = SampledCodesConfig()
    """Codes that a generator drew."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            not self.sampled_codes.generator or self.freeze_encoder,
            "generator needs freeze_encoder: codes that were drawn mean something else once the "
            "encoder has moved",
        )


@dataclass(frozen=True, kw_only=True)
class GeneratorBatchConfig:
    """Pictures and scenes that the generator learns from (`training/generator_data.py`)."""

    tokenizer: str = "runs/tokenizer"
    """Run or model folder of the image tokenizer; dall-e-emoji is the built-in model's."""
    views: int = 8
    """Augmented views of each picture that are tokenised beforehand; the first is unchanged."""
    scene_fraction: float = 0.0
    """Fraction of a batch's pictures that are composed scenes (`scenes/composer.py`) instead of
    pictures of the data set."""
    scenes: int = 40_000
    """How many scenes are composed and tokenised beforehand, if they have a fraction."""
    canonical_scenes: bool = True
    """Sizes, places and directions that captions do not say are always the same: easy to learn."""
    pair_fraction: float = 0.0
    """Fraction of scenes that are two common things side by side (`scenes/things.txt`), no more."""
    caption_drop: float = 0.1
    """Fraction of captions replaced by the empty one, for classifier-free guidance."""
    caption_fraction: float = 1.0
    """Fraction of pictures whose captions are used; 0 trains without labels, before a run that
    starts from it (--init)."""
    style: str = ""
    """Name of the pictures' style: it is said behind every caption, and then any name can be asked
    for in it."""
    subject: str = ""
    """Name of the one thing that all of these pictures show, such as "sks robot"; it stands for
    their captions."""
    other_words: float = 1.0
    """How often captions use everyday, like or broader words, relative to `data/captions.py`; 0
    always uses names."""
    weight_exponent: float = 1.0
    """Exponent of the data set's weights: at 0 each picture is seen as often as any other."""
    random_order: float = 0.7
    """Fraction of batches with random order; the rest is split between locality and raster, two to
    one."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(self, 1, "views", "scenes")
        check_fractions(self, "scene_fraction", "pair_fraction", "caption_drop", "caption_fraction")
        check_fractions(self, "other_words", "weight_exponent", "random_order")
        for what in ("style", "subject"):
            check_name(what, getattr(self, what))


@dataclass(frozen=True, kw_only=True)
class NoiseConfig:
    """What is done to the tokens that the generator sees (`training/corruption.py`)."""

    noisy_fraction: float = 0.3
    """Fraction of pictures whose context gets noise."""
    noise_level: float = 0.4
    """Largest standard deviation of that noise, in units of the code grid, which spans -1 to 1."""
    replaced_fraction: float = 0.1
    """Fraction of context tokens of such a picture that are replaced by others of the picture or by
    neighbours."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_fractions(self, "noisy_fraction", "replaced_fraction")
        check_at_least(self, 0, "noise_level")


@dataclass(frozen=True, kw_only=True)
class GeneratorLossConfig:
    """Weights of the generator's losses (`training/generator_stage.py`)."""

    correction_weight: float = 0.2
    """Weight of the loss that asks for the true token at replaced positions."""
    contrastive_weight: float = 0.1
    """Weight of the contrastive loss between caption and picture."""
    first_weight: float = 2.0
    """Weight of the first revealed token's loss relative to the last one's."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(self, 0, "correction_weight", "contrastive_weight", "first_weight")


@dataclass(frozen=True, kw_only=True)
class GeneratorTraining(TrainingConfig):
    """`dall-e train generator` (`training/generator_stage.py`)."""

    stage: ClassVar[str] = "generator"

    start: StartConfig = StartConfig()
    """What text encoder and generator start from."""
    batches: GeneratorBatchConfig = GeneratorBatchConfig()
    """What they see."""
    noise: NoiseConfig = NoiseConfig()
    """What is done to the tokens that they see."""
    losses: GeneratorLossConfig = GeneratorLossConfig()
    """Weights of the losses."""
    lora: LoraConfig = LoraConfig()
    """Whether all weights learn, or little beside each."""
    prior: PriorConfig = PriorConfig()
    """What it sees of its own drawings."""

    def __post_init__(self) -> None:
        super().__post_init__()
        needing = {
            "lora_rank": self.lora.lora_rank,
            "prior_fraction": self.prior.prior_fraction,
        }
        for name, value in needing.items():
            message = f"{name} needs init: the trained weights to start from"
            require(not value or bool(self.start.init), message)


@dataclass(frozen=True, kw_only=True)
class CodeGameConfig:
    """The generator's game against its own drawings (`losses/adversarial.py`)."""

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
        check_kinds(self)
        require(len(self.fake_steps) > 0, "fake_steps needs at least one entry")
        check_at_least(self, 1, "fake_steps")
        require(self.beta > 0, f"beta must be above 0, got {self.beta}")
        check_at_least(self, 0, "fake_weight", "wrong_weight", "wrong_beta")


@dataclass(frozen=True, kw_only=True)
class AdversarialTraining(TrainingConfig):
    """`dall-e train adversarial` (`training/adversarial_stage.py`)."""

    stage: ClassVar[str] = "adversarial"

    loop: LoopConfig = LoopConfig(images=16_000)
    """How long a round goes on; a short one is enough."""
    optimizer: OptimizerConfig = OptimizerConfig(
        learning_rate=2e-5, warmup_images=1_000, ema_decay=0.98
    )
    """How the generator learns: in small steps, averaged over few of them."""
    start: StartConfig = StartConfig()
    """The trained generator that plays."""
    batches: GeneratorBatchConfig = GeneratorBatchConfig()
    """The real pictures."""
    game: CodeGameConfig = CodeGameConfig()
    """The fakes, and the rules."""

    def __post_init__(self) -> None:
        super().__post_init__()
        least = self.loop.batch_size * len(self.game.fake_steps)
        require(
            self.game.fakes >= least,
            f"fakes must be at least {least}, a batch per entry of fake_steps; "
            f"got {self.game.fakes}",
        )


@dataclass(frozen=True, kw_only=True)
class DualEncoderTraining(TrainingConfig):
    """`dall-e train dual-encoder` (`training/dual_encoder_stage.py`)."""

    stage: ClassVar[str] = "dual_encoder"

    loop: LoopConfig = LoopConfig(batch_size=256)
    """A large batch: every other picture of it is a wrong one for a caption, so more teach more."""
    preset: str = "xs"
    """Size of the dual encoder: tiny, xs64, xs, s, or judge, which is larger."""
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
        known = ", ".join(DUAL_ENCODERS)
        require(self.preset in DUAL_ENCODERS, f"preset {self.preset!r} is not one of {known}")
        require(self.fold in (0, 1), f"fold must be 0 or 1, got {self.fold}")
        check_fractions(self, "other_fraction", "scene_fraction")
        check_at_least(self, 0, "hard_weight")


@dataclass(frozen=True, kw_only=True)
class UpsamplerTraining(TrainingConfig):
    """`dall-e train upsampler` (`training/upsampler_stage.py`)."""

    stage: ClassVar[str] = "upsampler"

    loop: LoopConfig = LoopConfig(batch_size=32)
    """How long the run goes on, and when it writes."""
    preset: str = "small"
    """Size of the network: tiny, small or large."""
    tokenizer: str = ""
    """Run or model folder of an image tokenizer, or dall-e-emoji: small pictures go through it, so
    that what it blurs is repaired."""
    tokenized_fraction: float = 0.5
    """Fraction of a batch's pictures that go through the tokenizer."""
    perturbation: PerturbationConfig = PerturbationConfig(perturbed_fraction=0.0)
    """Codes of those pictures that are moved to neighbours, as a generator errs."""
    mirrored: bool = True
    """Whether half of the pictures are seen in a mirror; a generator trained with `--views 1`
    draws none so."""
    small_size: int = 64
    """Side of the small pictures in pixels; the data set must have pictures of twice this side."""
    reconstruction: ReconstructionConfig = ReconstructionConfig()
    """The distance of the enlarged pictures to the true ones."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 8, "small_size")
        check_fractions(self, "tokenized_fraction")
        known = ", ".join(UPSAMPLERS)
        require(self.preset in UPSAMPLERS, f"preset {self.preset!r} is not one of {known}")
        step = 1 << (len(UPSAMPLERS[self.preset].widths) - 1)
        require(
            self.small_size % step == 0,
            f"small_size {self.small_size} is not a multiple of {step}",
        )


@dataclass(frozen=True, kw_only=True)
class DetectorTraining(TrainingConfig):
    """`dall-e train detector` (`training/detector_stage.py`)."""

    stage: ClassVar[str] = "detector"

    fold: int = 1
    """Which half of the pictures things are cut out of, 0 or 1; on the other half it is
    measured."""
    colour_weight: float = 0.5
    """Weight of naming colours, relative to finding things."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.fold in (0, 1), f"fold must be 0 or 1, got {self.fold}")
        check_at_least(self, 0, "colour_weight")
