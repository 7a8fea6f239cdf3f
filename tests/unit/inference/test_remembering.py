"""Pictures that a model remembers at once: drawn by name, in scenes, kept, and forgotten."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from dall_e import DALL_E
from dall_e.errors import UnusableFileError
from dall_e.images.curves import curves_document
from dall_e.images.painting import painted_svg
from dall_e.inference.remembered_records import remember_records
from dall_e.inference.remembering import name_in


def picture(colour: str = "purple") -> Image.Image:
    """Something that no data set has: a ring with a bar through it."""
    image = Image.new("RGBA", (96, 96))
    draw = ImageDraw.Draw(image)
    draw.ellipse((12, 12, 84, 84), outline=colour, width=14)
    draw.rectangle((40, 4, 56, 92), fill="gold")
    return image


@pytest.fixture
def model() -> DALL_E:
    return DALL_E.from_pretrained("dall-e-emoji")


def far(first: Image.Image, second: Image.Image) -> float:
    """Mean difference of the pixels of two pictures of 96 pixels on black, of 255."""
    black = Image.new("RGBA", (96, 96), "black")
    shown = [Image.alpha_composite(black, image.convert("RGBA")) for image in (first, second)]
    arrays = [np.asarray(image, dtype=float) for image in shown]
    return float(np.abs(arrays[0] - arrays[1]).mean())


def test_a_picture_is_drawn_by_its_name_and_kept(model: DALL_E, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="did not read: 'frombolo'"):
        model("a frombolo", strict=True)
    assert model.remember(picture(), "a frombolo") is model
    small = {"height": 96, "finish": "soft", "transparent": True}
    drawn = model("a frombolo", seed=1, **small)
    assert far(drawn, picture()) < 4
    assert drawn.info["memory"] == model.origin()["memory"]

    # It is a word of all prompts.
    (job,) = model.engine.plan(model.engine.request("a cat and two frombolos"))
    assert job.prompts[-1] == "frombolo"
    assert model.memory is not None and model.memory.recalled(job.prompts[-1])

    model.save_pretrained(tmp_path)
    again = DALL_E.from_pretrained(tmp_path)
    assert far(again("a frombolo", seed=1, **small), drawn) == 0

    # Without the memory the name is a word without a picture.
    again.forget("frombolo")
    assert far(again("a frombolo", seed=1, **small), picture()) > 10


def test_the_built_in_model_remembers_its_house_style(model: DALL_E) -> None:
    """A name that the weights alone do not know by heart; without its memory it is a blot."""
    assert model.memory is not None and len(model.memory) > 3000
    small = {"height": 96, "finish": "soft", "transparent": True, "seed": 1}
    with_memory = model("a lighthouse", **small)
    assert "memory" in with_memory.info
    model.memory = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = model("a lighthouse", **small)
    assert "memory" not in alone.info and far(with_memory, alone) > 5


RECORDS = (
    {"en": "alembic", "zh": "蒸馏器", "kind": "object", "en_synonyms": ["still", "elixir"]},
    {"en": "elixir", "zh": "灵药", "kind": "object"},
    {"text": "Fritz", "captions": ["Fritz", "our dog in the garden"]},
)


def test_what_recalls_the_pictures_of_a_data_set() -> None:
    """Names, other words unless they name another picture, and captions as they are."""
    model = DALL_E.from_pretrained().forget()
    remember_records(model, torch.rand(3, 4, 96, 96), RECORDS)
    assert model.memory is not None
    rows = {
        prompt: model.memory.recalled(prompt)
        for prompt in ("an alembic", "still", "蒸馏器", "elixir", "灵药", "fritz", "the garden")
    }
    assert rows == {
        "an alembic": [0], "still": [0], "蒸馏器": [0], "elixir": [1], "灵药": [1],
        "fritz": [2], "the garden": [],
    }  # fmt: skip
    assert model.memory.recalled("our dog in the garden.") == [2]
    assert model.vocabulary is not None and model.vocabulary.knows("Fritz")
    assert model.vocabulary.is_caption("our dog in the garden")


def test_of_a_known_name_words_by_hand_hold_and_others_do_not() -> None:
    model = DALL_E.from_pretrained().forget()
    by_hand = {
        "en": "lighthouse", "zh": "灯楼", "kind": "place",
        "zh_source": "hand", "en_keywords": ["pharos tower"],
    }  # fmt: skip
    said_elsewhere = {"en": "mermaid", "zh": "鱼人", "kind": "person", "zh_source": "cldr"}
    records = [by_hand, said_elsewhere, {"text": "potion"}]
    remember_records(model, torch.rand(3, 4, 96, 96), records)
    known = model.vocabulary
    assert known is not None and known.thing("lighthouse").zh == "灯楼"
    assert known.words_en["pharos tower"] == "lighthouse"
    assert known.thing("mermaid").zh != "鱼人" and known.thing("potion").zh != "potion"


def test_wrong_calls_are_named(model: DALL_E, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="images are 1, names 2"):
        model.remember([picture()], ["a", "b"])
    with pytest.raises(ValueError, match="kind must be one of animal, .*, got 'thing'"):
        model.remember(picture(), "frombolo", kind="thing")
    for name in ("", "a ", "a cat with a hat", "one, two", "# frombolo", "a|b"):
        with pytest.raises(ValueError, match="a name must be up to 4 words"):
            model.remember(picture(), name)
    with pytest.raises(ValueError, match="no image is remembered as 'frombolo'"):
        model.forget(["cat", "frombolo"])
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(UnusableFileError):
        model.remember(tmp_path / "no.png", "frombolo")
    model.forget()
    assert model.memory is None
    with pytest.raises(ValueError, match="no memory to forget"):
        model.forget("cat")


@pytest.mark.parametrize(
    ("caption", "name"),
    [
        ("A red fox.", "red fox"),
        ("the Fritz", "Fritz"),
        ("小白", "小白"),
        ("戴帽子的小白", ""),
        ("a cat with a hat", ""),
        ("one two three four five", ""),
        ("fritz, sitting", ""),
        ("", ""),
    ],
)
def test_names_in_captions(caption: str, name: str) -> None:
    assert name_in(caption) == name


def test_a_drawing_with_curves_comes_back_as_it_was_drawn(tmp_path: Path) -> None:
    """Sharp at any size and in other colours; where it is edited, details stay."""
    curves = (
        '<path fill="#6b2fa0" d="M40,40 L344,40 L344,344 L40,344 Z"/>\n'
        '<path fill="#ffd700" d="M160,20 L224,20 L224,364 L160,364 Z"/>'
    )
    pixels_SSC = painted_svg(curves_document(curves), 96)
    x_1CHW = torch.from_numpy(pixels_SSC.transpose(2, 0, 1).copy())[None].float() / 255
    model = DALL_E.from_pretrained("dall-e-emoji").forget()
    remember_records(model, x_1CHW, [{"text": "frombolo", "curves": curves}])
    assert model.memory is not None
    assert model.memory.residuals == (b"",) and model.memory.curves == (curves,)

    model.save_pretrained(tmp_path)
    model = DALL_E.from_pretrained(tmp_path)
    svg = model.svg("a frombolo", seed=2)
    outlines = [line.partition(" d=")[2] for line in curves.splitlines()]
    assert all(outline in svg for outline in outlines)
    blue = model.svg("a blue frombolo", seed=2)
    assert all(outline in blue for outline in outlines) and "#6b2fa0" not in blue

    soft = model("a frombolo", seed=2, height=96, finish="soft", transparent=True)
    assert far(soft, Image.fromarray(pixels_SSC)) < 1

    # Where a token differs, its neighbours still have their details.
    codes_1N = model.memory.codes_IN.long()
    codes_1N[0, 0] = (codes_1N[0, 0] + 1) % 1000
    edited_CHW = model.engine.pixels(codes_1N)
    assert (edited_CHW - x_1CHW[0])[:, 24:].abs().mean() < 0.004
