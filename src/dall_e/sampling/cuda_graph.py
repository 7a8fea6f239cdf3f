"""Left-to-right drawing as one program of fixed shapes, repeated for every token: what a CUDA graph
can record.

On a GPU a token of a small model is some thousand kernels of a few microseconds, and the time goes
into starting them one by one. A recorded graph starts them all at once. So a step here takes no
number from Python: the token's position, its noise and temperature are looked up by a counter that
lies on the device, and nothing is read back.

Shapes: B pictures, R rows (B, or 2 B under guidance), N tokens, W places of a window of noise, C
codes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.sampling.logits import choose, guide
from dall_e.sampling.token_sampler import temperatures

_BUCKET = 128
"""Attention goes over a multiple of so many positions: as many graphs as multiples, and few positions in
vain."""


@runtime_checkable
class FixedNetwork(Protocol):
    """A left-to-right network whose step can be repeated; see `models/left_to_right.py`."""

    @property
    def config(self) -> Any:
        """Has num_tokens and num_codes."""
        ...

    def start(self, text: Any, /) -> Any:
        """A cache for the prompts."""
        ...

    def predict(self, cache: Any, positions_BM: Tensor, /) -> Tensor:
        """Logits [R, 1, C] of the next token."""
        ...

    def append_at(self, cache: Any, codes_B1: Tensor, done_1: Tensor, seen: int, /) -> Tensor:
        """Reads token number `done_1`; returns the logits [R, 1, C] of the next."""
        ...


class FixedSteps:
    """The state of a drawing, on the device, and the step that moves it on by one token."""

    def __init__(
        self,
        network: FixedNetwork,
        cache: Any,
        codes_BN: Tensor,
        settings: SamplingConfig,
        window: int,
    ) -> None:
        """`codes_BN` is filled as tokens are drawn; `window` is how many places of noise there are
        at a time."""
        self._network, self._cache, self._settings = network, cache, settings
        self.codes_BN = codes_BN
        device, num_tokens = codes_BN.device, codes_BN.shape[1]
        temperature_N = temperatures(settings, torch.arange(num_tokens, device=device) / num_tokens)
        # Zero takes the likeliest; so does a number so small that the noise no longer counts.
        self._temperature_N = temperature_N.clamp(min=1e-6)
        self.noise_BWC = torch.zeros(len(codes_BN), window, network.config.num_codes, device=device)
        self._done_1 = torch.zeros(1, dtype=torch.int64, device=device)
        self._copies = 2 if settings.guidance_scale != 1 else 1
        self._logits_R1C = network.predict(cache, codes_BN[:, :1].repeat(self._copies, 1)).clone()
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def draw(self, done: int) -> None:
        """Token number `done`, which must be the next."""
        if self.codes_BN.device.type != "cuda":
            self.step(self.seen(done))
            return
        seen = self.seen(done)
        if seen not in self._graphs:
            self._graphs[seen] = self._record(seen)
        self._graphs[seen].replay()

    def seen(self, done: int) -> int:
        """Over how many positions of the cache attention goes when token `done` is read."""
        capacity: int = self._cache.prefix + self.codes_BN.shape[1] - 1
        needed: int = self._cache.prefix + done + 1
        return min(-(-needed // _BUCKET) * _BUCKET, capacity)

    def step(self, seen: int) -> None:
        """Draws one token and reads it; the last one of a picture is read over the last position, for
        nothing."""
        settings, done_1 = self._settings, self._done_1
        logits_B1C = self._logits_R1C
        if self._copies == 2:
            with_text_B1C, without_B1C = self._logits_R1C.chunk(2)
            logits_B1C = guide(with_text_B1C, without_B1C, settings.guidance_scale)
        noise_B1C = self.noise_BWC.index_select(1, done_1 % self.noise_BWC.shape[1])
        cooled_B1C = logits_B1C.float() / self._temperature_N.index_select(0, done_1)
        codes_B1 = choose(
            cooled_B1C, noise_B1C, temperature=1.0, top_k=settings.top_k, top_p=settings.top_p
        )
        self.codes_BN.index_copy_(1, done_1, codes_B1)
        read_1 = done_1.clamp(max=self.codes_BN.shape[1] - 2)
        self._logits_R1C.copy_(
            self._network.append_at(self._cache, codes_B1.repeat(self._copies, 1), read_1, seen)
        )
        self._done_1.add_(1)

    def _record(self, seen: int) -> torch.cuda.CUDAGraph:
        """One step as a graph. It is run before that, as recording asks for; then all is put
        back."""
        logits_R1C, done_1 = self._logits_R1C.clone(), self._done_1.clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self.step(seen)
        torch.cuda.current_stream().wait_stream(side)
        self._logits_R1C.copy_(logits_R1C)
        self._done_1.copy_(done_1)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step(seen)
        return graph


def draw_in_fixed_steps(
    network: FixedNetwork,
    cache: Any,
    codes_BN: Tensor,
    settings: SamplingConfig,
    window: int,
    noise: Callable[[int, int], Tensor],
    after: Callable[[int], None],
) -> None:
    """Fills `codes_BN` from left to right.

    `noise(first, positions)` makes z [B, positions, C]; `after(done)` is called after each token with how
    many are done.
    """
    steps = FixedSteps(network, cache, codes_BN, settings, window)
    num_tokens = codes_BN.shape[1]
    for done in range(num_tokens):
        if done % window == 0:
            places = min(window, num_tokens - done)
            steps.noise_BWC[:, :places] = noise(done, places).to(codes_BN.device)
        steps.draw(done)
        after(done + 1)
