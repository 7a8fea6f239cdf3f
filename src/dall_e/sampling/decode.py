"""The one decode loop: text states to image tokens, group after group; a left-to-right model has groups of one.

Shapes: B pictures, R rows (B conditional, then B unconditional under guidance), N tokens, M tokens of a step, C codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.sampling.fixed_steps import FixedNetwork, draw_in_fixed_steps
from dall_e.sampling.foresight import Foresight, ForesightedNetwork
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
    """What the loop draws with: any order in groups (`models/generator.py`), or left to right (`models/raster.py`)."""

    config: Any
    """Has num_tokens and num_codes."""

    def start(self, text: Any, /) -> Any:
        """A cache for the prompts."""
        ...

    def ask(self, cache: Any, places_BM: Tensor, /) -> Tensor:
        """Logits [B, M, C] of some places."""
        ...

    def absorb(self, cache: Any, codes_BM: Tensor, places_BM: Tensor, /) -> Tensor | None:
        """Makes drawn codes known; returns their states [B, M, D], if the network can doubt them."""
        ...


@runtime_checkable
class DoubtingNetwork(TokenNetwork, Protocol):
    """A network that says how likely it finds the codes that it has absorbed."""

    def doubt(self, states_BMD: Tensor, /) -> Tensor:
        """Logits [B, M, C] of the true codes, given the states that `absorb` returned."""
        ...


_NOISE_AT_A_TIME = 1 << 21
"""Numbers of noise in memory for a left-to-right model: of all 1024 x 16384 places and codes they would fill 64 MiB a
picture, and several times as much while they are made."""


def _noise_window(num_pictures: int, num_codes: int) -> int:
    """Places whose noise is in memory at a time."""
    return max(1, _NOISE_AT_A_TIME // (num_codes * num_pictures))


class _Noise(Protocol):
    """Where the loop gets z from."""

    def at(self, places_BM: Tensor, done: int) -> Tensor:
        """z [B, M, C] of some places, `done` tokens into the picture."""
        ...


class _AllNoise:
    """The noise of all places, made at once."""

    def __init__(self, noise_BNC: Tensor) -> None:
        self._noise_BNC = noise_BNC

    @classmethod
    def made(cls, seeds: list[int], num_tokens: int, num_codes: int, device: torch.device) -> _AllNoise:
        return cls(gumbel(seeds, num_tokens, num_codes).to(device))

    def at(self, places_BM: Tensor, done: int) -> Tensor:
        return self._noise_BNC.gather(1, places_BM[..., None].expand(-1, -1, self._noise_BNC.shape[-1]))


class _RasterNoise:
    """The same numbers, made for a few places at a time in raster order."""

    def __init__(self, seeds: list[int], num_tokens: int, num_codes: int, device: torch.device) -> None:
        self._seeds, self._num_tokens, self._num_codes, self._device = seeds, num_tokens, num_codes, device
        self._window = _noise_window(len(seeds), num_codes)
        self._noise_BWC: Tensor | None = None

    def at(self, places_BM: Tensor, done: int) -> Tensor:
        assert places_BM.shape[1] == 1
        within = done % self._window
        if within == 0 or self._noise_BWC is None:
            places = min(self._window, self._num_tokens - done)
            made_BWC = gumbel(self._seeds, places, self._num_codes, first_place=done)
            self._noise_BWC = made_BWC.to(self._device)
        return self._noise_BWC[:, within : within + 1]


@dataclass(frozen=True)
class Known:
    """What is known of the pictures before drawing begins: the rest is drawn to fit it (inpainting, variations)."""

    codes_BN: Tensor
    """int64, in raster order; read where `mask_BN` is True."""
    mask_BN: Tensor
    """bool: as many known places in every row, and not all of them."""

    @property
    def count(self) -> int:
        """Known tokens of a picture. Raises ValueError if the rows differ, or if nothing is left to draw."""
        counts = sorted(set(self.mask_BN.sum(1).tolist()))
        if len(counts) != 1:
            raise ValueError(f"all pictures of a batch must have as many known tokens, got {counts[0]} to {counts[-1]}")
        if counts[0] == self.mask_BN.shape[1]:
            raise ValueError(f"all {counts[0]} tokens are known: nothing is left to draw")
        return int(counts[0])


class DecodeInterrupted(RuntimeError):
    """A callback asked to stop."""


class _Canvas:
    """The picture so far: codes, what is known, and how likely the correction head finds each token."""

    def __init__(self, num_pictures: int, num_tokens: int, device: torch.device) -> None:
        self.codes_BN = torch.zeros(num_pictures, num_tokens, dtype=torch.int64, device=device)
        self.known_BN = torch.zeros(num_pictures, num_tokens, dtype=torch.bool, device=device)
        self.support_BN = torch.zeros(num_pictures, num_tokens, device=device)
        self.given_BN = torch.zeros_like(self.known_BN)
        """What was known before drawing began; it counts as beyond doubt, so that no correction touches it."""

    def put(self, places_BM: Tensor, codes_BM: Tensor) -> None:
        self.codes_BN.scatter_(1, places_BM, codes_BM)
        self.known_BN.scatter_(1, places_BM, True)

    def know(self, known: Known) -> None:
        """Takes over what is known beforehand."""
        self.given_BN |= known.mask_BN.to(self.given_BN.device)
        self.known_BN |= self.given_BN
        self.codes_BN[self.given_BN] = known.codes_BN.to(self.codes_BN.device)[self.given_BN]

    def put_in(self, row: int, places_M: Tensor, codes_M: Tensor) -> None:
        """Of one picture."""
        self.codes_BN[row, places_M] = codes_M
        self.known_BN[row, places_M] = True

    def support(self, places_BM: Tensor, support_BM: Tensor) -> None:
        self.support_BN.scatter_(1, places_BM, support_BM)
        self.support_BN.masked_fill_(self.given_BN, torch.inf)


@torch.no_grad()
def decode_tokens(
    generator: TokenNetwork,
    text: Prompts,
    null: Prompts,
    *,
    seeds: list[int],
    settings: SamplingConfig,
    known: Known | None = None,
    on_step: Callable[[DecodeStep], bool | None] | None = None,
) -> Tensor:
    """Draws codes [B, N] in raster order, one picture per seed; what is `known` beforehand stays as it is.

    `text` and `null` have B rows each: what to draw, and what to steer away from. A picture is a function of its row
    of text, its seed and the settings; the other pictures of the batch play no part. `on_step` is called after each
    step; where it returns True, DecodeInterrupted is raised. For a left-to-right network the settings must ask for one
    token a step in raster order, and no corrections; it can know nothing beforehand.
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
    places_BN = make_orders(settings.order, order_uniform_BP, first + sizes, mask_BN).to(device)
    copies = 2 if settings.guidance_scale != 1 else 1
    rows = text.joined(null) if copies == 2 else text
    canvas = _Canvas(len(seeds), config.num_tokens, device)
    num_steps = len(sizes) + settings.correction_rounds

    def report(step: int) -> None:
        if on_step and on_step(DecodeStep(step, num_steps, canvas.codes_BN, canvas.known_BN)):
            raise DecodeInterrupted(f"stopped by the callback after step {step} of {num_steps}")

    if isinstance(generator, FixedNetwork) and device.type == "cuda":
        assert settings.order == "raster" and len(sizes) == config.num_tokens and not settings.correction_rounds

        def after(done: int) -> None:
            canvas.known_BN[:, :done] = True
            report(done)

        draw_in_fixed_steps(
            generator,
            generator.start(rows),
            canvas.codes_BN,
            settings,
            window=_noise_window(len(seeds), config.num_codes),
            noise=lambda first, places: gumbel(seeds, places, config.num_codes, first_place=first),
            after=after if on_step else lambda done: None,
        )
        return canvas.codes_BN
    if known:
        canvas.know(known)
    if isinstance(generator, ForesightedNetwork) and max(sizes) == 1 and not settings.correction_rounds:
        noise_BNC = gumbel(seeds, config.num_tokens, config.num_codes).to(device)
        _draw_in_turn(generator, _row_by_row(rows, copies), canvas, settings, places_BN, noise_BNC, report)
        return canvas.codes_BN
    in_raster_order = settings.order == "raster" and len(sizes) == config.num_tokens
    noise = (_RasterNoise if in_raster_order else _AllNoise.made)(seeds, config.num_tokens, config.num_codes, device)
    drawing = _Drawing(generator, generator.start(rows), canvas, settings, copies)
    done = num_known
    if num_known:
        drawing.absorb(places_BN[:, :done], canvas.codes_BN.gather(1, places_BN[:, :done]))
    for step, size in enumerate(sizes):
        places_BM = places_BN[:, done : done + size]
        # After the last group nothing is asked, unless some tokens are drawn again.
        is_last = step + 1 == len(sizes) and not settings.correction_rounds
        drawing.draw(places_BM, noise.at(places_BM, done), done / config.num_tokens, is_last=is_last)
        done += size
        report(step + 1)
    for turn in range(settings.correction_rounds):
        noise = _AllNoise(gumbel(seeds, config.num_tokens, config.num_codes, GUMBEL_STREAM + 1 + turn).to(device))
        _correct(_Drawing(generator, generator.start(rows), canvas, settings, copies), noise)
        report(len(sizes) + turn + 1)
    return canvas.codes_BN


