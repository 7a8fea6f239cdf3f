"""`dall-e train ...`: one function per training stage."""

from __future__ import annotations

from typing import Annotated, TypeVar

import typer

from dall_e.cli.config_file import ConfigFile
from dall_e.cli.flags import with_flags
from dall_e.config import (
    AdapterTraining,
    AdversarialTraining,
    CaptionerTraining,
    DetectorTraining,
    DualEncoderTraining,
    GeneratorTraining,
    TokenizerTraining,
    UpsamplerTraining,
)

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Print what would be done, with what settings and in what time, and train nothing.",
    ),
]


FromInit = TypeVar("FromInit", GeneratorTraining, TokenizerTraining)


def _fitted(config: FromInit, context: typer.Context) -> FromInit:
    """The settings, those that were not given fitted to a start from trained weights."""
    if not config.start.init:
        return config
    from dall_e.training.recipe import fit_to_data
    from dall_e.training.tracking import announce

    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = {name for name, source in sources.items() if source and source.name != "DEFAULT"}
    fitted, words = fit_to_data(config, given)
    if words:
        announce(words)
    return fitted


@with_flags(TokenizerTraining)
def tokenizer(
    config: TokenizerTraining,
    *,
    context: typer.Context,
    config_file: ConfigFile = None,
    dry_run: DryRun = False,
) -> None:
    """Train the image tokenizer: pictures to grids of codes and back.

    The run folder --out gets checkpoints, a log and sample sheets: originals beside their
    reconstructions. Stop it with Ctrl-C at any time; the same command again goes on.

    From --init on up to 5,000 pictures, --images, --batch-size, --learning-rate and --warmup-images
    fit these and the machine unless given.
    """
    from dall_e.training.tokenizer_stage import run_tokenizer_training

    run_tokenizer_training(_fitted(config, context), dry_run=dry_run)


@with_flags(GeneratorTraining)
def generator(
    config: GeneratorTraining,
    *,
    context: typer.Context,
    config_file: ConfigFile = None,
    dry_run: DryRun = False,
) -> None:
    """Train the text encoder and the generator, on the codes of a trained image tokenizer.

    The run folder --out gets checkpoints, a log and sample sheets: drawn pictures with their
    prompts. Stop it with Ctrl-C at any time; the same command again goes on.

    From --init, --tokenizer is the one of those weights unless given; and on up to 5,000 pictures
    --images, --batch-size, --learning-rate and --warmup-images fit these and the machine.
    """
    from dall_e.training.generator_stage import run_generator_training

    run_generator_training(_fitted(config, context), dry_run=dry_run)


@with_flags(AdversarialTraining)
def adversarial(
    config: AdversarialTraining, *, config_file: ConfigFile = None, dry_run: DryRun = False
) -> None:
    """Train a generator further, against its own drawings.

    It draws fakes first. Then it learns to find real pictures more likely than them, and right
    captions more fitting than wrong ones. --init names the run of the generator.
    """
    from dall_e.training.adversarial_stage import run_adversarial_training

    run_adversarial_training(config, dry_run=dry_run)


@with_flags(DualEncoderTraining)
def dual_encoder(
    config: DualEncoderTraining, *, config_file: ConfigFile = None, dry_run: DryRun = False
) -> None:
    """Train the dual encoder, which scores text against pictures.

    A model needs it for `best_of` and `score` (`dall-e export --dual-encoder`). With --seed 1
    --fold 1 --other-fraction 0 it becomes an independent judge for `dall-e evaluate --judge`.
    """
    from dall_e.training.dual_encoder_stage import run_dual_encoder_training

    run_dual_encoder_training(config, dry_run=dry_run)


@with_flags(UpsamplerTraining)
def upsampler(
    config: UpsamplerTraining, *, config_file: ConfigFile = None, dry_run: DryRun = False
) -> None:
    """Train the upsampler, which doubles the side of pictures (`dall-e export --upsampler`)."""
    from dall_e.training.upsampler_stage import run_upsampler_training

    run_upsampler_training(config, dry_run=dry_run)


@with_flags(DetectorTraining)
def detector(
    config: DetectorTraining, *, config_file: ConfigFile = None, dry_run: DryRun = False
) -> None:
    """Train the detector, which judges composed pictures (`dall-e evaluate --detector`)."""
    from dall_e.training.detector_stage import run_detector_training

    run_detector_training(config, dry_run=dry_run)


@with_flags(CaptionerTraining)
def captioner(
    config: CaptionerTraining, *, config_file: ConfigFile = None, dry_run: DryRun = False
) -> None:
    """Train the captioner, which says what a picture shows (`dall-e export --captioner`).

    --dual-encoder lets it start with what a trained dual encoder sees of pictures, and --tokenizer
    shows it pictures as soft as those that a generator draws.
    """
    from dall_e.training.captioner_stage import run_captioner_training

    run_captioner_training(config, dry_run=dry_run)


@with_flags(AdapterTraining)
def adapter(
    config: AdapterTraining, *, config_file: ConfigFile = None, dry_run: DryRun = False
) -> None:
    """Train a LoRA of a published model (--init), such as LlamaGen or Janus, on captioned pictures.

    Its own image tokenizer reads the pictures. Only small matrices learn, and the run folder holds
    nothing else. `dall-e finetune --model NAME` does this and writes the LoRA.
    """
    from dall_e.training.adapter_stage import run_adapter_training

    run_adapter_training(config, dry_run=dry_run)
