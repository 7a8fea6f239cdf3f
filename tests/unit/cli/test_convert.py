"""A model of another project becomes a folder of ours, and draws the same from the command line."""

from pathlib import Path

import pytest

from dall_e.cli import run
from dall_e.images.files import read_metadata, same_pixels

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.filterwarnings("ignore:the weights of .* are under the licence")


def test_converted_from_the_command_line(
    mini_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    target = tmp_path / "converted"
    assert run(["convert", str(mini_folder), str(target), "--offline"]) == 0
    assert capsys.readouterr().out == f"{target}\n"
    for model, name in ((mini_folder, "a.png"), (target, "b.png")):
        assert (
            run(
                [
                    "generate",
                    "a cat",
                    "--model",
                    str(model),
                    "--seed",
                    "3",
                    "-o",
                    str(tmp_path / name),
                ]
            )
            == 0
        )
    assert same_pixels(tmp_path / "a.png", tmp_path / "b.png")
    assert read_metadata(tmp_path / "b.png")["model"] == "mini"


def test_eight_bits_are_smaller(mini_folder: Path, tmp_path: Path) -> None:
    for flag in ("--int8", "--float32"):
        assert run(["convert", str(mini_folder), str(tmp_path / flag), flag]) == 0
    small, large = (
        (tmp_path / flag / "model.safetensors").stat().st_size for flag in ("--int8", "--float32")
    )
    assert small < 0.4 * large


def test_what_is_there_is_not_overwritten(
    mini_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "mine").touch()
    assert run(["convert", str(mini_folder), str(tmp_path)]) == 1
    assert "is there already; give another name, or --force" in capsys.readouterr().err
    assert run(["convert", str(tmp_path / "none"), str(tmp_path / "x")]) == 1
    assert "there is no model folder" in capsys.readouterr().err
