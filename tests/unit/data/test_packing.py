"""A packed data set is the same pictures and captions, smaller."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e.data.datasets import load_images
from dall_e.data.packing import pack
from dall_e.images.files import decode_image, encode_webp


@pytest.fixture
def drawings(tmp_path: Path) -> Path:
    """24 pictures of soft discs on a transparent ground, each with a caption; the first cannot be
    read."""
    folder = tmp_path / "drawings"
    folder.mkdir()
    rng = np.random.default_rng(0)
    far = np.hypot(*np.meshgrid(np.arange(16) - 7.5, np.arange(16) - 7.5))
    for number in range(24):
        pixels = np.empty((16, 16, 4), dtype=np.uint8)
        pixels[..., :3] = rng.integers(0, 256, 3)
        pixels[..., 3] = np.clip((6.5 - far) * 100, 0, 255)
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
        (folder / f"{number:02d}.txt").write_text(f"圆 {number}", encoding="utf-8")
    (folder / "00.png").write_bytes(b"no picture")
    return folder


def test_packed_and_loaded_again_is_the_same(drawings: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    report = pack(
        drawings, tmp_path / "packed", size=16, progress=lambda *values: seen.append(values)
    )
    assert sorted(path.name for path in (tmp_path / "packed").iterdir()) == [
        "train.tar.xz",
        "val.tar.xz",
    ]
    assert len(report.skipped) == 1 and "00.png" in report.skipped[0]
    for split, count in report.images.items():
        before, after = (
            load_images(drawings, 16, split),
            load_images(tmp_path / "packed", 16, split),
        )
        assert torch.equal(before.images_NCHW, after.images_NCHW) and len(after) == count
        assert [record["text"] for record in after.records] == [
            record["text"] for record in before.records
        ]
        assert (f"packing {split}", count, count) in seen


def test_the_same_pictures_give_the_same_bytes(drawings: Path, tmp_path: Path) -> None:
    for out in ("first", "second"):
        pack(drawings, tmp_path / out, size=8, splits=("val",), dropped_bits=2)
    assert (tmp_path / "first/val.tar.xz").read_bytes() == (
        tmp_path / "second/val.tar.xz"
    ).read_bytes()


@pytest.mark.parametrize("bits", [0, 1, 2, 3])
def test_rounding_moves_no_value_far_and_flat_regions_not_at_all(bits: int) -> None:
    rng = np.random.default_rng(bits)
    image = np.full((4, 16, 16), 201, dtype=np.uint8)
    image[3] = 255
    image[:3, :8] = rng.integers(0, 256, (3, 8, 16))
    got = decode_image(encode_webp(image, bits), 16)
    moved = np.abs(got.astype(int) - image)
    assert moved.max() <= (1 << bits) // 2
    assert (moved.max() > 0) == (bits > 0)
    assert not moved[:, 9:].any(), "a pixel like all its neighbours stays"
    assert (got[3] == 255).all(), "opaque stays opaque"


def test_a_failure_leaves_no_half_file_and_an_older_pack_whole(
    drawings: Path, tmp_path: Path
) -> None:
    out = tmp_path / "packed"
    pack(drawings, out, size=8)
    before = (out / "train.tar.xz").read_bytes()
    with pytest.raises(ValueError, match="no readable picture in split 'heldout'"):
        pack(out, tmp_path / "other", size=8, splits=("heldout",))
    with pytest.raises(ValueError, match="choose another folder"):
        pack(out, out, size=8)
    with pytest.raises(ValueError, match=r"it holds train\.tar\.xz"):
        pack(drawings, out, size=8, splits=("val",))
    assert (out / "train.tar.xz").read_bytes() == before
    assert list((tmp_path / "other").iterdir()) == []
    assert sorted(path.name for path in out.iterdir()) == ["train.tar.xz", "val.tar.xz"]


def test_a_damaged_pack_gives_an_error_or_what_is_whole(drawings: Path, tmp_path: Path) -> None:
    pack(drawings, tmp_path / "packed", size=8)
    train = tmp_path / "packed/train.tar.xz"
    content = bytearray(train.read_bytes())
    content[len(content) // 2] ^= 0xFF
    train.write_bytes(content)
    try:
        assert load_images(tmp_path / "packed", 8).skipped
    except ValueError as error:
        assert "train.tar.xz" in str(error)
