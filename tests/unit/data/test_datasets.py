"""Loading whatever lies there, and a data order that needs no memory."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e.data.datasets import batch_captions, batch_indices, load_images, load_records


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
            record = {
                "en": f"thing {number}",
                "zh": "",
                "kind": "object",
                "split": split,
                "weight": number + 1.0,
            }
            add(tar, f"{number:06d}.png", b"broken" if number == 1 else png((255, 0, 0, 255)))
            add(tar, f"{number:06d}.json", json.dumps(record).encode())
    return tmp_path


def test_shards_give_one_split_and_name_what_is_unreadable(shards: Path) -> None:
    train = load_images(shards, 6)
    assert train.images_NCHW.shape == (2, 4, 6, 6)
    assert [record["en"] for record in train.records] == ["thing 0", "thing 3"]
    assert list(train.weights) == [1.0, 4.0]
    assert len(train.skipped) == 1 and "000001" in train.skipped[0]
    assert len(load_images(shards, 6, "val")) == 1


def test_records_are_read_without_their_pictures(shards: Path, tmp_path: Path) -> None:
    names = [record["en"] for record in load_records(shards)]
    assert names == ["thing 0", "thing 1", "thing 3"]
    with pytest.raises(ValueError, match="there is no folder"):
        load_records(tmp_path / "none")


def test_a_cut_off_shard_gives_what_is_whole(shards: Path) -> None:
    shard = shards / "train-000000.tar"
    shard.write_bytes(shard.read_bytes()[:2000])  # the first picture and a part of its record
    loaded = load_images(shards, 6)
    assert len(loaded) == 1 and loaded.skipped


THING = {"en": "thing", "zh": "", "kind": "object", "split": "train"}


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (b"{", "Expecting"),
        (b"\xff", "Expecting"),
        (b"[" * 100_000, "too deep"),
        (b"[1]", "not a JSON object"),
        ({"en": 5}, "'en' is no text: 5"),
        ({"zh": None}, "'zh' is no text: None"),
        ({"en": "half of a \ud83d"}, "surrogates not allowed"),
        ({"en_keywords": "red"}, "'en_keywords' is no list of texts"),
        ({"en_synonyms": [1]}, "'en_synonyms' is no list of texts"),
        ({"colour": "mauve"}, "'colour' is none of ours"),
        ({"weight": -1}, "no number of at least 0: -1"),
        ({"weight": float("nan")}, "no number of at least 0: nan"),
        ({"split": ["train"]}, "'split' is no text"),
    ],
)
def test_records_without_captions_are_left_out_and_named(
    tmp_path: Path, record: object, problem: str
) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, content in (("bad", record), ("good", THING)):
            add(tar, f"{name}.png", png((255, 0, 0, 255)))
            content = (
                content if isinstance(content, bytes) else json.dumps({**THING, **content}).encode()
            )
            add(tar, f"{name}.json", content)
    loaded = load_images(tmp_path, 6)
    assert len(loaded) == 1 and len(loaded.skipped) == 1
    assert (
        loaded.skipped[0].startswith("a.tar/bad: caption file: ") and problem in loaded.skipped[0]
    )
    batch_captions(loaded.records, np.zeros(9, dtype=np.int64), seed=0, images_seen=0)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_damaged_shard_does_not_spoil_the_others(shards: Path, mode: str) -> None:
    whole = shards / "train-000000.tar"
    other = shards / "train-000001.tar"
    with tarfile.open(other, mode) as tar:
        tar.add(whole, "000009.png")
    for damaged in (
        b"",
        b"junk" * 200,
        other.read_bytes()[:-300],
        other.read_bytes()[:200] + bytes(400),
    ):
        other.write_bytes(damaged)
        loaded = load_images(shards, 6)
        assert len(loaded) == 2
        assert all("\n" not in problem for problem in loaded.skipped)


def test_file_names_that_are_no_text(tmp_path: Path) -> None:
    with open(bytes(tmp_path) + b"/\xff_cat.png", "wb") as file:
        file.write(png((255, 0, 0, 255)))
    (tmp_path / "dog.png").write_bytes(png((0, 0, 255, 255)))
    (tmp_path / "dog.txt").write_bytes(b"\xef\xbb\xbfa \xff dog\n")
    assert [record["text"] for record in load_images(tmp_path, 8).records] == ["a � dog", "? cat"]


def test_a_picture_that_cannot_be_opened_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(png((255, 0, 0, 255)))
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.stem == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    loaded = load_images(tmp_path, 8)
    assert len(loaded) == 1 and loaded.skipped == ["a.png: Permission denied"]


def test_a_plain_folder_takes_captions_from_text_files_or_names(tmp_path: Path) -> None:
    (tmp_path / "my_red-ball.png").write_bytes(png((255, 0, 0, 255)))
    (tmp_path / "b.png").write_bytes(png((0, 0, 255, 128)))
    (tmp_path / "b.txt").write_text("蓝色的球\n", encoding="utf-8")
    (tmp_path / "c.png").write_bytes(b"")
    loaded = load_images(tmp_path, 8)
    assert [record["text"] for record in loaded.records] == ["蓝色的球", "my red ball"]
    assert loaded.images_NCHW[0, :, 0, 0].tolist() == [0, 0, 128, 128]
    assert len(loaded.skipped) == 1


def test_a_large_enough_folder_holds_some_out(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.png").write_bytes(png((number, 0, 0, 255)))
    train, val = (load_images(tmp_path, 8, split) for split in ("train", "val"))
    names = {record["text"] for record in train.records}, {record["text"] for record in val.records}
    assert len(names[0]) == 38 and len(names[1]) == 2 and not names[0] & names[1]


def test_nothing_to_read_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dall-e data build"):
        load_images(tmp_path / "missing", 8)
    with pytest.raises(ValueError, match="no readable picture"):
        load_images(tmp_path, 8)


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
    records = [
        {
            "en": "cat",
            "zh": "猫",
            "kind": "animal",
            "style_en": "flat style",
            "style_zh": "扁平风格",
        }
    ] * 2
    indices = np.array([0, 1] * 8)
    first = batch_captions(records, indices, seed=0, images_seen=0)
    assert first == batch_captions(records, indices, seed=0, images_seen=0)
    assert first != batch_captions(records, indices, seed=0, images_seen=16)
    assert len(set(first)) > 3
