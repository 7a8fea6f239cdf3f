"""Settings of training that several stages share: the loop, the optimiser, what a run starts from.

`config/stages.py` puts them together into one record per stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from dall_e.config.base import check_at_least, check_fractions, check_kinds, require
from dall_e.config.model import PRESETS

OptimizerKind = Literal["adamw", "muon"]


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How long a run goes on, on what machine, and when it writes (`training/loop.py`)."""

    out: str = ""
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from it.
    By default it is runs/ with the stage's name."""
    images: int = 400_000
    """Pictures to see before the run ends."""
    batch_size: int = 64
    """Pictures per step, of all processes."""
    micro_batch: int = 0
    """Pictures that a process computes at once; the gradients of a step's micro-batches are added
    up, which takes less memory. 0 is the batch, shared out among the processes."""
    gradient_checkpointing: bool = False
    """Keep the inputs of transformer blocks only, and compute what is inside anew in the backward
    pass: a third slower, less memory, the same gradients."""
    seed: int = 0
    """Seed of initialisation, data order and noise."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Arithmetic of the forward pass; auto takes bf16 where the machine computes in it."""
    compile: bool = False
    """Compile the forward pass with torch.compile: faster steps after a minute or two of
    start-up."""
    device: str = "auto"
    """cpu, cuda, or auto."""
    sharding: Literal["auto", "none", "fsdp"] = "auto"
    """Whether each of several processes keeps all weights (none) or a part of them (fsdp); auto
    does as `accelerate launch` was told."""
    log_every: int = 20
    """Steps between lines of the log."""
    save_minutes: float = 5.0
    """Minutes between checkpoints."""
    sample_minutes: float = 10.0
    """Minutes between sample sheets."""
    max_minutes: float = 0.0
    """Save and stop after this many minutes, to be resumed by the same command; 0 is no limit."""
    track: str = "auto"
    """Where numbers and sheets go beside the run folder's own log: tensorboard, wandb, mlflow, or
    another tracker of Accelerate, several with commas, or none; auto is TensorBoard where it is
    installed."""
    profile: bool = False
    """Say at the end where the time of steps went, and what takes memory."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(self, 1, "images", "batch_size", "log_every")
        check_at_least(self, 0, "micro_batch", "save_minutes", "sample_minutes", "max_minutes")
        require(
            self.batch_size % self.micro_batch_size == 0,
            f"batch_size {self.batch_size} is no multiple of micro_batch {self.micro_batch}",
        )
        require(0 <= self.seed < 2**32, f"seed must be between 0 and 2^32 - 1, got {self.seed}")

    @property
    def micro_batch_size(self) -> int:
        """Pictures that a process computes at once."""
        return self.micro_batch or self.batch_size


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """How a network learns: optimiser, schedule and averaged weights (`training/optim.py`).

    Schedules count pictures, not steps.
    """

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

    def __post_init__(self) -> None:
        check_kinds(self)
        for name in ("learning_rate", "clip_norm"):
            require(getattr(self, name) > 0, f"{name} must be above 0, got {getattr(self, name)}")
        check_at_least(self, 0, "warmup_images", "weight_decay")
        check_fractions(self, "final_learning_rate")
        require(0 <= self.ema_decay < 1, f"ema_decay must be in [0, 1), got {self.ema_decay}")


@dataclass(frozen=True, kw_only=True)
class StartConfig:
    """What a model's network starts from: its size, and weights if there are some."""

    preset: str = "xs"
    """Size of the model: tiny, xs64, xs or s (`config/model.py`)."""
    init: str = ""
    """Run or model folder, or dall-e-emoji, to start from instead of random numbers."""

    def __post_init__(self) -> None:
        check_kinds(self)
        known = ", ".join(PRESETS)
        require(self.preset in PRESETS, f"preset {self.preset!r} is not one of {known}")


@dataclass(frozen=True, kw_only=True)
class LoraConfig:
    """Learning by low rank, from the weights of --init (`nn/lora.py`)."""

    lora_rank: int = 0
    """Rank of what is learned beside each weight of the blocks, which stays as it is; 0 trains all
    weights."""
    lora_alpha: float = 16.0
    """What is learned counts this much, divided by the rank."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(self, 0, "lora_rank")
        require(self.lora_alpha > 0, f"lora_alpha must be above 0, got {self.lora_alpha}")


@dataclass(frozen=True, kw_only=True)
class PriorConfig:
    """Drawings of the initial model, so that it keeps what it knew (`prior_drawings.py`)."""

    prior_fraction: float = 0.0
    """Fraction of a batch that are drawings of the model of --init, of names that it knows."""
    prior_drawings: int = 256
    """How many of these it draws before training, if they have a fraction."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_fractions(self, "prior_fraction")
        check_at_least(self, 1, "prior_drawings")


@dataclass(frozen=True, kw_only=True)
class ReconstructionConfig:
    """The distance of a picture made to the true one (`losses/reconstruction.py`)."""

    pyramid_weight: float = 0.5
    """Weight of the Laplacian-pyramid L1 loss."""
    edge_weight: float = 4.0
    """How much more an error counts on a sharp edge of the picture than on flat colour."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(self, 0, "pyramid_weight", "edge_weight")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What the run of any stage has; each stage adds parts of its own."""

    stage: ClassVar[str] = "out"
    """Name of the stage, which names its run folder too."""

    data: str = "data/emoji"
    """Folder made by `dall-e data build`, or a folder of pictures with captions."""
    loop: LoopConfig = LoopConfig()
    """How long the run goes on, and when it writes."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """How its network learns."""

    def __post_init__(self) -> None:
        check_kinds(self)

    @property
    def run_folder(self) -> str:
        """Where the run writes: what `loop.out` says, else runs/ with the stage's name."""
        return self.loop.out or f"runs/{self.stage}"
