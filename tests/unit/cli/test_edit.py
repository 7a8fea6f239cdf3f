"""`dall-e edit` writes a changed picture, and says in a sentence what is wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Draw = Callable[..., tuple[int, list[str], str]]
FEW = ("--steps", "2", "--seed", "1")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    Image.new("RGB", (90, 60), "white").save(path)
    return path


def test_a_box_is_edited_into_a_file_of_its_own(draw: Draw, picture: Path) -> None:
    code, printed, _ = draw("in.png", "a cat", "--box", "20,10,70,50", *FEW, command="edit")
    assert (code, printed) == (0, ["in-edited.png"])
    before, after = np.asarray(Image.open(picture)), np.asarray(Image.open("in-edited.png"))
    assert (before != after).any() and np.array_equal(before[:, :17], after[:, :17])


def test_a_mask_is_a_file(draw: Draw, picture: Path) -> None:
    mask = Image.new("L", (90, 60))
    mask.paste(255, (20, 10, 70, 50))
    mask.save("mask.png")
    arguments = ("in.png", "a cat", "--mask", "mask.png", "--out", "out.png", *FEW)
    assert draw(*arguments, command="edit")[:2] == (0, ["out.png"])
    code, _, told = draw(*arguments, command="edit")
    assert code == 1 and "out.png" in told and "--force" in told
    assert draw(*arguments, "--force", command="edit")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no.png", "a cat"), "there is no picture no.png"),
        (("in.png", "a cat", "--box", "1,2,x,4"), "--box takes four numbers"),
        (("in.png", "a cat", "--box", "1,2,3"), "a box is four numbers"),
        (("in.png", "a cat", "--box", "1,2,3,4", "--mask", "alpha"), "but not both"),
        (("in.png", "a cat", "--box", "0,0,1.5,1"), "box 0,0,1.5,1 is neither in pixels"),
        (("in.svg", "a cat"), "in.svg: an SVG document is no picture that can be edited: edit the"),
        (("in.png", "a cat", "--mask", "alpha"), "no transparent part"),
        (("in.png", "a cat", "--box", "0,0,9,9", "--out", "a.xyz"), "cannot tell the file type"),
    ],
)
def test_bad_input_is_one_sentence(
    draw: Draw, picture: Path, arguments: tuple[str, ...], told: str
) -> None:
    picture.with_suffix(".svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"></svg>'
    )
    code, printed, errors = draw(*arguments, command="edit")
    assert code == 1 and not printed and told in errors
