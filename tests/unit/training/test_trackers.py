"""Numbers and sheets through Accelerate's trackers, and what is said of one that is not ready."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dall_e.errors import DallEWarning
from dall_e.images.files import encode_png
from dall_e.training import trackers
from dall_e.training.loop import fit
from dall_e.training.trackers import Trackers, tracker_names

from .test_loop import ToyStage, settings


@pytest.fixture(autouse=True)
def nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


class Shown(ToyStage):
    """A toy whose sheet is a picture of 5 x 3 pixels."""

    def sample(self, path: Path) -> dict[str, float]:
        path.write_bytes(encode_png(np.zeros((4, 3, 5), dtype=np.uint8)))
        return {"psnr": 20.0}


def test_fault_training_05_tensorboard_explains_its_numbers_and_shows_sheets(
    tmp_path: Path,
) -> None:
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    config = settings(tmp_path, images=8, track="auto")
    fit(config, Shown(config))
    (events,) = tmp_path.glob("events.out.tfevents.*")
    values = [
        value
        for event in loader.LegacyEventFileLoader(str(events)).Load()
        for value in event.summary.value
    ]
    words = {value.tag: value.metadata.summary_description for value in values}
    for tag in ("learning_rate", "toy_loss", "toy_norm", "images_per_second", "held_out/psnr"):
        assert len(words[tag]) > 20, tag
    (sheet,) = (value.image for value in values if value.tag == "sheet")
    assert (sheet.width, sheet.height) == (5, 3)


def test_wandb_offline_has_settings_numbers_and_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    config = settings(tmp_path, images=8, track="wandb")
    fit(config, Shown(config))
    wandb.teardown()  # It writes what is left.
    (run,) = tmp_path.glob("wandb/offline-run-*")
    number = (tmp_path / "wandb.id").read_text()
    (record,) = run.glob("run-*.wandb")
    content = record.read_bytes()
    for name in ("learning_rate", "toy_loss", "toy_norm", "images_per_second", "held_out/psnr"):
        assert name.encode() in content, name
    assert number.encode() in content and b"weight_decay" in content
    (sheet,) = run.glob("files/media/images/sheet_*.png")
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_names_are_checked_before_anything_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracker_names("none") == () and tracker_names("tensorboard, tensorboard") == (
        "tensorboard",
    )
    with pytest.raises(ValueError, match="'tensorbord' is not known: there are aim, .*tensorboard"):
        tracker_names("tensorbord")
    with pytest.raises(ImportError, match="needs the package aim: pip install aim"):
        tracker_names("tensorboard,aim")
    monkeypatch.setattr(trackers, "_has_tensorboard", lambda: False)
    assert tracker_names("auto") == ()


def test_wandb_without_a_login_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb")
    with pytest.raises(ValueError, match=r"nobody is logged in .*`wandb login`, or set"):
        tracker_names("wandb")

    def refuse(**_: Any) -> bool:
        raise wandb.errors.AuthenticationError("the key is not valid")

    monkeypatch.setattr(wandb, "login", refuse)
    with pytest.raises(ValueError, match="--track wandb: the key is not valid. Run `wandb login`"):
        tracker_names("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert tracker_names("wandb") == ("wandb",)


def test_a_tracker_that_does_not_start_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="the tracker tensorboard did not start: .*leave it out"):
        Trackers(("tensorboard",), tmp_path / "file", {})


def test_a_tracker_that_fails_later_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("the line is down")

    config = settings(tmp_path, images=12, track="tensorboard")
    monkeypatch.setattr(trackers, "_explained", fail)
    with pytest.warns(DallEWarning, match="tensorboard failed .the line is down. and gets no more"):
        assert fit(config, ToyStage(config)) == 12
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert sum(line["kind"] == "train" for line in lines) == 3
    assert torch.isfinite(torch.tensor(lines[0]["toy_loss"]))
