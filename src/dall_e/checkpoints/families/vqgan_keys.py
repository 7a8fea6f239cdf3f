"""Names of the layers of a VQGAN in the three layouts that projects use for the same network.

Shapes are in `models/vqgan.py`. A layout is a few words; the walk over levels and blocks is the
same for all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dall_e.checkpoints.keymap import From, KeyTable, Tensors, expand
from dall_e.config.published import VQGANConfig


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a project names the parts of its networks; `{}` is the number of a level."""

    encoder_level: str
    """A level of the encoder, 0 the finest."""
    decoder_level: str
    """A level of the decoder."""
    coarsest_first: bool
    """Whether the decoder's levels are counted in the order in which they run."""
    block: str
    """A residual block in its level."""
    middle: tuple[str, str, str]
    """The three parts of the middle: block, attention, block."""

    def decoder_level_name(self, level: int, num_levels: int) -> str:
        """The decoder's level, where `level` 0 is the finest."""
        number = num_levels - 1 - level if self.coarsest_first else level
        return f"decoder.{self.decoder_level.format(number)}"


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


# Tables


def vqgan_table(config: VQGANConfig, layout: Layout, dropped: tuple[str, ...] = ()) -> KeyTable:
    """Names of all weights of a VQGAN."""
    rows = network_rows(config, layout) | _codebook_rows(config)
    return KeyTable(rows=rows, dropped=dropped)


def network_rows(config: VQGANConfig, layout: Layout) -> dict[str, From]:
    """Rows of encoder (if there is one) and decoder."""
    num_levels = len(config.multipliers)
    widths = [config.width * multiplier for multiplier in config.multipliers]
    rows: dict[str, From] = {}

    # The encoder goes from fine to coarse, each level starting with the width of the one before.
    if config.encoder_blocks:
        rows |= _ends("encoder", layout)
        for level in range(num_levels):
            width_before = widths[level - 1] if level else config.width
            rows |= _level(
                f"encoder.levels.{level}",
                f"encoder.{layout.encoder_level.format(level)}",
                layout,
                num_blocks=config.encoder_blocks,
                widens=width_before != widths[level],
                attends=level in config.attention_levels,
                resampling="downsample.conv" if level < num_levels - 1 else "",
            )

    # The decoder goes back; our levels are counted in the order in which they run.
    rows |= _ends("decoder", layout)
    for step, level in enumerate(reversed(range(num_levels))):
        width_before = widths[min(level + 1, num_levels - 1)]
        rows |= _level(
            f"decoder.levels.{step}",
            layout.decoder_level_name(level, num_levels),
            layout,
            num_blocks=config.decoder_blocks,
            widens=width_before != widths[level],
            attends=level in config.attention_levels,
            resampling="upsample.conv" if level else "",
        )
    return rows


def _codebook_rows(config: VQGANConfig) -> dict[str, From]:
    """Rows of the quantizer and the two convolutions around it.

    They are named alike in all layouts but for the Gumbel VQGAN, whose lookup is by logits.
    """
    by_logits = config.lookup == "logits"
    template = {
        "after_codes.*": "post_quant_conv.*",
        "quantizer.codebook_CD": (
            "quantize.embed.weight" if by_logits else "quantize.embedding.weight"
        ),
    }
    if config.encoder_blocks:
        template["before_codes.*"] = "quant_conv.*"
        if by_logits:
            template["classifier.*"] = "quantize.proj.*"
    return expand(template)


def _ends(part: str, layout: Layout) -> dict[str, From]:
    """Rows of the first and last layers, and of the middle."""
    before, attention, after = (f"{part}.{name}" for name in layout.middle)
    rows = expand(
        {
            f"{part}.start.*": f"{part}.conv_in.*",
            f"{part}.norm.*": f"{part}.norm_out.*",
            f"{part}.end.*": f"{part}.conv_out.*",
        }
    )
    rows |= _residual(f"{part}.middle.before", before)
    rows |= _attention(f"{part}.middle.attention", attention)
    return rows | _residual(f"{part}.middle.after", after)


