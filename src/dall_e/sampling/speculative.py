"""One token at a time, several at a time: speculative drawing that gives just what drawing in turn
would.

A token is argmax (log p + z) with noise z of its own position (`noise.py`), so what it is follows from
the tokens before it. Guesses for the next positions are absorbed as if they were known, and one pass
asks for every position what it would be, given the guesses before it. As far as guesses and answers
agree they are right, and the first answer that differs is right too; the answers behind it, given a
context that is nearly right, are the next guesses. So the picture is that of as many steps as
tokens. This is Jacobi's iteration with fixed noise. Where drafts are accepted by a probability,
only the distribution stays: Leviathan et al. 2023, arXiv 2211.17192; of pictures, Teng et al. 2024,
arXiv 2410.01699.

Shapes: R rows (a picture, and its null prompt under guidance), N tokens, W guesses of a round, C
codes.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from dall_e.sampling.token_sampler import TokenSampler

WINDOW = 6
"""Guesses that are absorbed in a round."""
AHEAD = 4
"""Places behind them that are asked for as well, to be guesses of the next round."""


@runtime_checkable
class SpeculativeNetwork(Protocol):
    """A network that can be asked what it would say in turn; see `models/generator.py`."""

    def append(
        self, cache: Any, codes_BM: Tensor, positions_BM: Tensor, /, *, sequential: bool = False
    ) -> Any:
        """Makes codes known, as if one after the other."""
        ...

    def truncate(self, cache: Any, known: int, /) -> None:
        """Leaves only the first `known` tokens absorbed."""
        ...

    def predict_sequential(self, cache: Any, positions_BM: Tensor, first: int, /) -> Tensor:
        """Logits [R, M, C]: of the first position given `first` known tokens, of each other given one
        more."""
        ...

    def is_batch_invariant(self) -> bool:
        """Whether a row comes out the same, to the bit, however many tokens and rows are drawn at
        once."""
        ...


class JacobiDecoder:
    """One picture that is being drawn."""

    def __init__(
        self,
        network: SpeculativeNetwork,
        cache: Any,
        positions_N: Tensor,
        token_sampler: TokenSampler,
        done: int,
        copies: int,
    ) -> None:
        """`positions_N` by rank; `done` tokens are known, and absorbed into `cache`; `copies` rows are
        the picture's."""
        self._network, self._cache, self._token_sampler = network, cache, token_sampler
        self._positions_N, self._copies = positions_N, copies
        self.done = done
        """Tokens known."""
        # The first one is right, the others are guesses.
        self._next_W = self._answers(done, done + AHEAD)

    @property
    def is_done(self) -> bool:
        """Whether all tokens are known."""
        return self.done == len(self._positions_N)

    def round(self) -> tuple[Tensor, Tensor]:
        """Places and codes, at least one, that are known now and were not before."""
        first, num_tokens = self.done, len(self._positions_N)
        guesses_W = self._next_W[:WINDOW]
        last = first + len(guesses_W)
        # After the last token nothing is asked.
        read = slice(first, min(last, num_tokens - 1))
        codes_W, positions_W = guesses_W[: read.stop - first], self._positions_N[read]
        if len(codes_W):
            self._network.append(
                self._cache,
                codes_W.repeat(self._copies, 1),
                positions_W.repeat(self._copies, 1),
                sequential=True,
            )
        answers_M = self._answers(first + 1, min(last + AHEAD, num_tokens))
        agree = (guesses_W[1:] == answers_M[: len(guesses_W) - 1]).long().cumprod(0)
        right = 1 + int(agree.sum())
        self.done = first + right
        self._next_W = answers_M[right - 1 :]
        self._network.truncate(self._cache, min(self.done, read.stop))
        return self._positions_N[first : self.done], guesses_W[:right]

    def _answers(self, first: int, last: int) -> Tensor:
        """What the tokens of these ranks are, given as much of those before them as is absorbed."""
        positions_M = self._positions_N[first:last]
        if not len(positions_M):
            return positions_M
        logits_RMC = self._network.predict_sequential(
            self._cache, positions_M.repeat(self._copies, 1), first
        )
        return self._token_sampler(
            logits_RMC, positions_M[None], torch.arange(first, first + len(positions_M))
        )[0]
