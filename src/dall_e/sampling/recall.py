"""Recall: the generator draws from a memory of images (`memory.py`), beside its own predictions.

A generator learns an image by heart after hundreds of views of it; a memory has it after one. Each
image of the memory is an expert that predicts its own tokens, and the network is one more. How far
each is believed follows from how well it foretold the tokens that are known (Bayes' rule), so an
image that is drawn onto other known tokens, or that noise has led away, is left to the network.
Mixing the predictions of neighbours into those of a network is kNN-LM's way (Khandelwal et al.
2020, arXiv 1911.00172); finding them by the prompt, Ashual et al. 2023's (arXiv 2204.02849).

Shapes: R rows (images, then under guidance the same without their prompts), K images of a memory
that a prompt recalls, M tokens of a step, N tokens, C codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dall_e.sampling.memory import TokenMemory
from dall_e.sampling.networks import Prompts, SpeculativeNetwork

_SURE = 0.97
"""Probability that a recalled image gives to its own token; the network's predictions share the
rest."""
_UNHEARD = 1e-3
"""Probability that it gives to a token that is not its own, whichever: what the network would give
is not kept."""
_NETWORK_PRIOR, _NETWORK_RIGHT = 0.03, 0.3
"""Of the network as one more expert: its probability before any token is known, and what it is
taken to give to a token that comes."""


@dataclass(frozen=True)
class RecalledPrompts:
    """Prompts, and the images that each recalls."""

    prompts: Any
    codes_RKN: Tensor
    """Anything where nothing is recalled."""
    is_recalled_RK: Tensor

    @classmethod
    def of(cls, memory: TokenMemory, texts: Sequence[str], prompts: Any) -> RecalledPrompts:
        """What a memory has for these texts, whose states are `prompts`."""
        found = [memory.recalled(text) for text in texts]
        most = max(1, *map(len, found))
        padded = [[*rows, *[0] * (most - len(rows))] for rows in found]
        is_real = [[number < len(rows) for number in range(most)] for rows in found]

        device = prompts.states_BLD.device
        rows_RK = torch.tensor(padded, dtype=torch.int64, device="cpu")
        is_recalled_RK = torch.tensor(is_real, dtype=torch.bool, device=device)
        return cls(prompts, memory.codes_IN[rows_RK].to(device, torch.int64), is_recalled_RK)

    def nothing(self, prompts: Any) -> RecalledPrompts:
        """Other prompts, as many, that recall nothing."""
        return RecalledPrompts(prompts, self.codes_RKN, torch.zeros_like(self.is_recalled_RK))

    @property
    def recalls_any(self) -> bool:
        """Whether any of them recalls an image."""
        return bool(self.is_recalled_RK.any())

    @property
    def states_BLD(self) -> Tensor:  # noqa: N802, a name of `Prompts`
        """One state per token of the prompts."""
        states_BLD: Tensor = self.prompts.states_BLD
        return states_BLD

    def select(self, rows: slice) -> RecalledPrompts:
        """Only these rows."""
        return RecalledPrompts(
            self.prompts.select(rows), self.codes_RKN[rows], self.is_recalled_RK[rows]
        )

    def joined(self, others: RecalledPrompts) -> RecalledPrompts:
        """These rows, then the others."""
        prompts: Prompts = self.prompts
        return RecalledPrompts(
            prompts.joined(others.prompts),
            torch.cat((self.codes_RKN, others.codes_RKN)),
            torch.cat((self.is_recalled_RK, others.is_recalled_RK)),
        )


@dataclass
class _Cache:
    """What the network knows, and which of its tokens each recalled image foretold."""

    own: Any
    recalled: RecalledPrompts
    foretold_RKN: Tensor
    """bool, of the tokens known so far, in the order in which they came."""


class RecallingNetwork:
    """A network that draws from a memory, too. Its prompts are `RecalledPrompts`.

    Rows that recall nothing get the network's own predictions, bit for bit.
    """

    def __init__(self, network: SpeculativeNetwork) -> None:
        self._network = network

    @property
    def config(self) -> Any:
        """That of the network."""
        return self._network.config

    def is_batch_invariant(self) -> bool:
        """As the network is."""
        return self._network.is_batch_invariant()

    def prefill(self, prompts: RecalledPrompts) -> _Cache:
        """A cache that knows the prompts and no token yet."""
        foretold_RKN = torch.empty(
            (*prompts.is_recalled_RK.shape, 0), dtype=torch.bool, device=prompts.codes_RKN.device
        )
        return _Cache(self._network.prefill(prompts.prompts), prompts, foretold_RKN)

    def append(
        self, cache: _Cache, codes_RM: Tensor, positions_RM: Tensor, *, sequential: bool = False
    ) -> Any:
        """Make the codes of some positions known."""
        foretold_RKM = _at(cache.recalled.codes_RKN, positions_RM) == codes_RM[:, None]
        cache.foretold_RKN = torch.cat((cache.foretold_RKN, foretold_RKM), dim=2)
        return self._network.append(cache.own, codes_RM, positions_RM, sequential=sequential)

    def truncate(self, cache: _Cache, num_known: int) -> None:
        """Forget all but the first `num_known` image tokens."""
        cache.foretold_RKN = cache.foretold_RKN[:, :, :num_known]
        self._network.truncate(cache.own, num_known)

    def predict(self, cache: _Cache, positions_RM: Tensor) -> Tensor:
        """Logits [R, M, C] of some positions, given all that the cache knows."""
        logits_RMC = self._network.predict(cache.own, positions_RM)
        num_known = cache.foretold_RKN.shape[2]
        return _mixed(logits_RMC, cache, positions_RM, [num_known] * positions_RM.shape[1])

    def predict_sequential(self, cache: _Cache, positions_RM: Tensor, num_known: int) -> Tensor:
        """Logits [R, M, C]; the first given `num_known` tokens, each next given one more."""
        logits_RMC = self._network.predict_sequential(cache.own, positions_RM, num_known)
        most = cache.foretold_RKN.shape[2]
        counts = [min(num_known + more, most) for more in range(positions_RM.shape[1])]
        return _mixed(logits_RMC, cache, positions_RM, counts)


def _mixed(logits_RMC: Tensor, cache: _Cache, positions_RM: Tensor, counts: list[int]) -> Tensor:
    """The predictions of all experts as logits; counts: how many tokens are known before each."""
    recalled = cache.recalled
    weight_RKM, network_weight_RM = _beliefs(cache.foretold_RKN, recalled.is_recalled_RK, counts)
    network_weight_RM = network_weight_RM + (1 - _SURE) * weight_RKM.sum(1)

    # The network's probabilities, less; and those of the recalled tokens on top.
    probability_RMC = logits_RMC.float().softmax(-1) * network_weight_RM[..., None]
    codes_RMK = _at(recalled.codes_RKN, positions_RM).transpose(1, 2)
    probability_RMC.scatter_add_(-1, codes_RMK, _SURE * weight_RKM.transpose(1, 2))
    mixed_RMC = probability_RMC.clamp(min=torch.finfo(torch.float32).tiny).log()
    recalls_R = recalled.is_recalled_RK.any(1)
    return torch.where(recalls_R[:, None, None], mixed_RMC.to(logits_RMC.dtype), logits_RMC)


def _beliefs(
    foretold_RKN: Tensor, is_recalled_RK: Tensor, counts: list[int]
) -> tuple[Tensor, Tensor]:
    """How far each recalled image [R, K, M] and the network [R, M] are believed, 1 together."""
    # How many tokens each has foretold, of those that are known before each position.
    right_RKN = torch.nn.functional.pad(foretold_RKN.long().cumsum(2), (1, 0))
    count_M = torch.tensor(counts, dtype=torch.int64, device=foretold_RKN.device)
    right_RKM = right_RKN[:, :, count_M].float()
    wrong_RKM = count_M - right_RKM

    num_recalled_R1 = is_recalled_RK.sum(1, keepdim=True).clamp(min=1).float()
    prior_RK = torch.where(is_recalled_RK, (1 - _NETWORK_PRIOR) / num_recalled_R1, 0.0).log()
    score_RKM = prior_RK[..., None] + right_RKM * math.log(_SURE) + wrong_RKM * math.log(_UNHEARD)
    network_M = math.log(_NETWORK_PRIOR) + count_M.float() * math.log(_NETWORK_RIGHT)
    network_R1M = network_M.expand(len(score_RKM), 1, -1)
    belief_RKM = torch.cat((network_R1M, score_RKM), dim=1).softmax(1)
    return belief_RKM[:, 1:], belief_RKM[:, 0]


def responsibilities(is_own_KN: Tensor, log_N: Tensor, known_N: Tensor) -> Tensor:
    """The part [K, N] of each recalled image in the probability of the tokens that were drawn.

    All by rank. is_own_KN: whether a token is that of an image. log_N: log p of it by the network.
    known_N: how many tokens were known before it was drawn. What a column lacks to 1 is due to the
    network.
    """
    is_recalled_1K = torch.ones(1, len(is_own_KN), dtype=torch.bool, device=is_own_KN.device)
    weight_1KN, network_1N = _beliefs(is_own_KN[None], is_recalled_1K, known_N.tolist())
    image_KN = _SURE * weight_1KN[0] * is_own_KN
    network_N = (network_1N[0] + (1 - _SURE) * weight_1KN[0].sum(0)) * log_N.exp()
    return image_KN / (image_KN.sum(0) + network_N).clamp(min=torch.finfo(torch.float32).tiny)


def _at(codes_RKN: Tensor, positions_RM: Tensor) -> Tensor:
    """The codes [R, K, M] of recalled images at some positions."""
    return codes_RKN.gather(2, positions_RM[:, None].expand(-1, codes_RKN.shape[1], -1))
