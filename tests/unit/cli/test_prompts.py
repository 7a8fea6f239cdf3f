"""Prompts come from arguments, files and standard input, each with its seed and its file."""

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from dall_e.cli.prompts import Asked, asked_prompts, files_of, seeds_of


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stream)


def stories(lines: list[str]) -> list[tuple[str, str]]:
    """(prompt, seed) of the pictures at the printed paths."""
    found = []
    for line in lines:
        with Image.open(line) as image:
            found.append((image.info["prompt"], image.info["seed"]))
    return found


def test_fault_use_18_prompts_from_a_file(draw) -> None:
    Path("p.txt").write_bytes("\ufeffa cat\r\n\n 一只狗 \n".encode())
    code, lines, _ = draw("--prompts", "p.txt", "--steps", "1", "--seed", "5", "-n", "2")
    assert code == 0
    assert stories(lines) == [("a cat", "5"), ("a cat", "6"), ("一只狗", "7"), ("一只狗", "8")]


@pytest.mark.parametrize("arguments", [["-"], ["--prompts", "-"]])
def test_fault_use_18_prompts_from_standard_input(
    draw, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    type_in(monkeypatch, "a cat\na dog\n")
    code, lines, _ = draw(*arguments, "--steps", "1", "--seed", "5")
    assert code == 0 and stories(lines) == [("a cat", "5"), ("a dog", "6")]


@pytest.mark.filterwarnings("always:.* entries that are not known are ignored")
def test_fault_use_18_prompts_with_seeds_and_files(draw) -> None:
    Path("p.jsonl").write_text(
        '{"prompt": "a cat", "seed": 18446744073709551615, "out": "new/cat.png"}\n'
        '{"prompt": "a dog", "label": 3}\n'
        '{"prompt": "a bus", "seed": -1}\n'
    )
    code, lines, errors = draw("--prompts", "p.jsonl", "--steps", "1", "--seed", "5")
    assert code == 0 and "entries that are not known are ignored: label" in errors
    assert lines[:2] == ["new/cat.png", "a-dog-6.png"] and lines[2].startswith("a-bus-")
    assert stories(lines)[:2] == [("a cat", str(2**64 - 1)), ("a dog", "6")]

    # What is there already is found before the drawing.
    code, lines, errors = draw("--prompts", "p.jsonl", "--steps", "1")
    assert code == 1 and not lines and "new/cat.png: is there already" in errors


def test_fault_use_18_json_on_standard_input(draw, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, '\n{"prompt": "a cat", "out": "a.webp"}\n')
    assert draw("-", "--steps", "1", "-n", "2")[1] == ["a-0.webp", "a-1.webp"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it holds no prompt"),
        (b"\n \r\n", "it holds no prompt"),
        ("a cat\na dog\n".encode("utf-16-le"), "line 1 is no UTF-8"),
        ("a cat\n猫在窗台上".encode("gbk"), "line 2 is no UTF-8"),
        ("a cat\n\u200b\n".encode(), "is blank"),
    ],
)
def test_a_file_that_is_no_list_of_prompts(draw, content: bytes, message: str) -> None:
    Path("p.txt").write_bytes(content)
    code, lines, errors = draw("--prompts", "p.txt")
    assert code == 1 and not lines and errors.count("\n") == 1 and message in errors


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a cat", "line 2 cannot be used: Expecting value"),
        ("[" * 100_000, "line 2 cannot be used"),
        ("3", "it is no object"),
        ('{"seed": 1}', 'it has no "prompt"'),
        ('{"prompt": 5}', "prompt must be a text, got 5"),
        ('{"prompt": ""}', "blank"),
        ('{"prompt": "a", "seed": true}', "seed must be a whole number, got True"),
        ('{"prompt": "a", "seed": "7"}', "seed must be a whole number, got '7'"),
        ('{"prompt": "a", "seed": -2}', "got -2"),
        ('{"prompt": "a", "seed": 18446744073709551616}', "got 18446744073709551616"),
        ('{"prompt": "a", "out": 5}', "out must be a file name, got 5"),
        ('{"prompt": "a", "out": "a.txt"}', "end it in .png"),
        ('{"prompt": "a", "out": "cat.png"}', "two pictures would be written to cat.png"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(draw, line: str, message: str) -> None:
    Path("p.jsonl").write_text('{"prompt": "a cat", "out": "cat.png"}\n' + line + "\n")
    code, lines, errors = draw("--prompts", "p.jsonl")
    assert code == 1 and not lines and errors.count("\n") == 1 and message in errors
    assert not Path("cat.png").exists()


def test_prompts_come_from_one_place(draw) -> None:
    Path("p.txt").write_text("a cat")
    assert "but not both" in draw("a dog", "--prompts", "p.txt")[2]
    assert "stands alone" in draw("-", "a dog")[2]
    assert "No such file or directory: none.txt" in draw("--prompts", "none.txt")[2]
    Path("p.jsonl").write_text('{"prompt": "a cat", "out": "cat.png"}')
    assert "--grid draws one file" in draw("--prompts", "p.jsonl", "--grid")[2]


@pytest.mark.filterwarnings("always:this model reads English and Chinese")
def test_fault_use_25_words_that_were_not_quoted_are_one_prompt(draw) -> None:
    code, lines, errors = draw("a", "white", "cat's", "--steps", "1", "--seed", "5")
    assert code == 0 and stories(lines) == [("a white cat's", "5")]
    assert """taken as one prompt: dall-e generate 'a white cat'"'"'s'""" in errors


@pytest.mark.parametrize("prompts", [["a cat", "dog"], ["一只猫", "一只狗"], ["cat"]])
def test_fault_use_25_prompts_that_were_quoted_stay(
    prompts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert [each.prompt for each in asked_prompts(prompts, "")] == prompts
    assert capsys.readouterr().err == ""


def test_fault_use_25_prompts_share_a_seed_when_asked(draw) -> None:
    lines = draw("a cat", "a dog", "--seed", "5", "-n", "2", "--same-seed", "--steps", "1")[1]
    prompts = ["a cat"] * 2 + ["a dog"] * 2
    assert stories(lines) == list(zip(prompts, ["5", "6"] * 2, strict=True))


def test_seeds_and_files_of_pictures() -> None:
    asked = [Asked(prompt="a", seed=3, out="x/a.png"), Asked(prompt="b"), Asked(prompt="c")]
    seeds = seeds_of(asked, number=2, best_of=4, seed=100, same_seed=False)
    assert seeds == [3, 7, 108, 112, 116, 120]
    shared = seeds_of(asked, number=2, best_of=1, seed=-1, same_seed=True)
    assert shared[:2] == [3, 4] and shared[2:4] == shared[4:] and shared[3] == shared[2] + 1
    assert files_of(asked, 2) == {0: Path("x/a-0.png"), 1: Path("x/a-1.png")}
    assert files_of(asked, 1) == {0: Path("x/a.png")}
