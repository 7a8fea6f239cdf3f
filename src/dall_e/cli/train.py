"""`dall-e train ...`: one function per training stage."""

from __future__ import annotations

from typing import Annotated

import typer

from dall_e.cli.flags import with_flags
from dall_e.config import (
    AdversarialTraining,
    DetectorTraining,
    DualEncoderTraining,
    GeneratorTraining,
    TokenizerTraining,
    UpsamplerTraining,
)

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Print the settings, parameter counts and schedule, and train nothing."
    ),
]


@with_flags(TokenizerTraining)
def tokenizer(config: TokenizerTraining, *, dry_run: DryRun = False) -> None:
    """Train the image tokenizer: pictures to grids of codes and back.

    Writes checkpoints, a log and sample sheets (original and reconstruction side by side) to the
    run folder --out. Stop it with Ctrl-C at any time; the same command again goes on where it
    stopped.
    """
    from dall_e.training.tokenizer_stage import run_tokenizer_training

    run_tokenizer_training(config, dry_run=dry_run)


@with_flags(GeneratorTraining)
def generator(config: GeneratorTraining, *, dry_run: DryRun = False) -> None:
    """Train the text encoder and the generator, on the codes of a trained image tokenizer.

    Writes checkpoints, a log and sample sheets (drawn pictures with their prompts) to the run
    folder --out. Stop it with Ctrl-C at any time; the same command again goes on where it stopped.
    """
    from dall_e.training.generator_stage import run_generator_training

    run_generator_training(config, dry_run=dry_run)


@with_flags(AdversarialTraining)
def adversarial(config: AdversarialTraining, *, dry_run: DryRun = False) -> None:
    """Train a generator further, against its own drawings.

    It draws fakes, and then learns to tell real pictures from them, and right captions from wrong
    ones, by how likely it finds them itself. --init names the run of the generator.
    """
    from dall_e.training.adversarial_stage import run_adversarial_training

    run_adversarial_training(config, dry_run=dry_run)


@with_flags(DualEncoderTraining)
def dual_encoder(config: DualEncoderTraining, *, dry_run: DryRun = False) -> None:
    """Train the dual encoder, which scores text against pictures.

    It serves `best_of` and `score` of a model (`dall-e export --dual-encoder`). Trained with another
    --seed, --fold 1 and --other-share 0, it is an independent judge for `dall-e evaluate --judge`.
    """
    from dall_e.training.dual_encoder_stage import run_dual_encoder_training

    run_dual_encoder_training(config, dry_run=dry_run)


@with_flags(UpsamplerTraining)
def upsampler(config: UpsamplerTraining, *, dry_run: DryRun = False) -> None:
    """Train the upsampler, which draws pictures at twice their side (`dall-e export
    --upsampler`)."""
    from dall_e.training.upsampler_stage import run_upsampler_training

    run_upsampler_training(config, dry_run=dry_run)


@with_flags(DetectorTraining)
def detector(config: DetectorTraining, *, dry_run: DryRun = False) -> None:
    """Train the detector that judges composed pictures (`dall-e evaluate --detector`), on real
    cut-outs alone."""
    from dall_e.training.detector_stage import run_detector_training

    run_detector_training(config, dry_run=dry_run)
