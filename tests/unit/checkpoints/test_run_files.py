"""What training left behind: runs of this version and of older ones, models, and neither."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dall_e.checkpoints.run_files import load_dual_encoder, load_stage
from dall_e.config import DUAL_ENCODERS
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
