"""Where the generator looked at which word while it drew: the attention of pass 2 to the text.

The idea is that of DAAM (Tang et al. 2023, arXiv 2210.04885): the weights of a position's query on
the tokens of a word say how much that word decided there. Each position has them for the step that
drew it, in every layer.

Shapes: W words, Y query layers, N image tokens in raster order, L text tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dall_e.explain.oracle import Revealed, forced_attention
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates


def attention_maps(
    generator: Generator, text: TextStates, revealed: Revealed, rows: Sequence[Sequence[int]]
) -> Tensor:
    """Attention [W, Y, N] of each position to each word, in the step that drew it.

    `rows` are the text tokens of each word; a word without any has 0 everywhere. Of all that a
    query looks at, text and known image tokens together, it is the fraction from 0 to 1.
    """
    attention_YNL = revealed.in_raster_order(forced_attention(generator, text, revealed).mT).mT
    maps = [attention_YNL[..., list(row)].sum(-1) for row in rows]
    return torch.stack(maps) if maps else attention_YNL.new_zeros(0, *attention_YNL.shape[:2])
