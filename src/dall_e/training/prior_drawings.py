"""Drawings of the initial model among the pictures of a run, so that it keeps what it knew.

Few pictures of something new make a network forget the rest. So it goes on seeing its own drawings
of names that it knows, each with its name (prior preservation: Ruiz et al. 2023, "DreamBooth",
arXiv 2208.12242). They are drawn once, as codes, before anything is trained.

Shapes: P drawings, N tokens, B pictures of a batch.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from dall_e.checkpoints.known_models import BUILT_IN, find_model
from dall_e.checkpoints.store import VOCABULARY_FILE, read_model_config
from dall_e.config import GeneratorTraining, ModelConfig, SamplingConfig, build_settings
from dall_e.planning.vocabulary import Vocabulary
from dall_e.sampling.decode import decode_tokens
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.generator_networks import GeneratorNetworks, encode_prompts
from dall_e.training.token_cache import cached, weights_digest
from dall_e.training.tracking import announce

_CODES_FILE = "prior_codes.pt"
_BATCH_SIZE = 16


class PriorDrawings(NamedTuple):
    """What the initial model drew."""

    codes_PN: Tensor
    """int16, in raster order."""
    names: tuple[tuple[str, ...], ...]
    """What each is called, in every language that the vocabulary has."""
    fraction: float
    """Of a batch."""

    def rows(self, seed: int, images_seen: int, batch_size: int) -> Tensor:
        """Which drawings are in the batch after `images_seen` pictures; all come equally often."""
        count = round(self.fraction * batch_size)
        first = images_seen // batch_size * count
        turns = torch.arange(first, first + count)
        rows_P = torch.empty_like(turns)
        for row, turn in enumerate(turns.tolist()):
            # Each round goes through all drawings in an order of its own.
            rng = torch.Generator().manual_seed(seed * 1_000_003 + turn // len(self.names))
            order_P = torch.randperm(len(self.names), generator=rng)
            rows_P[row] = order_P[turn % len(self.names)]
        return rows_P


def draw_prior(
    config: GeneratorTraining,
    model: ModelConfig,
    networks: GeneratorNetworks,
    text_tokenizer: TextTokenizer,
) -> PriorDrawings:
    """Draw names that the initial model knows, evenly spread over its vocabulary.

    They are kept in the run folder. Raises ValueError if the initial weights are not of a model
    with a vocabulary.
    """
    folder = find_model(BUILT_IN) if config.start.init == BUILT_IN else Path(config.start.init)
    path = folder / VOCABULARY_FILE
    if not path.is_file():
        raise ValueError(
            f"prior_fraction needs a model that knows names, and {folder} has no "
            f"{VOCABULARY_FILE}: start from a model folder that has one, or leave it out"
        )
    names = _spread(Vocabulary.load(path), config.prior.prior_drawings)
    settings = build_settings(SamplingConfig, read_model_config(folder).get("sampling", {}))

    def draw() -> Tensor:
        announce(f"the initial model draws {len(names):,} names that it knows")
        prompts = [name for name, *_ in names]
        return _drawn(model, networks, text_tokenizer, prompts, settings)

    what = f"{weights_digest(networks)} {names} {settings}"
    run_folder = Path(config.run_folder)
    codes_PN = cached(run_folder / _CODES_FILE, what, draw)
    return PriorDrawings(codes_PN, names, config.prior.prior_fraction)


@torch.no_grad()
def _drawn(
    model: ModelConfig,
    networks: GeneratorNetworks,
    text_tokenizer: TextTokenizer,
    prompts: list[str],
    settings: SamplingConfig,
) -> Tensor:
    """Codes int16 [P, N] of some prompts."""
    steps = min(settings.num_inference_steps, model.generator.num_tokens)
    settings = dataclasses.replace(settings, num_inference_steps=steps)
    was_training = networks.training
    networks.eval()
    drawn: list[Tensor] = []
    for first in range(0, len(prompts), _BATCH_SIZE):
        part = prompts[first : first + _BATCH_SIZE]
        text, null = encode_prompts(networks.text, text_tokenizer, part)
        seeds = list(range(first, first + len(part)))
        codes_BN = decode_tokens(networks.generator, text, null, seeds=seeds, settings=settings)
        drawn.append(codes_BN.to(torch.int16).cpu())
    networks.train(was_training)
    return torch.cat(drawn)


def _spread(vocabulary: Vocabulary, most: int) -> tuple[tuple[str, ...], ...]:
    """Some names of a vocabulary, evenly spread, each in its languages."""
    things = {**vocabulary.table_things, **vocabulary.single_things}
    if not things:
        raise ValueError("prior_fraction needs a model that knows names: its vocabulary has none")
    count = min(most, len(things))
    rows = list(things.items())
    chosen = [rows[row * len(rows) // count] for row in range(count)]
    return tuple(tuple(dict.fromkeys((name, thing.zh or name))) for name, thing in chosen)
