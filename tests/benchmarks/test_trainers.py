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

        def from_pictures() -> None:
            step()
            layer(torch.ones(200, 8))

        return {"DALLE-pytorch": step, trainers.TRAINER: from_pictures}

    monkeypatch.setattr(trainers, "_dalle_pytorch", peer)
    ours, plain, other, trainer = trainers._rows(config, "fp32")
    assert len(turns) == 2 * (1 + 3), "one to count operations, and one for each of our steps"
    assert plain["per_flop_rounds"] == 2 and plain["pictures_median"] == plain["per_flop_median"]
    assert other["gflop_picture"] == trainer["gflop_picture"] == 0, "only what its network does"
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


def test_what_ours_prepared_counts_beside_a_trainer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def product() -> None:
        torch.ones(2, 2) @ torch.ones(2, 2)

    peers = {"DALLE-pytorch": product, trainers.TRAINER: product}
    monkeypatch.setattr(trainers, "_dalle_pytorch", lambda stage, config: peers)
    monkeypatch.setattr(trainers, "_plain_loop", lambda stage, config: product)
    others = trainers._Others(None, GeneratorTraining(), prepared=1.0)
    others._seconds = dict.fromkeys(others._seconds, [9.0, 6.0])
    _, plain, network, trainer = others.rows("ours", [2.0])
    assert plain["pictures_median"] == network["pictures_median"] == 3.0
    assert trainer["pictures_median"] == trainer["per_flop_median"] == 2.0


def test_a_trainer_crops_the_pictures_of_a_folder(tmp_path: Path) -> None:
    from benchmarks.rivals.dalle_pytorch import folder_batches
    from PIL import Image

    for name, colour in (("a", (255, 0, 0)), ("b", (0, 0, 255))):
        Image.new("RGB", (20, 30), colour).save(tmp_path / f"{name}.png")
    batches = folder_batches(tmp_path, 8, 16)
    first = next(batches)
    assert first.shape == (8, 3, 16, 16) and first.dtype == torch.float32
    assert {tuple(pixel) for pixel in first[:, :, 3, 5].tolist()} == {(1, 0, 0), (0, 0, 1)}
    assert not torch.equal(first, next(batches)), "each batch draws anew"
