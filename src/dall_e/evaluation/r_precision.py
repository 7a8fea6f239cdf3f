"""R-precision: can the independent judge tell which prompt an image was drawn for?

Shapes: B images, T texts to choose from, D width of an embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dall_e.losses.metrics import r_precision_hits

CHOICES = 100
"""Texts that the judge chooses from: the right one and 99 others."""


def r_precision(
    image_BD: Tensor,
    text_of_image: Sequence[int],
    text_TD: Tensor,
    meanings: Sequence[str],
    *,
    choices: int = CHOICES,
) -> npt.NDArray[np.float64]:
    """Return, for each image, 1.0 if its own text scores best among `choices` texts, else 0.0.

    A random guess scores 1 / choices on average.

    `image_BD` and `text_TD` are embeddings of length 1; `text_of_image` has the index of each
    image's own text. `meanings` has one word per text: texts of the same meaning never compete.
    The competitors of image number i are the same for every model. Raises ValueError if there
    are too few texts to choose from.
    """
    meaning_T = torch.from_numpy(np.unique(meanings, return_inverse=True)[1])
    text_of_image_B = torch.tensor(list(text_of_image), dtype=torch.int64)
    same_BT = meaning_T[text_of_image_B][:, None] == meaning_T

    scores_BT = image_BD @ text_TD.T
    hits_B = r_precision_hits(scores_BT, text_of_image_B, same_BT, choices=choices, seed=0)
    return hits_B.double().numpy()
