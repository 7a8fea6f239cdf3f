"""The networks that the generator's stages train, and the batch that they read.

Shapes: B pictures of a batch, K of them with a caption, N tokens, L text tokens, C codes, D width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.checkpoints.store import load_strict
from dall_e.config import ModelConfig
from dall_e.models.dual_encoder import TokenTower
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextEncoder, TextStates
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.batches import Batch


@dataclass(frozen=True, kw_only=True, eq=False)
class GeneratorBatch(Batch):
    """Captions, and pictures as codes; [B, N] in order of revelation unless it says otherwise."""

    ids_BL: Tensor
    """Tokens of the captions."""
    codes_BN: Tensor
    """Codes in raster order."""
    positions_BN: Tensor
    """Raster index of each rank."""
    groups_N: Tensor
    """Number of each rank's group, from 1; the tokens of a group are revealed together."""
    context_BN: Tensor
    """Codes that the generator sees of the groups before."""
    level_B: Tensor
    """How noisy the context is."""
    replaced_BN: Tensor
    """True where a code of the context was replaced by a wrong one."""
    clean_BN: Tensor
    """As many untouched positions of noisy pictures, roughly."""
    captioned_K: Tensor
    """Rows that have a caption."""
    same_KK: Tensor
    """True where two of these rows are of the same thing."""

    @property
    def targets_BN(self) -> Tensor:
        """The true codes, in order of revelation."""
        return self.codes_BN.gather(1, self.positions_BN)


def empty_batch(model: ModelConfig, size: int) -> GeneratorBatch:
    """A batch of nothing but zeros, with the shapes and types of one with `size` captions."""
    num_tokens = model.generator.num_tokens
    codes_BN = torch.zeros(size, num_tokens, dtype=torch.long)
    return GeneratorBatch(
        ids_BL=torch.zeros(size, model.text.max_tokens, dtype=torch.long),
        codes_BN=codes_BN,
        positions_BN=codes_BN.clone(),
        groups_N=codes_BN[0].clone(),
        context_BN=codes_BN.clone(),
        level_B=torch.zeros(size),
        replaced_BN=codes_BN.bool(),
        clean_BN=codes_BN.bool(),
        captioned_K=torch.arange(size),
        same_KK=torch.eye(size, dtype=torch.bool),
    )


class GeneratorOutput(NamedTuple):
    """What the networks say of a batch."""

    logits_BNC: Tensor
    """Of each token given the groups before, by rank."""
    correction_BNC: Tensor
    """Of each token of the context, which may be a wrong one, by rank."""
    image_BD: Tensor
    """Picture and caption in the space of the contrastive loss."""
    text_BD: Tensor


class GeneratorNetworks(nn.Module):
    """Text encoder, generator and contrastive tower in one module.

    So they share one optimiser, one average and one checkpoint.
    """

    def __init__(self, model: ModelConfig) -> None:
        super().__init__()
        self.text = TextEncoder(model.text)
        self.generator = Generator(model.generator)
        self.tower = TokenTower(
            model.generator.num_codes, model.generator.grid_size, model.text.width
        )

    def forward(self, batch: GeneratorBatch) -> GeneratorOutput:
        """One pass over a batch."""
        text = self.text(batch.ids_BL)
        output = self.generator(
            text, batch.context_BN, batch.positions_BN, batch.groups_N, batch.level_B
        )
        image_BD, text_BD = self.tower(batch.codes_BN, text.pooled_BD)
        return GeneratorOutput(output.logits_BNC, output.correction_BNC, image_BD, text_BD)


@torch.no_grad()
def grow(networks: GeneratorNetworks, weights: dict[str, Tensor]) -> None:
    """Take over weights of a run whose token grid may be coarser.

    Position embeddings are interpolated. The contrastive tower is taken over only if there is one,
    as in runs, and the grid is the same. Raises ValueError on any other difference.
    """
    present = networks.state_dict()
    tower = {name: tensor for name, tensor in present.items() if name.startswith("tower.")}
    if not tower.keys() & weights.keys():
        weights = {**weights, **tower}

    key = "generator.places.weight"
    if key in weights and weights[key].shape != present[key].shape:
        old_side, side = math.isqrt(len(weights[key])), networks.generator.config.grid_size
        old_grid_1DHW = weights[key].T.unflatten(1, (old_side, old_side))[None]
        grid_1DHW = F.interpolate(
            old_grid_1DHW, size=(side, side), mode="bilinear", align_corners=False
        )
        weights = {**weights, **tower, key: grid_1DHW[0].flatten(1).T.contiguous()}
    load_strict(networks, weights, "")


def encode_prompts(
    network: TextEncoder, tokenizer: TextTokenizer, prompts: list[str]
) -> tuple[TextStates, TextStates]:
    """The states of some prompts, and as many of the empty prompt, for guidance."""
    ids_BL = tokenizer.encode([*prompts, *[""] * len(prompts)], network.config.max_tokens).ids_BL
    states = network(ids_BL.to(network.tokens.weight.device))
    halves = [state.chunk(2) for state in states]
    text, null = (TextStates(*half) for half in zip(*halves, strict=True))
    return text, null
