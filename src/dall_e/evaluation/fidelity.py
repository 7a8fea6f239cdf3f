"""How far the pictures as a whole are from real ones: FID and KID on the features of a network.

FID (Heusel et al., arXiv 1706.08500) compares means and covariances and is biased upwards for few
pictures, so it is comparable only between equal numbers; KID (Binkowski et al., arXiv 1801.01401)
is unbiased. Both are torchmetrics'.

Shapes: B pictures, D features.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from dall_e.evaluation.intervals import Measure, statistic_measure

_RESAMPLES = 40


class _Features(nn.Module):
    """Stands where torchmetrics expects a feature network: what it gets are the features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, x_BD: Tensor) -> Tensor:
        """Same as given."""
        return x_BD


def _torchmetrics() -> tuple[Any, Any]:
    """Its classes of FID and KID."""
    try:
        from torchmetrics.image.fid import FrechetInceptionDistance
        from torchmetrics.image.kid import KernelInceptionDistance
    except ImportError as error:
        raise ImportError('fidelity needs torchmetrics: pip install "open-dalle[eval]"') from error
    return FrechetInceptionDistance, KernelInceptionDistance


def frechet_distance(real_BD: Tensor, drawn_BD: Tensor) -> float:
    """FID: |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)) of the two sets of features. Needs two rows of
    each."""
    metric = _torchmetrics()[0](feature=_Features(real_BD.shape[1])).set_dtype(torch.float64)
    metric.update(real_BD.double(), real=True)
    metric.update(drawn_BD.double(), real=False)
    return float(metric.compute())


def kernel_distance(real_BD: Tensor, drawn_BD: Tensor) -> float:
    """KID: the unbiased squared distance of means under the kernel (x.y / D + 1)^3, over as many
    rows of each."""
    size = min(len(real_BD), len(drawn_BD))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the memory that it takes
        metric = _torchmetrics()[1](
            feature=_Features(real_BD.shape[1]), subsets=1, subset_size=size
        )
    metric.update(real_BD[:size].double(), real=True)
    metric.update(drawn_BD[:size].double(), real=False)
    return float(metric.compute()[0])


def fidelity(real_BD: Tensor, drawn_BD: Tensor) -> dict[str, Measure]:
    """ "kid" and "fid" of as many drawn as real pictures, in pairs; the pairs are what is
    resampled.

    KID is given times 1000. Raises ValueError if the numbers differ or there are fewer than two.
    """
    if len(real_BD) != len(drawn_BD) or len(real_BD) < 2:
        raise ValueError(
            f"{len(real_BD)} real and {len(drawn_BD)} drawn pictures: two or more of each are needed"
        )
    # Features of length 1 lie so close together that the kernel hardly tells them apart.
    scale = real_BD.shape[1] ** 0.5
    real_BD, drawn_BD = real_BD * scale, drawn_BD * scale
    return {
        "kid": statistic_measure(
            lambda rows: 1000 * kernel_distance(real_BD[rows], drawn_BD[rows]),
            len(real_BD),
            resamples=_RESAMPLES,
        ),
        "fid": statistic_measure(
            lambda rows: frechet_distance(real_BD[rows], drawn_BD[rows]),
            len(real_BD),
            resamples=_RESAMPLES,
        ),
    }