def _level(
    ours: str,
    theirs: str,
    layout: Layout,
    *,
    num_blocks: int,
    widens: bool,
    attends: bool,
    resampling: str,
) -> dict[str, From]:
    """Rows of one level: its blocks, the first of which may widen, and what follows them."""
    rows: dict[str, From] = {}
    for block in range(num_blocks):
        their_block = f"{theirs}.{layout.block}.{block}"
        rows |= _residual(f"{ours}.blocks.{block}", their_block, widens=widens and block == 0)
        if attends:
            rows |= _attention(f"{ours}.attention.{block}", f"{theirs}.attn.{block}")
    if resampling:
        rows |= expand({f"{ours}.resample.*": f"{theirs}.{resampling}.*"})
    return rows


def _residual(ours: str, theirs: str, *, widens: bool = False) -> dict[str, From]:
    template = {f"{ours}.{name}.*": f"{theirs}.{name}.*" for name in _RESIDUAL_LAYERS}
    if widens:
        template[f"{ours}.shortcut.*"] = f"{theirs}.nin_shortcut.*"
    return expand(template)


_RESIDUAL_LAYERS = ("norm1", "conv1", "norm2", "conv2")


def _attention(ours: str, theirs: str) -> dict[str, From]:
    return expand(
        {
            f"{ours}.norm.*": f"{theirs}.norm.*",
            f"{ours}.qkv.*": (f"{theirs}.q.*", f"{theirs}.k.*", f"{theirs}.v.*"),
            f"{ours}.out.*": f"{theirs}.proj_out.*",
        }
    )


# Sizes from the tensors themselves, for files that come without settings

_MOST_LEVELS = 12
"""Each halves the side of the picture."""


def sizes_from_tensors(tensors: Tensors, layout: Layout) -> dict[str, Any]:
    """Settings of a VQGAN as its tensors show them. Raises ValueError if there is no decoder."""
    num_levels = _count_decoder_levels(tensors, layout)
    levels = [layout.decoder_level_name(level, num_levels) for level in range(num_levels)]
    widths = [tensors[f"{level}.{layout.block}.0.conv1.weight"].shape[0] for level in levels]

    # The finest level's width stands for the width where there is no encoder to show it.
    start = "encoder.conv_in.weight"
    width = tensors[start].shape[0] if start in tensors else widths[0]
    if any(wide % width for wide in widths):
        raise ValueError(f"the widths {widths} of the VQGAN's levels are no multiples of {width}")

    finest_encoder_level = f"encoder.{layout.encoder_level.format(0)}"
    attended = [
        level for level, name in enumerate(levels) if _count_parts(tensors, f"{name}.attn.")
    ]
    return {
        "channels": tensors["decoder.conv_out.weight"].shape[0],
        "width": width,
        "multipliers": tuple(wide // width for wide in widths),
        "encoder_blocks": _count_parts(tensors, f"{finest_encoder_level}.{layout.block}."),
        "decoder_blocks": _count_parts(tensors, f"{levels[0]}.{layout.block}."),
        "attention_levels": tuple(attended),
        "latent_width": tensors["decoder.conv_in.weight"].shape[1],
    }


def _count_decoder_levels(tensors: Tensors, layout: Layout) -> int:
    name = re.escape(f"decoder.{layout.decoder_level}.{layout.block}")
    pattern = re.compile(name.replace(r"\{\}", r"(\d+)"))
    matches = [match for match in map(pattern.match, tensors) if match]
    if not matches or "decoder.conv_in.weight" not in tensors:
        raise ValueError("there is no VQGAN decoder among the weights")
    num_levels = 1 + max(int(match[1]) for match in matches)
    if num_levels > _MOST_LEVELS:
        raise ValueError(
            f"a level has the number {num_levels - 1}, at most {_MOST_LEVELS} are read"
        )
    return num_levels


def _count_parts(tensors: Tensors, prefix: str) -> int:
    """How many different parts come next in the names that start with `prefix`."""
    ends = (name.removeprefix(prefix) for name in tensors if name.startswith(prefix))
    return len({end.split(".")[0] for end in ends})


def codebook_sizes(tensors: Tensors, *names: str) -> dict[str, int]:
    """Rows and width of the first of these tensors that is there. Raises ValueError if none is."""
    for name in names:
        if name in tensors and len(tensors[name].shape) == 2:
            num_codes, code_width = tensors[name].shape
            return {"num_codes": num_codes, "code_width": code_width}
    raise ValueError(f"there is no codebook {' or '.join(names)} among the weights")
