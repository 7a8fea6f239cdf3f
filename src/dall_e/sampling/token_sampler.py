"""The choice of codes, one factor g_i(x, z_i) once the network has spoken: guidance, temperature,
filters, noise.

`kernels.c` does it in one go where it can, and makes the noise of the codes that are left by the
filters only; else `logits.py` and `noise.py` do the same one after the other. Both choose the same
codes but where two are so close that rounding decides.

Shapes: B pictures, R rows (B conditional, then B unconditional under guidance), M tokens of a step,
N tokens, C codes, W positions whose noise is in memory.
"""

from __future__ import annotations

import ctypes

import numpy as np
import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.nn.cpu.kernels import ChoiceStruct, Kernels, kernels
from dall_e.runtime import most_threads
from dall_e.sampling.logits import choose, guide
from dall_e.sampling.noise import GUMBEL_STREAM, gumbel

_NOISE_AT_A_TIME = 1 << 21
"""Numbers of noise in memory: of all 1024 x 16384 positions and codes they would fill 64 MiB a
picture, and several times as much while they are made."""
_NUMBERS_PER_THREAD = 1 << 15
"""Fewer logits are not worth another thread."""


def noise_window(num_images: int, num_codes: int) -> int:
    """Places whose noise is in memory at a time, if they are asked for in raster order."""
    return max(1, _NOISE_AT_A_TIME // (num_codes * num_images))


def temperatures(settings: SamplingConfig, fraction_M: Tensor) -> Tensor:
    """Temperature [M] where so large a fraction of the tokens is known."""
    return settings.temperature + (settings.final_temperature - settings.temperature) * fraction_M


class TokenSampler:
    """Chooses the codes of some pictures."""

    def __init__(
        self,
        seeds: list[int],
        settings: SamplingConfig,
        num_tokens: int,
        num_codes: int,
        *,
        in_raster_order: bool = False,
    ) -> None:
        """`in_raster_order`: all pictures are asked for the same position each time, and then for the
        next one."""
        self._settings, self._num_tokens = settings, num_tokens
        self._copies = 2 if settings.guidance_scale != 1 else 1
        window = noise_window(len(seeds), num_codes) if in_raster_order else num_tokens
        self._noise = _Noise(seeds, num_tokens, num_codes, min(window, num_tokens))
        self._seeds_B2 = np.array(
            [[seed & 0xFFFFFFFF, seed >> 32] for seed in seeds], dtype=np.uint32
        )

    def __call__(self, logits_RMC: Tensor, positions_BM: Tensor, done_M: Tensor) -> Tensor:
        """Codes [B, M] of some positions, before each of which `done_M` tokens are known."""
        settings = self._settings
        temperature_M = temperatures(settings, done_M / self._num_tokens)
        compiled = kernels() if logits_RMC.device.type == "cpu" else None
        if compiled is not None:
            return self._chosen_at_once(compiled, logits_RMC, positions_BM, temperature_M)
        device = logits_RMC.device
        logits_BMC = logits_RMC
        if self._copies == 2:
            with_text_BMC, without_BMC = logits_RMC.chunk(2)
            logits_BMC = guide(with_text_BMC, without_BMC, settings.guidance_scale)
        likeliest = settings.temperature == settings.final_temperature == 0
        return choose(
            logits_BMC,
            self._noise.at(positions_BM).to(device),
            # So small a number takes the likeliest too, for the noise no longer counts.
            temperature=0.0 if likeliest else temperature_M[:, None].clamp(min=1e-6).to(device),
            top_k=settings.top_k,
            top_p=settings.top_p,
        )

    def _chosen_at_once(
        self, compiled: Kernels, logits_RMC: Tensor, positions_BM: Tensor, temperature_M: Tensor
    ) -> Tensor:
        images, positions = positions_BM.shape
        codes = logits_RMC.shape[-1]
        threads = min(
            most_threads(), max(1, logits_RMC.numel() // _NUMBERS_PER_THREAD), images * positions
        )
        logits_RMC, where_BM = logits_RMC.float().contiguous(), positions_BM.contiguous()
        scale_M = torch.full_like(temperature_M, self._settings.guidance_scale, dtype=torch.float32)
        temperature_M = temperature_M.float().contiguous()
        chosen_BM = torch.empty(images, positions, dtype=torch.int64)
        scratch = torch.empty(threads, 2 * codes)
        choice = ChoiceStruct(
            logits=logits_RMC.data_ptr(), images=images, positions=positions, codes=codes, copies=self._copies,
            scales=scale_M.data_ptr(), temperatures=temperature_M.data_ptr(), seeds=self._seeds_B2.ctypes.data,
            where=where_BM.data_ptr(), chosen=chosen_BM.data_ptr(), scratch=scratch.data_ptr(),
            stream=GUMBEL_STREAM, top_k=self._settings.top_k, threads=threads, top_p=self._settings.top_p,
        )  # fmt: skip
        compiled.library.choose_codes(ctypes.addressof(choice))
        return chosen_BM


class _Noise:
    """z of all positions, or of a window that moves on in raster order; made when it is first asked
    for."""

    def __init__(self, seeds: list[int], num_tokens: int, num_codes: int, window: int) -> None:
        self._seeds, self._num_tokens, self._num_codes = seeds, num_tokens, num_codes
        self._window = window
        self._first = 0
        self._noise_BWC: Tensor | None = None

    def at(self, positions_BM: Tensor) -> Tensor:
        """z [B, M, C], on the CPU."""
        positions_BM = positions_BM.cpu()
        first = 0 if self._window == self._num_tokens else int(positions_BM[0, 0])
        if (
            self._noise_BWC is None
            or not self._first <= first < self._first + self._noise_BWC.shape[1]
        ):
            places = min(self._window, self._num_tokens - first)
            self._noise_BWC = gumbel(self._seeds, places, self._num_codes, first_position=first)
            self._first = first
        return self._noise_BWC.gather(
            1, (positions_BM - self._first)[..., None].expand(-1, -1, self._num_codes)
        )
