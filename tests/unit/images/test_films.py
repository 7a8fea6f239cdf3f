"""Films are read back frame by frame."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dall_e.images.films import checked_film, cross_faded, save_film

COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def frames(mode: str = "RGB") -> list[Image.Image]:
    return [Image.new("RGB", (20, 20), colour).convert(mode) for colour in COLOURS]


@pytest.mark.parametrize("name", ["film.gif", "film.WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_picture_is_in_the_film(tmp_path: Path, name: str, mode: str) -> None:
    path = tmp_path / name
    save_film(frames(mode), path, seconds=0.1, texts={"prompt": "three colours"})
    durations = []
    with Image.open(path) as film:
        assert film.n_frames == 3 and film.info.get("loop", 0) == 0
        for number, colour in enumerate(COLOURS):
            film.seek(number)
            film.load()
            durations.append(film.info["duration"])
            shown = film.convert("RGB").getpixel((10, 10))
            assert max(abs(a - b) for a, b in zip(shown, colour, strict=True)) < 12
    assert durations[:2] == [100, 100] and durations[2] == 1500


def test_transparent_pictures_are_seen_on_white_in_a_gif(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (8, 8))
    save_film([clear, clear.copy()], tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as film:
        assert film.convert("RGB").getpixel((4, 4)) == (255, 255, 255)


def test_pictures_fade_into_each_other() -> None:
    faded = cross_faded(frames(), 1)
    assert [image.getpixel((0, 0)) for image in faded[:3]] == [
        COLOURS[0],
        (127, 127, 0),
        COLOURS[1],
    ]
    assert len(faded) == 5 and len(cross_faded(frames()[:1], 3)) == 1


@pytest.mark.parametrize(
    ("images", "name", "options", "message"),
    [
        ([], "a.gif", {}, "at least one picture"),
        ([Image.new("RGB", (2, 2)), Image.new("RGB", (3, 3))], "a.gif", {}, "must have one size"),
        (
            [Image.new("RGB", (2, 2)), Image.new("L", (2, 2))],
            "a.gif",
            {},
            "one mode, got L and RGB",
        ),
        (frames(), "a.mp4", {}, r"type of 'a.mp4': end it in .gif or .webp"),
        (frames(), "a.gif", {"seconds": 0.0}, "0.02 to 60 seconds, got 0.0"),
    ],
)
def test_what_is_no_film_is_refused(
    tmp_path: Path, images: list[Image.Image], name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        save_film(images, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_film_that_is_there_is_kept(tmp_path: Path) -> None:
    path = checked_film(tmp_path / "a.gif")
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        save_film(frames(), path, overwrite=False)
    assert path.read_bytes() == b"mine"
