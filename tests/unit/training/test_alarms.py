"""What goes wrong is said in words, once, and the last good checkpoint is kept."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from dall_e.checkpoints.run_files import load_stage
from dall_e.config import TokenizerTraining, with_values
from dall_e.errors import DallEWarning
from dall_e.training.alarms import Alarms, Best
from dall_e.training.loop import fit
from dall_e.training.stage import StepOutput
from dall_e.training.tokenizer_stage import run_tokenizer_training

from .test_loop import ToyBatch, ToyStage, settings


def alarms_of(folder: Path) -> list[str]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["alarm"] for line in lines if line["kind"] == "alarm"]


def test_a_loss_that_is_not_finite_is_said_and_not_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, images=4000, save_minutes=0.0)
    stage = ToyStage(config, dict.fromkeys(range(12, 4000, 4), lambda: math.inf))
    with pytest.raises(ValueError, match=r"50 times in a row, .* after 12, is kept. Try a lower"):
        fit(config, stage)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["images_seen"] == 12
    assert alarms_of(tmp_path) == ["not_finite"]
    assert capsys.readouterr().err.count("a loss is not finite: such steps are left out") == 1


class Collapsing(ToyStage):
    """A toy that says it is a tokenizer: its codes collapse, and its discriminator wins."""

    def window(self) -> dict[str, float]:
        return {"codes_used": 0.01, "code_perplexity": 3.2}

    def losses(self, batch: ToyBatch, progress: float) -> Iterator[tuple[str, StepOutput]]:
        loss, _ = self.loss(batch)
        parts = {"ranked": torch.tensor(1.0), "adversarial": torch.tensor(8.0)}
        yield "toy", StepOutput(loss, parts)


def test_collapse_and_a_lost_game_keep_the_checkpoint_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, images=24, save_minutes=0.0)
    fit(config, Collapsing(config))
    assert alarms_of(tmp_path) == ["codebook_collapse", "discriminator_wins"]
    told = capsys.readouterr().err
    assert told.count("codebook collapse: 1.0% of the codes are in use, as many as 3.2 used") == 1
    assert told.count("the discriminator wins outright: it tells 100% of the pictures") == 1
    for name in ("codebook_collapse", "discriminator_wins"):
        kept = tmp_path / f"before_{name}"
        assert f"The last checkpoint is kept in {kept}" in told
        state = torch.load(kept / "checkpoint.pt", weights_only=True)
        assert state["images_seen"] == 8, "two lines before the third that is wrong"
        with pytest.warns(DallEWarning, match="stopped at 8 of 24 pictures"):
            assert "0.weight" in load_stage(kept).weights("toy")


def test_a_tokenizer_on_one_colour_collapses(tmp_path: Path, flat_pictures: Path) -> None:
    values = {
        **{"data": str(flat_pictures), "preset": "tiny", "images": 32, "batch_size": 8},
        **{"precision": "fp32", "device": "cpu", "log_every": 1, "track": "none"},
        **{"adversarial_start": 1.0, "out": str(tmp_path / "run"), "background_fraction": 0.0},
    }
    run_tokenizer_training(with_values(TokenizerTraining(), values))
    assert alarms_of(tmp_path / "run") == ["codebook_collapse"]


@pytest.fixture
def flat_pictures(tmp_path: Path) -> Path:
    (tmp_path / "white").mkdir()
    for number in range(4):
        Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(tmp_path / "white" / f"{number}.png")
        (tmp_path / "white" / f"{number}.txt").write_text("nothing")
    return tmp_path / "white"


def names(alarms: Any) -> list[str]:
    return [alarm.name for alarm in alarms]


def test_memorising_and_diverging_are_told_apart(tmp_path: Path) -> None:
    stage = ToyStage(settings(tmp_path))
    stage.judged_by, best = "held_out_nats", Best(2.0, 400, train_loss=1.0)
    assert names(Alarms(stage).of_measure(2.05, 0.5, best)) == [], "it sways"
    assert names(Alarms(stage).of_measure(math.inf, 0.5, best)) == []
    assert names(Alarms(stage).of_measure(2.2, 0.5, best)) == ["memorising"]
    assert names(Alarms(stage).of_measure(2.2, 2.0, best)) == ["diverging"]
    alarms = Alarms(stage)
    assert len([*alarms.of_measure(2.2, 0.5, best), *alarms.of_measure(2.4, 0.4, best)]) == 1


def test_a_run_that_learns_by_heart_is_told(tmp_path: Path) -> None:
    class Judged(ToyStage):
        judged_by = "held_out"

        def sample(self, path: Path) -> dict[str, float]:
            path.write_bytes(b"sheet")
            return {"held_out": next(measures)}

    measures = iter((2.0, 1.9, 2.1, 2.2, 2.3))
    config = settings(tmp_path, images=16, sample_minutes=0)
    fit(config, Judged(config))
    assert alarms_of(tmp_path) == ["memorising"]
    assert load_stage(tmp_path, "best").which.startswith("the best weights")


def test_a_few_lines_that_look_wrong_are_no_alarm(tmp_path: Path) -> None:
    alarms = Alarms(ToyStage(settings(tmp_path)))
    bad = {"codes_used": 0.01, "code_perplexity": 2.0}
    good = {"codes_used": 0.5, "code_perplexity": 300.0}
    assert [names(alarms.of_line(line)) for line in (bad, bad, good, bad, bad)] == [[]] * 5
    assert names(alarms.of_line(bad)) == ["codebook_collapse"]
    # The generator's own game ranks well, too, and has no adversarial loss.
    assert not names(Alarms(ToyStage(settings(tmp_path))).of_line({"ranked": 1.0}))
