"""Training loops by turns: each does its work, and the numbers are put together rightly."""

from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks import trainers, training
from benchmarks.rivals import MissingPeerError

from dall_e.config import GeneratorTraining


def test_the_loops_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "NUM_IMAGES", 12)
    monkeypatch.setattr(trainers, "STEPS", 3)
    config = training.make_configs(tmp_path, "tiny", 4, "cpu", 1)["generator"]
    assert isinstance(config, GeneratorTraining)
    layer, turns = torch.nn.Linear(8, 8), []

    def peer(stage: Any, config: Any) -> Any:
        def step() -> None:
            turns.append(float(layer(torch.ones(2, 8)).sum().detach()))

        return step

    monkeypatch.setattr(trainers, "_dalle_pytorch", peer)
    ours, plain, other = trainers._rows(config, "fp32")
    assert len(turns) == 1 + 3, "one to count operations, and one for each of our steps"
    assert other["gflop_picture"] == 0 and plain["per_flop_rounds"] == 2
    # The same network on both sides: as many operations, and a ratio that is one of times.
    assert (
        ours["gflop_picture"] == plain["gflop_picture"] and float(plain["gflop_picture"] or 0) > 0.1
    )
    least, most = (float(plain[f"per_flop_{end}"] or 0) for end in ("least", "most"))
    assert 0 < least <= float(plain["per_flop_median"] or 0) <= most


def test_a_missing_peer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(stage: Any, config: Any) -> Any:
        raise MissingPeerError("it cannot be imported: pip install it")

    monkeypatch.setattr(trainers, "_dalle_pytorch", missing)
    product = lambda: torch.ones(2, 2) @ torch.ones(2, 2)  # noqa: E731
    monkeypatch.setattr(trainers, "_plain_loop", lambda stage, config: product)
    others = trainers._Others(None, GeneratorTraining())
    for _ in range(2):
        others.turn()
    rows = others.rows("ours", [1.0])
    assert [row["what"] for row in rows] == ["ours", "ours beside a plain loop"]
    assert float(rows[1]["per_flop_median"] or 0) < 1, "it takes less than a second"
    assert "pip install it" in capsys.readouterr().out
