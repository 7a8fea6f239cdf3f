"""Shards: whatever happens to one, what is lost is said."""

import gzip
import io
import json
import lzma
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e.data.build.shards import Kept, _write_shard
from dall_e.data.datasets import ImageSet, load_images
from dall_e.data.tar_files import read_tar
from dall_e.errors import UnusableFileError


def png(number: int, side: int = 8) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def record(number: int) -> dict[str, object]:
    return {"id": number, "en": f"thing {number}", "zh": "", "kind": "object", "split": "train"}


def tar_of(files: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def pairs(count: int = 8) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for number in range(count):
        files[f"{number:06d}.png"] = png(number)
        files[f"{number:06d}.json"] = json.dumps(record(number)).encode()
    return files


@pytest.fixture
def own_shard(tmp_path: Path) -> Path:
    """A shard as `dall-e data build` writes it."""
    spool, kept = io.BytesIO(), []
    for number in range(8):
        content = png(number)
        kept.append(Kept(record=record(number), offset=spool.tell(), length=len(content)))
        spool.write(content)
    path = tmp_path / "train-000000.tar"
    _write_shard(path, kept, spool)
    return path


def loaded_from(folder: Path) -> tuple[ImageSet | None, list[str]]:
    """(the pictures, what was said of losses)."""
    try:
        images = load_images(folder, 8)
    except ValueError as error:
        return None, [str(error)]
    return images, [*images.skipped, *images.inventory.notes]


def is_same(first: ImageSet | None, second: ImageSet | None) -> bool:
    if first is None or second is None or first.records != second.records:
        return False
    return bool((first.images_NCHW == second.images_NCHW).all())


def test_fault_reliability_01_no_flip_or_cut_of_our_shards_loses_silently(own_shard: Path) -> None:
    whole, rng = own_shard.read_bytes(), random.Random(1)
    clean, said = loaded_from(own_shard.parent)
    assert clean is not None and len(clean) == 8 and said == []
    lost = 0
    for turn in range(42):
        at = rng.randrange(len(whole) * 3 // 4)  # the end is zeros
        damaged = bytearray(whole)
        damaged[at] ^= 1 << rng.randrange(8)
        own_shard.write_bytes(damaged if turn % 3 else whole[:at])
        now, said = loaded_from(own_shard.parent)
        lost += not is_same(clean, now)
        assert said or is_same(clean, now), f"silent at byte {at}"
    assert lost > 20


def test_fault_reliability_01_the_fifth_header_of_any_shard(tmp_path: Path) -> None:
    whole = tar_of(pairs(), "w")
    at = [
        position
        for position in range(0, len(whole), 512)
        if whole[position + 257 :][:5] == b"ustar"
    ]
    (tmp_path / "a.tar").write_bytes(whole)
    assert load_images(tmp_path, 8).skipped == []
    damaged = bytearray(whole)
    damaged[at[4] + 150] ^= 1
    (tmp_path / "a.tar").write_bytes(damaged)
    loaded = load_images(tmp_path, 8)
    assert [str(item["en"]) for item in loaded.records] == [
        f"thing {n}" for n in (0, 1, 3, 4, 5, 6, 7)
    ]
    assert any(f"a.tar: damaged at byte {at[4]:,}" in problem for problem in loaded.skipped)


@pytest.mark.parametrize("at", range(4))
def test_fault_reliability_01_a_cut_between_two_files(tmp_path: Path, at: int) -> None:
    whole = tar_of(pairs(4))
    headers = [place for place in range(0, len(whole), 512) if whole[place + 257 :][:5] == b"ustar"]
    (tmp_path / "a.tar").write_bytes(whole[: headers[2 * at + 1]])
    images, said = loaded_from(tmp_path)
    assert any("no end mark" in problem for problem in said), said
    assert images is None or len(images) <= at + 1


def test_fault_reliability_01_lost_files_are_named(own_shard: Path) -> None:
    whole = own_shard.read_bytes()
    damaged = bytearray(whole)
    header = whole.index(b"000003.png")
    damaged[header] ^= 1
    damaged[whole.index(b'"thing 5"') + 1] ^= 1  # a caption, in which no reader would see it
    own_shard.write_bytes(damaged)
    images, said = loaded_from(own_shard.parent)
    assert images is not None
    assert [item["id"] for item in images.records] == [0, 1, 2, 4, 6, 7]
    assert any("train-000000.tar/000003.png" in problem for problem in said)
    assert any("train-000000.tar/000005.json: it is not what was" in problem for problem in said)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_fault_reliability_01_cut_compressed_shards(tmp_path: Path, mode: str) -> None:
    whole = tar_of(pairs(), mode)
    (tmp_path / "a.tar.gz").write_bytes(whole)
    clean, said = loaded_from(tmp_path)
    assert clean is not None and len(clean) == 8 and said == []
    for part in range(1, 8):
        (tmp_path / "a.tar.gz").write_bytes(whole[: len(whole) * part // 8])
        now, said = loaded_from(tmp_path)
        assert said and (now is None or len(now) <= 8)


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress])
def test_fault_reliability_04_a_shard_that_unpacks_to_gigabytes(
    tmp_path: Path, pack: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dall_e.data import tar_files

    monkeypatch.setattr(tar_files, "LEAST_EXPANDED", 1 << 20)
    header = tarfile.TarInfo("a.png")
    header.size = 2 << 20
    bomb = header.tobuf() + bytes(4 << 20)
    (tmp_path / "a.tar.xz").write_bytes(pack(bomb))  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"a\.tar\.xz.*unpack to more than 1,048,576"):
        load_images(tmp_path, 8)


def test_fault_reliability_04_members_have_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dall_e.data import tar_files

    monkeypatch.setattr(tar_files, "LARGEST_MEMBER", 1000)
    (tmp_path / "a.tar").write_bytes(tar_of({**pairs(2), "big.png": bytes(2000)}))
    loaded = load_images(tmp_path, 8)
    assert len(loaded) == 2
    assert loaded.skipped == ["a.tar/big.png: file in a shard that is not read: too large"]


def test_fault_reliability_10_a_text_where_an_object_belongs(tmp_path: Path) -> None:
    files = pairs(3)
    files["000001.json"] = b'"just a text"'
    (tmp_path / "a.tar").write_bytes(tar_of(files))
    loaded = load_images(tmp_path, 8)
    assert len(loaded) == 2
    assert loaded.skipped == ["a.tar/000001: caption file: not a JSON object but 'just a text'"]


def test_fault_use_05_keys_of_webdataset(tmp_path: Path) -> None:
    files = {
        "7.png": png(0), "7.txt": b"seven", "7.json": b'{"width": 8}',
        "8.image.jpg": png(1), "8.mask.png": png(2), "8.txt": b"eight",
        "9.jpg": png(3), "9.png": png(4), "9.txt": b"nine",
        "a.b.jpg": png(5), "a.b.seg.png": png(6), "a.b.txt": b"dots",
        "1.5 litre.png": png(7), "1.7 litre.png": png(8),
        "10.PNG": png(9), "10.TXT": b"one\r\ntwo\r\n", "10.cls": b"3",
        "._7.png": b"x",
    }  # fmt: skip
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tar.gz").write_bytes(tar_of(files, "w:gz"))
    loaded = load_images(tmp_path, 8)
    texts = sorted(str(item["text"]) for item in loaded.records)
    assert texts == ["1.5 litre", "1.7 litre", "dots", "eight", "nine", "one", "seven"]
    assert [item["captions"] for item in loaded.records if "captions" in item] == [["one", "two"]]
    assert loaded.skipped == ["in/a.tar.gz/9.png: further picture of a key that has one"]
    assert loaded.inventory.aside == {
        "hidden file in a shard": ["in/a.tar.gz/._7.png"],
        "other file in a shard: .cls": ["in/a.tar.gz/10.cls"],
        "mask or the like, beside its picture": [
            "in/a.tar.gz/8.mask.png",
            "in/a.tar.gz/a.b.seg.png",
        ],
    }


def test_shards_without_splits_hold_some_out(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar_of({f"{n:03d}.png": png(n) for n in range(40)}))
    assert [len(load_images(tmp_path, 8, split)) for split in ("train", "val")] == [38, 2]


def test_no_tar_at_all_is_named(tmp_path: Path) -> None:
    for content in (b"", b"junk" * 999, b"\x1f\x8bjunk", b"BZh9junk", b"\xfd7zXZ\0junk"):
        (tmp_path / "a.tar").write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.tar"):
            load_images(tmp_path, 8)
    (tmp_path / "a.tar").write_bytes(b"")
    with pytest.raises(UnusableFileError, match="empty"):
        list(read_tar(tmp_path / "a.tar", [".png"]))
