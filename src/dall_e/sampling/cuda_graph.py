"""Left-to-right decoding as one step of fixed shapes, repeated for every token: what a CUDA graph
can record.

On a GPU a token of a small model is some thousand kernels of a few microseconds, and the time goes
into starting them one by one. A recorded graph starts them all at once. So a step here takes no
number from Python: the token's position, its noise and temperature are looked up by a counter that
lies on the device, and nothing is read back.

Shapes: B images, R rows (B, or 2 B under guidance), N tokens, W positions of a window of noise, C
codes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.sampling.filters import choose, guide
from dall_e.sampling.networks import GraphNetwork
from dall_e.sampling.noise import gumbel
from dall_e.sampling.token_sampler import cooling_temperatures, noise_window

_BUCKET = 128
"""Attention goes over a multiple of so many positions: as many graphs as multiples, and few
positions in vain."""


def decode_with_graph(
    network: GraphNetwork,
    cache: Any,
    codes_BN: Tensor,
    *,
    seeds: list[int],
    settings: SamplingConfig,
    window: int | None = None,
    after_token: Callable[[int], None] | None = None,
) -> None:
    """Fill `codes_BN` from left to right, one image per seed; the cache knows the prompts.

    Noise is made for `window` positions at a time. `after_token` is called with the number of
    tokens that are done.
    """
    num_tokens, num_codes = codes_BN.shape[1], network.config.num_codes
    window = window or noise_window(len(seeds), num_codes)
    decoder = GraphDecoder(network, cache, codes_BN, settings, window)
    for number in range(num_tokens):
        if number % window == 0:
            size = min(window, num_tokens - number)
            noise_BWC = gumbel(seeds, size, num_codes, first_position=number)
            decoder.noise_BWC[:, :size] = noise_BWC.to(codes_BN.device)
        decoder.draw(number)
        if after_token:
            after_token(number + 1)


class GraphDecoder:
    """The state of a drawing, on the device, and the step that moves it on by one token."""

    def __init__(
        self,
        network: GraphNetwork,
        cache: Any,
        codes_BN: Tensor,
        settings: SamplingConfig,
        window: int,
    ) -> None:
        """`codes_BN` is filled as tokens are drawn; noise is made for `window` positions."""
        (num_images, num_tokens), device = codes_BN.shape, codes_BN.device
        self._network, self._cache, self._settings = network, cache, settings
        self._num_copies = 1 if settings.guidance_scale == 1 else 2
        self.codes_BN = codes_BN

        # What a step looks up by the token's number.
        numbers_N = torch.arange(num_tokens, dtype=torch.int64, device=device)
        self._temperature_N = cooling_temperatures(settings, numbers_N, num_tokens)
        self.noise_BWC = torch.zeros(
            num_images, window, network.config.num_codes, dtype=torch.float32, device=device
        )
        self._number_1 = torch.zeros(1, dtype=torch.int64, device=device)

        # What a step leaves for the next one.
        first_R1 = codes_BN[:, :1].repeat(self._num_copies, 1)
        self._logits_R1C = network.predict(cache, first_R1).clone()
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def draw(self, number: int) -> None:
        """Draw this token, which must be the next."""
        seen = self.seen(number)
        if self.codes_BN.device.type != "cuda":
            self.step(seen)
            return
        if seen not in self._graphs:
            self._graphs[seen] = self._record(seen)
        self._graphs[seen].replay()

    def seen(self, number: int) -> int:
        """Over how many positions of the cache attention goes when this token is appended."""
        capacity: int = self._cache.prefix + self.codes_BN.shape[1] - 1
        needed: int = self._cache.prefix + number + 1
        return min(-(-needed // _BUCKET) * _BUCKET, capacity)

    def step(self, seen: int) -> None:
        """Sample one token from the logits, append it, and predict the next."""
        settings, number_1 = self._settings, self._number_1

        # Guide.
        logits_B1C = self._logits_R1C
        if self._num_copies == 2:
            conditional_B1C, unconditional_B1C = self._logits_R1C.chunk(2)
            logits_B1C = guide(conditional_B1C, unconditional_B1C, settings.guidance_scale)

        # Sample.
        noise_B1C = self.noise_BWC.index_select(1, number_1 % self.noise_BWC.shape[1])
        cooled_B1C = logits_B1C.float() / self._temperature_N.index_select(0, number_1)
        codes_B1 = choose(
            cooled_B1C, noise_B1C, temperature=1.0, top_k=settings.top_k, top_p=settings.top_p
        )
        self.codes_BN.index_copy_(1, number_1, codes_B1)

        # Append and predict. The last token has no room and no successor: it goes over the one
        # before it, for nothing.
        codes_R1 = codes_B1.repeat(self._num_copies, 1)
        appended_1 = number_1.clamp(max=self.codes_BN.shape[1] - 2)
        self._logits_R1C.copy_(self._network.append_at(self._cache, codes_R1, appended_1, seen))
        self._number_1.add_(1)

    def _record(self, seen: int) -> torch.cuda.CUDAGraph:
        """Record one step as a graph.

        Recording asks for a run before it; afterwards the state is put back.
        """
        logits_R1C, number_1 = self._logits_R1C.clone(), self._number_1.clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self.step(seen)
        torch.cuda.current_stream().wait_stream(side)
        self._logits_R1C.copy_(logits_R1C)
        self._number_1.copy_(number_1)

        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step(seen)
        return graph
