"""OpenAI's dVAE of 2021: encoder.pkl and decoder.pkl, two networks that were pickled whole.

Names and sizes: openai/DALL-E, `dall_e/encoder.py`, `dall_e/decoder.py`. Its package has the name
of ours; none of its code is needed, and none of what the pickles ask for is run.
"""

from __future__ import annotations

import re
from typing import Any

from dall_e.checkpoints.keymap import From, KeyTable, Tensors
from dall_e.config.published import DVAEConfig

_LEVELS = (1, 2, 3, 4)
_WIDTHS = (1, 2, 4, 8)


def settings(given: dict[str, Any], encoder: Tensors, decoder: Tensors) -> DVAEConfig:
    """From the constructor's arguments where they are given, else off the tensors."""
    if given.get("group_count", len(_LEVELS)) != len(_LEVELS):
        raise ValueError(
            f"group_count is {given['group_count']}; the published network has {len(_LEVELS)} groups"
        )
    try:
        start, inner = encoder["blocks.input.w"].shape, decoder["blocks.input.w"].shape
        num_codes = encoder["blocks.output.conv.w"].shape[0]
    except KeyError as error:
        raise ValueError(f"the weights of the dVAE have no {error}") from error
    blocks = {
        match[1] for name in encoder if (match := re.match(r"blocks\.group_1\.block_(\d+)\.", name))
    }
    return DVAEConfig(
        channels=given.get("input_channels", start[1]),
        width=given.get("n_hid", start[0]),
        start_width=given.get("n_init", inner[0]),
        blocks_per_level=given.get("n_blk_per_group", len(blocks)),
        num_codes=given.get("vocab_size", num_codes),
    )


def encoder_table(config: DVAEConfig) -> KeyTable:
    """Names of the encoder's weights."""
    return _table(config, config.width, _WIDTHS)


def decoder_table(config: DVAEConfig) -> KeyTable:
    """Names of the decoder's weights."""
    return _table(config, config.start_width, _WIDTHS[::-1])


def _table(config: DVAEConfig, width: int, multipliers: tuple[int, ...]) -> KeyTable:
    rows = _layer("start", "blocks.input") | _layer("end", "blocks.output.conv")
    for level, (group, multiplier) in enumerate(zip(_LEVELS, multipliers, strict=True)):
        for block in range(config.blocks_per_level):
            ours, theirs = f"levels.{level}.{block}", f"blocks.group_{group}.block_{block + 1}"
            for conv in range(4):
                rows |= _layer(f"{ours}.convs.{conv}", f"{theirs}.res_path.conv_{conv + 1}")
            if width != multiplier * config.width:
                rows |= _layer(f"{ours}.shortcut", f"{theirs}.id_path")
            width = multiplier * config.width
    return KeyTable(rows=rows)


def _layer(ours: str, theirs: str) -> dict[str, From]:
    return {
        f"{ours}.weight": From(names=(f"{theirs}.w",)),
        f"{ours}.bias": From(names=(f"{theirs}.b",)),
    }
