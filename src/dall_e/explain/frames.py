"""The film of a drawing: what was there after some of its steps.

Shapes: F frames, N image tokens, G the side of their grid, S the side in pixels, 4 channels
(premultiplied RGBA).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dall_e.explain.oracle import Revealed, forced_logits
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates

MOST_FRAMES = 16
_PALE = 0.3
"""How strongly the parts are shown that are not drawn yet."""


def frame_steps(num_steps: int, most: int = MOST_FRAMES) -> list[int]:
    """After which steps a film shows the drawing: evenly spread from 1, the last one included."""
    count = min(num_steps, most)
    return sorted({round((number + 1) * num_steps / count) for number in range(count)} | {1})


def film(
    generator: Generator,
    text: TextStates,
    revealed: Revealed,
    steps: list[int],
    pixels: Callable[[Tensor], Tensor],
) -> Tensor:
    """Frames [F, 4, S, S] in [0, 1]: the drawing after each of some steps.

    The tokens that are not drawn yet are the likeliest ones given those that are, and shown pale.
    `pixels` turns codes [1, N] into an image [4, S, S].
    """
    frames: list[Tensor] = []
    for step in steps:
        known_N = revealed.groups_N <= step
        codes_N = revealed.codes_N
        if not bool(known_N.all()):
            guess_N = revealed.in_raster_order(_likeliest(generator, text, revealed, step))
            codes_N = torch.where(revealed.in_raster_order(known_N), codes_N, guess_N)
        x_CHW = pixels(codes_N[None]).clamp(0, 1)
        frames.append(x_CHW * _strength(revealed.in_raster_order(known_N), x_CHW.shape[-1]))
    return torch.stack(frames)


def _likeliest(generator: Generator, text: TextStates, revealed: Revealed, step: int) -> Tensor:
    """The likeliest code of each rank [N] given the tokens up to a step; right for later ranks."""
    # All that comes later is one group, which sees the tokens up to the step.
    at_once = Revealed(
        codes_N=revealed.codes_N,
        positions_N=revealed.positions_N,
        groups_N=revealed.groups_N.clamp(max=step + 1),
    )
    return forced_logits(generator, text, at_once)[0].argmax(-1)


def _strength(known_N: Tensor, side: int) -> Tensor:
    """How strongly each pixel [S, S] is shown."""
    grid = round(len(known_N) ** 0.5)
    strength_GG = torch.where(known_N, 1.0, _PALE).view(1, 1, grid, grid)
    size = (side, side)
    return torch.nn.functional.interpolate(strength_GG, size=size, mode="nearest")[0, 0]
