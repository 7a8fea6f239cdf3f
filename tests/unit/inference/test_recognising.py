"""Captions by recognising: one thing, several, unsure ones, and what is remembered."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dall_e import DALL_E
from dall_e.images.descriptors import DESCRIPTOR_SIZE
from dall_e.images.files import from_pil
from dall_e.models.recogniser import RecognisedThing, Recogniser

THINGS = (
    RecognisedThing("disc", "a disc", "一个圆盘"),
    RecognisedThing("house", "a house", "一座房子"),
    RecognisedThing("bolt", "a bolt", ""),
)


def drawn(name: str, colour: str = "red") -> Image.Image:
    image = Image.new("RGBA", (96, 96))
    draw = ImageDraw.Draw(image)
    if name == "disc":
        draw.ellipse((16, 16, 80, 80), fill=colour)
    elif name == "house":
        draw.polygon([(10, 50), (48, 10), (86, 50), (86, 90), (10, 90)], fill=colour)
        draw.rectangle((40, 60, 56, 90), fill="black")
    else:
        draw.line([(20, 5), (60, 40), (30, 50), (80, 92)], fill=colour, width=14)
    return image


def beside(*images: Image.Image, ground: str = "white") -> Image.Image:
    """Drawings in a row on one colour."""
    row = Image.new("RGB", (100 * len(images), 100), ground)
    for number, image in enumerate(images):
        row.paste(image, (100 * number + 2, 2), image)
    return row


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    """The tiny model with a recogniser of three things: random directions keep cosines."""
    rng = np.random.default_rng(0)
    made = Recogniser(
        mean_F=np.zeros(DESCRIPTOR_SIZE, np.float32),
        projection_FD=rng.standard_normal((DESCRIPTOR_SIZE, 96)).astype(np.float32),
        directions_MD=np.eye(3, 96, dtype=np.float32),
        thing_M=np.arange(3),
        things=THINGS,
        sharpness=30.0,
        unknown=0.8,
    )
    own_MD = made.directions([from_pil(drawn(thing.name)) for thing in THINGS])
    loaded = DALL_E.from_pretrained(tiny_folder)
    loaded.recogniser = Recogniser(**{**vars(made), "directions_MD": own_MD})
    return loaded


def test_a_thing_is_named_in_both_languages(model: DALL_E, tmp_path: Path) -> None:
    drawn("house").save(tmp_path / "house.png")
    assert model.caption(tmp_path / "house.png") == "a house"
    assert model.caption([drawn("disc"), drawn("bolt")]) == ["a disc", "a bolt"]
    assert model.caption(drawn("house"), "zh") == "一座房子"
    assert model.caption(drawn("bolt"), "zh") == "bolt", "of what has no Chinese name"


def test_where_and_how_large_it_is_and_on_what_makes_no_difference(model: DALL_E) -> None:
    small = Image.new("RGB", (400, 300), (60, 120, 200))
    small.paste(drawn("house"), (290, 20), drawn("house"))
    assert model.caption(small) == model.caption(beside(drawn("house"))) == "a house"


def test_things_that_stand_apart_are_named_and_counted(model: DALL_E) -> None:
    assert model.caption(beside(drawn("house"), drawn("disc"))) == "a house and a disc"
    several = beside(drawn("disc"), drawn("house"), drawn("house"), drawn("bolt"))
    assert model.caption(several) == "a disc, two houses and a bolt"
    assert model.caption(several, "zh") == "一个圆盘、两座房子和bolt"


def test_what_it_is_not_sure_of_it_says(model: DALL_E) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    (caption,) = model.captions(Image.fromarray(noise), num=1)
    assert caption.text.startswith("maybe a ") and np.exp(caption.log_probability) < 0.5
    assert model.caption(Image.fromarray(noise), "zh").startswith("可能是")


def test_beams_are_in_order_and_samples_keep_to_their_seed(model: DALL_E) -> None:
    pair = beside(drawn("house"), drawn("disc"))
    captions = model.captions(pair, num=4)
    logs = [caption.log_probability for caption in captions]
    assert captions[0].text == "a house and a disc" and logs == sorted(logs, reverse=True)
    assert len({caption.text for caption in captions}) == 4

    several = model.captions(drawn("disc"), num=6, method="sampled", seed=4, temperature=9.0)
    alone = [
        model.caption(drawn("disc"), method="sampled", seed=4 + number, temperature=9.0)
        for number in range(6)
    ]
    assert [caption.text for caption in several] == alone and len(set(alone)) > 1


def test_what_is_remembered_is_named_at_once(model: DALL_E) -> None:
    fritz = drawn("bolt", "blue").rotate(60)
    assert model.caption(fritz) != "fritz"
    model.remember([fritz], ["fritz"])
    assert "fritz" in model.caption(fritz)
    model.forget("fritz")
    assert "fritz" not in model.caption(fritz)


def test_blank_pictures_have_nothing_to_say_of(model: DALL_E) -> None:
    with pytest.raises(ValueError, match="blank"):
        model.caption(Image.new("RGB", (64, 64), "white"))


def test_the_built_in_model_says_what_it_drew_from_the_pixels_alone() -> None:
    model = DALL_E.from_pretrained()
    pixels = Image.fromarray(np.asarray(model("a knight", seed=1)))
    assert model.caption(pixels) == "a knight" and model.caption(pixels, "zh") == "骑士"
    assert model.recogniser is not None and not pixels.info
    known = {thing.name for thing in model.recogniser.things}
    assert len(known) > 2900 and all(name == name.lower() for name in known)
