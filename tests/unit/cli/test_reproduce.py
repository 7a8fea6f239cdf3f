"""`dall-e reproduce` draws the picture of a file again, and says whether it is the same."""

from pathlib import Path

import pytest
from PIL import Image

from dall_e.cli import run


@pytest.mark.parametrize(
    "flags",
    [
        ["a cat", "--out", "it.png"],
        ["a cat", "--out", "it.jpg", "--negative", "red apples", "--top-k", "5"],
        [
            "a cat",
            "--out",
            "it.png",
            "--transparent",
            "--size",
            "48",
            "--order",
            "raster",
            "--guidance",
            "1.7",
        ],
        ["a cat", "--out", "it.png", "--quantization", "int8"],
        ["a cat", "-n", "3", "--grid", "--out", "it.png"],
        ["a cat", "--out", "it.png", "--style", "水彩", "--transparent"],
        ["pixel art of a cat", "a cat as a sticker", "a cat", "--grid", "--out", "it.png"],
        ["two cats and a dog", "a cat", "--compose", "--grid", "--out", "it.png"],
        ["a cat", "苹果", "-n", "2", "--grid", "--transparent", "--out", "it.png", "--seed", "3"],
    ],
)
def test_reproduce_draws_the_same(draw, flags: list[str]) -> None:
    code, (path,), _ = draw(*flags, "--steps", "4")
    assert code == 0
    code, (again,), errors = draw(path, command="reproduce")
    assert code == 0 and again == path.replace("it.", "it-reproduced.")
    assert errors.endswith(f"identical to {path}\n")


def test_reproduce_tells_what_changed(draw) -> None:
    draw("a cat", "--seed", "1", "--steps", "2", "--out", "a.png")
    from dall_e.images.files import read_metadata, save_image

    info = {**read_metadata("a.png"), "seed": "2", "model_version": "6"}
    with Image.open("a.png") as image:
        save_image(image, "b.png", info)
    code, _, errors = draw("b.png", command="reproduce")
    assert code == 1
    assert "warning: model version was 6, is 7" in errors
    assert "not the same picture" in errors
    assert Path("b-reproduced.png").is_file()


def test_reproduce_asks_for_a_model_that_it_does_not_know(
    draw, capsys: pytest.CaptureFixture[str]
) -> None:
    draw("a cat", "--steps", "1", "--out", "a.png")
    assert run(["reproduce", "a.png"]) == 1
    assert (
        "drawn with the model 'tiny-random'; say where it is: --model FOLDER"
        in capsys.readouterr().err
    )


def test_reproduce_keeps_the_picture_it_compares_with(draw) -> None:
    draw("a cat", "--steps", "1", "--out", "a.png")
    before = Path("a.png").read_bytes()
    code, _, errors = draw("a.png", "--out", "./a.png", command="reproduce")
    assert code == 1 and "would be overwritten; give another --out" in errors
    assert Path("a.png").read_bytes() == before


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"seed": "[" * 100_000}, "text is damaged: it is nested too deeply"),
        ({"seed": "[1, 2]"}, "seed has 2 entries for 1 pictures"),
        ({"order": "odd"}, "text is damaged: order must be one of raster"),
        ({"temperature": "inf"}, "text is damaged: temperature must be a finite number"),
        ({"grid_prompts": "5"}, "its prompts are no list"),
        ({"grid_prompts": '"x"'}, "its prompts are no list"),
        ({"grid_prompts": "[5]"}, "its prompts are not all a str"),
        ({"seed": "[" + "1," * 1001 + "1]"}, "it has 1002 seeds, from 1 to 1000 are read"),
        ({"top_p": "7"}, "text is damaged: top_p must be in"),
        ({"dtype": "float8"}, "b.png: it cannot be drawn again: dtype float8 is not one of"),
        ({"grid_prompts": '["a"]', "grid_columns": "9999999999"}, "from 1 to 1000 are read"),
        ({"size": "0x0"}, "got 0"),
    ],
)
def test_damaged_stories_are_one_line(draw, entry: dict[str, str], message: str) -> None:
    from dall_e.images.files import read_metadata, save_image

    draw("a cat", "--steps", "1", "--out", "a.png")
    with Image.open("a.png") as image:
        save_image(image, "b.png", {**read_metadata("a.png"), **entry})
    code, _, errors = draw("b.png", command="reproduce")
    assert code == 1 and errors.count("\n") == 1 and message in errors


def test_reproduce_needs_a_whole_picture(draw) -> None:
    draw("a cat", "--steps", "1", "--out", "a.png")
    Path("a.png").write_bytes(Path("a.png").read_bytes()[:-40])
    code, _, errors = draw("a.png", command="reproduce")
    assert code == 1 and errors.startswith("dall-e: error: a.png: it is not a readable picture")


def test_reproduce_needs_a_picture_of_ours(draw) -> None:
    Image.new("RGB", (4, 4)).save("plain.png")
    Path("junk.png").write_bytes(b"junk")
    assert "does not say how it was drawn" in draw("plain.png", command="reproduce")[2]
    assert "junk.png" in draw("junk.png", command="reproduce")[2]
    code, _, errors = draw("none.png", command="reproduce")
    names = ("none.png", Path("none.png").resolve())  # Pillow 10 says the folder, too
    told = [f"dall-e: error: No such file or directory: {name}\n" for name in names]
    assert code == 1 and errors in told


def test_fault_use_13_reproduce_rounds_the_weights_again(draw, tiny_folder: Path) -> None:
    """Weights that were in another number format before are not those of the file."""
    import torch

    from dall_e import DALL_E
    from dall_e.errors import DallEWarning
    from dall_e.images.files import save_image

    model = DALL_E.from_pretrained(tiny_folder)
    with pytest.warns(DallEWarning, match="stay as bfloat16 rounded them"):
        model.to(torch.bfloat16, torch.float32)
    image = model("a cat", seed=3, num_inference_steps=4)
    save_image(image, "rounded.png", dict(image.info))
    code, _, errors = draw("rounded.png", command="reproduce")
    assert code == 0 and errors.endswith("identical to rounded.png\n")


def test_fault_use_06_a_reproduction_overwrites_nothing(draw) -> None:
    draw("a cat", "--steps", "1", "--out", "a.png")
    for name in ("a-reproduced.png", "a-reproduced-2.png"):
        assert draw("a.png", command="reproduce")[1] == [name]
    Path("b.png").write_bytes(b"mine")
    code, _, errors = draw("a.png", "--out", "b.png", command="reproduce")
    assert code == 1 and "b.png: is there already" in errors
    assert Path("b.png").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_fault_use_16_what_python_saved_is_reproduced(draw, tiny_folder: Path, name: str) -> None:
    from dall_e import DALL_E

    image = DALL_E.from_pretrained(tiny_folder)("a cat", seed=5, num_inference_steps=2)
    image.save(name)
    code, _, errors = draw(name, command="reproduce")
    assert code == 0 and f"identical to {name}" in errors
