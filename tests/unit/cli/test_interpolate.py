"""The verbs of noise and films: `interpolate`, `invert`, `edit-prompt`, `generate --film`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Draw = Callable[..., tuple[int, list[str], str]]


def test_a_film_from_one_prompt_to_another(draw: Draw) -> None:
    arguments = ("a cat", "a dog", "--steps", "3", "--seed", "1", "--size", "32", "--out", "a.gif")
    assert draw(*arguments, command="interpolate")[:2] == (0, ["a.gif"])
    with Image.open("a.gif") as film:
        assert film.n_frames >= 3 and film.size == (32, 32)
    code, _, told = draw(*arguments, command="interpolate")
    assert code == 1 and "a.gif: is there already" in told
    assert draw(*arguments, "--force", command="interpolate")[0] == 0


def test_pictures_instead_of_a_film(draw: Draw) -> None:
    arguments = ("7", "8", "--prompt", "a cat", "--steps", "2", "--out", "b.png")
    code, printed, _ = draw(*arguments, command="interpolate")
    assert (code, printed) == (0, ["b-0.png", "b-1.png"])


def test_noise_of_a_picture_draws_it_again(draw: Draw) -> None:
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (32, 32, 4), dtype=np.uint8)).save(
        "in.png"
    )
    steps = ("--steps", "4")
    assert draw("in.png", "a cat", *steps, "--seed", "2", command="invert")[:2] == (0, ["in.npz"])
    assert draw("a cat", "--noise", "in.npz", "--out", "a.png")[:2] == (0, ["a.png"])
    assert draw("a cat", "--noise", "in.npz", "--out", "b.png")[0] == 0
    assert draw("a cat", "--out", "c.png", "--seed", "2", "--no-compose", *steps)[0] == 0
    pixels = [np.asarray(Image.open(name)) for name in ("a.png", "b.png", "c.png")]
    assert np.array_equal(pixels[0], pixels[1]) and not np.array_equal(pixels[0], pixels[2])

    code, _, told = draw("a.png", command="reproduce")
    assert code == 1 and "noise that was given" in told
    code, _, told = draw("a cat", "--noise", "in.npz", "--seed", "4")
    assert code == 1 and "leave out --seed" in told
    assert draw("a cat", "--noise", "a.png")[0] == 1


def test_other_words_for_a_picture(draw: Draw) -> None:
    assert draw("a cat", "--out", "cat.png", "--seed", "1")[0] == 0
    code, printed, _ = draw("cat.png", "a cat", "a dog", command="edit-prompt")
    assert (code, printed) == (0, ["cat-edited.png"])
    with Image.open("cat-edited.png") as image:
        assert image.info["prompt"] == "a dog" and image.info["seed"] == "1"


def test_a_drawing_as_a_film(draw: Draw) -> None:
    arguments = ("a cat", "--film", "a.webp", "--out", "a.png", "--seed", "1", "--steps", "8")
    code, printed, _ = draw(*arguments)
    assert (code, printed) == (0, ["a.png", "a.webp"])
    assert draw("a cat", "--out", "b.png", "--seed", "1", "--steps", "8")[0] == 0
    first, second = (np.asarray(Image.open(name)) for name in ("a.png", "b.png"))
    assert np.array_equal(first, second)
    with Image.open("a.webp") as film:
        assert film.n_frames > 3


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("generate", ("a cat", "--film", "a.mp4"), "end it in .gif or .webp"),
        ("generate", ("a cat", "-n", "2", "--film", "a.gif"), "one picture is drawn, and 2"),
        ("generate", ("a cat", "--noise", "no.npz"), "no.npz"),
        ("interpolate", ("a cat", "a dog", "--steps", "0"), "from 2 to 1000, got 0"),
        ("interpolate", ("3", "4"), "seed 3 needs words"),
        ("interpolate", ("a cat", "a dog", "--out", "a.txt"), "cannot tell the file type"),
        ("interpolate", ("no.png", "a dog"), "no.png"),
        ("invert", ("no.png", "a cat"), "there is no picture no.png"),
        ("invert", ("no.png", "a cat", "--out", "a.png"), "written to .npz files"),
        ("edit-prompt", ("no.png", "a cat", "a dog"), "there is no picture no.png"),
    ],
)
def test_bad_input_is_one_sentence(
    draw: Draw, command: str, arguments: tuple[str, ...], told: str
) -> None:
    code, printed, error = draw(*arguments, command=command)
    assert code == 1 and not printed and told in error and error.count("\n") == 1
    assert not list(Path().iterdir())
