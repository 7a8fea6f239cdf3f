"""`dall-e info` says what a file or folder is, and shows nothing that a terminal would obey."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from dall_e.checkpoints.tensor_files import write_tensors
from dall_e.cli import run


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]):
    """Facts of a place by their names, or the error."""

    def call(place: object, *flags: str) -> Any:
        capsys.readouterr()
        code = run(["info", str(place), *flags])
        out, errors = capsys.readouterr()
        if code:
            assert not out and errors.startswith("dall-e: error: ") and errors.count("\n") == 1
            return errors
        if flags:
            return json.loads(out)
        return dict(line.split("  ", 1) for line in out.splitlines())

    return call


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_fault_use_25_a_picture_says_how_it_was_drawn(draw, tell, name: str) -> None:
    prompt = "two red apples"
    draw(prompt, "--compose", "--seed", "7", "--steps", "2", "--out", name, "--negative", "it's")
    facts = tell(name, "--json")
    assert facts["prompt"] == prompt and facts["seed"] == "7" and "2 x" in facts["plan"]
    assert facts["draw it again"] == f"dall-e reproduce {name}" and "changed" not in facts
    command = """dall-e generate 'two red apples' --seed 7 --negative 'it'"'"'s' --size 32"""
    assert facts["draw more like it"].startswith(command)


def test_a_picture_that_was_changed_or_is_foreign(draw, tell) -> None:
    draw("a cat", "--seed", "7", "--steps", "1", "--out", "a.png", "-n", "1")
    with Image.open("a.png") as image:
        from dall_e.images.results import DrawnImage

        DrawnImage.of(image.resize((16, 16)), {}).save("b.png")
    assert tell("b.png", "--json")["changed"] == "it was drawn with 32x32 pixels"
    Image.new("RGB", (3, 4)).save("c.png")
    assert "nothing is said" in tell("c.png", "--json")["drawn by"]

    draw("a cat", "a dog", "--grid", "--steps", "1", "--out", "g.png")
    facts = tell("g.png", "--json")
    assert "draw more like it" not in facts and "changed" not in facts


def test_nothing_commands_the_terminal(tell, tmp_path: Path) -> None:
    from dall_e.images.files import save_image

    texts = {"prompt": "\x1b[2J\nred", "seed": "1", "model": "m" * 5000, "\x9bkey": "\r"}
    save_image(Image.new("RGB", (4, 4)), tmp_path / "a.png", texts)
    shown = tell(tmp_path / "a.png")
    assert all(text.isprintable() for pair in shown.items() for text in pair)
    assert any("... of 5000" in text for text in shown.values())


def test_fault_use_25_models(tell, tiny_folder: Path) -> None:
    facts = tell(tiny_folder, "--json")
    assert (facts["kind"], facts["name"], facts["pixels"]) == ("model", "tiny-random", 32)
    parts = [count for name, count in facts.items() if name.startswith("weights of ")]
    assert len(parts) >= 3 and sum(parts) == facts["weights"]
    assert tell("openai/dall-e", "--json")["name"] == "dall-e-emoji"
    assert "downloaded on first use" in tell("kuprel/min-dalle", "--json")["kind"]
    inside = tell(tiny_folder / "model.safetensors", "--json")
    assert inside["use"] == f"weights of a model of this project: dall-e info {tiny_folder}"


def test_fault_use_25_published_models_and_weight_files(
    tell, mini_folder: Path, tmp_path: Path
) -> None:
    assert tell(mini_folder, "--json")["kind"] == "published model of the family min_dalle"
    facts = tell(mini_folder / "detoker.pt", "--json")
    assert "image tokenizer of the family min_dalle" in facts["use"]
    write_tensors(tmp_path / "a.safetensors", {"x": torch.zeros(2, 3)})
    facts = tell(tmp_path / "a.safetensors", "--json")
    assert (facts["tensors"], facts["weights"], facts["number formats"]) == (1, 6, "float32: 6")
    assert "no project that is known" in facts["use"]
    # Where a file keeps its weights is nothing to warn of before it is loaded.
    torch.save({"state_dict": {"x": torch.zeros(2, 3)}}, tmp_path / "b.ckpt")
    assert tell(tmp_path / "b.ckpt", "--json")["weights"] == 6


def test_fault_use_25_where_a_run_stands(tell, tmp_path: Path) -> None:
    settings = {"loop": {"images": 400}, "networks": {"tokenizer": {}}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    assert tell(tmp_path, "--json")["command"] == "unknown"

    (tmp_path / "command.txt").write_text("0.1  dall-e train one\n0.2  dall-e train two\n")
    (tmp_path / "metrics.jsonl").write_text(
        '{"images_seen": 50, "loss": 3.0}\n{"images_seen": 100, "loss": 2.5}\n'
    )
    (tmp_path / "checkpoint.pt").write_bytes(b"12345")
    facts = tell(tmp_path, "--json")
    assert facts["pictures seen"] == "100 of 400 (25%)" and facts["loss"] == 2.5
    assert facts["command"] == "0.2  dall-e train two" and facts["networks"] == "tokenizer"
    assert facts["checkpoint"].startswith("5 bytes, saved ")

    # A killed run leaves half a line.
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"images_s')
    assert tell(tmp_path, "--json")["pictures seen"] == "100 of 400 (25%)"


def test_what_nobody_knows_is_said(tell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "a.safetensors").write_text("hello")
    told = tell(tmp_path / "a.txt")
    assert "no picture that can be read" in told and told.count("a.txt:") == 1
    assert "a.safetensors" in tell(tmp_path / "a.safetensors")
    assert "neither a model nor a run" in tell(tmp_path)
    assert "No such file" in tell(tmp_path / "none")


def test_an_svg_says_what_is_in_it(draw, tell, tmp_path: Path) -> None:
    draw("two cats and a ball", "--compose", "--seed", "7", "--steps", "2", "--out", "a.svg")
    facts = tell("a.svg", "--json")
    assert facts["kind"] == "SVG picture" and facts["title"] == "two cats and a ball"
    assert "2 x cat" in facts["things"] and facts["pixels"] == "32x32" and facts["paths"] > 2
    others = {
        "plain.svg": '<?xml version="1.0"?><svg width="5px" height="6"/>',
        "page.svg": "<html/>",
        "half.svg": "<svg><g>",
        "bomb.svg": '<!DOCTYPE s [<!ENTITY a "aaaa">]><svg>&a;</svg>',
    }
    for name, text in others.items():
        (tmp_path / name).write_text(text)
    plain = tell("plain.svg", "--json")
    assert plain["pixels"] == "5x6" and "no group" in plain["drawn by"]
    assert "its first element is 'html'" in tell("page.svg")
    assert "no well-formed XML" in tell("half.svg")
    assert "declares the entity 'a'" in tell("bomb.svg")
