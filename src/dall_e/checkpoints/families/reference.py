"""Parity cases: what a project's own code computed for given inputs, and what we compute there.

`dall-e zoo verify` reads a case from a folder and compares. Inputs and outputs go by the names that
`expected.safetensors` of the folder has after `in.` and `out.`.

Tensor names: B batch rows, N image tokens, C codes, D channels, H W rows and columns of codes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.models.left_to_right import LeftToRight
    from dall_e.models.prompt_networks import PromptStates
    from dall_e.models.vqgan import VQGAN

_SETTINGS_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, kw_only=True)
class ReferenceCase:
    """Weights, settings and inputs of a small model whose outputs were recorded."""

    family: str
    """Name of its family, or of its family of image tokenizers."""
    weights: list[Path]
    """Its files, settings among them."""
    config: dict[str, Any]
    """The project's own settings."""
    inputs: Mapping[str, Tensor] = field(default_factory=dict)
    """Recorded inputs by name."""
    wanted: tuple[str, ...] = ()
    """Names of the recorded outputs."""

    @property
    def only_file(self) -> Path:
        """The one weight file; what else lies beside it are settings, which `config` has."""
        weights = (path for path in self.weights if path.suffix not in _SETTINGS_SUFFIXES)
        return next(weights, self.weights[0])

    def file(self, start: str) -> Path:
        """The weight file whose name begins with `start`. Raises ValueError unless it is one."""
        matching = [path for path in self.weights if path.name.startswith(start)]
        if len(matching) != 1:
            raise ValueError(
                f"meta.json must name one file of weights that starts with {start!r}, "
                f"it has {len(matching)}"
            )
        return matching[0]

    def input(self, name: str) -> Tensor:
        """A recorded input. Raises ValueError if there is none of the name."""
        if name not in self.inputs:
            raise ValueError(f"expected.safetensors has no in.{name}")
        return self.inputs[name]


def guided_outputs(
    case: ReferenceCase, transformer: LeftToRight, text: PromptStates, null: PromptStates
) -> dict[str, Tensor]:
    """Logits and greedy tokens, each with the guidance at the end of its name (`_cfg7_5`)."""
    outputs: dict[str, Tensor] = {}
    for name in case.wanted:
        match = re.fullmatch(r"(step_logits|greedy_tokens)_cfg(\d+(?:[._]\d+)?)", name)
        if not match:
            continue

        guidance = float(match[2].replace("_", "."))
        tokens_BN = _greedy_tokens(transformer, text, null, guidance)
        if match[1] == "greedy_tokens":
            outputs[name] = tokens_BN.int()
        else:
            outputs[name] = _guided_logits(transformer, text, null, tokens_BN[:, :-1], guidance)
    return outputs


def _guided_logits(
    transformer: LeftToRight,
    text: PromptStates,
    null: PromptStates,
    codes_BN: Tensor,
    guidance: float,
) -> Tensor:
    logits_BNC: Tensor = transformer(text, codes_BN)
    if guidance == 1:
        return logits_BNC
    return logits_BNC.lerp(transformer(null, codes_BN), 1 - guidance)


def _greedy_tokens(
    transformer: LeftToRight, text: PromptStates, null: PromptStates, guidance: float
) -> Tensor:
    """The likeliest token each time, by the loop that draws."""
    from dall_e.config import SamplingConfig
    from dall_e.sampling.decode import decode_tokens

    settings = SamplingConfig(
        num_inference_steps=transformer.config.num_tokens,
        guidance_scale=guidance,
        temperature=0.0,
        final_temperature=0.0,
        order="raster",
        schedule="uniform",
    )
    seeds = [0] * text.states_BLD.shape[0]
    return decode_tokens(transformer, text, null, seeds=seeds, settings=settings)


def vqgan_outputs(
    case: ReferenceCase, load: Callable[[Path, dict[str, Any], torch.dtype], VQGAN]
) -> dict[str, Tensor]:
    """What a VQGAN makes of an image: codes, their vectors, and the image again."""
    import torch

    network = load(case.only_file, case.config, torch.float32)
    encoded = network.encode(case.input("image"))
    return {
        "codes": encoded.codes_BHW,
        "quantized": encoded.quantized_BDHW,
        "reconstruction": network.decode(encoded.codes_BHW),
    }
