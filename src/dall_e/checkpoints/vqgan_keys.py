"""Names of the layers of a VQGAN in the three layouts that projects use for the same network.

Shapes are in `models/vqgan.py`. A layout is a few words; the walk over levels and blocks is the
same for all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dall_e.checkpoints.keymap import From, KeyTable, Tensors, weight_and_bias
from dall_e.config.published import VQGANConfig

_RESIDUAL = ("norm1", "conv1", "norm2", "conv2")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a project names the parts of its networks; `{}` is the level, counted as it counts
    them."""

    encoder_level: str
    """A level of the encoder, 0 the finest."""
    decoder_level: str
    """A level of the decoder."""
    coarsest_first: bool
    """Whether the decoder's levels are counted in the order in which they run."""
    block: str
    """A residual block in its level."""
    middle: tuple[str, str, str]
    """The three parts of the middle."""


TAMING = Layout(
    encoder_level="down.{}",
    decoder_level="up.{}",
    coarsest_first=False,
    block="block",
    middle=("mid.block_1", "mid.attn_1", "mid.block_2"),
)
LLAMAGEN = Layout(
    encoder_level="conv_blocks.{}",
    decoder_level="conv_blocks.{}",
    coarsest_first=True,
    block="res",
    middle=("mid.0", "mid.1", "mid.2"),
)
TRANSFORMERS = Layout(
    encoder_level="down.{}",
    decoder_level="up.{}",
    coarsest_first=True,
    block="block",
    middle=("mid.block_1", "mid.attn_1", "mid.block_2"),
)


def network_rows(config: VQGANConfig, layout: Layout) -> dict[str, From]:
    """Rows of encoder (if there is one) and decoder."""
    rows: dict[str, From] = {}
    last = len(config.multipliers) - 1
    widths = [config.width * multiplier for multiplier in config.multipliers]
    if config.encoder_blocks:
        rows |= _ends("encoder", layout)
        for level in range(last + 1):
            before = widths[level - 1] if level else config.width
            theirs = f"encoder.{layout.encoder_level.format(level)}"
            change = "downsample.conv" if level < last else ""
            rows |= _level(
                f"encoder.levels.{level}",
                theirs,
                (before, widths[level], config.encoder_blocks),
                layout,
                change,
            )
            rows |= _attention_rows(
                config, level, f"encoder.levels.{level}", theirs, config.encoder_blocks
            )
    rows |= _ends("decoder", layout)
    for step in range(last + 1):
        level = last - step
        before = widths[min(level + 1, last)]
        theirs = f"decoder.{layout.decoder_level.format(step if layout.coarsest_first else level)}"
        sizes = (before, widths[level], config.decoder_blocks)
        rows |= _level(
            f"decoder.levels.{step}", theirs, sizes, layout, "upsample.conv" if level else ""
        )
        rows |= _attention_rows(
            config, level, f"decoder.levels.{step}", theirs, config.decoder_blocks
        )
    return rows


def codebook_rows(config: VQGANConfig) -> dict[str, From]:
    """Rows of the quantiser and the two convolutions around it, named alike in all layouts but for
    the Gumbel one."""
    rows = weight_and_bias("after_codes", "post_quant_conv")
    book = "quantize.embed.weight" if config.lookup == "logits" else "quantize.embedding.weight"
    rows["quantizer.codebook_CD"] = From(names=(book,))
    if config.encoder_blocks:
        rows |= weight_and_bias("before_codes", "quant_conv")
        if config.lookup == "logits":
            rows |= weight_and_bias("classifier", "quantize.proj")
    return rows


def vqgan_table(config: VQGANConfig, layout: Layout, dropped: tuple[str, ...] = ()) -> KeyTable:
    """All weights of a VQGAN."""
    return KeyTable(rows=network_rows(config, layout) | codebook_rows(config), dropped=dropped)


def _ends(part: str, layout: Layout) -> dict[str, From]:
    rows = weight_and_bias(f"{part}.start", f"{part}.conv_in") | weight_and_bias(
        f"{part}.end", f"{part}.conv_out"
    )
    rows |= weight_and_bias(f"{part}.norm", f"{part}.norm_out")
    before, attention, after = (f"{part}.{name}" for name in layout.middle)
    rows |= _residual(f"{part}.middle.before", before, False) | _residual(
        f"{part}.middle.after", after, False
    )
    return rows | _attention(f"{part}.middle.attention", attention)


