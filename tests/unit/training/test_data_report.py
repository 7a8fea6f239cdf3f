"""A run says what it is trained on, and is not resumed on other pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e.data.datasets import load_images
from dall_e.errors import DallEWarning
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.data_report import report_cut_captions, report_data
from dall_e.training.run_folder import CHECKPOINT_FILE, open_run_folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"thing {number}.png")
    return folder


def begin(run: Path, data: Path) -> None:
    """A run folder as a run on `data` leaves it, as far as its data go."""
    with open_run_folder(str(run)) as folder:
        folder.write_data(report_data(str(run), load_images(data, 8), load_images(data, 8, "val")))
    (run / CHECKPOINT_FILE).write_bytes(b"")


@pytest.mark.parametrize("change", ["picture", "caption", "one more", "one less"])
def test_fault_reliability_08_resuming_on_other_pictures_is_refused(
    tmp_path: Path, data: Path, change: str
) -> None:
    run = tmp_path / "run"
    begin(run, data)
    report_data(str(run), load_images(data, 8), load_images(data, 8, "val"))
    if change == "picture":
        Image.new("RGB", (8, 8), "red").save(data / "thing 0.png")
    elif change == "caption":
        (data / "thing 0.txt").write_text("another thing")
    elif change == "one more":
        Image.new("RGB", (8, 8), "red").save(data / "thing 9.png")
    else:
        (data / "thing 0.png").unlink()
    with pytest.raises(
        ValueError, match=r"other pictures or captions: it had 4 .* delete .*data\.js"
    ):
        report_data(str(run), load_images(data, 8), load_images(data, 8, "val"))

    (run / "data.json").unlink()
    report_data(str(run), load_images(data, 8), load_images(data, 8, "val"))


def test_fault_reliability_08_a_damaged_record_is_named(tmp_path: Path, data: Path) -> None:
    begin(tmp_path / "run", data)
    (tmp_path / "run" / "data.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"data\.json: not a record.*delete it"):
        report_data(str(tmp_path / "run"), load_images(data, 8))


def test_fault_reliability_10_every_stage_names_what_it_left_out(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "broken.png").write_bytes(b"x")
    (data / "photo.heic").write_bytes(b"x")
    with pytest.warns(DallEWarning, match=r"cannot be read \(broken\.png\)") as caught:
        report_data(str(tmp_path / "run"), load_images(data, 8), load_images(data, 8, "val"))
    assert "format that is not read (photo.heic)" in str(caught[0].message)
    assert capsys.readouterr().err == (
        "4 pictures to train on, 4 to measure with; captions from file names 5\n"
    )


def test_fault_use_05_long_captions_are_not_cut_silently() -> None:
    records = [
        {"text": "a cat"},
        {"text": "a dog", "captions": ["a dog", "one two three four five"]},
    ]
    tokenizer = TextTokenizer.train(["a cat and a dog"], 300)
    with pytest.warns(DallEWarning, match=r"1 of 3 captions are longer than 8 tokens"):
        report_cut_captions(records, tokenizer, 10)
    report_cut_captions([{"en": "x" * 99, "kind": "object"}], tokenizer, 10)
