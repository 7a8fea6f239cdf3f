"""Means and other statistics with their intervals."""

import numpy as np
import pytest

from dall_e.evaluation.intervals import Measure, difference_measure, mean_measure, statistic_measure


def test_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    # 400 ones and zeros, half each: standard error 0.5 / 20 = 0.025, so 1.96 of them is 0.049.
    found = mean_measure([0.0, 1.0] * 200)
    assert found.value == 0.5 and found.count == 400
    assert found.low == pytest.approx(0.451, abs=0.006)
    assert found.high == pytest.approx(0.549, abs=0.006)
    assert mean_measure([0.0, 1.0] * 200) == found
    assert mean_measure([0.0, 1.0] * 200, seed=1).low == pytest.approx(found.low, abs=0.01)


def test_equal_values_have_no_width() -> None:
    assert mean_measure([0.25] * 7) == Measure(value=0.25, low=0.25, high=0.25, count=7)


def test_pairs_cancel_what_they_share() -> None:
    shared = np.random.default_rng(0).normal(size=50) * 100
    found = difference_measure(shared + 1, shared)
    assert found.value == pytest.approx(1) and found.high - found.low < 1e-6
    with pytest.raises(ValueError, match="3 values cannot be paired with 2"):
        difference_measure([1.0, 2.0, 3.0], [1.0, 2.0])


def test_nothing_to_measure() -> None:
    with pytest.raises(ValueError, match="nothing to take the mean of"):
        mean_measure([])


def test_a_statistic_keeps_its_plain_value_in_the_middle() -> None:
    values = np.arange(100.0)
    # The number of different rows is 100 at first and about 63 in a resample. Only the spread of
    # the latter is used.
    found = statistic_measure(lambda rows: float(len(np.unique(values[rows]))), 100, resamples=200)
    assert found.value == 100 and 90 < found.low < 100 < found.high < 110
    mean = mean_measure(values)
    plain = statistic_measure(lambda rows: float(values[rows].mean()), 100, resamples=500)
    assert plain.value == mean.value and plain.low == pytest.approx(mean.low, abs=1.2)
