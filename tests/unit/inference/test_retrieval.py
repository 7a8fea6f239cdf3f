"""Pictures that fit a text, best first: of a folder, of images, with what cannot be read, and by
the command."""

from pathlib import Path

import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import run

COLOURS = ("red", "green", "blue", "black", "white")


@pytest.fixture(scope="module")
def model() -> DALL_E:
    return DALL_E.from_pretrained()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flat pictures of five colours, one of them in a folder below, and a file that is no
    picture."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "below").mkdir()
    for number, colour in enumerate(COLOURS):
        Image.new("RGB", (40, 30), colour).save(
            (folder / "below" if number == 0 else folder) / f"{colour}.png"
        )
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_the_best_come_first(model: DALL_E, folder: Path) -> None:
    with pytest.warns(UserWarning, match=r"1 pictures could not be read; the first: .*broken\.jpg"):
        found = model.search("a red apple", folder)
    assert {one.image.name for one in found} == {f"{colour}.png" for colour in COLOURS}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for image, score in found:
        assert score == pytest.approx(model.score(Image.open(image), "a red apple"), abs=1e-5)
    with pytest.warns(UserWarning):
        assert model.search("a red apple", folder, top=2) == found[:2]


def test_a_drawing_is_found_by_its_name(model: DALL_E) -> None:
    prompts = ["a guitar", "a cactus", "a slice of pizza", "a snowman"]
    drawings = model(prompts, seed=1)
    for prompt, drawing in zip(prompts, drawings, strict=True):
        best = model.search(prompt, drawings, top=1)[0]
        assert best.image is drawing


def test_what_cannot_be_searched(model: DALL_E, tmp_path: Path, tiny_folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        model.search("a cat", tmp_path / "nowhere")
    with pytest.raises(ValueError, match="there is no picture to search"):
        model.search("a cat", tmp_path)
    with pytest.raises(ValueError, match="top must be a whole number of at least 1, got 0"):
        model.search("a cat", tmp_path, top=0)
    with pytest.raises(ValueError, match="search needs a dual encoder"):
        DALL_E.from_pretrained(tiny_folder).search("a cat", tmp_path)


@pytest.mark.filterwarnings("ignore:1 pictures could not be read")
def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "一个红苹果", str(folder), "--top", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and all(
        line.endswith(".png") and -1 <= float(line.split()[0]) <= 1 for line in lines
    )
    assert run(["search", "a cat", str(folder / "none")]) != 0
    assert "there is no folder" in capsys.readouterr().err
