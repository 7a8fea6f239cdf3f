"""Loading whatever lies there, and a data order that needs no memory."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e.data.datasets import batch_captions, batch_indices, load_pictures


def png(colour: tuple[int, int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), colour).save(buffer, format="PNG")
    return buffer.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    with tarfile.open(tmp_path / "train-000000.tar", "w") as tar:
        for number, split in enumerate(["train", "train", "val", "train"]):
            record = {"en": f"thing {number}", "zh": "", "kind": "object", "split": split, "weight": number + 1.0}
            add(tar, f"{number:06d}.png", b"broken" if number == 1 else png((255, 0, 0, 255)))
            add(tar, f"{number:06d}.json", json.dumps(record).encode())
    return tmp_path


def test_shards_give_one_split_and_name_what_is_unreadable(shards: Path) -> None:
    train = load_pictures(shards, 6)
    assert train.pictures_NCHW.shape == (2, 4, 6, 6)
    assert [record["en"] for record in train.records] == ["thing 0", "thing 3"]
    assert list(train.weights) == [1.0, 4.0]
    assert len(train.skipped) == 1 and "000001" in train.skipped[0]
    assert len(load_pictures(shards, 6, "val")) == 1


def test_a_cut_off_shard_gives_what_is_whole(shards: Path) -> None:
    shard = shards / "train-000000.tar"
    shard.write_bytes(shard.read_bytes()[:2000])  # the first picture and a part of its record
    loaded = load_pictures(shards, 6)
    assert len(loaded) == 1 and loaded.skipped


def test_a_plain_folder_takes_captions_from_text_files_or_names(tmp_path: Path) -> None:
    (tmp_path / "my_red-ball.png").write_bytes(png((255, 0, 0, 255)))
    (tmp_path / "b.png").write_bytes(png((0, 0, 255, 128)))
    (tmp_path / "b.txt").write_text("蓝色的球\n", encoding="utf-8")
    (tmp_path / "c.png").write_bytes(b"")
    loaded = load_pictures(tmp_path, 8)
    assert [record["text"] for record in loaded.records] == ["蓝色的球", "my red ball"]
    assert loaded.pictures_NCHW[0, :, 0, 0].tolist() == [0, 0, 128, 128]
    assert len(loaded.skipped) == 1


def test_a_large_enough_folder_holds_some_out(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.png").write_bytes(png((number, 0, 0, 255)))
    train, val = (load_pictures(tmp_path, 8, split) for split in ("train", "val"))
    names = {record["text"] for record in train.records}, {record["text"] for record in val.records}
    assert len(names[0]) == 38 and len(names[1]) == 2 and not names[0] & names[1]


def test_nothing_to_read_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dall-e data build"):
        load_pictures(tmp_path / "missing", 8)
    with pytest.raises(ValueError, match="no readable picture"):
        load_pictures(tmp_path, 8)


@pytest.mark.parametrize("weights", [None, np.array([0.5, 1.0, 2.0, 0.0, 1.5])])
def test_the_order_is_a_function_of_the_position_only(weights: np.ndarray | None) -> None:
    whole = batch_indices(5, weights, 3, 0, 60)
    pieces = [batch_indices(5, weights, 3, start, 4) for start in range(0, 60, 4)]
    assert (np.concatenate(pieces) == whole).all()
    assert not (batch_indices(5, weights, 4, 0, 60) == whole).all()


def test_every_epoch_is_a_permutation_and_weights_count() -> None:
    assert sorted(batch_indices(7, None, 0, 7, 7)) == list(range(7))
    weights = np.array([0.5, 1.0, 2.0, 0.0, 1.5])
    counts = np.bincount(batch_indices(5, weights, 0, 0, 5000), minlength=5)
    assert np.abs(counts / 1000 - weights).max() < 0.06
    with pytest.raises(ValueError, match="5 weights"):
        batch_indices(5, np.ones(4), 0, 0, 1)


def test_captions_of_a_batch_repeat_and_move_on(shards: Path) -> None:
    records = [{"en": "cat", "zh": "猫", "kind": "animal", "style_en": "flat style", "style_zh": "扁平风格"}] * 2
    indices = np.array([0, 1] * 8)
    first = batch_captions(records, indices, seed=0, images_seen=0)
    assert first == batch_captions(records, indices, seed=0, images_seen=0)
    assert first != batch_captions(records, indices, seed=0, images_seen=16)
    assert len(set(first)) > 3
