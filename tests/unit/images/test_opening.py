"""Pictures of every kind open upright in eight bits; what cannot be changed is said."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dall_e.errors import DallEWarning, UnusableFileError
from dall_e.images.opening import open_image


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize(
    ("mode", "colour", "opened"),
    [
        ("CMYK", (0, 255, 255, 0), "RGB"),
        ("L", 90, "RGB"),
        ("1", 1, "RGB"),
        ("P", 1, "RGB"),
        ("LA", (90, 100), "RGBA"),
        ("RGBA", (1, 2, 3, 4), "RGBA"),
    ],
)
def test_any_mode_opens_in_colours(mode: str, colour: Any, opened: str) -> None:
    image = Image.new(mode, (20, 30), colour)
    assert (open_image(image).mode, open_image(image).size) == (opened, (20, 30))


def test_cmyk_keeps_its_colour(tmp_path: Path) -> None:
    path = saved(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), tmp_path / "red.jpg", quality=95)
    red, green, blue = open_image(path).getpixel((5, 5))  # type: ignore[misc]
    assert red > 240 and max(green, blue) < 15


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    deep = Image.fromarray(np.linspace(0, 65535, 400).reshape(20, 20).astype(np.uint16))
    grey = np.asarray(open_image(deep).convert("L"))
    assert grey[0, 0] == 0 and grey[-1, -1] == 255 and 120 < grey[10, 0] < 135


def test_a_palette_keeps_its_transparency(tmp_path: Path) -> None:
    image = Image.new("P", (20, 20), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(1, (0, 0, 10, 20))
    path = saved(image, tmp_path / "palette.png", transparency=0)
    opened = open_image(path)
    assert opened.mode == "RGBA"
    assert opened.getpixel((2, 2)) == (255, 0, 0, 255) and opened.getpixel((15, 2))[3] == 0  # type: ignore[index]


def test_a_camera_held_upright_is_turned(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_image(saved(image, tmp_path / "turned.jpg", exif=exif)).size == (20, 40)


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    path = saved(frames[0], tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.warns(DallEWarning, match="of its 3 frames the first is taken"):
        opened = open_image(path)
    assert opened.convert("RGB").getpixel((3, 3)) == (255, 0, 0)


def test_texts_stay_with_the_picture(tmp_path: Path) -> None:
    from dall_e.images.files import save_image

    save_image(Image.new("RGB", (20, 20)), tmp_path / "a.png", {"prompt": "a cat"})
    assert open_image(tmp_path / "a.png").info == {"prompt": "a cat"}


def test_a_pixel_is_too_small() -> None:
    with pytest.raises(ValueError, match="1 x 1 pixels is too small to change: .* at least 16"):
        open_image(Image.new("RGB", (1, 1)))


def huge_png() -> bytes:
    """A PNG of 20,000 x 20,000 pixels that says so, and ends before its pixels."""
    head = struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    crc = struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + crc


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(huge_png() + struct.pack(">I", 0) + b"IDAT" + b"\0\0\0\0")
    with pytest.raises(UnusableFileError, match="too many pixels, .* at most 120000000"):
        open_image(path)


def test_broken_files_are_named(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.effect_noise((60, 60), 90).save(whole, "PNG")
    path = tmp_path / "broken.png"
    path.write_bytes(whole.getvalue()[:700])
    with pytest.raises(UnusableFileError, match="broken.png"):
        open_image(path)
    path.write_text("no picture", encoding="utf-8")
    with pytest.raises(UnusableFileError, match="broken.png.*of no known kind"):
        open_image(path)


def test_what_is_no_picture_is_said() -> None:
    with pytest.raises(ValueError, match="a PIL image or a file, got list"):
        open_image([1])  # type: ignore[arg-type]
