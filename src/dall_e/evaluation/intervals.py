"""A number with its confidence interval, by the bootstrap (Efron, 1979).

Shapes: N values, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float
    count: int
    """Pictures, or whatever was resampled, that the value was measured on."""

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}] ({self.count})"


def mean_measure(values: Sequence[float] | npt.NDArray[np.float64], seed: int = 0) -> Measure:
    """The mean with a percentile interval. Values that are all equal give an interval of no width.

    Raises ValueError if there are no values.
    """
    values_N = np.asarray(values, dtype=np.float64)
    if not len(values_N):
        raise ValueError("there is nothing to take the mean of")
    means_R = values_N[resampled(len(values_N), RESAMPLES, seed)].mean(1)
    low, high = np.quantile(means_R, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Measure(
        value=float(values_N.mean()), low=float(low), high=float(high), count=len(values_N)
    )


def difference_measure(
    first: Sequence[float] | npt.NDArray[np.float64],
    second: Sequence[float] | npt.NDArray[np.float64],
    seed: int = 0,
) -> Measure:
    """Mean of first - second, resampled in pairs: what both have in common cancels. Raises
    ValueError if unpaired."""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values cannot be paired with {len(second)}")
    return mean_measure(
        np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), seed
    )


def resampled(num: int, resamples: int, seed: int) -> npt.NDArray[np.int64]:
    """Indices [R, num], drawn with replacement; the same for the same arguments."""
    return np.random.default_rng((seed, num, resamples)).integers(0, num, (resamples, num))


def statistic_measure(
    statistic: Callable[[npt.NDArray[np.int64]], float], num: int, *, resamples: int, seed: int = 0
) -> Measure:
    """A statistic of `num` pictures, given as a function of which of them to take (indices,
    possibly repeated).

    Distances between distributions grow when pictures repeat, so that the resampled values lie
    above the plain one: only their spread is used, around the plain value.
    """
    value = statistic(np.arange(num))
    found_R = np.array([statistic(rows) for rows in resampled(num, resamples, seed)])
    low, high = np.quantile(found_R - found_R.mean(), ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Measure(value=value, low=value + float(low), high=value + float(high), count=num)
