"""`dall-e outpaint`, `dall-e variations` and `--tile` write what their methods give."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Draw = Callable[..., tuple[int, list[str], str]]
FEW = ("--steps", "2", "--seed", "1")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    Image.new("RGB", (90, 60), "white").save(path)
    return path


def test_a_picture_gets_a_larger_canvas(draw: Draw, picture: Path) -> None:
    arguments = ("in.png", "--left", "0.5", "--top", "10")
    assert draw(*arguments, command="outpaint")[:2] == (0, ["in-outpainted.png"])
    assert Image.open("in-outpainted.png").size == (135, 70)


def test_variations_are_numbered(draw: Draw, picture: Path) -> None:
    arguments = ("in.png", "--prompt", "a ball", "-n", "2", "--out", "v.png", *FEW)
    assert draw(*arguments, command="variations")[:2] == (0, ["v-0.png", "v-1.png"])


def test_a_texture_is_reproduced(draw: Draw, tmp_path: Path) -> None:
    assert draw("a cat", "--tile", "xy", "--out", "t.png", *FEW)[0] == 0
    code, _, told = draw("t.png", command="reproduce")
    assert code == 0 and "identical" in told


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("outpaint", ("in.png",), "nothing gets larger"),
        ("outpaint", ("in.png", "--left", "wide"), "--left takes pixels or a fraction"),
        ("outpaint", ("no.png", "--left", "5"), "there is no picture no.png"),
        ("variations", ("in.png",), "does not say what it shows"),
        ("variations", ("in.png", "--strength", "2"), "strength must be above 0"),
        ("generate", ("a cat", "--tile", "z"), "tile must be one of"),
    ],
)
def test_bad_input_is_one_sentence(
    draw: Draw, picture: Path, command: str, arguments: tuple[str, ...], told: str
) -> None:
    code, _, errors = draw(*arguments, command=command)
    assert code == 1 and told in errors
