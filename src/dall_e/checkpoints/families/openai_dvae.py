"""OpenAI's dVAE of 2021: encoder.pkl and decoder.pkl, two networks that were pickled whole.

Names and sizes: openai/DALL-E, `dall_e/encoder.py`, `dall_e/decoder.py`. Its package has the name
of ours; none of its code is needed, and none of what the pickles ask for is run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.bounded_files import naming
from dall_e.checkpoints.families.base import Settings, read_weights
from dall_e.checkpoints.families.reference import ReferenceCase
from dall_e.checkpoints.keymap import From, KeyTable, Tensors, fill
from dall_e.config.published import DVAEConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dall_e.models.dvae import DVAE

SIGNATURES = (("blocks.input.w",),)
KEPT_UNDER = ()
KEYS = {
    "start": "blocks.input",
    "end": "blocks.output.conv",
    "conv": "blocks.group_{}.block_{}.res_path.conv_{}",
    "shortcut": "blocks.group_{}.block_{}.id_path",
}
"""Names of layers. They count groups, blocks and convolutions from 1."""

_NUM_LEVELS, _NUM_CONVS = 4, 4
_MULTIPLIERS = (1, 2, 4, 8)
"""Widths of the encoder's levels, in widths of the first; the decoder has them in reverse."""


def encoder_table(settings: DVAEConfig) -> KeyTable:
    """Names of the encoder's weights."""
    return _table(settings, settings.width, _MULTIPLIERS)


def decoder_table(settings: DVAEConfig) -> KeyTable:
    """Names of the decoder's weights."""
    return _table(settings, settings.start_width, _MULTIPLIERS[::-1])


def _table(settings: DVAEConfig, width: int, multipliers: tuple[int, ...]) -> KeyTable:
    rows = _layer("start", KEYS["start"]) | _layer("end", KEYS["end"])
    for level, multiplier in enumerate(multipliers):
        level_width = multiplier * settings.width
        for block in range(settings.blocks_per_level):
            ours, numbers = f"levels.{level}.{block}", (level + 1, block + 1)
            for conv in range(_NUM_CONVS):
                theirs = KEYS["conv"].format(*numbers, conv + 1)
                rows |= _layer(f"{ours}.convs.{conv}", theirs)

            # Only the first block of a level that changes the width has a shortcut.
            if width != level_width:
                rows |= _layer(f"{ours}.shortcut", KEYS["shortcut"].format(*numbers))
            width = level_width
    return KeyTable(rows=rows)


def _layer(ours: str, theirs: str) -> dict[str, From]:
    return {
        f"{ours}.weight": From(names=(f"{theirs}.w",)),
        f"{ours}.bias": From(names=(f"{theirs}.b",)),
    }


def config(given: Settings, encoder: Tensors, decoder: Tensors) -> DVAEConfig:
    """From the constructor's arguments where they are given, else off the tensors."""
    if given.get("group_count", _NUM_LEVELS) != _NUM_LEVELS:
        raise ValueError(
            f"group_count is {given['group_count']}; the published network has {_NUM_LEVELS} groups"
        )
    try:
        width, channels = encoder["blocks.input.w"].shape[:2]
        start_width = decoder["blocks.input.w"].shape[0]
        num_codes = encoder["blocks.output.conv.w"].shape[0]
    except KeyError as error:
        raise ValueError(f"the weights of the dVAE have no {error}") from error

    blocks = {
        match[1] for name in encoder if (match := re.match(r"blocks\.group_1\.block_(\d+)\.", name))
    }
    return DVAEConfig(
        channels=given.get("input_channels", channels),
        width=given.get("n_hid", width),
        start_width=given.get("n_init", start_width),
        blocks_per_level=given.get("n_blk_per_group", len(blocks)),
        num_codes=given.get("vocab_size", num_codes),
    )


def load(path: Path, given: Settings, dtype: torch.dtype) -> DVAE:
    """Load both networks; `path` is either of the two files, the other lies beside it."""
    encoder, decoder = (path.with_name(f"{part}{path.suffix}") for part in ("encoder", "decoder"))
    return load_networks(encoder, decoder, given, dtype)


def load_networks(encoder: Path, decoder: Path, given: Settings, dtype: torch.dtype) -> DVAE:
    """Load both networks, each from its file."""
    from dall_e.checkpoints.store import Unfilled
    from dall_e.models.dvae import DVAE

    encoder_tensors, decoder_tensors = read_weights(encoder), read_weights(decoder)
    with naming(encoder):
        settings = config(given, encoder_tensors, decoder_tensors)
    with naming(encoder), Unfilled(encoder_tensors, decoder_tensors):
        network = DVAE(settings)

    encoder_part = (network.encoder, encoder_table(settings))
    decoder_part = (network.decoder, decoder_table(settings))
    fill([encoder_part], encoder_tensors, dtype, str(encoder))
    fill([decoder_part], decoder_tensors, dtype, str(decoder))
    return network


def reference_outputs(case: ReferenceCase) -> dict[str, Tensor]:
    """Logits and codes of the image, and what the decoder makes of the codes."""
    import torch

    encoder, decoder = case.file("encoder"), case.file("decoder")
    network = load_networks(encoder, decoder, case.config, torch.float32)
    logits_BVHW = network.code_logits(case.input("image"))
    codes_BHW = logits_BVHW.argmax(1)
    return {
        "code_logits": logits_BVHW,
        "codes": codes_BHW,
        "decoder_stats": network.decoder(codes_BHW),
        "reconstruction": network.decode(codes_BHW),
    }
