"""The sheet of fixed prompts."""

from pathlib import Path

import pytest
from PIL import Image

from dall_e.cli import run
from dall_e.data.prompt_sets import GALLERY_PROMPTS

# The tiny model has room for fewer words than a picture of the sheet asks for.
pytestmark = pytest.mark.filterwarnings("ignore:the prompt is longer than")


def test_one_sheet_with_all_prompts(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheet.png"
    assert run(["gallery", "--model", str(tiny_folder), "--out", str(out), "--size", "32"]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    sheet = Image.open(out)
    # Six columns of 32 pixels with 6 between and around; four rows, and under each its captions.
    assert sheet.width == 6 * 32 + 7 * 6
    assert sheet.height > 4 * 32 + 5 * 6
    assert len(GALLERY_PROMPTS) == 24
    assert sum(prompt.isascii() for prompt in GALLERY_PROMPTS) == 12


def test_the_seed_changes_the_sheet(tiny_folder: Path, tmp_path: Path) -> None:
    sheets = []
    for seed in ("0", "0", "5"):
        out = tmp_path / "sheet.png"
        assert (
            run(
                [
                    "gallery",
                    "--model",
                    str(tiny_folder),
                    "--out",
                    str(out),
                    "--force",
                    "--size",
                    "32",
                    "--seed",
                    seed,
                ]
            )
            == 0
        )
        sheets.append(out.read_bytes())
    assert sheets[0] == sheets[1] != sheets[2]