def _level(
    ours: str, theirs: str, sizes: tuple[int, int, int], layout: Layout, change: str
) -> dict[str, From]:
    before, width, num_blocks = sizes
    rows: dict[str, From] = {}
    for block in range(num_blocks):
        widens = block == 0 and before != width
        rows |= _residual(f"{ours}.blocks.{block}", f"{theirs}.{layout.block}.{block}", widens)
    if change:
        rows |= weight_and_bias(f"{ours}.resample", f"{theirs}.{change}")
    return rows


def _residual(ours: str, theirs: str, widens: bool) -> dict[str, From]:
    rows: dict[str, From] = {}
    for name in _RESIDUAL:
        rows |= weight_and_bias(f"{ours}.{name}", f"{theirs}.{name}")
    return rows | (weight_and_bias(f"{ours}.shortcut", f"{theirs}.nin_shortcut") if widens else {})


def _attention_rows(
    config: VQGANConfig, level: int, ours: str, theirs: str, num_blocks: int
) -> dict[str, From]:
    rows: dict[str, From] = {}
    for block in range(num_blocks if level in config.attention_levels else 0):
        rows |= _attention(f"{ours}.attention.{block}", f"{theirs}.attn.{block}")
    return rows


def _attention(ours: str, theirs: str) -> dict[str, From]:
    rows = weight_and_bias(f"{ours}.norm", f"{theirs}.norm")
    rows |= weight_and_bias(f"{ours}.qkv", *(f"{theirs}.{name}" for name in "qkv"))
    return rows | weight_and_bias(f"{ours}.out", f"{theirs}.proj_out")


# Sizes from the tensors themselves, for files that come without settings


def sizes_from_tensors(tensors: Tensors, layout: Layout) -> dict[str, Any]:
    """Settings of a VQGAN as its tensors show them; the decoder is always there. Raises ValueError
    if it is not."""
    pattern = re.compile(
        re.escape(f"decoder.{layout.decoder_level}.{layout.block}").replace(r"\{\}", r"(\d+)")
    )
    found = [match for match in map(pattern.match, tensors) if match]
    if not found or "decoder.conv_in.weight" not in tensors:
        raise ValueError("there is no VQGAN decoder among the weights")
    last = max(int(match[1]) for match in found)

    def theirs(level: int) -> str:
        return f"decoder.{layout.decoder_level.format(last - level if layout.coarsest_first else level)}"

    def count(prefix: str) -> int:
        starts = {name[len(prefix) :].split(".")[0] for name in tensors if name.startswith(prefix)}
        return len(starts)

    widths = [
        tensors[f"{theirs(level)}.{layout.block}.0.conv1.weight"].shape[0]
        for level in range(last + 1)
    ]
    first = "encoder.conv_in.weight"
    width = tensors[first].shape[0] if first in tensors else widths[0]
    if any(wide % width for wide in widths):
        raise ValueError(f"the widths {widths} of the VQGAN's levels are no multiples of {width}")
    return {
        "channels": tensors["decoder.conv_out.weight"].shape[0],
        "width": width,
        "multipliers": tuple(wide // width for wide in widths),
        "encoder_blocks": count(f"encoder.{layout.encoder_level.format(0)}.{layout.block}."),
        "decoder_blocks": count(f"{theirs(0)}.{layout.block}."),
        "attention_levels": tuple(
            level for level in range(last + 1) if count(f"{theirs(level)}.attn.")
        ),
        "latent_width": tensors["decoder.conv_in.weight"].shape[1],
    }


def codebook_sizes(tensors: Tensors, *names: str) -> dict[str, int]:
    """Rows and width of the first of these tensors that is there. Raises ValueError if none is."""
    for name in names:
        if name in tensors and len(tensors[name].shape) == 2:
            num_codes, code_width = tensors[name].shape
            return {"num_codes": num_codes, "code_width": code_width}
    raise ValueError(f"there is no codebook {' or '.join(names)} among the weights")
