"""`dall-e caption`: files, folders, records that are gone on with, and pictures that are none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dall_e.cli import run
from dall_e.inference.captioning import Caption, CaptionSettings

Lines = list[dict[str, Any]]


class Model:
    """Says how red a picture is, and counts what it looked at."""

    def __init__(self) -> None:
        self.looked = 0
        self.asked: list[CaptionSettings] = []

    def captions_of(
        self, images: list[Image.Image], settings: CaptionSettings
    ) -> list[list[Caption]]:
        self.looked += len(images)
        self.asked.append(settings)
        reds = [round(float(np.asarray(image.convert("RGB"))[..., 0].mean())) for image in images]
        return [[Caption(f"red {red}", -0.5)] for red in reds]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    model = Model()
    monkeypatch.setattr("dall_e.cli.caption.load", lambda *_: model)
    return model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them in a folder in the folder."""
    root = tmp_path / "pictures"
    (root / "more").mkdir(parents=True)
    for name, red in (("a.png", 10), ("b.jpg", 20), ("more/c.png", 30)):
        draw(root / name, red)
    return root


def draw(path: Path, red: int) -> None:
    """A picture whose mean is about as red as that."""
    image = Image.new("RGB", (16, 16), (red, 0, 0))
    image.paste((red, 200, 0), (4, 4, 12, 12))
    image.save(path, quality=100, subsampling=0) if path.suffix == ".jpg" else image.save(path)


def records(path: Path) -> Lines:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_of_one_file_the_caption_is_printed(
    model: Model, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["caption", f"{folder}/a.png"]) == 0
    assert capsys.readouterr().out == "red 10\n"
    assert run(["caption", f"{folder}/a.png", f"{folder}/more"]) == 0
    assert capsys.readouterr().out == f"{folder}/a.png: red 10\n{folder}/more/c.png: red 30\n"


def test_a_folder_becomes_records(
    model: Model, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "metadata.jsonl"
    assert run(["caption", str(folder), "--out", str(out), "--language", "zh"]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert [record["file_name"] for record in records(out)] == ["a.png", "b.jpg", "more/c.png"]
    assert records(out)[0] == {
        "file_name": "a.png",
        "text": "red 10",
        "log_probability": -0.5,
        "language": "zh",
        "method": "greedy",
        "model": "dall-e-emoji",
    }

    # Such a file makes the folder a training set.
    from dall_e.data.datasets import load_images

    assert {record["text"] for record in load_images(folder, 16).records} == {
        record["text"] for record in records(out)
    }


def test_elsewhere_files_are_called_as_they_were_given(
    model: Model, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "captions.jsonl"
    assert run(["caption", str(folder), "--out", str(out)]) == 0
    assert records(out)[0]["file_name"] == f"{folder}/a.png"


def test_what_was_begun_is_gone_on_with(model: Model, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "captions.jsonl"
    assert run(["caption", f"{folder}/a.png", "--out", str(out)]) == 0
    whole = out.read_text()
    # The last line was cut short when the power failed.
    out.write_text(whole + '{"file_name": "b.j')
    model.looked = 0
    assert run(["caption", str(folder), "--out", str(out), "--batch-size", "1"]) == 0
    assert model.looked == 2 and out.read_text().startswith(whole)
    assert [record["text"] for record in records(out)] == ["red 10", "red 20", "red 30"]
    assert run(["caption", str(folder), "--out", str(out)]) == 0
    assert model.looked == 2


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        ("my notes\n", [], "is there already, and is no file of captions; give another name, or -"),
        ('{"a": 1}\n', [], "is there already, and is no file of captions"),
        (None, ["--language", "zh"], "is there already, with other language; give another name"),
        (None, ["--method", "beam"], "is there already, with other method"),
    ],
)
def test_what_is_there_is_not_overwritten(
    model: Model,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
    flags: list[str],
    message: str,
) -> None:
    out = tmp_path / "captions.jsonl"
    if content is None:
        assert run(["caption", str(folder), "--out", str(out)]) == 0
    else:
        out.write_text(content)
    before = out.read_text()
    assert run(["caption", str(folder), "--out", str(out), *flags]) == 1
    assert message in capsys.readouterr().err and out.read_text() == before
    assert run(["caption", str(folder), "--out", str(out), *flags, "--force"]) == 0
    assert len(records(out)) == 3


@pytest.mark.filterwarnings("always")
def test_what_cannot_be_read_is_counted(
    model: Model, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Image.new("RGB", (9, 9)).save(folder / "blank.png")
    Image.new("1", (20_000, 20_000)).save(folder / "huge.png")
    Image.linear_gradient("L").convert("CMYK").save(folder / "cmyk.tif")
    (folder / "photo.heic").write_bytes(b"?")
    out = tmp_path / "captions.jsonl"
    assert run(["caption", str(folder), "--out", str(out), "--batch-size", "2"]) == 0
    told = capsys.readouterr().err
    assert "3 of 7 pictures have no caption: " in told and "blank.png: the picture is bl" in told
    assert "picture in a format that is not read (photo.heic)" in told
    assert len(records(out)) == 4 and model.looked == 4


def test_nothing_to_say_is_an_error(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "blank.png")
    assert run(["caption", f"{tmp_path}/blank.png"]) == 1
    assert "blank.png: the picture is blank" in capsys.readouterr().err
    assert run(["caption", f"{tmp_path}/none.png"]) == 1
    assert "there is no picture or folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run(["caption", f"{tmp_path}/empty"]) == 1
    assert "there is no picture in" in capsys.readouterr().err


def test_settings_reach_the_model(
    model: Model, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = "--method sampled --temperature 0.5 --top-p 0.9 --seed 3 --language zh".split()
    assert run(["caption", f"{folder}/a.png", *flags]) == 0
    assert model.asked == [
        CaptionSettings(language="zh", method="sampled", temperature=0.5, top_p=0.9, seed=3)
    ]
    assert run(["caption", f"{folder}/a.png", "--num-beams", "2"]) == 1
    assert "num_beams is for method beam, not for greedy" in capsys.readouterr().err
    assert run(["caption", f"{folder}/a.png", "--language", "fr"]) == 2
