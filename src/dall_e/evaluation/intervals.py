"""Numbers with their confidence intervals, by the bootstrap (Efron, 1979).

Shapes: N values, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
CONFIDENCE = 0.95
_QUANTILES = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)

Values = Sequence[float] | npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A value with its 95 % confidence interval."""

    value: float
    low: float
    high: float
    count: int
    """Number of images, or of whatever was resampled, behind the value."""

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}] ({self.count})"


def mean_measure(values: Values, seed: int = 0) -> Measure:
    """Measure the mean of some values, with a percentile interval.

    Values that are all equal give an interval of width 0. Raises ValueError if there are none.
    """
    values_N = np.asarray(values, dtype=np.float64)
    if not len(values_N):
        raise ValueError("there is nothing to take the mean of")

    means_R = values_N[resampled(len(values_N), RESAMPLES, seed)].mean(1)
    low, high = np.quantile(means_R, _QUANTILES)
    return Measure(
        value=float(values_N.mean()), low=float(low), high=float(high), count=len(values_N)
    )


def difference_measure(minuend: Values, subtrahend: Values, seed: int = 0) -> Measure:
    """Measure the mean of minuend - subtrahend, resampled in pairs.

    What both have in common, such as hard prompts, cancels. Raises ValueError unless there are as
    many values of both.
    """
    if len(minuend) != len(subtrahend):
        raise ValueError(f"{len(minuend)} values cannot be paired with {len(subtrahend)}")

    minuend_N = np.asarray(minuend, dtype=np.float64)
    subtrahend_N = np.asarray(subtrahend, dtype=np.float64)
    return mean_measure(minuend_N - subtrahend_N, seed)


def statistic_measure(
    statistic: Callable[[npt.NDArray[np.int64]], float], num: int, *, resamples: int, seed: int = 0
) -> Measure:
    """Measure a statistic of `num` images, given as a function of the indices to use.

    Distances between distributions grow when images repeat, so the resampled values lie above the
    plain one. Only their spread is used, around the plain value.
    """
    value = statistic(np.arange(num))
    resampled_R = np.array([statistic(rows) for rows in resampled(num, resamples, seed)])
    low, high = np.quantile(resampled_R - resampled_R.mean(), _QUANTILES)
    return Measure(value=value, low=value + float(low), high=value + float(high), count=num)


def resampled(num: int, resamples: int, seed: int) -> npt.NDArray[np.int64]:
    """Return indices [R, num] drawn with replacement, the same for the same arguments."""
    return np.random.default_rng((seed, num, resamples)).integers(0, num, (resamples, num))
