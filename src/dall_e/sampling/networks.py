"""What the decode loop asks of a network: the protocols that `models/` fulfils.

Shapes: B batch rows, L prompt tokens, D width, M tokens of a step, C codes.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor

PromptsT = TypeVar("PromptsT", bound="Prompts")


class Prompts(Protocol):
    """What a network knows of B prompts; `TextStates` or `PromptStates`."""

    @property
    def states_BLD(self) -> Tensor:  # noqa: N802
        """One state per prompt token."""
        ...

    def select(self: PromptsT, rows: slice) -> PromptsT:
        """Only these rows."""
        ...

    def joined(self: PromptsT, others: PromptsT) -> PromptsT:
        """These rows, then the others."""
        ...


class TokenNetwork(Protocol):
    """A network that draws tokens, in groups or one by one.

    In any order: `models/generator.py`. Left to right: `models/left_to_right.py`. What a cache
    holds is the network's own affair.
    """

    @property
    def config(self) -> Any:
        """Has num_tokens and num_codes."""
        ...

    def prefill(self, prompts: Any, /) -> Any:
        """A cache that knows the prompts and no token yet."""
        ...

    def predict(self, cache: Any, positions_BM: Tensor, /) -> Tensor:
        """Logits [B, M, C] of some positions, given all that the cache knows."""
        ...

    def append(self, cache: Any, codes_BM: Tensor, positions_BM: Tensor, /) -> Any:
        """Make the codes of some positions known to the cache."""
        ...


@runtime_checkable
class SpeculativeNetwork(TokenNetwork, Protocol):
    """A network that can check several guesses in one pass; see `speculative.py`."""

    def append(
        self, cache: Any, codes_BM: Tensor, positions_BM: Tensor, /, *, sequential: bool = False
    ) -> Any:
        """Make codes known; `sequential`: as if one after the other."""
        ...

    def truncate(self, cache: Any, num_known: int, /) -> None:
        """Forget all but the first `num_known` image tokens."""
        ...

    def predict_sequential(self, cache: Any, positions_BM: Tensor, num_known: int, /) -> Tensor:
        """Logits [B, M, C]; the first given `num_known` tokens, each next given one more."""
        ...

    def is_batch_invariant(self) -> bool:
        """Whether a row comes out the same, to the bit, whatever stands beside it."""
        ...


@runtime_checkable
class GraphNetwork(TokenNetwork, Protocol):
    """A left-to-right network whose step a CUDA graph can repeat; see `cuda_graph.py`."""

    def append_at(self, cache: Any, codes_B1: Tensor, number_1: Tensor, seen: int, /) -> Tensor:
        """Make token `number_1` known; return the logits [B, 1, C] of the next.

        Attention goes over the first `seen` positions of the cache.
        """
        ...
