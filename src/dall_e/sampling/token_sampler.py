"""From logits to codes: guidance, temperature, filters, noise, argmax.

The kernels do it in one call where they can (`nn/cpu/sampler.py`), and make noise only for the
codes that the filters leave; else `logits.py` and `noise.py` do the same one after the other. Both
choose the same codes except where two are so close that rounding decides.

Shapes: B images, R rows (B conditional, then B unconditional under guidance), M tokens of a step,
N tokens, C codes, W positions whose noise is in memory.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.nn.cpu.sampler import can_sample, sample_tokens
from dall_e.sampling.filters import choose, guide
from dall_e.sampling.noise import GUMBEL_STREAM, gumbel

Sampler = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From logits [R, M, C], positions [B, M] and how many tokens are known before each [M] to codes
[B, M]: a `TokenSampler`, or what stands for one (`hindsight.py`)."""

_NOISE_AT_A_TIME = 1 << 21
"""Numbers of noise in memory: of all 1024 x 16384 positions and codes they would fill 64 MiB an
image, and several times as much while they are made."""
_COLDEST = 1e-6
"""A temperature so low that the noise no longer counts: it takes the likeliest code, as 0 does."""


def noise_window(num_images: int, num_codes: int) -> int:
    """Positions whose noise is in memory at a time, if they are visited in raster order."""
    return max(1, _NOISE_AT_A_TIME // (num_codes * num_images))


def temperatures(settings: SamplingConfig, num_known_M: Tensor, num_tokens: int) -> Tensor:
    """Temperature [M], float32, of tokens before which so many are known.

    It goes in a straight line from `temperature` to `final_temperature`, and is 0 or more.
    """
    known_M = num_known_M.float() / num_tokens
    return settings.temperature + (settings.final_temperature - settings.temperature) * known_M


def cooling_temperatures(settings: SamplingConfig, num_known_M: Tensor, num_tokens: int) -> Tensor:
    """The same, never 0, so that logits can be divided by it."""
    return temperatures(settings, num_known_M, num_tokens).clamp(min=_COLDEST)


class TokenSampler:
    """Samples the codes of some images, each by its seed."""

    def __init__(
        self,
        seeds: list[int],
        settings: SamplingConfig,
        num_tokens: int,
        num_codes: int,
        *,
        in_raster_order: bool = False,
    ) -> None:
        """`in_raster_order`: all images are at the same position, then all at the next."""
        window = noise_window(len(seeds), num_codes) if in_raster_order else num_tokens
        self._settings, self._num_tokens = settings, num_tokens
        # The kernels read 64 bits; torch has them with a sign only.
        signed = [seed - 2**64 if seed >= 2**63 else seed for seed in seeds]
        self._seeds_B = torch.tensor(signed, dtype=torch.int64, device="cpu")
        self._noise = _Noise(seeds, num_tokens, num_codes, min(window, num_tokens))

    def __call__(self, logits_RMC: Tensor, positions_BM: Tensor, num_known_M: Tensor) -> Tensor:
        """Codes [B, M] of some positions, before each of which `num_known_M` tokens are known."""
        settings, device = self._settings, logits_RMC.device
        if can_sample(logits_RMC):
            return sample_tokens(
                logits_RMC,
                positions_BM,
                guidance_scale=settings.guidance_scale,
                temperature_M=temperatures(settings, num_known_M, self._num_tokens),
                seeds_B=self._seeds_B,
                stream=GUMBEL_STREAM,
                top_k=settings.top_k,
                top_p=settings.top_p,
            )

        # Guidance: what the prompt adds to the logits counts more than once.
        logits_BMC = logits_RMC
        if settings.guidance_scale != 1:
            conditional_BMC, unconditional_BMC = logits_RMC.chunk(2)
            logits_BMC = guide(conditional_BMC, unconditional_BMC, settings.guidance_scale)

        # Sampling: argmax of cooled and filtered logits plus noise.
        temperature_M = cooling_temperatures(settings, num_known_M, self._num_tokens)
        is_greedy = settings.temperature == settings.final_temperature == 0
        return choose(
            logits_BMC,
            self._noise.at(positions_BM).to(device),
            temperature=0.0 if is_greedy else temperature_M[:, None].to(device),
            top_k=settings.top_k,
            top_p=settings.top_p,
        )


class _Noise:
    """Noise of all positions, or of a window that moves on in raster order; made when needed."""

    def __init__(self, seeds: list[int], num_tokens: int, num_codes: int, window: int) -> None:
        self._seeds, self._num_tokens, self._num_codes = seeds, num_tokens, num_codes
        self._window = window
        self._window_start = 0
        self._noise_BWC: Tensor | None = None

    def at(self, positions_BM: Tensor) -> Tensor:
        """z [B, M, C], on the CPU."""
        positions_BM = positions_BM.cpu()
        start = 0 if self._window == self._num_tokens else int(positions_BM[0, 0])
        noise_BWC = self._window_with(start)
        index_BM1 = (positions_BM - self._window_start)[..., None]
        return noise_BWC.gather(1, index_BM1.expand(-1, -1, self._num_codes))

    def _window_with(self, position: int) -> Tensor:
        """The window in memory if it holds the position, else one that starts there."""
        noise_BWC, start = self._noise_BWC, self._window_start
        if noise_BWC is None or not start <= position < start + noise_BWC.shape[1]:
            size = min(self._window, self._num_tokens - position)
            noise_BWC = gumbel(self._seeds, size, self._num_codes, first_position=position)
            self._noise_BWC, self._window_start = noise_BWC, position
        return noise_BWC
