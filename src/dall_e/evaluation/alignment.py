"""Does the picture show the prompt: R-precision among 100 by the independent judge.

Shapes: B pictures, T texts to choose from, D width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dall_e.losses.metrics import r_precision_hits

CHOICES = 100


def r_precision(
    image_BD: Tensor,
    own: Sequence[int],
    text_TD: Tensor,
    meanings: Sequence[str],
    *,
    choices: int = CHOICES,
) -> npt.NDArray[np.float64]:
    """For each picture 1.0 if, of `choices` texts, its own fits best, else 0.0; chance is 1 /
    choices.

    image_BD, text_TD: directions of pictures and of all texts. own: index of each picture's text.
    meanings: one word per text; texts with the same one are never distractors of each other. The
    distractors of picture number i are always the same, whatever model has drawn it. Raises
    ValueError if there are too few texts.
    """
    number_T = torch.from_numpy(np.unique(meanings, return_inverse=True)[1])
    own_B = torch.tensor(list(own), dtype=torch.int64)
    same_BT = number_T[own_B][:, None] == number_T
    hits_B = r_precision_hits(image_BD @ text_TD.T, own_B, same_BT, choices=choices, seed=0)
    return hits_B.double().numpy()
