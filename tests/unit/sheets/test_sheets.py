"""Sprite sheets that a game engine can read, and sets of product pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.errors import UnusableFileError
from dall_e.planning.layers import Layer, bounds
from dall_e.planning.placed_plan import PlacedObject, PlacedPlan
from dall_e.planning.planned_object import PlannedObject
from dall_e.sheets.atlas import packed, sheet_paths, split_prompts, sprite_names
from dall_e.sheets.product import offered_colours, product_plans
from dall_e.sheets.sprites import sprite_plans, walk


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


def plan_of(name: str, width: float = 0.5, height: float = 0.5) -> PlacedPlan:
    return PlacedPlan(
        prompt=name,
        seed=1,
        size=64,
        objects=(PlacedObject(name=name, drawing=PlannedObject(prompt=name)),),
        layers=(Layer(object=0, box=(0.1, 0.1, width, height)),),
    )


def test_names_are_those_of_resources() -> None:
    prompts = ["a cat", "The Cat", "red ball!", "../../etc", "猫", "?", "cat"]
    names = ["cat", "cat-2", "red-ball", "etc", "猫", "sprite", "cat-3"]
    assert sprite_names(prompts) == names
    assert split_prompts(" cat, dog，鸟、; \n fish ") == ["cat", "dog", "鸟", "fish"]


def test_an_atlas_finds_every_sprite(tmp_path: Path) -> None:
    """It is read back from the files alone, by the fields that Phaser and Godot use."""
    colours = {"cat": (200, 0, 0, 255), "dog": (0, 200, 0, 255), "fish": (0, 0, 200, 255)}
    images = [Image.new("RGBA", (16, 16), colour) for colour in colours.values()]
    sheet = packed(images, list(colours), columns=2, padding=3)
    image_path, table_path = sheet.save(tmp_path / "game.png")
    table = json.loads(table_path.read_text(encoding="utf-8"))
    assert table["meta"]["image"] == "game.png" and table["meta"]["format"] == "RGBA8888"

    with Image.open(image_path) as picture:
        assert table["meta"]["size"] == {"w": picture.width, "h": picture.height}
        for name, colour in colours.items():
            entry = table["frames"][name]
            box = entry["frame"]
            assert (entry["rotated"], entry["trimmed"]) == (False, False)
            assert entry["sourceSize"] == {"w": 16, "h": 16} == {"w": box["w"], "h": box["h"]}
            x, y = box["x"], box["y"]
            sprite = picture.crop((x, y, x + box["w"], y + box["h"]))
            assert sprite.getcolors() == [(256, colour)]  # and nothing of the next one
            assert sprite.tobytes() == sheet.sprite(name).tobytes()
    with pytest.raises(ValueError, match="no 'bird'; it has cat, dog, fish"):
        sheet.sprite("bird")
    with pytest.raises(FileExistsError):
        sheet.save(tmp_path / "game.png", overwrite=False)
    with pytest.raises(UnusableFileError, match=r"\.png or \.webp"):
        sheet_paths("game.jpg")
    with pytest.raises(ValueError, match="at most 8192 a side"):
        packed(images * 400, [str(number) for number in range(1200)], columns=1200, padding=3)


def test_sprites_stand_on_one_line_as_large_as_their_kind() -> None:
    from dall_e.planning.vocabulary import Vocabulary

    rows = "cat | 猫 | animal\nhouse | 房子 | place\napple | 苹果 | food\n"
    vocabulary = Vocabulary.from_text(rows)
    plans = [plan_of("cat"), plan_of("house", 0.3, 0.8), plan_of("apple", 0.8, 0.2)]
    sprites = sprite_plans(plans, vocabulary, scale="kind", walks=False)
    boxes = [bounds(sprite.layers) for sprite in sprites]
    assert [box[1] + box[3] for box in boxes] == pytest.approx([0.95] * 3)
    assert [box[0] + box[2] / 2 for box in boxes] == pytest.approx([0.5] * 3)
    cat, house, apple = (max(box[2:]) for box in boxes)
    assert house == pytest.approx(0.9) and house > cat > apple >= 0.5
    same = sprite_plans(plans, vocabulary, scale="same", walks=False)
    assert [max(bounds(each.layers)[2:]) for each in same] == pytest.approx([0.9] * 3)


def test_a_walk_hops_leans_and_comes_back() -> None:
    sprite = sprite_plans([plan_of("cat")], None, scale="same", walks=True)[0]
    frames = walk(sprite, 4)
    heights = [0.95 - (each.layers[0].box[1] + each.layers[0].box[3]) for each in frames]
    assert heights == pytest.approx([0, 0.05, 0, 0.05])
    assert [each.layers[0].angle for each in frames] == pytest.approx([0, 5, 0, -5], abs=1e-6)
    turned = sprite.mirrored()
    assert turned.layers[0].mirrored and turned.mirrored() == sprite


def test_a_model_draws_a_sheet(model: DALL_E) -> None:
    sheet = model.sheet("cat, tree, cat", seed=3, size=32, columns=3)
    assert sheet.names == ("cat", "tree", "cat-2") and sheet.image.size == (104, 36)
    assert sheet.image.mode == "RGBA" and json.loads(sheet.image.info["sheet"])[0] == "cat"
    again = model.sheet(["cat", "tree", "cat"], seed=3, size=32, columns=3)
    assert again.image.tobytes() == sheet.image.tobytes()
    # What is named twice is another one.
    assert sheet.sprite("cat").tobytes() != sheet.sprite("cat-2").tobytes()

    walking = model.sheet("cat", seed=3, size=32, frames=2, style="flat", transparent=False)
    ways = ("cat-walk-0", "cat-walk-1", "cat-walk-mirrored-0", "cat-walk-mirrored-1")
    assert walking.names == ways and walking.image.mode == "RGB"
    first, other = (np.asarray(walking.sprite(ways[number])) for number in (0, 2))
    assert np.abs(first[:, ::-1].astype(int) - other).mean() < 4 < first.std()


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"prompts": " , "}, "prompt"),
        ({"frames": 0}, "frames must be a whole number from 1 to 32, got 0"),
        ({"padding": -1}, "padding must be a whole number from 0"),
        ({"columns": 0}, "columns must be a whole number from 1"),
        ({"columns": 2.5}, "columns must be a whole number"),
        ({"scale": "huge"}, "scale is 'huge', known are kind, same"),
        ({"style": "cubism"}, "style 'cubism' is not known"),
    ],
)
def test_what_no_sheet_can_be_is_said(model: DALL_E, keywords: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.sheet(**{"prompts": "cat", "size": 32, **keywords})


def test_a_product_set_says_what_a_shop_needs(model: DALL_E, tmp_path: Path) -> None:
    shown = model.product("a red car", seed=3, height=48)
    names = ["white", "transparent", "blue", "green", "yellow", "ground"]
    assert list(shown.images) == names
    paths = shown.save(tmp_path / "set")
    assert [path.name for path in paths] == [f"{name}.png" for name in (*names, "sheet")]
    with Image.open(tmp_path / "set" / "transparent.png") as cut_out:
        assert cut_out.mode == "RGBA" and cut_out.getpixel((0, 0))[3] == 0
    assert shown.images["white"].getpixel((0, 0)) == (255, 255, 255)
    assert shown.images["ground"].getpixel((0, 0)) != (255, 255, 255)
    assert shown.images["blue"].tobytes() != shown.images["green"].tobytes()
    with pytest.raises(ValueError, match="a place and no product"):
        model.product("a kitchen", seed=3, height=48)


def test_products_fill_the_picture_and_come_in_other_colours() -> None:
    plans = product_plans(plan_of("car", 0.5, 0.25), ["red", "blue", "black"])
    left, top, width, height = bounds(plans["white"].layers)
    assert (left, width) == pytest.approx((0.075, 0.85))
    assert top + height / 2 == pytest.approx(0.5)
    assert [plans[colour].objects[0].drawing.paint for colour in ("red", "black")] == [
        "red",
        "black",
    ]
    assert [layer.kind for layer in plans["ground"].layers] == ["shadow", "thing"]
    assert offered_colours("红色的鞋") == ["blue", "green", "yellow"]
    for colours, message in ((["red"], "three different"), (["red", "blue", "mauve"], "mauve")):
        with pytest.raises(ValueError, match=message):
            offered_colours("a car", colours)
