"""`dall-e data check`: what is odd about a folder is said before it is trained on."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e.cli import run
from dall_e.data.checking import check_folder, script_of


def draw(path: Path, size: tuple[int, int] = (40, 40), mode: str = "RGB", seed: int = 0) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with one of everything."""
    draw(tmp_path / "fine.png")
    shutil.copy(tmp_path / "fine.png", tmp_path / "again.png")
    Image.open(tmp_path / "fine.png").save(tmp_path / "same.bmp")
    draw(tmp_path / "one.png", (1, 1), seed=1)
    draw(tmp_path / "wide.png", (90, 40), seed=2)
    draw(tmp_path / "print.jpg", mode="CMYK", seed=3)
    draw(tmp_path / "FINE.png", seed=4)
    Image.fromarray(np.full((40, 40), 40_000, dtype=np.uint16)).save(tmp_path / "deep.png")
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 50), "green").save(tmp_path / "turned.jpg", exif=exif)
    (tmp_path / "turned.txt").write_text("a very long caption " * 30)
    (tmp_path / "wide.txt").write_text("红色的猫", encoding="utf-8")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return tmp_path


def test_fault_training_09_everything_odd_is_noted(odd: Path) -> None:
    report = check_folder(odd, size=32, max_tokens=24, vocab_size=512)
    notes = {way: names for way, names in report.inventory.notes.items() if names != [str(odd)]}
    assert report.images == {"train": 10}
    assert report.inventory.skipped[0].startswith("broken.png: not a readable picture")
    assert notes.pop("caption of more than 22 tokens, cut")[0].startswith("'a very long caption")
    assert notes == {
        "picture smaller than 32 pixels, enlarged": ["one.png"],
        "picture more than 2 times as long as wide, padded a lot": ["wide.png"],
        "picture in CMYK, converted to RGB": ["print.jpg"],
        "picture of more than 8 bits a channel, reduced to 8": ["deep.png"],
        "animated picture, of which the first frame is used": ["moving.gif"],
        "picture turned upright, as its camera says (EXIF)": ["turned.jpg"],
        "picture that is there twice": ["fine.png = again.png"],
        "picture that looks the same as another": ["same.bmp = again.png"],
        "names that differ in capitals only: one file on other systems": ["fine.png, FINE.png"],
    }
    assert report.scripts == {"Latin letters": 9, "Chinese characters": 1}


def test_the_command_prints_it_and_draws_a_sheet(
    odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = odd.parent / "sheet.png"
    assert run(["data", "check", str(odd), "--preset", "tiny", "--sheet", str(sheet)]) == 0
    printed = capsys.readouterr().out
    assert "10 readable pictures (10 train)" in printed and sheet.exists()
    assert "left out: 1 x picture that cannot be read\n    broken.png: " in printed
    assert "captions from file names 9, .txt 2" in printed
    assert run(["data", "check", str(odd / "none")]) == 1
    (odd.parent / "empty").mkdir(exist_ok=True)
    assert run(["data", "check", str(odd.parent / "empty")]) == 1
    assert run(["data", "check", str(odd), "--preset", "huge"]) == 1


def test_scripts() -> None:
    found = [script_of(text) for text in ("a cat", "一只猫", "赤いりんご", "кот", "고양이", "12")]
    assert found == [
        "Latin letters", "Chinese characters", "Japanese", "Cyrillic letters", "Hangul letters",
        "no letters",
    ]  # fmt: skip
