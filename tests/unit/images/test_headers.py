"""Which side of a picture is up, and whether a PNG is whole."""

import io

import numpy as np
import pytest
from PIL import Image

from dall_e.images.files import decode_image, from_pil
from dall_e.images.headers import read_header, verify_image

# What a camera stores of a picture whose top left is red, top right green, bottom left blue.
STORED = {
    1: "rgb.", 2: "gr.b", 3: ".bgr", 4: "b.rg", 5: "rbg.", 6: "g.rb", 7: ".gbr", 8: "br.g",
}  # fmt: skip
COLOURS = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), ".": (255, 255, 255)}


def photo(orientation: int, kind: str = "PNG") -> bytes:
    """2 x 2 blocks of 8 pixels in the order of `STORED`, with the EXIF entry that turns them."""
    picture = Image.new("RGB", (16, 16))
    for number, letter in enumerate(STORED[orientation]):
        left, top = number % 2 * 8, number // 2 * 8
        picture.paste(COLOURS[letter], (left, top, left + 8, top + 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, kind, exif=exif)
    return buffer.getvalue()


def corners(image: np.ndarray) -> str:
    """The letters of the four blocks, by their middles."""
    middles = [image[:3, y, x] for y in (4, 12) for x in (4, 12)]
    return "".join(
        min(
            COLOURS, key=lambda letter: np.abs(np.array(COLOURS[letter]) - middle.astype(int)).sum()
        )
        for middle in middles
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_fault_use_05_and_reliability_07_exif_orientation(orientation: int, kind: str) -> None:
    data = photo(orientation, kind)
    assert corners(decode_image(data, 16)) == "rgb."
    with Image.open(io.BytesIO(data)) as opened:
        assert corners(from_pil(opened, 16)) == "rgb."


def test_a_broken_exif_block_is_no_reason_to_fail() -> None:
    for exif in (b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"):
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16), "red").save(buffer, "JPEG", exif=exif)
        assert decode_image(buffer.getvalue(), 16).shape == (4, 16, 16)
        assert not read_header(buffer.getvalue()).is_turned


def test_the_head_says_what_training_makes_of_a_picture() -> None:
    header = read_header(photo(6, "JPEG"))
    assert header.is_turned and header.frames == 1 and header.mode == "RGB"
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (4, 9), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    header = read_header(buffer.getvalue())
    assert (header.width, header.height, header.frames) == (4, 9, 2)
    with pytest.raises(ValueError, match="no"):
        read_header(b"no picture")


def test_fault_reliability_01_a_flip_in_a_png_is_noticed() -> None:
    data = photo(1)
    verify_image(data)
    verify_image(b"no PNG")
    for at in range(8, len(data) - 12, 3):  # all but the end mark
        damaged = bytearray(data)
        damaged[at] ^= 4
        with pytest.raises(ValueError, match="damaged"):
            verify_image(bytes(damaged))
