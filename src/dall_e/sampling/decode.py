"""The decode loop: from prompts to image tokens, group after group.

    cache = network.prefill(prompts)
    for each group of positions, in the order of the settings:
        logits = network.predict(cache, positions)
        codes = sample(guide(logits)) with noise of seed, position and code
        network.append(cache, codes, positions)

A model that draws left to right has groups of one token. Two variants of the loop draw the same
tokens sooner: several guesses per pass (`speculative.py`), and a recorded CUDA graph
(`cuda_graph.py`).

Shapes: B images, R rows (B conditional, then B unconditional under guidance), N tokens, M tokens
of a step, C codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.sampling.cuda_graph import decode_with_graph
from dall_e.sampling.filters import guide
from dall_e.sampling.networks import GraphNetwork, Prompts, SpeculativeNetwork, TokenNetwork
from dall_e.sampling.noise import ORDER_STREAM, uniform
from dall_e.sampling.orders import group_sizes, make_orders
from dall_e.sampling.recall import RecalledPrompts
from dall_e.sampling.speculative import JacobiDecoder
from dall_e.sampling.token_sampler import Sampler, TokenSampler

_MOST_SPECULATIVE_IMAGES = 3
"""With more images, one token of all of them at a time is sooner done than several tokens of one
image after the other. Images that a memory recalls do not count: they take a few passes each."""


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
    """True where the code is known."""
    guess: Callable[[], Tensor] | None = None
    """Gives the codes with the likeliest one where nothing is known, given what is; only until the
    callback returns. None for a network that predicts the next token alone."""


StepCallback = Callable[[DecodeStep], "bool | None"]
"""Called after each step; returns True to stop."""


class DecodeInterrupted(RuntimeError):
    """A callback asked to stop."""


@dataclass(frozen=True)
class KnownTokens:
    """Tokens that are known before drawing begins; the rest is drawn to fit them.

    For inpainting and variations.
    """

    codes_BN: Tensor
    """int64, in raster order; read where `mask_BN` is True."""
    mask_BN: Tensor
    """bool: as many known positions in every row, and not all of them."""

    @property
    def count(self) -> int:
        """Known tokens of an image.

        Raises ValueError if the rows differ, or if nothing is left to draw.
        """
        counts = sorted(set(self.mask_BN.sum(1).tolist()))
        if len(counts) != 1:
            raise ValueError(
                "all pictures of a batch must have as many known tokens, "
                f"got {counts[0]} to {counts[-1]}"
            )
        if counts[0] == self.mask_BN.shape[1]:
            raise ValueError(f"all {counts[0]} tokens are known: nothing is left to draw")
        return int(counts[0])

    def for_each(self, count: int) -> KnownTokens:
        """What is known of one image, for so many images; that of several stays as it is."""
        rows = (count if len(self.codes_BN) == 1 else -1, -1)
        return KnownTokens(self.codes_BN.expand(rows), self.mask_BN.expand(rows))


def check_known_tokens(known: KnownTokens, num_tokens: int, num_codes: int) -> None:
    """Check that known tokens are of a network's grid and vocabulary. Raises ValueError if not."""
    shape = list(known.codes_BN.shape)
    if shape != list(known.mask_BN.shape) or len(shape) != 2 or shape[1] != num_tokens:
        raise ValueError(
            f"known codes and their mask must both be [pictures, {num_tokens}], "
            f"got {shape} and {list(known.mask_BN.shape)}"
        )
    codes_K = known.codes_BN[known.mask_BN]
    if codes_K.numel() and not 0 <= int(codes_K.min()) <= int(codes_K.max()) < num_codes:
        raise ValueError(
            f"known codes must be from 0 to {num_codes - 1}, "
            f"got {int(codes_K.min())} to {int(codes_K.max())}"
        )


@torch.no_grad()
def decode_tokens(
    network: TokenNetwork,
    text: Prompts,
    null: Prompts,
    *,
    seeds: list[int],
    settings: SamplingConfig,
    known: KnownTokens | None = None,
    sampler: Sampler | None = None,
    on_step: StepCallback | None = None,
) -> Tensor:
    """Draw codes [B, N] in raster order, one image per seed.

    `text` and `null` have B rows each: what to draw, and what to steer away from. An image is a
    function of its row of text, its seed and the settings; the other images of the batch play no
    part. What is `known` beforehand stays as it is. `sampler` chooses codes instead of the seeds,
    which then say the order alone. `on_step` is called after each step; where it returns True,
    DecodeInterrupted is raised.

    For a left-to-right network the settings must ask for one token a step in raster order, and
    what is known must be the first tokens of that order.
    """
    task = _make_task(network, text, null, seeds, settings, known, on_step)
    is_plain = sampler is None and not task.num_known
    if is_plain and isinstance(network, GraphNetwork) and task.positions_BN.device.type == "cuda":
        _decode_with_graph(task)
    elif sampler is not None:
        _decode_in_groups(task, sampler)
    elif _uses_speculation(task):
        _decode_speculatively(task)
    else:
        own = task.sampler(task.seeds, in_raster_order=task.in_raster_order)
        _decode_in_groups(task, own)
    return task.codes_BN


