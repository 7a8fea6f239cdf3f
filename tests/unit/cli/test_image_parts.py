"""`--image-prompt FILE[:PART]` goes on from a part of a picture."""

import re
from pathlib import Path

import pytest
from PIL import Image

from dall_e.cli import run
from dall_e.cli.image_parts import given_part

FLAGS = ("--steps=2", "--seed=1", "--finish=soft")


@pytest.fixture
def apple(tmp_path: Path) -> Path:
    path = tmp_path / "apple.png"
    Image.radial_gradient("L").resize((64, 64)).convert("RGB").save(path)
    return path


def test_files_and_parts_are_read(apple: Path, tmp_path: Path) -> None:
    assert given_part("") is None
    assert given_part(str(apple)) == (apple, "top")
    assert given_part(f"{apple}:left") == (apple, "left")
    assert given_part(f"{apple}:0,0,0.5,1") == (apple, [0, 0, 0.5, 1])
    odd = tmp_path / "a:b.png"
    apple.rename(odd)
    assert given_part(str(odd)) == (odd, "top")
    assert given_part(f"{odd}:right") == (odd, "right")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("apple.png:middle", "takes FILE:top, FILE:bottom.*got 'middle'"),
        ("apple.png:1,2,x,4", "--image-prompt takes four numbers"),
        ("apple.png:0,0,1,1", "has 64 of the picture's 8 x 8 tokens"),
        ("pear.png:top", "there is no picture pear.png"),
    ],
)
def test_what_is_no_part_is_one_line(draw, apple: Path, given: str, told: str) -> None:
    code, printed, errors = draw("a cat", *FLAGS, f"--image-prompt={given}")
    assert code == 1 and not printed
    assert re.search(told, errors) and errors.count("\n") == 1


def test_a_drawing_goes_on_and_says_that_it_cannot_be_repeated(
    draw, apple: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, given = (
        draw("a cat", *FLAGS, *flags, f"--out={name}.png")
        for name, flags in (("plain", ()), ("given", ("--image-prompt=apple.png:left",)))
    )
    assert plain[0] == given[0] == 0
    assert Path("plain.png").read_bytes() != Path("given.png").read_bytes()
    assert run(["reproduce", "given.png", "--model", str(tiny_folder)]) == 1
    assert "goes on from a part of another picture" in capsys.readouterr().err
