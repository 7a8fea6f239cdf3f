"""Pictures whose codes are partly drawn by a generator: what a decoder meets in use, with the
picture it should become.

The rest of the codes are the picture's own, so that the drawn ones must fit it, and the picture
stays a fair target (post-training of the decoder on sampled tokens: RobusTok, Qiu et al. 2025,
arXiv 2509.12474).

Shapes: M pictures, B of a batch, N tokens.
"""

from __future__ import annotations

import dataclasses
import random
import sys

import torch
from torch import Tensor

from dall_e.config import PRESETS
from dall_e.data.captions import training_caption
from dall_e.data.datasets import Record
from dall_e.runtime import autocast, pick_dtype
from dall_e.sampling.decode import KnownTokens, decode_tokens
from dall_e.training.generator_base import (
    GeneratorNetworks,
    grow,
    stage_weights,
    with_and_without_words,
)
from dall_e.training.run_folder import load_stage_words
from dall_e.training.token_cache import weights_digest

_BATCH_SIZE = 64
# Few: a quarter of a picture is drawn in less time than a whole one.
_STEPS = 8


class PartlyDrawn:
    """A trained generator that draws a fraction of the codes of pictures, given the others and a
    caption.

    Raises ValueError if `run` is no run or model folder with a generator of this preset.
    """

    def __init__(self, run: str, preset: str, device: torch.device) -> None:
        self._model = PRESETS[preset]
        self._networks = GeneratorNetworks(self._model)
        weights = stage_weights(run, "generator")
        try:
            grow(self._networks, weights)
        except ValueError as error:
            raise ValueError(
                f"the generator in {run} does not fit preset {preset}: {error}"
            ) from error
        self._networks.eval().requires_grad_(False).to(device)
        self._text_tokenizer = load_stage_words(run)
        self._device = device
        self.digest = weights_digest(self._networks)
        """Tells this generator from others."""

    @torch.no_grad()
    def draw(
        self, codes_MN: Tensor, records: list[Record], *, drawn_tokens: float, seed: int
    ) -> Tensor:
        """Codes int16 [M, N], the given ones with a fraction `drawn_tokens` of each picture drawn
        anew."""
        drawn = []
        for start in range(0, len(records), _BATCH_SIZE):
            rows = range(start, min(start + _BATCH_SIZE, len(records)))
            captions = [
                training_caption(records[row], random.Random(f"{seed}/drawn/{row}")) for row in rows
            ]
            drawn.append(
                self._draw_batch(
                    codes_MN[rows.start : rows.stop], captions, drawn_tokens, seed + start
                )
            )
            if start % (32 * _BATCH_SIZE) == 0:
                print(f"{rows.stop:,} of {len(records):,} pictures partly drawn", file=sys.stderr)
        return torch.cat(drawn)

    def _draw_batch(
        self, codes_BN: Tensor, captions: list[str], drawn_tokens: float, seed: int
    ) -> Tensor:
        size, num_tokens = codes_BN.shape
        rng = torch.Generator().manual_seed(seed)
        hidden = min(max(round(drawn_tokens * num_tokens), 1), num_tokens)
        mask_BN = torch.rand(size, num_tokens, generator=rng).argsort(1) >= hidden
        settings = dataclasses.replace(self._model.sampling, num_inference_steps=_STEPS)
        with autocast(self._device, pick_dtype("auto", self._device)):
            text, null = with_and_without_words(self._networks.text, self._text_tokenizer, captions)
            codes_BN = decode_tokens(
                self._networks.generator,
                text,
                null,
                seeds=[seed + row for row in range(size)],
                settings=settings,
                known=KnownTokens(codes_BN.long().to(self._device), mask_BN.to(self._device)),
            )
        return codes_BN.to(torch.int16).cpu()
