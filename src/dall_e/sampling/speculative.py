"""Speculative decoding: one token at a time, several per pass, and the very tokens that one per
pass would give.

A token is argmax (log p + z) with noise z of its own position (`noise.py`), so what it is follows
from the tokens before it. Guesses for the next positions are appended to the cache as if they were
known, and one pass predicts every position, given the guesses before it. As far as guesses and
predictions agree they are right, and the first prediction that differs is right too; the ones
behind it, given a context that is nearly right, are the next guesses. So the image is that of as
many steps as tokens.

This is Jacobi's iteration with fixed noise. Where drafts are accepted by a probability, only the
distribution stays: Leviathan et al. 2023, arXiv 2211.17192; of images, Teng et al. 2024, arXiv
2410.01699.

Shapes: R rows (an image, and its null prompt under guidance), N tokens, W guesses of a round, M
predictions of a round, C codes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dall_e.sampling.networks import SpeculativeNetwork
from dall_e.sampling.token_sampler import TokenSampler

WINDOW = 6
"""Guesses that are checked in a round."""
AHEAD = 4
"""Positions behind them that are predicted as well, to be guesses of the next round."""
LONGEST = 36
"""Most of either, while all guesses come true: those of an image that is known by heart do, and
then a pass over many costs little more than one over a few."""
_GROWTH = 2
"""How many times as far as it got a round looks ahead, while all guesses come true."""


class JacobiDecoder:
    """One image that is being drawn."""

    def __init__(
        self,
        network: SpeculativeNetwork,
        cache: Any,
        positions_N: Tensor,
        sampler: TokenSampler,
        *,
        num_known: int,
        num_copies: int,
    ) -> None:
        """`positions_N` are in the order of drawing; the cache has `num_copies` rows, and knows the
        prompt and the first `num_known` tokens."""
        self._network, self._sampler = network, sampler
        self.cache = cache
        """Knows the tokens that are known so far, between two rounds."""
        self._positions_N, self._num_copies = positions_N, num_copies
        self.num_known = num_known
        """Tokens known so far."""
        # The first one is right, the others are guesses.
        self._next_W = self._predict(num_known, num_known + AHEAD)
        self._window, self._ahead = WINDOW, AHEAD

    @property
    def is_done(self) -> bool:
        """Whether all tokens are known."""
        return self.num_known == len(self._positions_N)

    def round(self) -> tuple[Tensor, Tensor]:
        """Run one pass; return positions and codes, at least one, that are known since then."""
        start, num_tokens = self.num_known, len(self._positions_N)
        guesses_W = self._next_W[: self._window]
        end = start + len(guesses_W)

        # Append the guesses. After the last token nothing is predicted.
        appended = min(end, num_tokens - 1)
        if appended > start:
            self._network.append(
                self.cache,
                self._in_rows(guesses_W[: appended - start]),
                self._in_rows(self._positions_N[start:appended]),
                sequential=True,
            )

        # Predict all but the first of these positions, and some more. A guess counts if it and all
        # guesses before it are what is predicted.
        predicted_M = self._predict(start + 1, min(end + self._ahead, num_tokens))
        agree_W = guesses_W[1:] == predicted_M[: len(guesses_W) - 1]
        num_right = 1 + int(agree_W.long().cumprod(0).sum())

        # Keep what is right, and guess anew from there.
        self.num_known = start + num_right
        self._next_W = predicted_M[num_right - 1 :]
        self._network.truncate(self.cache, min(self.num_known, appended))
        if num_right == len(guesses_W):
            self._window, self._ahead = LONGEST, min(_GROWTH * num_right, LONGEST)
        else:
            self._window, self._ahead = WINDOW, AHEAD
        return self._positions_N[start : self.num_known], guesses_W[:num_right]

    def _predict(self, start: int, end: int) -> Tensor:
        """Codes [M] of tokens number `start` to `end` - 1, given those that the cache holds."""
        positions_M = self._positions_N[start:end]
        if not len(positions_M):
            return positions_M
        logits_RMC = self._network.predict_sequential(self.cache, self._in_rows(positions_M), start)
        num_known_M = torch.arange(start, start + len(positions_M), dtype=torch.int64, device="cpu")
        return self._sampler(logits_RMC, positions_M[None], num_known_M)[0]

    def _in_rows(self, values_M: Tensor) -> Tensor:
        return values_M.repeat(self._num_copies, 1)
