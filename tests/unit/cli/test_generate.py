"""`dall-e generate` writes what it prints, and errors are one line with an exit code."""

import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image


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


@pytest.mark.filterwarnings("ignore:this model reads English and Chinese")
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


@pytest.mark.filterwarnings("always")
def test_warnings_are_one_line(draw) -> None:
    code, _, errors = draw("a cat " * 3000, "--steps", "10000", "--out", "a.png")
    assert code == 0
    assert errors.count("dall-e: warning: ") == errors.count("\n") == 2


@pytest.mark.filterwarnings("always")
def test_a_story_too_long_for_jpeg_is_left_out(draw) -> None:
    code, _, errors = draw("x" * 70_000, "--steps", "1", "--out", "a.jpg")
    assert code == 0 and "a JPEG comment holds 65533" in errors
    assert "does not say how it was drawn" in draw("a.jpg", command="reproduce")[2]


def test_too_little_memory_is_one_line(draw, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: "
            "you tried to allocate 9 bytes"
        )

    monkeypatch.setattr("dall_e.inference.token_drawing.decode_tokens", full)
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
    code, _, errors = draw("a dog", "--steps", "1", "--out", "cat.png", "--force")
    assert code == 1 and "cannot write cat.png: No space left on device" in errors
    assert os.listdir() == ["cat.png"] and Path("cat.png").read_bytes() == before


def test_an_interruption_is_130(draw, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dall_e.inference.token_drawing.decode_tokens", interrupt)
    code, _, errors = draw("a cat", "--out", "cat.png")
    assert code == 130 and errors.endswith("interrupted\n")
    assert os.listdir() == []


@pytest.mark.parametrize("flags", [("--out", "cat.svg"), ("--format", "svg")])
def test_an_svg_is_areas_under_the_prompt(draw, flags: tuple[str, ...]) -> None:
    code, lines, _ = draw("a <cat> & a dog", "--seed", "5", "--steps", "1", *flags)
    name = "cat.svg" if "--out" in flags else "a-cat-a-dog-5.svg"
    assert (code, lines) == (0, [name])
    title, *groups = ElementTree.parse(name).getroot()
    assert title.text == "a <cat> & a dog" and groups[0].attrib["data-name"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--format", "tiff"], "format 'tiff' is not one of png, jpg, jpeg, webp, svg"),
        (["--format", "svg", "--out", "cat.png"], "--format svg is not that of --out cat.png"),
        (["--out", "cat.svg", "--grid"], "leave out --grid"),
        (["--out", "cat.svg", "--finish", "soft"], "leave out --grid and --finish soft"),
        (["--finish", "blunt"], "finish must be one of"),
    ],
)
def test_formats_that_cannot_be_are_named(draw, flags: list[str], message: str) -> None:
    code, lines, problem = draw("a cat", "--steps", "1", *flags)
    assert (code, lines) == (1, []) and message in problem and not list(Path().iterdir())


def test_a_format_is_the_type_of_made_up_names(draw) -> None:
    assert draw("a cat", "--seed", "5", "--steps", "1", "--format", "WEBP")[1] == ["a-cat-5.webp"]


def test_a_crisp_picture_draws_again(draw) -> None:
    draw("a cat", "--seed", "5", "--steps", "1", "--finish", "crisp", "--out", "cat.png")
    with Image.open("cat.png") as image:
        assert image.info["finish"] == "crisp" and "svg" not in image.info
    assert draw("cat.png", command="reproduce")[0] == 0


@pytest.mark.parametrize("flags", [["--out", "cat.png"], ["--out", "cat.png", "-n", "2", "--grid"]])
def test_fault_use_06_nothing_is_overwritten_without_force(draw, flags: list[str]) -> None:
    Path("cat.png").write_bytes(b"mine")
    code, lines, errors = draw("a cat", "--steps", "1", *flags)
    assert (code, lines) == (1, []) and "cat.png: is there already; " in errors
    assert "--force" in errors and Path("cat.png").read_bytes() == b"mine"
    assert draw("a cat", "--steps", "1", *flags, "--force")[0] == 0
    assert Path("cat.png").read_bytes() != b"mine"