# The task


@dataclass(frozen=True)
class _Task:
    """What is to be drawn, in which order, and what is drawn so far."""

    network: TokenNetwork
    prompts: Prompts
    """[R] rows."""
    seeds: list[int]
    settings: SamplingConfig
    positions_BN: Tensor
    """Positions in the order in which they are drawn, the known ones first."""
    num_known: int
    """Tokens known beforehand."""
    group_sizes: list[int]
    """Of the others."""
    codes_BN: Tensor
    """In raster order; filled in as tokens are drawn."""
    known_BN: Tensor
    on_step: StepCallback | None

    @property
    def num_copies(self) -> int:
        """Rows per image: 2 under guidance."""
        return 1 if self.settings.guidance_scale == 1 else 2

    @property
    def in_raster_order(self) -> bool:
        """Whether all images are at the same position, and each step at the next one."""
        return self.settings.order == "raster" and len(self.group_sizes) == len(
            self.positions_BN[0]
        )

    def in_rows(self, values_BM: Tensor) -> Tensor:
        """Values of the images as values of their rows, [R, M]."""
        return values_BM.repeat(self.num_copies, 1)

    def sampler(self, seeds: list[int], *, in_raster_order: bool = False) -> TokenSampler:
        """What samples the codes of the images of these seeds."""
        config = self.network.config
        return TokenSampler(
            seeds,
            self.settings,
            config.num_tokens,
            config.num_codes,
            in_raster_order=in_raster_order,
        )

    def put(self, positions_BM: Tensor, codes_BM: Tensor, images: slice = slice(None)) -> None:
        """Write codes of all images, or of some."""
        self.codes_BN[images].scatter_(1, positions_BM, codes_BM)
        self.known_BN[images].scatter_(1, positions_BM, True)

    def report(self, step: int, guess: Callable[[], Tensor] | None = None) -> None:
        """Tell the callback. Raises DecodeInterrupted where it asks to stop."""
        if self.on_step is None:
            return
        num_steps = len(self.group_sizes)
        if not isinstance(self.network, SpeculativeNetwork):
            guess = None
        if self.on_step(DecodeStep(step, num_steps, self.codes_BN, self.known_BN, guess)):
            raise DecodeInterrupted(f"stopped by the callback after step {step} of {num_steps}")


def _make_task(
    network: TokenNetwork,
    text: Prompts,
    null: Prompts,
    seeds: list[int],
    settings: SamplingConfig,
    known: KnownTokens | None,
    on_step: StepCallback | None,
) -> _Task:
    num_tokens, device = network.config.num_tokens, text.states_BLD.device
    codes_BN = torch.zeros(len(seeds), num_tokens, dtype=torch.int64, device=device)
    known_BN = torch.zeros(len(seeds), num_tokens, dtype=torch.bool, device=device)
    num_known = known.count if known else 0
    if known:
        known_BN |= known.mask_BN.to(device)
        codes_BN[known_BN] = known.codes_BN.to(device)[known_BN]

    # How many tokens each step draws. With fewer left than steps, each has a step of its own.
    num_left = num_tokens - num_known
    num_steps = settings.num_inference_steps
    if num_known:
        num_steps = min(num_steps, num_left)
    sizes = group_sizes(num_left, num_steps, settings.schedule, settings.max_group)

    # In which order: a function of the seed, as the noise is.
    order_uniform_BN = uniform(seeds, 1, num_tokens, ORDER_STREAM)[:, 0]
    all_sizes = [num_known, *sizes] if num_known else sizes
    mask_BN = known.mask_BN.cpu() if known else None
    positions_BN = make_orders(settings.order, order_uniform_BN, all_sizes, mask_BN).to(device)

    # Guidance compares each image with the same image without its prompt.
    prompts = text if settings.guidance_scale == 1 else text.joined(null)
    return _Task(
        network=network,
        prompts=prompts,
        seeds=seeds,
        settings=settings,
        positions_BN=positions_BN,
        num_known=num_known,
        group_sizes=sizes,
        codes_BN=codes_BN,
        known_BN=known_BN,
        on_step=on_step,
    )


# The loop


