"""How different the pictures of one prompt are from each other.

Shapes: P prompts, K pictures of each, D width.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor


def spread(image_PKD: Tensor) -> npt.NDArray[np.float64]:
    """For each prompt the mean of 1 - cosine over pairs of its pictures: 0 if all are the same.

    Directions have length 1. Raises ValueError unless there are two pictures of each prompt.
    """
    num = image_PKD.shape[1]
    if num < 2:
        raise ValueError(f"diversity needs two pictures of each prompt, got {num}")
    cosine_PKK = image_PKD.double() @ image_PKD.double().transpose(1, 2)
    off_diagonal_P = cosine_PKK.sum((1, 2)) - cosine_PKK.diagonal(dim1=1, dim2=2).sum(1)
    return np.asarray(1 - off_diagonal_P.numpy() / (num * (num - 1)))