def _row_by_row(rows: Any, copies: int) -> list[Any]:
    """The prompts of each picture alone, with what to steer away from."""
    pictures = len(rows.states_BLD) // copies
    return [type(rows)(*(part[row::pictures] for part in rows)) for row in range(pictures)]


def _draw_in_turn(
    generator: Any,
    texts: list[Any],
    canvas: _Canvas,
    settings: SamplingConfig,
    places_BN: Tensor,
    noise_BNC: Tensor,
    report: Callable[[int], None],
) -> None:
    """One token at a time. Every picture has its own cache, as guesses come true sooner for one than for another."""
    given = reported = int(canvas.known_BN[0].sum())
    pictures = []
    for row, text in enumerate(texts):
        cache, places_1M = generator.start(text), places_BN[row : row + 1, :given]
        if given:
            copies = len(text.states_BLD)
            codes_1M = canvas.codes_BN[row : row + 1].gather(1, places_1M)
            generator.absorb(cache, codes_1M.repeat(copies, 1), places_1M.repeat(copies, 1))
        pictures.append(Foresight(generator, cache, places_BN[row], noise_BNC[row], settings, given))
    while reported < places_BN.shape[1]:
        for row, picture in enumerate(pictures):
            if not picture.is_done:
                canvas.put_in(row, *picture.round())
        done = min(picture.done for picture in pictures)
        for step in range(reported, done):
            report(step - given + 1)
        reported = done