def _decode_in_groups(task: _Task, sampler: Sampler) -> None:
    """Draw one group of tokens after the other, of all images at once."""
    network = task.network

    # Prefill: the prompts, and the tokens that are known beforehand.
    cache = network.prefill(task.prompts)
    num_done = task.num_known
    if num_done:
        positions_BM = task.positions_BN[:, :num_done]
        codes_BM = task.codes_BN.gather(1, positions_BM)
        network.append(cache, task.in_rows(codes_BM), task.in_rows(positions_BM))

    for step, size in enumerate(task.group_sizes, start=1):
        positions_BM = task.positions_BN[:, num_done : num_done + size]

        # Predict: logits of this group's positions, given all groups before it.
        logits_RMC = network.predict(cache, task.in_rows(positions_BM))

        # Guide and sample: codes that depend on seed, position and logits alone.
        codes_BM = sampler(
            logits_RMC, positions_BM, torch.full((size,), num_done, dtype=torch.int64, device="cpu")
        )
        task.put(positions_BM, codes_BM)

        # Append: the next groups are to fit this one. Nothing comes after the last.
        if step < len(task.group_sizes):
            network.append(cache, task.in_rows(codes_BM), task.in_rows(positions_BM))

        num_done += size
        task.report(step, partial(_guessed, task, [(slice(None), cache, num_done)]))


def _guessed(task: _Task, images: list[tuple[slice, Any, int]]) -> Tensor:
    """Codes [B, N] with the likeliest one where nothing is known.

    images: which ones, the cache that knows them, and how many of their tokens it knows.
    """
    codes_BN = task.codes_BN.clone()
    for rows, cache, num_done in images:
        positions_BM = task.positions_BN[rows, num_done:]
        if not positions_BM.shape[1]:
            continue
        logits_RMC = task.network.predict(cache, task.in_rows(positions_BM))
        if task.num_copies == 2:
            conditional_BMC, unconditional_BMC = logits_RMC.chunk(2)
            logits_RMC = guide(conditional_BMC, unconditional_BMC, task.settings.guidance_scale)
        codes_BN[rows] = codes_BN[rows].scatter(1, positions_BM, logits_RMC.argmax(-1))
    return codes_BN


# Variants that draw the same tokens sooner


def _uses_speculation(task: _Task) -> bool:
    """Whether to draw speculatively: one token at a time, where it is quicker or else not the same.

    An image must not depend on its batch, so many are drawn at once only by a network that rounds
    alike then.
    """
    if not isinstance(task.network, SpeculativeNetwork) or max(task.group_sizes) > 1:
        return False
    num_images = len(task.seeds)
    if isinstance(task.prompts, RecalledPrompts):
        num_images -= int(task.prompts.is_recalled_RK[:num_images].any(1).sum())
    return num_images <= _MOST_SPECULATIVE_IMAGES or not task.network.is_batch_invariant()


def _decode_speculatively(task: _Task) -> None:
    """Draw one token at a time, with several guesses checked in one pass.

    Every image has a cache of its own, as guesses come true sooner for one than for another.
    """
    num_tokens = task.positions_BN.shape[1]
    decoders = [_jacobi_decoder(task, image) for image in range(len(task.seeds))]

    num_reported = task.num_known
    while num_reported < num_tokens:
        for image, decoder in enumerate(decoders):
            if not decoder.is_done:
                positions_M, codes_M = decoder.round()
                task.put(positions_M[None], codes_M[None], slice(image, image + 1))

        # A step is done when all images have made it.
        num_done = min(decoder.num_known for decoder in decoders)
        images = [
            (slice(image, image + 1), decoder.cache, decoder.num_known)
            for image, decoder in enumerate(decoders)
        ]
        for number in range(num_reported, num_done):
            task.report(number - task.num_known + 1, partial(_guessed, task, images))
        num_reported = num_done


def _jacobi_decoder(task: _Task, image: int) -> JacobiDecoder:
    """The decoder of one image, which knows its prompt and the tokens known beforehand."""
    network, images = task.network, slice(image, image + 1)
    assert isinstance(network, SpeculativeNetwork)

    # The image's row, and under guidance the one without its prompt.
    cache = network.prefill(task.prompts.select(slice(image, None, len(task.seeds))))
    if task.num_known:
        positions_1M = task.positions_BN[images, : task.num_known]
        codes_1M = task.codes_BN[images].gather(1, positions_1M)
        network.append(cache, task.in_rows(codes_1M), task.in_rows(positions_1M))

    return JacobiDecoder(
        network,
        cache,
        task.positions_BN[image],
        task.sampler(task.seeds[images]),
        num_known=task.num_known,
        num_copies=task.num_copies,
    )


def _decode_with_graph(task: _Task) -> None:
    """Draw left to right on a GPU, with a recorded CUDA graph for each token."""
    assert isinstance(task.network, GraphNetwork) and task.in_raster_order

    def after_token(num_done: int) -> None:
        task.known_BN[:, :num_done] = True
        task.report(num_done)

    cache = task.network.prefill(task.prompts)
    decode_with_graph(
        task.network,
        cache,
        task.codes_BN,
        seeds=task.seeds,
        settings=task.settings,
        after_token=after_token if task.on_step else None,
    )
