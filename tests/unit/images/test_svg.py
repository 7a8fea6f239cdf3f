"""Areas as SVG: one group a thing, named, without specks, on a transparent ground."""

import re
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dall_e.images.areas import Areas
from dall_e.images.materials import Paint
from dall_e.images.painting import painted_svg, svg_image
from dall_e.images.svg import Group, VectorDrawing, svg_document, traced_paths, vectorised

SVG = "{http://www.w3.org/2000/svg}"
RED, BLUE = (220, 40, 40), (40, 60, 220)


def drawing(side: int = 96) -> npt.NDArray[np.uint8]:
    """A red disc with a blue square in it."""
    rows, columns = np.indices((side, side)) / side - 0.5
    image = np.zeros((side, side, 4), dtype=np.uint8)
    image[np.hypot(rows, columns) < 0.4] = (*RED, 255)
    image[np.maximum(abs(rows), abs(columns)) < 0.15] = (*BLUE, 255)
    return image


def parsed(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document)


def test_paths_are_areas_at_the_back_first() -> None:
    labels = np.zeros((64, 64), dtype=np.int32)
    labels[8:56, 8:56], labels[20:40, 20:40] = 1, 2
    areas = Areas(labels_HW=labels, palette_K3=np.array([RED, BLUE], dtype=np.uint8))
    paths = traced_paths(areas).splitlines()
    assert [re.findall('fill="(#.{6})"', path)[0].lower() for path in paths] == [
        "#dc2828",
        "#283cdc",
    ]


def test_there_are_no_specks_and_no_paths_of_nothing() -> None:
    specked = drawing()
    specked[2:4, 2:4], specked[60:62, 60:62] = (*BLUE, 255), (*BLUE, 255)
    assert VectorDrawing(specked).paths.count("<path") == 2
    labels, palette = np.zeros((64, 64), dtype=np.int32), np.zeros((0, 3), dtype=np.uint8)
    assert traced_paths(Areas(labels_HW=labels, palette_K3=palette)) == ""
    nothing = VectorDrawing(np.zeros((96, 96, 4), dtype=np.uint8))
    assert nothing.paths == "" and nothing.side == 192


def test_a_document_has_a_group_for_each_thing_with_its_name() -> None:
    paths = VectorDrawing(drawing()).paths
    name = 'a "red" <ball> & \x00more'
    groups = [
        Group(name=name, paths=paths),
        Group(name="b", paths=paths, matrix=(0.5, 0, 0, 0.5, 48, 96)),
    ]
    document = svg_document(groups, 192, title="1 < 2 & \x1b3", size=50)
    root = parsed(document)
    assert root.attrib["viewBox"] == "0 0 192 192" and root.attrib["width"] == "50"
    title, first, second = root
    assert title.tag == f"{SVG}title" and title.text == "1 < 2 & 3"
    assert first.attrib == {"id": "thing-1", "data-name": 'a "red" <ball> & more'}
    assert second.attrib["transform"] == "matrix(0.5 0 0 0.5 48 96)"
    assert all(child.tag == f"{SVG}path" for child in first)


def test_without_a_title_there_is_none() -> None:
    assert [child.tag for child in parsed(svg_document([Group(name="a", paths="")], 9))] == [
        f"{SVG}g"
    ]


def test_painted_colours_are_those_of_the_drawing() -> None:
    vector = VectorDrawing(drawing())
    painted = painted_svg(svg_document([Group(name="x", paths=vector.paths)], vector.side), 200)
    assert painted.shape == (200, 200, 4)
    assert painted[100, 100].tolist() == [*vector.areas.palette_K3[1].tolist(), 255]
    assert painted[100, 40].tolist() == [*vector.areas.palette_K3[0].tolist(), 255]
    assert not painted[:15].any() and not painted[-15:].any()  # a transparent ground
    assert (painted[..., :3] <= painted[..., 3:]).all()


def test_painting_premultiplies() -> None:
    half = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="4" height="4" fill="{}"/></svg>'
    painted = painted_svg(half.format('#ff8000" fill-opacity="0.5'), 4)
    assert painted[1, 1] == pytest.approx([128, 64, 0, 128], abs=1)


def test_broken_svg_is_refused() -> None:
    with pytest.raises(ValueError):
        painted_svg("<svg", 8)


def test_a_pattern_lies_over_the_main_colour_only() -> None:
    plain, striped = VectorDrawing(drawing()), VectorDrawing(drawing(), Paint(pattern="striped"))
    images = [
        painted_svg(svg_document([Group(name="x", paths=each.paths)], each.side), 96)
        for each in (plain, striped)
    ]
    changed = (images[0].astype(int) != images[1]).any(2)
    red = np.abs(images[0][..., :3].astype(int) - RED).sum(2) < 30
    assert 0.2 < changed[red].mean() < 0.8
    assert not changed[40:56, 40:56].any() and not changed[:4].any()
    ids = re.findall('id="([^"]+)"', striped.paths)
    assert ids and all(f"url(#{name})" in striped.paths for name in ids)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_images_of_any_mode_become_svg(mode: str) -> None:
    image = Image.fromarray(drawing(), "RGBA").convert(mode)
    root = parsed(vectorised(image, "a ball"))
    assert root[0].text == "a ball" and root[1].attrib["data-name"] == "a ball" and len(root[1])


@pytest.mark.parametrize("size", [(1, 1), (40, 10), (3000, 20)])
def test_images_of_any_size_become_svg_centred(size: tuple[int, int]) -> None:
    document = vectorised(Image.new("RGB", size, RED))
    painted = painted_svg(document, 80)
    assert painted[40, 40] == pytest.approx([*RED, 255], abs=3) or size[0] > 1000
    if size == (40, 10):
        assert not painted[10].any() and painted[40, 3, 3] == 255


def test_an_image_is_the_painted_document() -> None:
    document = vectorised(Image.fromarray(drawing(), "RGBA"))
    white, clear = svg_image(document, 50), svg_image(document, 50, transparent=True)
    assert (white.mode, clear.mode, white.size) == ("RGB", "RGBA", (50, 50))
    assert white.getpixel((0, 0)) == (255, 255, 255) and clear.getpixel((0, 0))[3] == 0
