"""`dall-e generate` writes what it prints, `reproduce` makes it again, and errors are one line with
an exit code."""

import os
from pathlib import Path

import pytest
from PIL import Image

from dall_e.cli import run


@pytest.fixture
def draw(
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """Runs `dall-e generate` with the tiny model in an empty folder: (exit code, lines printed,
    stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, command: str = "generate") -> tuple[int, list[str], str]:
        code = run([command, *arguments, "--model", str(tiny_folder), "--device", "cpu"])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out.splitlines(), captured.err

    return call


def test_a_picture_with_its_story(draw) -> None:
    code, lines, _ = draw("一只白色的猫", "--seed", "7", "--steps", "3", "--out", "new/cat.png")
    assert (code, lines) == (0, ["new/cat.png"])
    with Image.open("new/cat.png") as image:
        info = image.info
    assert (info["prompt"], info["seed"], info["num_inference_steps"]) == ("一只白色的猫", "7", "3")
    assert {"model", "model_version", "dall_e_version", "guidance_scale"} <= info.keys()


def test_a_name_is_made_of_prompt_and_seed(draw) -> None:
    assert draw("A cat, sleeping!", "--seed", "5", "--steps", "1")[1] == ["A-cat-sleeping-5.png"]
    assert Path("A-cat-sleeping-5.png").is_file()


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("😀", "😀"),
        ("हिन्दी", "हिन्दी"),
        ("../a|b `c`", "a-b-c"),
        ("?", "picture"),
        ("\udcff cat", "cat"),
    ],
)
def test_names_keep_letters_and_emoji(draw, prompt: str, name: str) -> None:
    assert draw(prompt, "--seed", "5", "--steps", "1")[1] == [f"{name}-5.png"]


def test_a_made_up_name_is_never_that_of_an_older_picture(draw) -> None:
    for name in ("a-cat-5.png", "a-cat-5-2.png", "a-cat-5-3.png"):
        assert draw("a cat", "--seed", "5", "--steps", "1")[1] == [name]


def test_several_pictures_are_numbered(draw) -> None:
    code, lines, _ = draw(
        "a cat", "-n", "2", "--steps", "1", "--out", "cat.png", "--transparent", "--size", "20"
    )
    assert (code, lines) == (0, ["cat-0.png", "cat-1.png"])
    with Image.open("cat-1.png") as image:
        assert (image.mode, image.size) == ("RGBA", (20, 20))


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
        ["a cat", "-n", "3", "--grid", "--out", "it.png"],
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
        ({"seed": "[" * 100_000}, "text is damaged: maximum recursion depth"),
        ({"seed": "[1, 2]"}, "seed has 2 entries for 1 pictures"),
        ({"order": "odd"}, "text is damaged: order must be one of raster"),
        ({"temperature": "inf"}, "text is damaged: temperature must be a finite number"),
        ({"grid_prompts": "5"}, "prompt must be a text or a list"),
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
    assert code == 1 and errors.startswith("dall-e: error: a.png is not a readable picture")


def test_reproduce_needs_a_picture_of_ours(draw) -> None:
    Image.new("RGB", (4, 4)).save("plain.png")
    Path("junk.png").write_bytes(b"junk")
    assert "does not say how it was drawn" in draw("plain.png", command="reproduce")[2]
    assert "junk.png" in draw("junk.png", command="reproduce")[2]
    code, _, errors = draw("none.png", command="reproduce")
    assert code == 1 and errors == "dall-e: error: No such file or directory: none.png\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([" "], "blank"),
        (["a cat", "", "a dog"], "prompt 1 of the list is blank"),
        (["a cat", "--seed", "-3"], "got -3"),
        (["a cat", "--steps", "0"], "at least 1, got 0"),
        (["a cat", "--top-p", "2"], "got 2.0"),
        (["a cat", "--size", "5"], "got 5"),
        (["a cat", "--out", "cat.bmpx"], "'cat.bmpx'"),
        (["a cat", "--out", "cat"], "end it in .png"),
        (["a cat", "--out", "."], "end it in .png"),
        (["a cat", "--out", "n" * 245 + ".png"], "File name too long"),
        (["a cat", "--out", "a\x00.png"], "cannot be a file name"),
        (["a cat", "--size", "0"], "got 0"),
        (["a cat", "-n", "100000"], "make several calls"),
        (["a cat", "--guidance", "inf"], "guidance_scale must be a finite number, got inf"),
        (["\u200b"], "blank"),
    ],
)
def test_errors_are_one_line(draw, flags: list[str], message: str) -> None:
    code, lines, errors = draw(*flags)
    assert code == 1 and not lines
    assert errors.startswith("dall-e: error: ") and errors.count("\n") == 1 and message in errors
    assert os.listdir() == []


@pytest.mark.parametrize(
    "flags", [["a cat", "--steps", "many"], ["a cat", "-n", "0"], ["a cat", "--order", "odd"], []]
)
def test_wrong_command_lines_are_usage_errors(draw, flags: list[str]) -> None:
    assert draw(*flags)[0] == 2


def test_warnings_are_one_line(draw) -> None:
    code, _, errors = draw("a cat " * 3000, "--steps", "10000", "--out", "a.png")
    assert code == 0
    assert errors.count("dall-e: warning: ") == errors.count("\n") == 2


def test_a_story_too_long_for_jpeg_is_left_out(draw) -> None:
    code, _, errors = draw("x" * 70_000, "--steps", "1", "--out", "a.jpg")
    assert code == 0 and "a JPEG comment holds 65533" in errors
    assert "does not say how it was drawn" in draw("a.jpg", command="reproduce")[2]


def test_too_little_memory_is_one_line(draw, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        )

    monkeypatch.setattr("dall_e.inference.engine.decode_tokens", full)
    code, _, errors = draw("a cat", "--out", "a.png")
    assert (
        code == 1
        and errors
        == "dall-e: error: not enough memory: ask for fewer or smaller pictures at a time\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_is_found_before_drawing(draw) -> None:
    Path("shut").mkdir(mode=0o500)
    code, _, errors = draw("a cat", "--out", "shut/cat.png")
    assert code == 1 and "Permission denied" in errors


def test_a_full_disk_leaves_nothing_half_written(draw, monkeypatch: pytest.MonkeyPatch) -> None:
    draw("a cat", "--seed", "1", "--steps", "1", "--out", "cat.png")
    before = Path("cat.png").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    code, _, errors = draw("a dog", "--steps", "1", "--out", "cat.png")
    assert code == 1 and "cannot write cat.png: No space left on device" in errors
    assert os.listdir() == ["cat.png"] and Path("cat.png").read_bytes() == before


def test_an_interruption_is_130(draw, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dall_e.inference.engine.decode_tokens", interrupt)
    code, _, errors = draw("a cat", "--out", "cat.png")
    assert code == 130 and errors.endswith("interrupted\n")
    assert os.listdir() == []
