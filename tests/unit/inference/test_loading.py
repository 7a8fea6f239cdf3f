"""What is said before a model is loaded."""

import json
import warnings
from pathlib import Path

import pytest
import torch

from dall_e import DALL_E
from dall_e.checkpoints import known_models
from dall_e.checkpoints.families.base import LoadOptions
from dall_e.inference import loading

GIGABYTE = 10**9


@pytest.fixture
def mega(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The name of a large model, whose download is an empty folder."""
    monkeypatch.setattr(known_models, "download", lambda name, patterns, local: tmp_path)
    return "kuprel/min-dalle/mega"


@pytest.mark.parametrize(
    ("how", "free", "told"),
    [
        (
            LoadOptions(torch.float32),
            8,
            r"mega takes about 10.8 GB of memory in float32, and 8.0 GB are free; with",
        ),
        (
            LoadOptions(torch.bfloat16),
            5,
            r"5.6 GB of memory in bfloat16, .* takes less: int8 3.2 GB, int4 2.2 GB$",
        ),
        (LoadOptions(torch.bfloat16, "int8"), 3, r"3.2 GB of memory in int8, and 3.0 GB are free$"),
    ],
)
def test_too_little_memory_is_told_before_loading(
    mega: str, how: LoadOptions, free: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "free_memory", lambda _device: free * GIGABYTE)
    with pytest.warns(UserWarning, match=told), pytest.raises(FileNotFoundError):
        loading.load_model(mega, None, how)


@pytest.mark.parametrize("free", [12 * GIGABYTE, None])
def test_enough_memory_is_not_spoken_of(
    mega: str, free: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "free_memory", lambda _device: free)
    with warnings.catch_warnings(), pytest.raises(FileNotFoundError):
        warnings.simplefilter("error")
        loading.load_model(mega, None, LoadOptions(torch.float32))


def test_a_model_that_lost_its_vocabulary_says_so(tmp_path: Path) -> None:
    """As models have that version 0.11 exported: they had none of their own."""
    DALL_E.from_pretrained().save_pretrained(tmp_path)
    (tmp_path / "vocabulary.txt").unlink()
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    del config["files"]["vocabulary.txt"]
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"has no vocabulary\.txt, so its model draws"):
        model = DALL_E.from_pretrained(tmp_path)
    assert model.vocabulary is None
    assert "plan" not in model("two cats", num_inference_steps=1, height=96).info
