"""Files to arrays and back: exact where it can be, clear where it cannot."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e.errors import UnusableFileError
from dall_e.images import files


def random_rgba(side: int = 12) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 4), dtype=np.uint8)
    return Image.fromarray(pixels, "RGBA")


def file_bytes(image: Image.Image, format_name: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=format_name)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "LA", "P", "1"])
def test_every_mode_decodes_to_premultiplied_rgba_and_survives_a_round_trip(mode: str) -> None:
    picture = files.decode_image(file_bytes(random_rgba().convert(mode)), 12)
    assert picture.shape == (4, 12, 12) and picture.dtype == np.uint8
    assert (picture[:3] <= picture[3:]).all()
    assert (files.decode_image(files.encode_png(picture), 12) == picture).all()


def test_cmyk_and_sixteen_bit_grey_are_read() -> None:
    cmyk = file_bytes(random_rgba().convert("CMYK"), "TIFF")
    assert files.decode_image(cmyk, 12).shape == (4, 12, 12)
    grey = Image.fromarray(np.full((12, 12), 65535, dtype=np.uint16))
    assert files.decode_image(file_bytes(grey), 12)[0].min() == 255


def test_a_wide_picture_is_centred_on_a_transparent_square() -> None:
    picture = files.decode_image(file_bytes(Image.new("RGB", (20, 10), (255, 0, 0))), 20)
    assert (picture[3, 5:15] == 255).all()
    assert (picture[3, :5] == 0).all() and (picture[3, 15:] == 0).all()


def test_resizing_does_not_bleed_invisible_colour() -> None:
    image = Image.new("RGBA", (16, 16), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 8, 16))
    assert files.decode_image(file_bytes(image), 7)[1].max() <= 1  # no green


@pytest.mark.parametrize("data", [b"", b"not a picture", file_bytes(random_rgba())[:60]])
def test_an_unreadable_file_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a readable picture"):
        files.decode_image(data, 8)


def test_a_message_does_not_change_from_run_to_run() -> None:
    for data in (b"", b"<html>"):
        with pytest.raises(
            ValueError, match=rf"^not a readable picture \({len(data)} bytes\): of no known kind$"
        ):
            files.decode_image(data, 8)


@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000), (3000, 2000)])
def test_large_pictures_take_little_memory(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", size, (200, 100, 0, 255)).save(buffer, "PNG")
    made: list[int] = []
    new = Image.new
    monkeypatch.setattr(
        Image,
        "new",
        lambda mode, size, *rest: made.append(size[0] * size[1]) or new(mode, size, *rest),
    )
    picture = files.decode_image(buffer.getvalue(), 32)
    assert max(made) <= 512**2
    middle = picture[:, 16, 16].tolist()
    assert 0 < middle[3] and abs(middle[0] - middle[3] * 200 / 255) <= 2


@pytest.mark.parametrize(
    "error", [MemoryError(), KeyError("chunk"), Image.DecompressionBombError("too large")]
)
def test_whatever_a_decoder_raises_is_a_value_error(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ValueError, match=r"not a readable picture \(3 bytes\): \S+"):
        files.decode_image(b"abc", 8)


def test_a_file_is_cropped_to_what_is_visible() -> None:
    page = Image.new("RGBA", (40, 40))
    with pytest.raises(ValueError, match="blank"):
        files.cropped(file_bytes(page))
    page.paste((255, 0, 0, 255), (10, 5, 12, 35))
    with pytest.raises(ValueError, match="strip"):
        files.cropped(file_bytes(page))
    page.paste((255, 0, 0, 255), (10, 5, 30, 15))
    assert Image.open(io.BytesIO(files.cropped(file_bytes(page)))).size == (20, 30)


def test_a_folder_that_is_not_writable_is_named_with_the_file(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 4))
    with pytest.raises(OSError, match=r"long\.png"):
        files.save_image(image, tmp_path / ("x" * 300 + "long.png"))


def test_a_truncated_file_and_a_bomb_have_no_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.save_image(Image.new("RGB", (40, 40)), tmp_path / "a.png", {"prompt": "a"})
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match="a.png: it is not a readable picture"):
        files.read_metadata(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    with pytest.raises(ValueError, match="a.png: it is not a readable picture"):
        files.read_metadata(tmp_path / "a.png")


def test_to_pil_composes_on_white_or_keeps_alpha() -> None:
    half_red = np.zeros((4, 1, 1))
    half_red[0], half_red[3] = 0.5, 0.5
    assert files.to_pil(half_red).getpixel((0, 0)) == (255, 127, 127)
    assert files.to_pil(half_red, transparent=True).getpixel((0, 0)) == (255, 0, 0, 128)
    with pytest.raises(ValueError, match=r"\[3, 2, 2\]"):
        files.to_pil(np.zeros((3, 2, 2)))


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_metadata_survives_in_the_file(tmp_path: Path, name: str) -> None:
    metadata = {"prompt": '一只白色的猫 "x"\n', "seed": "7"}
    files.save_image(random_rgba().convert("RGB"), tmp_path / name, metadata)
    assert files.read_metadata(tmp_path / name) == metadata
    assert [path.name for path in tmp_path.iterdir()] == [name]  # no temporary file stays


def test_a_failed_write_leaves_no_file_and_keeps_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"old")
    with pytest.raises(Exception):  # noqa: B017, whatever PIL raises for a mode that PNG has not
        files.save_image(random_rgba().convert("LAB"), target)
    assert target.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(ValueError, match="file type"):
        files.save_image(random_rgba(), tmp_path / "a.nothing")


def test_a_pil_image_becomes_the_picture_that_its_file_would() -> None:
    for mode in ("RGBA", "RGB", "L"):
        image = random_rgba().convert(mode)
        assert (files.from_pil(image, 8) == files.decode_image(file_bytes(image), 8)).all()
        assert (files.from_pil(image) == files.decode_image(file_bytes(image), 12)).all()
    assert files.from_pil(Image.new("RGB", (20, 10))).shape == (4, 20, 20)


def grey_png(width: int, height: int) -> bytes:
    """A PNG of 16 bits whose header claims a size, with next to no data."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((1, 1), dtype=np.uint16)).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def test_fault_reliability_04_a_picture_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(grey_png(13300, 13300))
    for read in (lambda: files.read_image(path, 96), lambda: files.read_metadata(path)):
        with pytest.raises(UnusableFileError, match=r"13300 x 13300 pixels, .* 120000000 are read"):
            read()
    with pytest.raises(ValueError, match="at most 16384 are possible"):
        files.from_pil(Image.new("L", (30000, 1)))
    # A strip is read: small, it is no larger than its square.
    path.write_bytes(file_bytes(Image.fromarray(np.full((1, 30000), 40000, dtype=np.uint16))))
    assert files.read_image(path, 96).shape == (4, 96, 96)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_a_large_picture_in_strips_is_the_same(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (430, 301, 4), dtype=np.uint8)
    image = Image.fromarray(noise, "RGBA").convert(mode)
    whole = image.convert("RGBA").convert("RGBa").reduce(430 // (4 * 8))
    monkeypatch.setattr(files, "_STRIP_PIXELS", 5000)
    assert files._reduced(image, 8).tobytes() == whole.tobytes()


def test_grey_of_sixteen_bits_in_strips_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 60000, (43, 30), dtype=np.uint16)
    whole = np.asarray(files.of_eight_bits(Image.fromarray(noise)))
    monkeypatch.setattr(files, "_STRIP_PIXELS", 100)
    assert np.array_equal(whole, np.asarray(files.of_eight_bits(Image.fromarray(noise))))
    assert np.array_equal(whole, (noise * (255 / noise.max())).astype(np.uint8))


def test_fault_reliability_04_postscript_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "a.eps"
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(UnusableFileError, match="PostScript"):
        files.read_image(path, 8)
