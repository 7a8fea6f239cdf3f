"""`dall-e train all`: what it types, by the size and by the folder."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import run, train_all

from ..training.test_processes import in_processes


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        pixels_HWC = np.full((16, 16, 3), 80 * number, dtype=np.uint8)
        Image.fromarray(pixels_HWC).save(folder / f"a grey square {number}.png")
    return folder


def test_one_dial_says_it_all(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "all", "--data", str(pictures), "--out", str(tmp_path / "mine")]
    assert run([*command, "--size", "tiny", "--dry-run"]) == 0
    told = capsys.readouterr().err.splitlines()
    runs = tmp_path / "mine-runs"
    verbs = [" ".join(line.split()[2:4]) for line in told]
    assert verbs == ["data check", "train tokenizer", "train generator", "export --tokenizer"]
    assert f"--out {runs / 'tokenizer'} --images 2000" in told[1]
    assert f"--tokenizer {runs / 'tokenizer'} --images 2000" in told[2]
    assert all("--preset tiny" in line for line in told[:3])
    assert sorted(tmp_path.iterdir()) == [pictures]

    # A larger size sees more.
    assert run([*command, "--size", "xs64", "--dry-run"]) == 0
    assert "--images 8000" in capsys.readouterr().err


def test_it_stops_at_the_first_command_that_fails(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def fail(config: object, *, dry_run: bool) -> None:
        seen.append(type(config).__name__)
        raise ValueError("no room")

    monkeypatch.setattr("dall_e.training.tokenizer_stage.run_tokenizer_training", fail)
    command = ["train", "all", "--data", str(pictures), "--out", str(tmp_path / "mine")]
    assert run([*command, "--size", "tiny"]) == 1
    assert seen == ["TokenizerTraining"] and not (tmp_path / "mine").exists()


def test_bad_input_is_named(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "mine")]
    assert run(["train", "all", "--data", str(pictures), *out, "--size", "huge"]) == 1
    assert "size 'huge' is not one of tiny, xs64, xs, s" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run(["train", "all", "--data", str(tmp_path / "empty"), *out]) == 1
    assert "has no picture to train on" in capsys.readouterr().err


def test_processes_go_from_stage_to_stage_together(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = train_all._DIALS["tiny"]._replace(tokenizer_passes=1, generator_passes=1, least=64)
    monkeypatch.setattr(train_all, "_DIALS", {"tiny": few})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    command = ["train", "all", "--data", str(pictures), "--out", str(tmp_path / "mine")]

    def trained() -> None:
        assert run([*command, "--size", "tiny"]) == 0

    said = in_processes(trained)
    assert said[0].count("dall-e: dall-e ") == 4 and not said[1], "one process speaks"
    for stage in ("tokenizer", "generator"):
        settings = json.loads((tmp_path / "mine-runs" / stage / "config.json").read_text())
        assert settings["loop"]["micro_batch"] == settings["loop"]["batch_size"] // 2
    assert DALL_E.from_pretrained(tmp_path / "mine")("a grey square 1", seed=0).size == (32, 32)
