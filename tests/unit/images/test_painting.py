"""Documents become the pixels that they say, at any side, and broken ones a sentence."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from dall_e.images.painting import painted_svg

HALVES = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2" {}>
<rect width="1" height="2" fill="#ff0000"/>
<rect x="1" width="1" height="2" fill="#0000ff" fill-opacity="0.5"/></svg>"""


@pytest.mark.parametrize("size", ["", 'width="7" height="7"', "height='50%'\nwidth='3cm'"])
@pytest.mark.parametrize("side", [2, 6, 100])
def test_a_document_fills_the_side_that_is_asked_for(size, side):
    pixels_SSC = painted_svg(HALVES.format(size), side)
    assert pixels_SSC.shape == (side, side, 4)
    assert (pixels_SSC[:, : side // 2] == [255, 0, 0, 255]).all()
    # Premultiplied: half of blue at half of the opacity.
    assert (pixels_SSC[:, side // 2 :] == [0, 0, 128, 128]).all()


@pytest.mark.parametrize(
    "before",
    ['<!-- é <svg width="1"> -->', '<?xml version="1.0"?>\n<!DOCTYPE svg [<!ENTITY a "b">]>'],
)
def test_the_root_is_found_behind_anything_and_with_any_attributes(before):
    document = HALVES.format('width="3" data-name="a > b"')
    assert np.array_equal(painted_svg(before + document, 8), painted_svg(HALVES.format(""), 8))
    prefixed = HALVES.format("").replace("xmlns=", "xmlns:s=")
    for name in ("svg", "rect"):
        prefixed = prefixed.replace(f"<{name}", f"<s:{name}").replace(f"</{name}", f"</s:{name}")
    assert np.array_equal(painted_svg(before + prefixed, 8), painted_svg(HALVES.format(""), 8))


@pytest.mark.parametrize("side", [0, -1])
def test_a_side_of_nothing_is_refused(side, capfd):
    with pytest.raises(ValueError, match=f"above 0, got {side}"):
        painted_svg(HALVES.format(""), side)
    assert "panicked" not in capfd.readouterr().err


def test_sizes_within_the_document_stay():
    lines = HALVES.format("").replace('fill="#ff0000"', 'stroke-width="1" fill="#ff0000"')
    assert np.array_equal(painted_svg(lines, 8), painted_svg(HALVES.format(""), 8))


@pytest.mark.parametrize("side", [33, 128])
def test_the_pixels_are_those_of_the_renderer_of_data_sets(side):
    resvg_py = pytest.importorskip("resvg_py")
    curved = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36">'
        '<g transform="rotate(20 18 18)" stroke="#224400" stroke-width="2">'
        '<path fill="#ffcc33" fill-opacity="0.7" d="M3,5 C10,-4 30,2 31,20 Q20,40 4,30 Z"/>'
        "</g></svg>"
    )
    png = bytes(resvg_py.svg_to_bytes(svg_string=curved, width=side, height=side))
    straight_SSC = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(int)
    ours_SSC = painted_svg(curved, side).astype(int)
    assert (ours_SSC[..., 3] == straight_SSC[..., 3]).all()
    of_straight_SSC = straight_SSC[..., :3] * straight_SSC[..., 3:] / 255
    assert np.abs(ours_SSC[..., :3] - of_straight_SSC).max() <= 1


@pytest.mark.parametrize(
    "document",
    ["", "nonsense", "<svg", "<p/>", '<svg xmlns="http://www.w3.org/2000/svg"><g></svg>'],
)
def test_a_broken_document_is_an_error_in_words(document, capfd):
    with pytest.raises(ValueError, match=r"document (is|cannot)"):
        painted_svg(document, 16)
    assert "panicked" not in capfd.readouterr().err


def test_threads_paint_side_by_side():
    with ThreadPoolExecutor(4) as threads:
        painted = list(threads.map(lambda _: painted_svg(HALVES.format(""), 64), range(16)))
    assert all(np.array_equal(each, painted[0]) for each in painted)