@dataclass(frozen=True)
class _Drawing:
    """One run through the places of some pictures."""

    generator: TokenNetwork
    cache: Any
    canvas: _Canvas
    settings: SamplingConfig
    copies: int
    """Rows per picture: 2 under guidance."""

    def draw(self, places_BM: Tensor, noise_BMC: Tensor, share_done: float, *, is_last: bool = False) -> None:
        """One factor g_i(x, z_i): asks for a group of places, draws their codes, makes them known."""
        settings = self.settings
        logits_RMC = self.generator.ask(self.cache, places_BM.repeat(self.copies, 1))
        if self.copies == 2:
            scale = 1 + (settings.guidance_scale - 1) * (share_done if settings.guidance_ramp else 1)
            conditional_BMC, unconditional_BMC = logits_RMC.chunk(2)
            logits_BMC = guide(conditional_BMC, unconditional_BMC, scale)
        else:
            logits_BMC = logits_RMC
        temperature = settings.temperature + (settings.final_temperature - settings.temperature) * share_done
        codes_BM = choose(logits_BMC, noise_BMC, temperature=temperature, top_k=settings.top_k, top_p=settings.top_p)
        if is_last:
            self.canvas.put(places_BM, codes_BM)
        else:
            self.absorb(places_BM, codes_BM)

    def absorb(self, places_BM: Tensor, codes_BM: Tensor) -> None:
        """Makes codes known and, if some are to be corrected, notes how likely the network finds them."""
        states_RMD = self.generator.absorb(
            self.cache, codes_BM.repeat(self.copies, 1), places_BM.repeat(self.copies, 1)
        )
        self.canvas.put(places_BM, codes_BM)
        if self.settings.correction_rounds:
            assert isinstance(self.generator, DoubtingNetwork) and states_RMD is not None
            corrected_BMC = self.generator.doubt(states_RMD[: len(places_BM)]).float().log_softmax(-1)
            self.canvas.support(places_BM, corrected_BMC.gather(-1, codes_BM[..., None])[..., 0])


def _correct(drawing: _Drawing, noise: _Noise) -> None:
    """Draws the tokens again that the correction head finds least likely, given all the others."""
    canvas, settings = drawing.canvas, drawing.settings
    num_tokens = canvas.codes_BN.shape[1]
    redrawn = min(round(settings.correction_share * num_tokens), num_tokens - int(canvas.given_BN[0].sum()))
    if redrawn == 0:
        return
    ranked_BN = canvas.support_BN.argsort(dim=1)
    if redrawn < num_tokens:
        kept_BM = ranked_BN[:, redrawn:]
        drawing.absorb(kept_BM, canvas.codes_BN.gather(1, kept_BM))
    for places_BM in ranked_BN[:, :redrawn].split(settings.max_group, dim=1):
        drawing.draw(places_BM, noise.at(places_BM, num_tokens), 1.0)
