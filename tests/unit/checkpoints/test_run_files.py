"""What training left behind: runs of this version and of older ones, models, and neither."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dall_e.checkpoints.run_files import initial_model, load_dual_encoder, load_stage
from dall_e.config import DUAL_ENCODERS
from dall_e.errors import DallEWarning, UnusableFileError
from dall_e.models.dual_encoder import DualEncoder


def save(folder: Path, **entries: Any) -> Path:
    folder.mkdir(exist_ok=True)
    torch.save({"format": 1, **entries}, folder / "checkpoint.pt")
    return folder


def test_settings_go_by_their_own_names_whatever_part_they_are_in(tmp_path: Path) -> None:
    config = {"loop": {"seed": 3, "images": 9}, "fold": 1}
    save(tmp_path, config=config, networks={}, players={"toy": {"weights": {}, "ema": None}})
    assert load_stage(tmp_path).settings == {"seed": 3, "images": 9, "fold": 1}


def test_the_averaged_and_the_best_weights_come_first(tmp_path: Path) -> None:
    newest, average, best = ({"w": torch.full((), value)} for value in (1.0, 2.0, 3.0))
    entries: dict[str, Any] = {"config": {}, "networks": {}}
    save(tmp_path, **entries, players={"toy": {"weights": newest, "ema": None}})
    assert load_stage(tmp_path).weights("toy")["w"] == 1
    save(tmp_path, **entries, players={"toy": {"weights": newest, "ema": average}})
    assert load_stage(tmp_path).weights("toy")["w"] == 2
    players = {"toy": {"weights": best}}
    torch.save({"format": 1, **entries, "players": players}, tmp_path / "best.pt")
    assert load_stage(tmp_path).weights("toy")["w"] == 3


def older_name(name: str) -> str:
    return name.replace("image.", "picture.", 1) if name.startswith("image.") else name


def test_a_run_of_version_0_11_still_loads(tmp_path: Path) -> None:
    sizes = DUAL_ENCODERS["tiny"]
    weights: dict[str, Tensor] = DualEncoder(sizes).state_dict()
    older = {older_name(name): tensor for name, tensor in weights.items()}
    assert older.keys() != weights.keys()
    save(
        tmp_path,
        config={"seed": 1, "fold": 1, "other_share": 0.0, "settled_scenes": True},
        networks={"companion": vars(sizes)},
        players={"companion": {"weights": older, "ema": None}},
    )
    stage = load_stage(tmp_path)
    assert stage.settings == {
        "seed": 1,
        "fold": 1,
        "other_fraction": 0.0,
        "canonical_scenes": True,
    }
    for name, tensor in load_dual_encoder(stage).state_dict().items():
        assert torch.equal(tensor, weights[name]), name


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no trained stage: .* checkpoint.pt nor model"):
        load_stage(tmp_path)
    save(tmp_path, config={}, networks={"toy": {}}, players={"toy": {"weights": {}, "ema": None}})
    stage = load_stage(tmp_path)
    with pytest.raises(ValueError, match="not a run that trained the tokenizer: it trained toy"):
        stage.weights("tokenizer")
    with pytest.raises(ValueError, match="not a run with a upsampler: it has toy"):
        stage.network("upsampler")
    (tmp_path / "checkpoint.pt").write_bytes(b"half")
    with pytest.raises(ValueError, match=r"checkpoint.pt: it cannot be read: .*; move it away"):
        load_stage(tmp_path)


def run_with_both(folder: Path, *, best_seen: int, held_out: int | None, seen: int = 100) -> Path:
    """A run whose last weights are 1 and whose best ones are 2."""
    entries: dict[str, Any] = {"config": {"images": 100}, "networks": {}}
    last, best = ({"toy": {"weights": {"w": torch.full((), value)}}} for value in (1.0, 2.0))
    save(folder, **entries, players=last, images_seen=seen)
    more = {} if held_out is None else {"num_held_out": held_out}
    state = {"format": 1, **entries, "players": best, "images_seen": best_seen, **more}
    torch.save(state, folder / "best.pt")
    return folder


@pytest.mark.parametrize(
    ("best_seen", "held_out", "taken", "why"),
    [
        (80, 200, 2.0, r"the best weights on held-out pictures \(80 pictures\)"),
        (80, 2, 1.0, "2 held-out pictures are too few"),
        (30, 200, 1.0, r"\(30 pictures\) are far behind"),
        # Of a run of an older version, which did not say how many it held out.
        (16, None, 1.0, "far behind"),
        (80, None, 2.0, "the best weights"),
    ],
)
def test_fault_training_01_best_or_last_is_chosen_sensibly(
    best_seen: int, held_out: int | None, taken: float, why: str, tmp_path: Path
) -> None:
    folder = run_with_both(tmp_path, best_seen=best_seen, held_out=held_out)
    stage = load_stage(folder)
    assert stage.weights("toy")["w"] == taken and re.search(why, stage.which)
    assert load_stage(folder, "best").weights("toy")["w"] == 2
    assert load_stage(folder, "last").weights("toy")["w"] == 1
    with pytest.raises(ValueError, match="weights 'newest' is not one of auto, best, last"):
        load_stage(folder, "newest")  # type: ignore[arg-type]
    (folder / "best.pt").unlink()
    assert "has no others" in load_stage(folder).which
    with pytest.raises(UnusableFileError, match=r"it has no best.pt.*take --weights last"):
        load_stage(folder, "best")


def test_fault_training_06_a_run_that_was_stopped_is_said(tmp_path: Path) -> None:
    folder = run_with_both(tmp_path, best_seen=3, held_out=200, seen=3)
    with pytest.warns(DallEWarning, match=r"was stopped at 3 of 100 pictures \(3%\)"):
        assert load_stage(folder).trained_fraction == 0.03


def test_fault_training_03_the_initial_model_is_found_over_other_runs(tmp_path: Path) -> None:
    for name, init in (("a", "dall-e-emoji"), ("b", str(tmp_path / "a")), ("c", "")):
        folder = run_with_both(tmp_path / name, best_seen=80, held_out=200)
        settings = {"start": {"init": init}, "loop": {"images": 100}}
        (folder / "config.json").write_text(json.dumps(settings))
        checkpoint = torch.load(folder / "checkpoint.pt", weights_only=True)
        save(folder, **{**checkpoint, "config": settings})
    found = initial_model(load_stage(tmp_path / "b"))
    assert found is not None and (found / "model.safetensors").is_file()
    assert initial_model(load_stage(tmp_path / "c")) is None