def test_fault_use_06_one_of_several_is_not_overwritten_either(draw) -> None:
    Path("cat-1.png").write_bytes(b"mine")
    code, _, errors = draw("a cat", "-n", "3", "--steps", "1", "--out", "cat.png")
    assert code == 1 and "cat-1.png: is there already" in errors
    assert os.listdir() == ["cat-1.png"]


def test_fault_use_09_a_made_up_name_goes_to_one_process(
    draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if another process wrote its picture between the look and the claim.
    Path("a-cat-5.png").write_bytes(b"another's")
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    assert draw("a cat", "--seed", "5", "--steps", "1")[1] == ["a-cat-5-2.png"]
    assert Path("a-cat-5.png").read_bytes() == b"another's"


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are drawn two at a time, and the third pair is never finished."""
    from dall_e.inference import token_drawing

    decode, calls = token_drawing.decode_tokens, []

    def interrupt(*given: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return decode(*given, **named)

    monkeypatch.setattr(token_drawing, "IMAGES_PER_BATCH", 2)
    monkeypatch.setattr(token_drawing, "decode_tokens", interrupt)


FOUR_HUNDRED = ("a cat", "-n", "400", "--steps", "1", "--seed", "7", "--size", "16")


def test_fault_use_09_an_interruption_keeps_what_is_drawn(draw, interrupted: None) -> None:
    code, lines, errors = draw(*FOUR_HUNDRED, "--out", "cat.png")
    assert (code, lines) == (130, [f"cat-{number}.png" for number in range(4)])
    assert sorted(os.listdir()) == lines
    assert "4 of 400 pictures are there; the same command with --seed 7 --skip 4 draws" in errors


def test_fault_use_09_the_rest_is_drawn_as_if_nothing_had_happened(draw) -> None:
    draw("a cat", "-n", "4", "--steps", "1", "--seed", "7", "--out", "all.png")
    flags = ("a cat", "-n", "4", "--steps", "1", "--seed", "7", "--skip", "2", "--out", "rest.png")
    assert draw(*flags)[1] == ["rest-2.png", "rest-3.png"]
    for number in (2, 3):
        with Image.open(f"all-{number}.png") as whole, Image.open(f"rest-{number}.png") as rest:
            assert whole.tobytes() == rest.tobytes() and whole.info == rest.info
    assert "--skip 4 leaves nothing of 4" in draw(*flags[:-3], "4", "--out", "none.png")[2]


def test_fault_use_09_an_interrupted_sheet_has_what_is_drawn(draw, interrupted: None) -> None:
    code, lines, _ = draw(*FOUR_HUNDRED, "--grid", "--out", "sheet.png")
    assert (code, lines) == (130, ["sheet.png"])
    with Image.open("sheet.png") as sheet:
        assert sheet.info["seed"] == "[7, 8, 9, 10]"


def test_fault_use_09_nobody_who_reads_is_no_reason_to_stop(
    draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        encoding = "utf-8"

        def write(self, _: str) -> None:
            raise BrokenPipeError(32, "Broken pipe")

        def flush(self) -> None:
            self.write("")

        def fileno(self) -> int:
            raise OSError

    monkeypatch.setattr(sys, "stdout", Gone())
    assert draw("a cat", "-n", "3", "--steps", "1", "--out", "cat.png")[0] == 0
    assert sorted(os.listdir()) == ["cat-0.png", "cat-1.png", "cat-2.png"]


@pytest.mark.filterwarnings("ignore:this model reads English and Chinese")
def test_fault_use_19_a_tilde_is_the_home_folder(draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(Path.cwd() / "home"))
    for flags in (["--out=~/a.png"], ["-o~/b.png"], ["--out", "~/c.png"]):
        assert draw("~", "--steps", "1", *flags)[0] == 0
    assert sorted(os.listdir()) == ["home"] and len(os.listdir("home")) == 3
    with Image.open("home/a.png") as image:
        assert image.info["prompt"] == "~", "a prompt is no path"
