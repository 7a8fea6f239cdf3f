"""The sampling of codes as one call of the kernels (`sampling.h`).

Shapes: R rows (B conditional, then B unconditional under guidance), B images, M positions, C codes.
"""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from dall_e.nn.cpu.kernels import kernels
from dall_e.nn.cpu.structures import SamplingCallStruct, make_struct
from dall_e.runtime import most_threads

_LOGITS_PER_THREAD = 1 << 15
"""Fewer logits are not worth another thread."""


def can_sample(logits_RMC: Tensor) -> bool:
    """Whether `sample_tokens` takes these logits: on the CPU, where there are kernels."""
    return logits_RMC.device.type == "cpu" and kernels() is not None


def sample_tokens(
    logits_RMC: Tensor,
    positions_BM: Tensor,
    *,
    guidance_scale: float,
    temperature_M: Tensor,
    seeds_B: Tensor,
    stream: int,
    top_k: int,
    top_p: float,
) -> Tensor:
    """Codes int64 [B, M]: argmax of guided, cooled and filtered logits plus Gumbel noise.

    The noise is a function of seed, stream, position and code (`sampling/noise.py`), and is made
    only for codes that the filters leave. With as many rows as images there is no guidance.
    Temperature 0 takes the likeliest code; top_k 0 and top_p 1 keep all codes.
    """
    compiled = kernels()
    assert compiled is not None
    (num_images, num_positions), num_codes = positions_BM.shape, logits_RMC.shape[-1]
    num_threads = min(
        most_threads(),
        max(1, logits_RMC.numel() // _LOGITS_PER_THREAD),
        num_images * num_positions,
    )

    sampled_BM = torch.empty(num_images, num_positions, dtype=torch.int64, device="cpu")
    scratch = torch.empty(num_threads, 2 * num_codes, dtype=torch.float32, device="cpu")
    call = make_struct(
        SamplingCallStruct,
        logits=logits_RMC.float().contiguous(),
        images=num_images,
        positions=num_positions,
        codes=num_codes,
        copies=len(logits_RMC) // num_images,
        guidance_scale=guidance_scale,
        temperatures=temperature_M.float().contiguous(),
        seeds=seeds_B,
        position_ids=positions_BM.contiguous(),
        sampled=sampled_BM,
        scratch=scratch,
        stream=stream,
        top_k=top_k,
        threads=num_threads,
        top_p=top_p,
    )
    compiled.library.sample_codes(ctypes.addressof(call))
    return sampled_BM
