"""Diversity: how different the images of one prompt are from each other.

Shapes: P prompts, K images of each, D width of an embedding.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor


def spread(image_PKD: Tensor) -> npt.NDArray[np.float64]:
    """Return, for each prompt, the mean of 1 - cosine over all pairs of its images.

    0 if all images are the same. Embeddings have length 1. Raises ValueError if there are fewer
    than two images of each prompt.
    """
    num_images = image_PKD.shape[1]
    if num_images < 2:
        raise ValueError(f"diversity needs two pictures of each prompt, got {num_images}")

    cosine_PKK = image_PKD.double() @ image_PKD.double().transpose(1, 2)
    self_similarity_P = cosine_PKK.diagonal(dim1=1, dim2=2).sum(1)
    between_pairs_P = cosine_PKK.sum((1, 2)) - self_similarity_P
    return np.asarray(1 - between_pairs_P.numpy() / (num_images * (num_images - 1)))
