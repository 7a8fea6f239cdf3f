"""The one decode loop: text states to image tokens, group after group.

Shapes: B pictures, R rows (B conditional, then B unconditional under guidance), N tokens, M tokens of a step, C codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.models.generator import Generator, GeneratorCache
from dall_e.models.text_encoder import TextStates
from dall_e.sampling.logits import choose, guide
from dall_e.sampling.noise import GUMBEL_STREAM, ORDER_STREAM, gumbel, uniform
from dall_e.sampling.orders import group_sizes, make_orders


@dataclass(frozen=True)
class DecodeStep:
    """What a callback sees after each step."""

    step: int
    """Steps done, from 1."""
    num_steps: int
    """Steps in all, correction rounds included."""
    codes_BN: Tensor
    """Codes in raster order; 0 where nothing is known yet."""
    known_BN: Tensor
    """True where a code has been drawn."""


class DecodeInterrupted(RuntimeError):
    """A callback asked to stop."""


class _Canvas:
    """The picture so far: codes, what is known, and how likely the correction head finds each token."""

    def __init__(self, num_pictures: int, num_tokens: int, device: torch.device) -> None:
        self.codes_BN = torch.zeros(num_pictures, num_tokens, dtype=torch.int64, device=device)
        self.known_BN = torch.zeros(num_pictures, num_tokens, dtype=torch.bool, device=device)
        self.support_BN = torch.zeros(num_pictures, num_tokens, device=device)

    def put(self, places_BM: Tensor, codes_BM: Tensor, support_BM: Tensor) -> None:
        self.codes_BN.scatter_(1, places_BM, codes_BM)
        self.known_BN.scatter_(1, places_BM, True)
        self.support_BN.scatter_(1, places_BM, support_BM)


@torch.no_grad()
def decode_tokens(
    generator: Generator,
    text: TextStates,
    null: TextStates,
    *,
    seeds: list[int],
    settings: SamplingConfig,
    on_step: Callable[[DecodeStep], bool | None] | None = None,
) -> Tensor:
    """Draws codes [B, N] in raster order, one picture per seed.

    `text` and `null` have B rows each: what to draw, and what to steer away from. A picture is a function of its row
    of text, its seed and the settings; the other pictures of the batch play no part. `on_step` is called after each
    step; where it returns True, DecodeInterrupted is raised.
    """
    config = generator.config
    device = text.states_BLD.device
    sizes = group_sizes(config.num_tokens, settings.num_inference_steps, settings.schedule, settings.max_group)
    order_uniform_BP = uniform(seeds, 1, config.num_tokens, ORDER_STREAM)[:, 0]
    places_BN = make_orders(settings.order, order_uniform_BP, sizes).to(device)
    guided = settings.guidance_scale != 1
    rows = text.joined(null) if guided else text
    canvas = _Canvas(len(seeds), config.num_tokens, device)
    num_steps = len(sizes) + settings.correction_rounds

    def report(step: int) -> None:
        if on_step and on_step(DecodeStep(step, num_steps, canvas.codes_BN, canvas.known_BN)):
            raise DecodeInterrupted(f"stopped by the callback after step {step} of {num_steps}")

    noise_BNC = gumbel(seeds, config.num_tokens, config.num_codes).to(device)
    cache = generator.start(rows)
    done = 0
    for step, size in enumerate(sizes):
        places_BM = places_BN[:, done : done + size]
        _draw(generator, cache, canvas, places_BM, noise_BNC, settings, done / config.num_tokens)
        done += size
        report(step + 1)
    for turn in range(settings.correction_rounds):
        noise_BNC = gumbel(seeds, config.num_tokens, config.num_codes, GUMBEL_STREAM + 1 + turn).to(device)
        _correct(generator, rows, canvas, noise_BNC, settings)
        report(len(sizes) + turn + 1)
    return canvas.codes_BN


def _draw(
    generator: Generator,
    cache: GeneratorCache,
    canvas: _Canvas,
    places_BM: Tensor,
    noise_BNC: Tensor,
    settings: SamplingConfig,
    share_done: float,
) -> None:
    """One factor g_i(x, z_i): asks for a group of places, draws their codes, makes them known."""
    copies = cache.condition_BD.shape[0] // places_BM.shape[0]
    places_RM = places_BM.repeat(copies, 1)
    logits_RMC = generator.ask(cache, places_RM)
    if copies == 2:
        scale = 1 + (settings.guidance_scale - 1) * (share_done if settings.guidance_ramp else 1)
        conditional_BMC, unconditional_BMC = logits_RMC.chunk(2)
        logits_BMC = guide(conditional_BMC, unconditional_BMC, scale)
    else:
        logits_BMC = logits_RMC
    temperature = settings.temperature + (settings.final_temperature - settings.temperature) * share_done
    noise_BMC = noise_BNC.gather(1, places_BM[..., None].expand(-1, -1, noise_BNC.shape[-1]))
    codes_BM = choose(logits_BMC, noise_BMC, temperature=temperature, top_k=settings.top_k, top_p=settings.top_p)
    corrected_RMC = generator.absorb(cache, codes_BM.repeat(copies, 1), places_RM)
    corrected_BMC = corrected_RMC[: places_BM.shape[0]].float().log_softmax(-1)
    canvas.put(places_BM, codes_BM, corrected_BMC.gather(-1, codes_BM[..., None])[..., 0])


def _correct(
    generator: Generator, rows: TextStates, canvas: _Canvas, noise_BNC: Tensor, settings: SamplingConfig
) -> None:
    """Draws the tokens again that the correction head finds least likely, given all the others."""
    num_pictures, num_tokens = canvas.codes_BN.shape
    redrawn = round(settings.correction_share * num_tokens)
    if redrawn == 0:
        return
    ranked_BN = canvas.support_BN.argsort(dim=1)
    copies = rows.pooled_BD.shape[0] // num_pictures
    kept_BM = ranked_BN[:, redrawn:]
    cache = generator.start(rows)
    if redrawn < num_tokens:
        corrected_RMC = generator.absorb(
            cache, canvas.codes_BN.gather(1, kept_BM).repeat(copies, 1), kept_BM.repeat(copies, 1)
        )
        kept_codes_BM = canvas.codes_BN.gather(1, kept_BM)
        corrected_BMC = corrected_RMC[:num_pictures].float().log_softmax(-1)
        canvas.put(kept_BM, kept_codes_BM, corrected_BMC.gather(-1, kept_codes_BM[..., None])[..., 0])
    for places_BM in ranked_BN[:, :redrawn].split(settings.max_group, dim=1):
        _draw(generator, cache, canvas, places_BM, noise_BNC, settings, 1.0)
