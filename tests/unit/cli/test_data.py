"""`dall-e data`: what it prints and which errors it turns into one line."""

import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from dall_e.cli import run


def test_a_dry_run_lists_sources_and_fetches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    assert (
        run(["data", "build", "--dry-run", "--cache", str(cache), "--sources", "noto,openclipart"])
        == 0
    )
    printed = capsys.readouterr().out
    assert "Apache-2.0" in printed and "apt openclipart-svg" in printed and "twemoji" not in printed
    assert not cache.exists()


def test_wrong_settings_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "build", "--out", str(tmp_path / "x"), "--sources", "nato"]) == 1
    assert "unknown source nato" in capsys.readouterr().err
    assert run(["data", "build", "--out", str(tmp_path / "x"), "--size", "2"]) == 1
    assert "between 8 and 1024" in capsys.readouterr().err
    assert run(["data", "show", str(tmp_path / "missing")]) == 1
    assert "dall-e data build" in capsys.readouterr().err


def test_show_writes_a_sheet_of_any_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("red_ball", "blue_ball"):
        Image.new("RGB", (20, 20), name.partition("_")[0]).save(tmp_path / f"{name}.png")
    sheet = tmp_path / "out" / "sheet.png"
    assert run(["data", "show", str(tmp_path), "--out", str(sheet), "--count", "9"]) == 0
    assert "2 of 2 pictures" in capsys.readouterr().out
    assert Image.open(sheet).size[0] >= 2 * 96


def test_show_composes_scenes_of_what_can_be_cut_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    for stem, name, colour in (("0", "cat", "orange"), ("1", "dog", "brown"), ("2", "bus", "red")):
        drawing = Image.new("RGBA", (40, 40))
        drawing.paste(colour, (6, 10, 34, 30))
        drawing.save(tmp_path / f"{stem}.png")
        record = {"en": name, "kind": "animal", "source": "noto", "name": name}
        (tmp_path / f"{stem}.json").write_text(json.dumps(record))
    with tarfile.open(tmp_path / "in" / "train-000000.tar", "w") as tar:
        for path in sorted([*tmp_path.glob("*.png"), *tmp_path.glob("*.json")]):
            tar.add(path, path.name)
    sheet = tmp_path / "sheet.png"
    shown = ["data", "show", str(tmp_path / "in"), "--scenes", "--count", "4", "--out", str(sheet)]
    assert run(shown) == 0
    assert "4 scenes of split train, made of 3 cut-outs" in capsys.readouterr().out
    assert Image.open(sheet).size[0] >= 2 * 128
    assert run([*shown, "--split", "val", "--force"]) == 1
    assert "neither 'train' nor 'heldout'" in capsys.readouterr().err


def test_pack_writes_a_folder_that_is_a_data_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (20, 20), "red").save(tmp_path / "in" / "red_ball.png")
    packed = tmp_path / "packed"
    assert (
        run(
            ["data", "pack", str(tmp_path / "in"), str(packed), "--size", "16", "--splits", "train"]
        )
        == 0
    )
    assert "1 train: 0.0 MiB" in capsys.readouterr().out
    assert run(["data", "show", str(packed), "--out", str(tmp_path / "sheet.png")]) == 0
    assert run(["data", "pack", str(packed), str(packed), "--force"]) == 1
    assert "choose another folder" in capsys.readouterr().err


def test_fault_use_06_data_sets_and_sheets_are_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("set/report.json", "packed/train.tar.xz", "sheet.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    for command, name in (
        (["build", "--out", "set"], "set"),
        (["pack", "in", "packed"], "packed/train.tar.xz"),
        (["show", "in", "--out", "sheet.png"], "sheet.png"),
    ):
        assert run(["data", *command]) == 1
        assert f"{name}: is there already; " in capsys.readouterr().err
    for name in ("set/report.json", "packed/train.tar.xz", "sheet.png"):
        assert (tmp_path / name).read_text() == "mine"


def test_fault_use_06_the_default_name_of_a_sheet_is_never_an_older_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    Image.new("RGB", (20, 20), "red").save(tmp_path / "in" / "red_ball.png")
    for name in ("out/data.png", "out/data-2.png"):
        assert run(["data", "show", "in"]) == 0
        assert capsys.readouterr().out.strip().endswith(name)
        assert Path(name).is_file()
