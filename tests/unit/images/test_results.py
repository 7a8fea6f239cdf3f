"""Pictures keep their story when they are copied and saved, and lists show themselves."""

import copy
import io
import pickle
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin, features

from dall_e.errors import DallEWarning
from dall_e.images.files import read_metadata
from dall_e.images.results import DrawnImage, ImageList

STORY = {"prompt": '一只 <猫> "x"\n', "seed": "7", "note": "lone \ud800"}
READ = {**STORY, "note": "lone ?"}
pytestmark = pytest.mark.filterwarnings("ignore:in 'note', what is no Unicode character")


def drawn(mode: str = "RGB") -> DrawnImage:
    return DrawnImage.of(Image.new(mode, (12, 12), (200, 30, 9, 90)[: len(mode)]), STORY)


@pytest.mark.parametrize("extension", ["png", "PNG", "jpg", "jpeg", "webp", "avif"])
def test_fault_use_16_save_keeps_the_metadata(tmp_path: Path, extension: str) -> None:
    if extension == "avif" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    path = tmp_path / f"x.{extension}"
    drawn().save(path)
    found = read_metadata(path)
    assert found in (READ, STORY) and found["prompt"] == STORY["prompt"]


def test_fault_use_16_copies_keep_the_metadata(tmp_path: Path) -> None:
    image = drawn("RGBA")
    copies = (
        image.copy(),
        copy.copy(image),
        copy.deepcopy(image),
        pickle.loads(pickle.dumps(image)),
    )
    assert all(type(each) is DrawnImage and each == image for each in copies)
    changed = image.resize((6, 6)).crop((0, 0, 4, 4)).rotate(90).convert("RGB")
    changed.save(tmp_path / "x.png")
    assert read_metadata(tmp_path / "x.png") == READ
    # A copy is independent.
    changed.info["prompt"] = "another"
    assert image.info["prompt"] == STORY["prompt"]


def test_fault_use_16_streams_and_what_the_caller_gives(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    drawn().save(buffer, format="png")
    with Image.open(buffer) as image:
        assert image.info["seed"] == "7"
    with open(tmp_path / "x.webp", "wb") as file:
        drawn().save(file, lossless=True)
    assert read_metadata(tmp_path / "x.webp") == STORY

    own = PngImagePlugin.PngInfo()
    own.add_text("Author", "me")
    drawn().save(tmp_path / "own.png", pnginfo=own)
    assert read_metadata(tmp_path / "own.png") == {"Author": "me"}


def test_fault_use_16_what_has_no_room_is_said(tmp_path: Path) -> None:
    for name in ("surrogate.png", "surrogate.jpg"):
        with pytest.warns(DallEWarning, match="in 'note', what is no Unicode character") as said:
            drawn().save(tmp_path / name)
        assert [each.filename for each in said] == [__file__]
    with pytest.warns(DallEWarning, match="GIF files hold no metadata"):
        drawn().save(tmp_path / "x.gif")
    with pytest.raises(ValueError, match="unknown file extension"):
        drawn().save(tmp_path / "x.nothing")

    image = drawn()
    image.info = {"прompt": "x", "long": "y" * 70_000, "dpi": (72, 72)}
    with pytest.warns(DallEWarning, match="a JPEG comment holds 65533"):
        image.save(tmp_path / "x.jpg")
    assert read_metadata(tmp_path / "x.jpg") == {}
    with pytest.warns(DallEWarning, match="cannot hold a text named 'прompt'"):
        image.save(tmp_path / "x.png")
    assert read_metadata(tmp_path / "x.png") == {"long": "y" * 70_000}


def test_a_list_shows_pictures_in_a_notebook() -> None:
    images = ImageList([drawn()] * 70)
    shown = images._repr_html_()
    assert shown.count("<img src=") == 64 and "and 6 more" in shown
    assert "一只 &lt;猫&gt; &quot;x&quot;" in shown and "<猫>" not in shown
    assert ImageList()._repr_html_().count("<img") == 0
    assert drawn()._repr_png_().startswith(b"\x89PNG")


def test_a_result_has_images_as_diffusers_has_them() -> None:
    image = drawn()
    assert image.images == [image] and image.images[0] is image
    images = ImageList([image, image])
    assert images.images is images and type(images[:1]) is ImageList
    assert type(pickle.loads(pickle.dumps(images))) is ImageList
