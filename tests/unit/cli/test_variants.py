"""`--variant` chooses among models of one name, and `reproduce` finds the one that a picture was
drawn with."""

import json
import shutil
import warnings
from pathlib import Path

import pytest

from dall_e import DALL_E
from dall_e.cli import run
from dall_e.images.files import read_metadata

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.filterwarnings("ignore:the weights of .* are under the licence")
FILES = ("encoder{}.pt", "decoder{}.pt", "vocab{}.json", "merges{}.txt")


@pytest.fixture
def cached(mini_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache with a repository that holds mini, and the same weights as mega; the network
    is shut."""
    folder = tmp_path / "hub" / "models--kuprel--min-dalle" / "snapshots" / "abc"
    shutil.copytree(mini_folder, folder)
    for name in FILES:
        shutil.copyfile(mini_folder / name.format("_mini"), folder / name.format(""))
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize(
    ("asked", "name", "variant"),
    [
        (["--model", "kuprel/min-dalle", "--variant", "mega"], "kuprel/min-dalle/mega", "mega"),
        (["--model", "kuprel/min-dalle/mega"], "kuprel/min-dalle/mega", "mega"),
        (["--model", "kuprel/min-dalle"], "kuprel/min-dalle", "mini"),
    ],
)
def test_a_picture_tells_its_variant(
    cached: Path, capsys: Capture, asked: list[str], name: str, variant: str
) -> None:
    assert run(["generate", "a cat", *asked, "--seed", "3", "-o", "a.png", "--device", "cpu"]) == 0
    info = read_metadata("a.png")
    assert (info["model"], info["variant"]) == (name, variant)
    # What is not the variant of the picture is not there any more.
    for file in FILES:
        (cached / file.format("_mini" if variant == "mega" else "")).unlink()
    assert run(["reproduce", "a.png", "--device", "cpu"]) == 0
    assert "identical to a.png" in capsys.readouterr().err


def test_a_wrong_variant_is_named(cached: Path, tiny_folder: Path, capsys: Capture) -> None:
    assert run(["generate", "a cat", "--model", "kuprel/min-dalle", "--variant", "giga"]) == 1
    assert "has no variant 'giga': its variants are mini, mega" in capsys.readouterr().err
    assert run(["generate", "a cat", "--model", str(tiny_folder), "--variant", "mega"]) == 1
    assert "has no variant 'mega': it holds a model without variants" in capsys.readouterr().err
    assert run(["generate", "a cat", "--variant", "mega"]) == 1
    assert "dall-e-emoji has no variant 'mega': it has no variants" in capsys.readouterr().err


def test_a_converted_folder_keeps_its_variant(cached: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        DALL_E.from_pretrained(cached, variant="mega").save_pretrained(
            tmp_path / "ours", int8=False
        )
    assert json.loads((tmp_path / "ours" / "config.json").read_text())["model"]["variant"] == "mega"
    drawn = [
        "generate",
        "a cat",
        "--model",
        "ours",
        "--variant",
        "mega",
        "--seed",
        "1",
        "-o",
        "b.png",
    ]
    assert run([*drawn, "--device", "cpu"]) == 0
    assert run(["reproduce", "b.png", "--model", "ours", "--device", "cpu"]) == 0
