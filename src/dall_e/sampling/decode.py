"""The one decode loop: text states to image tokens, group after group; a left-to-right model has
groups of one.

Shapes: B pictures, R rows (B conditional, then B unconditional under guidance), N tokens, M tokens
of a step, C codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.sampling.cuda_graph import FixedNetwork, draw_in_fixed_steps
from dall_e.sampling.noise import ORDER_STREAM, gumbel, uniform
from dall_e.sampling.orders import group_sizes, make_orders
from dall_e.sampling.speculative import JacobiDecoder, SpeculativeNetwork
from dall_e.sampling.token_sampler import TokenSampler, noise_window


@dataclass(frozen=True)
class DecodeStep:
    """What a callback sees after each step."""

    step: int
    """Steps done, from 1."""
    num_steps: int
    """Steps in all."""
    codes_BN: Tensor
    """Codes in raster order; 0 where nothing is known yet."""
    known_BN: Tensor
    """True where a code has been drawn."""


class Prompts(Protocol):
    """What a network knows of B prompts."""

    @property
    def states_BLD(self) -> Tensor:  # noqa: N802
        """One state per token."""
        ...

    def joined(self, other: Any) -> Any:
        """The rows of both."""
        ...


class TokenNetwork(Protocol):
    """What the loop draws with: any order in groups (`models/generator.py`), or left to right
    (`models/left_to_right.py`)."""

    config: Any
    """Has num_tokens and num_codes."""

    def start(self, text: Any, /) -> Any:
        """A cache for the prompts."""
        ...

    def predict(self, cache: Any, positions_BM: Tensor, /) -> Tensor:
        """Logits [B, M, C] of some positions."""
        ...

    def append(self, cache: Any, codes_BM: Tensor, positions_BM: Tensor, /) -> Any:
        """Makes drawn codes known."""
        ...


@dataclass(frozen=True)
class KnownTokens:
    """What is known of the pictures before drawing begins: the rest is drawn to fit it (inpainting,
    variations)."""

    codes_BN: Tensor
    """int64, in raster order; read where `mask_BN` is True."""
    mask_BN: Tensor
    """bool: as many known positions in every row, and not all of them."""

    @property
    def count(self) -> int:
        """Known tokens of a picture. Raises ValueError if the rows differ, or if nothing is left to
        draw."""
        counts = sorted(set(self.mask_BN.sum(1).tolist()))
        if len(counts) != 1:
            raise ValueError(
                f"all pictures of a batch must have as many known tokens, got {counts[0]} to {counts[-1]}"
            )
        if counts[0] == self.mask_BN.shape[1]:
            raise ValueError(f"all {counts[0]} tokens are known: nothing is left to draw")
        return int(counts[0])


class DecodeInterrupted(RuntimeError):
    """A callback asked to stop."""


class _Canvas:
    """The picture so far: codes, and what is known."""

    def __init__(self, num_images: int, num_tokens: int, device: torch.device) -> None:
        self.codes_BN = torch.zeros(num_images, num_tokens, dtype=torch.int64, device=device)
        self.known_BN = torch.zeros(num_images, num_tokens, dtype=torch.bool, device=device)

    def put(self, positions_BM: Tensor, codes_BM: Tensor) -> None:
        self.codes_BN.scatter_(1, positions_BM, codes_BM)
        self.known_BN.scatter_(1, positions_BM, True)

    def know(self, known: KnownTokens) -> None:
        """Takes over what is known beforehand."""
        mask_BN = known.mask_BN.to(self.known_BN.device)
        self.known_BN |= mask_BN
        self.codes_BN[mask_BN] = known.codes_BN.to(self.codes_BN.device)[mask_BN]

    def put_in(self, row: int, positions_M: Tensor, codes_M: Tensor) -> None:
        """Of one picture."""
        self.codes_BN[row, positions_M] = codes_M
        self.known_BN[row, positions_M] = True


@torch.no_grad()
def decode_tokens(
    generator: TokenNetwork,
    text: Prompts,
    null: Prompts,
    *,
    seeds: list[int],
    settings: SamplingConfig,
    known: KnownTokens | None = None,
    on_step: Callable[[DecodeStep], bool | None] | None = None,
) -> Tensor:
    """Draws codes [B, N] in raster order, one picture per seed; what is `known` beforehand stays as
    it is.

    `text` and `null` have B rows each: what to draw, and what to steer away from. A picture is a
    function of its row of text, its seed and the settings; the other pictures of the batch play no
    part. `on_step` is called after each step; where it returns True, DecodeInterrupted is raised.
    For a left-to-right network the settings must ask for one token a step in raster order; it can
    know nothing beforehand.
    """
    config = generator.config
    device = text.states_BLD.device
    num_known = known.count if known else 0
    left = config.num_tokens - num_known
    steps = min(settings.num_inference_steps, left) if num_known else settings.num_inference_steps
    sizes = group_sizes(left, steps, settings.schedule, settings.max_group)
    order_uniform_BP = uniform(seeds, 1, config.num_tokens, ORDER_STREAM)[:, 0]
    first = [num_known] if num_known else []
    mask_BN = known.mask_BN.cpu() if known else None
    positions_BN = make_orders(settings.order, order_uniform_BP, first + sizes, mask_BN).to(device)
    copies = 2 if settings.guidance_scale != 1 else 1
    rows = text.joined(null) if copies == 2 else text
    canvas = _Canvas(len(seeds), config.num_tokens, device)
    if known:
        canvas.know(known)
    task = _Task(
        generator, rows, copies, seeds, settings, canvas, positions_BN, num_known, sizes, on_step
    )
    if isinstance(generator, FixedNetwork) and device.type == "cuda":
        _draw_as_program(task)
    elif _uses_speculation(task):
        _draw_sequentially(task)
    else:
        _draw_in_groups(task)
    return canvas.codes_BN


@dataclass(frozen=True)
class _Task:
    """What is to be drawn, and how."""

    generator: Any
    rows: Any
    """The prompts of all pictures, and under guidance behind them what to steer away from."""
    copies: int
    """Rows per picture: 2 under guidance."""
    seeds: list[int]
    settings: SamplingConfig
    canvas: _Canvas
    positions_BN: Tensor
    """By rank: first the known ones."""
    num_known: int
    sizes: list[int]
    """Of the groups behind them."""
    on_step: Callable[[DecodeStep], bool | None] | None

    @property
    def in_raster_order(self) -> bool:
        """Whether all pictures have the same position next, and always the one behind the last."""
        return self.settings.order == "raster" and len(self.sizes) == self.positions_BN.shape[1]

    def token_sampler(self, seeds: list[int], *, in_raster_order: bool = False) -> TokenSampler:
        """What chooses the codes of the pictures of some seeds."""
        config = self.generator.config
        return TokenSampler(
            seeds,
            self.settings,
            config.num_tokens,
            config.num_codes,
            in_raster_order=in_raster_order,
        )

    def report(self, step: int) -> None:
        """Tells the callback. Raises DecodeInterrupted where it asks to stop."""
        num_steps = len(self.sizes)
        step_done = DecodeStep(step, num_steps, self.canvas.codes_BN, self.canvas.known_BN)
        if self.on_step and self.on_step(step_done):
            raise DecodeInterrupted(f"stopped by the callback after step {step} of {num_steps}")


def _draw_as_program(task: _Task) -> None:
    """Left to right on a GPU."""
    config, seeds = task.generator.config, task.seeds
    assert task.in_raster_order

    def after(done: int) -> None:
        task.canvas.known_BN[:, :done] = True
        task.report(done)

    draw_in_fixed_steps(
        task.generator,
        task.generator.start(task.rows),
        task.canvas.codes_BN,
        task.settings,
        window=noise_window(len(seeds), config.num_codes),
        noise=lambda first, places: gumbel(seeds, places, config.num_codes, first_position=first),
        after=after if task.on_step else lambda done: None,
    )


def _draw_in_groups(task: _Task) -> None:
    """One group after the other, of all pictures at once."""
    canvas, done = task.canvas, task.num_known
    token_sampler = task.token_sampler(task.seeds, in_raster_order=task.in_raster_order)
    drawing = _Drawing.begun(task, token_sampler)
    if done:
        known_BM = task.positions_BN[:, :done]
        drawing.append(known_BM, canvas.codes_BN.gather(1, known_BM))
    for step, size in enumerate(task.sizes):
        # After the last group nothing is asked.
        is_last = step + 1 == len(task.sizes)
        drawing.draw(task.positions_BN[:, done : done + size], done, is_last=is_last)
        done += size
        task.report(step + 1)


_FEW_IMAGES = 3
"""With more, one token of all of them at a time is sooner done than several tokens of one after the
other."""


def _uses_speculation(task: _Task) -> bool:
    """Whether one token at a time is drawn several at a time: where that is quicker, or else not
    the same.

    A picture must not depend on its batch, so all are drawn at once only by a network that rounds
    alike then.
    """
    if not isinstance(task.generator, SpeculativeNetwork) or max(task.sizes) > 1:
        return False
    return len(task.seeds) <= _FEW_IMAGES or not task.generator.is_batch_invariant()


def _draw_sequentially(task: _Task) -> None:
    """One token at a time. Every picture has its own cache, as guesses come true sooner for one
    than for another."""
    canvas, copies, num_known = task.canvas, task.copies, task.num_known
    images = []
    for row, seed in enumerate(task.seeds):
        text = type(task.rows)(*(part[row :: len(task.seeds)] for part in task.rows))
        cache, positions_1M = (
            task.generator.start(text),
            task.positions_BN[row : row + 1, :num_known],
        )
        if num_known:
            codes_1M = canvas.codes_BN[row : row + 1].gather(1, positions_1M)
            task.generator.append(cache, codes_1M.repeat(copies, 1), positions_1M.repeat(copies, 1))
        token_sampler = task.token_sampler([seed])
        images.append(
            JacobiDecoder(
                task.generator, cache, task.positions_BN[row], token_sampler, num_known, copies
            )
        )
    reported = num_known
    while reported < task.positions_BN.shape[1]:
        for row, image in enumerate(images):
            if not image.is_done:
                canvas.put_in(row, *image.round())
        done = min(image.done for image in images)
        for step in range(reported, done):
            task.report(step - num_known + 1)
        reported = done


@dataclass(frozen=True)
class _Drawing:
    """One run through the places of all pictures."""

    generator: TokenNetwork
    cache: Any
    canvas: _Canvas
    settings: SamplingConfig
    token_sampler: TokenSampler
    copies: int

    @classmethod
    def begun(cls, task: _Task, token_sampler: TokenSampler) -> _Drawing:
        """With nothing known to the network but the prompts."""
        cache = task.generator.start(task.rows)
        return cls(task.generator, cache, task.canvas, task.settings, token_sampler, task.copies)

    def draw(self, positions_BM: Tensor, done: int, *, is_last: bool = False) -> None:
        """One factor g_i(x, z_i): asks for a group of positions, draws their codes, makes them
        known."""
        logits_RMC = self.generator.predict(self.cache, positions_BM.repeat(self.copies, 1))
        codes_BM = self.token_sampler(
            logits_RMC, positions_BM, torch.full(positions_BM.shape[1:], done)
        )
        if is_last:
            self.canvas.put(positions_BM, codes_BM)
        else:
            self.append(positions_BM, codes_BM)

    def append(self, positions_BM: Tensor, codes_BM: Tensor) -> None:
        """Makes codes known."""
        self.generator.append(
            self.cache, codes_BM.repeat(self.copies, 1), positions_BM.repeat(self.copies, 1)
        )
        self.canvas.put(positions_BM, codes_BM)
