"""Pictures whose codes are partly sampled by a generator: what a decoder meets in use.

The rest of the codes are the picture's own, so that the sampled ones must fit it, and the picture
stays a fair target (post-training of the decoder on sampled tokens: RobusTok, Qiu et al. 2025,
arXiv 2509.12474).

Shapes: M pictures, B of a batch, N tokens.
"""

from __future__ import annotations

import dataclasses
import hashlib
import random
import sys
from pathlib import Path

import torch
from torch import Tensor

from dall_e.checkpoints.run_files import load_stage, load_text_tokenizer
from dall_e.config import PRESETS, SampledCodesConfig
from dall_e.data.captions import training_caption
from dall_e.data.datasets import Record
from dall_e.runtime import autocast, pick_dtype
from dall_e.sampling.decode import KnownTokens, decode_tokens
from dall_e.training.generator_networks import GeneratorNetworks, encode_prompts, grow
from dall_e.training.token_cache import cached, weights_digest

_CODES_FILE = "drawn_codes.pt"
_BATCH_SIZE = 64
# Few: a quarter of a picture is sampled in less time than a whole one.
_STEPS = 8
_BATCHES_PER_LINE = 32


class CodeResampler:
    """A trained generator that samples part of the codes of pictures anew.

    It is given the other codes and a caption.
    """

    def __init__(self, config: SampledCodesConfig, preset: str, device: torch.device) -> None:
        """Raises ValueError if `config.generator` has no generator of this preset."""
        self._config = config
        self._model = PRESETS[preset]
        self._device = device
        self._networks = GeneratorNetworks(self._model)
        try:
            grow(self._networks, load_stage(config.generator).weights("generator"))
        except ValueError as error:
            raise ValueError(
                f"the generator in {config.generator} does not fit preset {preset}: {error}"
            ) from error
        self._networks.eval().requires_grad_(False).to(device)
        self._text_tokenizer = load_text_tokenizer(config.generator)

    def resample_once(
        self, folder: Path, codes_MN: Tensor, records: list[Record], *, seed: int
    ) -> Tensor:
        """As `resample`, cached in a run folder, so that a resumed run meets the same codes."""
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(codes_MN.numpy().tobytes()).hexdigest()
        return cached(
            folder / _CODES_FILE,
            f"{digest} {weights_digest(self._networks)} {self._config.drawn_tokens} {seed}",
            lambda: self.resample(codes_MN, records, seed=seed),
        )

    @torch.no_grad()
    def resample(self, codes_MN: Tensor, records: list[Record], *, seed: int) -> Tensor:
        """Codes int16 [M, N], the given ones with a fraction of each picture sampled anew."""
        resampled: list[Tensor] = []
        for number, start in enumerate(range(0, len(records), _BATCH_SIZE)):
            end = min(start + _BATCH_SIZE, len(records))
            captions = [
                training_caption(records[row], random.Random(f"{seed}/drawn/{row}"))
                for row in range(start, end)
            ]
            resampled.append(self._resample_batch(codes_MN[start:end], captions, seed + start))
            if number % _BATCHES_PER_LINE == 0:
                print(f"{end:,} of {len(records):,} pictures partly drawn", file=sys.stderr)
        return torch.cat(resampled)

    def _resample_batch(self, codes_BN: Tensor, captions: list[str], seed: int) -> Tensor:
        size, num_tokens = codes_BN.shape

        # As many tokens of each picture are hidden, at random positions.
        rng = torch.Generator().manual_seed(seed)
        num_hidden = min(max(round(self._config.drawn_tokens * num_tokens), 1), num_tokens)
        is_known_BN = torch.rand(size, num_tokens, generator=rng).argsort(1) >= num_hidden

        settings = dataclasses.replace(self._model.sampling, num_inference_steps=_STEPS)
        with autocast(self._device, pick_dtype("auto", self._device)):
            text, null = encode_prompts(self._networks.text, self._text_tokenizer, captions)
            codes_BN = decode_tokens(
                self._networks.generator,
                text,
                null,
                seeds=[seed + row for row in range(size)],
                settings=settings,
                known=KnownTokens(codes_BN.long().to(self._device), is_known_BN.to(self._device)),
            )
        return codes_BN.to(torch.int16).cpu()
