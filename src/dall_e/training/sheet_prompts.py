"""What a generator's sample sheet shows: a maker's own captions, or those of the gallery.

Shapes: B pictures of a sheet, N tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dall_e.data.captions import plain_caption
from dall_e.data.prompt_sets import GALLERY_PROMPTS
from dall_e.training.generator_data import GeneratorData

_MOST_HELD_OUT, _MOST_TRAINED = 6, 12


class SheetPrompts(NamedTuple):
    """The prompts of a sheet, and the true pictures beside which they are drawn."""

    prompts: list[str]
    labels: list[str]
    """What is said of each true picture: held out, or trained on."""
    codes_BN: Tensor | None = None
    """Codes of the true pictures; None for the gallery's prompts, which have none."""


def sheet_prompts(data: GeneratorData) -> SheetPrompts:
    """Own captions, evenly spread, of pictures held out and trained on; or the gallery's prompts.

    A data set without captions of a maker's own has the gallery's names among its own.
    """
    if not any(record.get("text") for record in data.records):
        return SheetPrompts(list(GALLERY_PROMPTS), [])

    held_out = _spread(len(data.held_out_records) if data.holds_out else 0, _MOST_HELD_OUT)
    trained = _spread(len(data.records), _MOST_TRAINED)
    records = [data.held_out_records[row] for row in held_out] + [data.records[r] for r in trained]
    codes = (data.held_out_codes_MN[held_out].long(), data.codes_VMN[0, trained].long())
    return SheetPrompts(
        prompts=[plain_caption(record) for record in records],
        labels=["held out"] * len(held_out) + ["trained on"] * len(trained),
        codes_BN=torch.cat(codes),
    )


def _spread(count: int, most: int) -> list[int]:
    """At most so many of `count` rows, evenly spread."""
    shown = min(count, most)
    return [row * count // shown for row in range(shown)]
