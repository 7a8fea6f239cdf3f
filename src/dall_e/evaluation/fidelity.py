"""Fidelity: how far the drawn images as a whole are from real ones, as FID and KID.

FID (Heusel et al., arXiv 1706.08500) compares means and covariances. It is biased upwards for few
images, so it may only be compared between equal numbers of them. KID (Binkowski et al., arXiv
1801.01401) is unbiased. Both are computed by torchmetrics on features of any network.

Shapes: B images, D features.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from dall_e.evaluation.intervals import Measure, statistic_measure

_RESAMPLES = 40


class _Identity(nn.Module):
    """Takes the place of torchmetrics' feature network: its input already is the features."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, x_BD: Tensor) -> Tensor:
        return x_BD


def _torchmetrics() -> tuple[Any, Any]:
    """Return torchmetrics' classes of FID and KID."""
    try:
        from torchmetrics.image.fid import FrechetInceptionDistance
        from torchmetrics.image.kid import KernelInceptionDistance
    except ImportError as error:
        raise ImportError('fidelity needs torchmetrics: pip install "open-dalle[eval]"') from error
    return FrechetInceptionDistance, KernelInceptionDistance


def frechet_distance(real_BD: Tensor, drawn_BD: Tensor) -> float:
    """Compute FID between two sets of features, two rows or more of each.

    With means m and covariances C it is |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)).
    """
    fid_class, _ = _torchmetrics()
    metric = fid_class(feature=_Identity(real_BD.shape[1])).set_dtype(torch.float64)
    metric.update(real_BD.double(), real=True)
    metric.update(drawn_BD.double(), real=False)
    return float(metric.compute())


def kernel_distance(real_BD: Tensor, drawn_BD: Tensor) -> float:
    """Compute KID between two sets of features, over as many rows of each.

    It is the unbiased squared distance of the means under the kernel (x.y / D + 1)^3.
    """
    _, kid_class = _torchmetrics()
    size = min(len(real_BD), len(drawn_BD))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns of the memory that it takes.
        metric = kid_class(feature=_Identity(real_BD.shape[1]), subsets=1, subset_size=size)

    metric.update(real_BD[:size].double(), real=True)
    metric.update(drawn_BD[:size].double(), real=False)
    return float(metric.compute()[0])


def fidelity(real_BD: Tensor, drawn_BD: Tensor) -> dict[str, Measure]:
    """Measure "kid" (times 1000) and "fid" of as many drawn as real images.

    Row i of both shows the same thing, and the intervals come from resampling these pairs. Raises
    ValueError if the numbers differ or there are fewer than two.
    """
    num_pairs = len(real_BD)
    if num_pairs != len(drawn_BD) or num_pairs < 2:
        raise ValueError(
            f"{num_pairs} real and {len(drawn_BD)} drawn pictures: "
            "two or more of each are needed, and as many of both"
        )

    # Features of length 1 lie so close together that the kernel hardly tells them apart.
    scale = real_BD.shape[1] ** 0.5
    real_BD, drawn_BD = real_BD * scale, drawn_BD * scale

    return {
        "kid": statistic_measure(
            lambda rows: 1000 * kernel_distance(real_BD[rows], drawn_BD[rows]),
            num_pairs,
            resamples=_RESAMPLES,
        ),
        "fid": statistic_measure(
            lambda rows: frechet_distance(real_BD[rows], drawn_BD[rows]),
            num_pairs,
            resamples=_RESAMPLES,
        ),
    }
