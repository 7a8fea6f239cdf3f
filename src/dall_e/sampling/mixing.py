"""A network between two prompts: its log-probabilities are the weighted mean of both prompts'.

So p is proportional to p_a^(1 - w) p_b^w: likely is what both prompts let pass, and from w = 0 to
w = 1 one becomes the other.

Shapes: B images, R rows (B conditional, then B unconditional under guidance), L prompt tokens,
D width, M tokens of a step, C codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from dall_e.sampling.networks import Prompts, TokenNetwork


@dataclass(frozen=True)
class MixedPrompts:
    """Two prompts for each image."""

    first: Any
    second: Any

    @property
    def states_BLD(self) -> Tensor:  # noqa: N802, a name of `Prompts`
        """One state per token of the first prompt."""
        states_BLD: Tensor = self.first.states_BLD
        return states_BLD

    def select(self, rows: slice) -> MixedPrompts:
        """Only these rows."""
        return MixedPrompts(self.first.select(rows), self.second.select(rows))

    def joined(self, others: MixedPrompts) -> MixedPrompts:
        """These rows, then the others."""
        return MixedPrompts(self.first.joined(others.first), self.second.joined(others.second))


class _Caches(NamedTuple):
    first: Any
    second: Any


class MixedNetwork:
    """A `TokenNetwork` for `MixedPrompts`: one network that reads both."""

    def __init__(self, network: TokenNetwork, weight_B: Tensor) -> None:
        """`weight_B`: of the second prompt, from 0 to 1, for each image."""
        self._network, self._weight_B = network, weight_B

    @property
    def config(self) -> Any:
        """That of the network."""
        return self._network.config

    def prefill(self, prompts: MixedPrompts) -> _Caches:
        """A cache for each of the prompts."""
        first: Prompts = prompts.first
        return _Caches(self._network.prefill(first), self._network.prefill(prompts.second))

    def predict(self, caches: _Caches, positions_RM: Tensor) -> Tensor:
        """Logits [R, M, C] between those of the two prompts."""
        first_RMC = self._network.predict(caches.first, positions_RM).log_softmax(-1)
        second_RMC = self._network.predict(caches.second, positions_RM).log_softmax(-1)
        weight_R = self._weight_B.repeat(len(first_RMC) // len(self._weight_B))
        return first_RMC.lerp(second_RMC, weight_R[:, None, None].to(first_RMC))

    def append(self, caches: _Caches, codes_RM: Tensor, positions_RM: Tensor) -> None:
        """Make codes known to both."""
        self._network.append(caches.first, codes_RM, positions_RM)
        self._network.append(caches.second, codes_RM, positions_RM)
