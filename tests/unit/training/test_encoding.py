"""Pictures to codes, once: sharded, resumable, and the same in training as from the pictures."""

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dall_e.cli import run
from dall_e.config import GeneratorTraining, with_values
from dall_e.data.token_shards import is_token_folder, load_tokens
from dall_e.errors import DallEWarning, UnusableFileError
from dall_e.training.encoding import Encoded, EncodingConfig, encode
from dall_e.training.generator_stage import GeneratorStage, run_generator_training

from .test_processes import in_processes, losses


def encoded(folders: Path, out: Path, **changes: Any) -> Encoded:
    settings = {"data": str(folders / "data"), "tokenizer": str(folders / "tokenizer"), "views": 2}
    values = {**settings, "out": str(out), "shard_size": 10, "device": "cpu", **changes}
    return encode(EncodingConfig(**values), on_shard=lambda done, total: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def training(folders: Path, data: Path, out: Path, **changes: Any) -> GeneratorTraining:
    settings = {
        **{"data": str(data), "tokenizer": str(folders / "tokenizer"), "preset": "tiny"},
        **{"images": 8, "batch_size": 4, "views": 2, "precision": "fp32", "device": "cpu"},
        **{"out": str(out), "track": "none", "log_every": 1},
    }
    return with_values(GeneratorTraining(), {**settings, **changes})


def test_shards_are_made_once_and_what_is_missing_again(tmp_path: Path, folders: Path) -> None:
    first = encoded(folders, tmp_path / "tokens")
    assert (first.images, first.shards, first.made) == (24, 3, 3)
    before = contents(tmp_path / "tokens")
    assert encoded(folders, tmp_path / "tokens").made == 0

    # A file that is gone, one that is cut, and one of another tokenizer or other views.
    (tmp_path / "tokens" / "00000.jsonl").unlink()
    (tmp_path / "tokens" / "00001.npy").write_bytes(before["00001.npy"][:300])
    assert encoded(folders, tmp_path / "tokens").made == 2
    assert contents(tmp_path / "tokens") == before
    assert encoded(folders, tmp_path / "tokens", views=1).made == 3
    parts = [load_tokens(tmp_path / "tokens", split) for split in ("train", "val")]
    assert {part.codes_VMN.shape[0] for part in parts} == {1}


def test_processes_share_the_shards(tmp_path: Path, folders: Path) -> None:
    encoded(folders, tmp_path / "one")
    in_processes(lambda: encoded(folders, tmp_path / "two"))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_codes_and_records_are_those_of_the_pictures(tmp_path: Path, folders: Path) -> None:
    encoded(folders, tmp_path / "tokens")
    parts = [load_tokens(tmp_path / "tokens", split) for split in ("train", "val")]
    assert sum(map(len, parts)) == 24 and is_token_folder(tmp_path / "tokens")
    stage = GeneratorStage(training(folders, folders / "data", tmp_path / "run"))
    of_pictures = {
        record["name"]: codes_N
        for record, codes_N in zip(stage.data.records, stage.data.codes_VMN[0], strict=True)
    }
    for part in parts:
        codes_MN = part.codes_VMN[0, list(range(len(part)))]
        for record, codes_N in zip(part.records, codes_MN, strict=True):
            if record["name"] in of_pictures:
                # Sums of another batch may move a code at the edge of two.
                assert (codes_N == of_pictures[record["name"]]).float().mean() > 0.95

    views_B, rows_B = torch.tensor([1, 0, 1]), torch.tensor([21, 3, 12])
    stored = parts[0].codes_VMN
    one_by_one = [stored[int(view), [int(row)]] for view, row in zip(views_B, rows_B, strict=True)]
    assert torch.equal(stored[views_B, rows_B], torch.cat(one_by_one))
    assert stored[views_B, rows_B].dtype == torch.int16


def test_training_reads_them_in_two_processes(tmp_path: Path, folders: Path) -> None:
    encoded(folders, tmp_path / "tokens")
    config = training(folders, tmp_path / "tokens", tmp_path / "run", micro_batch=2)
    run_generator_training(config)
    assert not (tmp_path / "run" / "codes.pt").exists(), "nothing is encoded again"
    config = training(folders, tmp_path / "tokens", tmp_path / "both", micro_batch=2)
    in_processes(lambda: run_generator_training(config))
    both = losses(tmp_path / "run", "nats"), losses(tmp_path / "both", "nats")
    torch.testing.assert_close(*map(torch.tensor, both), rtol=1e-4, atol=1e-4)


def test_what_does_not_fit_is_named(tmp_path: Path, folders: Path) -> None:
    encoded(folders, tmp_path / "tokens")
    with pytest.raises(ValueError, match=r"has codes, and scenes are composed of pictures: leave"):
        GeneratorStage(training(folders, tmp_path / "tokens", tmp_path / "a", scene_fraction=0.5))
    index = json.loads((tmp_path / "tokens" / "tokens.json").read_text())
    (tmp_path / "tokens" / "tokens.json").write_text(json.dumps({**index, "encoder": "other"}))
    with pytest.raises(ValueError, match="encoded by another image tokenizer than .*tokenizer: en"):
        GeneratorStage(training(folders, tmp_path / "tokens", tmp_path / "a"))
    (tmp_path / "tokens" / "tokens.json").write_text("[]")
    with pytest.raises(UnusableFileError, match="no list of shards: .*; run `dall-e data encode`"):
        load_tokens(tmp_path / "tokens")
    (tmp_path / "tokens" / "tokens.json").unlink()
    with pytest.raises(UnusableFileError, match="not all encoded; run `dall-e data encode` again"):
        load_tokens(tmp_path / "tokens")
    with pytest.raises(ValueError, match="there is no folder"):
        encoded(folders, tmp_path / "x", data=str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="has no pictures: it is empty"):
        encoded(folders, tmp_path / "x", data=str(tmp_path / "empty"))


def test_a_shard_cut_in_half_and_a_broken_picture_are_counted(
    tmp_path: Path, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "shards"
    data.mkdir()
    for name, files in (("a", range(12)), ("b", range(12, 24))):
        with tarfile.open(data / f"{name}.tar", "w") as tar:
            for number in files:
                for ending in ("png", "txt"):
                    path = folders / "data" / f"{number:02d}.{ending}"
                    tar.add(path, path.name)
    content = (data / "b.tar").read_bytes()
    (data / "b.tar").write_bytes(content[: len(content) // 2])
    shutil.copy(folders / "data" / "03.png", data / "whole.png")
    (data / "broken.png").write_bytes((folders / "data" / "03.png").read_bytes()[:60])

    arguments = ["data", "encode", str(data), "--out", str(tmp_path / "tokens"), "--views", "1"]
    assert run([*arguments, "--tokenizer", str(folders / "tokenizer"), "--device", "cpu"]) == 0
    said = capsys.readouterr()
    assert "left out b.tar: " in said.err and "left out broken.png: " in said.err
    tokens = load_tokens(tmp_path / "tokens")
    lost = {kind for kind in tokens.inventory.lost}
    assert {"damaged shard", "picture that cannot be read"} <= lost
    assert f"{12 + 6 + 1} pictures in 3 shards, 0 of them there before" in said.out
    with pytest.warns(DallEWarning, match="damaged shard"):
        GeneratorStage(training(folders, tmp_path / "tokens", tmp_path / "run"))


def test_more_pictures_than_memory_are_read_a_shard_at_a_time(
    tmp_path: Path, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0

    def counted(entries: Any, size: int, inventory: Any) -> Any:
        nonlocal most
        most = max(most, len(entries))
        return read_entries(entries, size, inventory)

    from dall_e.data.datasets import read_entries

    monkeypatch.setattr("dall_e.training.encoding.read_entries", counted)
    encoded(folders, tmp_path / "tokens", shard_size=5)
    assert most == 5
    codes = np.load(tmp_path / "tokens" / "00004.npy", mmap_mode="r")
    assert codes.shape == (2, 4, 64)
