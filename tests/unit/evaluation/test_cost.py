"""Cost is measured in another process."""

from pathlib import Path

import numpy as np
import pytest

from dall_e.evaluation.cost import measure_cost


def test_seconds_and_memory(tiny_folder: Path) -> None:
    held = np.ones(2**30, dtype=np.uint8)
    cost = measure_cost(str(tiny_folder), "a cat", count=2)
    assert len(cost.seconds) == 2 and 0 < min(cost.seconds)
    # Python with torch in it is a few hundred MiB; what the caller holds is not counted.
    assert 100 < cost.peak_mib < 1000 < held.nbytes / 2**20
    assert cost.gpu_mib == 0 and cost.load_seconds > 0


def test_what_went_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dall_e.evaluation.cost._CHILD", "raise SystemExit('out of paint')")
    with pytest.raises(ValueError, match="failed: out of paint"):
        measure_cost("any", "a cat")
