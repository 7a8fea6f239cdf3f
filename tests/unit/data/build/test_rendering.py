"""SVG to pixels: sizes, cropping, colours, and drawings that cannot be rendered."""

import os

import pytest

from dall_e.data.build.rendering import Job, render_all, render_job
from dall_e.images.files import decode_image

pytest.importorskip("resvg_py")


def job(svg: str, **options: object) -> Job:
    settings = {"is_svg": True, "crop": False, "margin": 0.0, "size": 32, **options}
    return Job(data=svg.encode(), **settings)  # type: ignore[arg-type]


def square(colour: str, box: str = "0 0 10 10", x: int = 0) -> str:
    shape = f'<rect x="{x}" width="10" height="10" fill="{colour}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{shape}</svg>'


def test_a_red_square_is_red_and_has_its_margin() -> None:
    rendering = render_job(job(square("#ff0000"), margin=0.125))
    image = decode_image(rendering.png, 32)
    assert rendering.colour == "red" and not rendering.mono and not rendering.pale
    assert image[:, 16, 16].tolist() == [255, 0, 0, 255] and image[3, :4].max() == 0


@pytest.mark.parametrize("box", ["0 0 40 10", "0 0 10 40"])
def test_a_page_is_letterboxed_or_cut_to_what_is_drawn(box: str) -> None:
    whole = decode_image(render_job(job(square("#00f", box))).png, 32)
    cut = decode_image(render_job(job(square("#00f", box), crop=True)).png, 32)
    assert (whole[3] > 128).mean() == pytest.approx(1 / 16, abs=0.02)
    assert (cut[3] > 128).mean() > 0.95


def test_sizes_in_millimetres_render() -> None:
    svg = square("#0f0").replace("<svg", '<svg width="10mm" height="10mm"')
    assert render_job(job(svg)).colour == "green"


@pytest.mark.parametrize("svg", ["", "no svg at all", "<svg", "<svg><rect></svg>"])
def test_what_cannot_be_rendered_has_a_reason_and_never_raises(svg: str) -> None:
    assert "not rendered" in render_job(job(svg)).reason


def test_blank_and_pale_pictures_are_found() -> None:
    assert render_job(job(square("#f00", x=50))).reason == "blank"
    assert render_job(job(square("#fff"))).pale and render_job(job(square("#fff"))).mono
    assert render_job(job("", is_svg=False)).reason.startswith("not a readable picture")


class Killer(Job):
    """A job that ends the process that receives it, as a crash of the renderer would."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (1,)


def test_a_crashed_worker_costs_one_picture() -> None:
    good = job(square("#f00"))
    renderings = list(render_all([good, Killer(**good.__dict__), good], workers=1))
    assert [rendering.reason for rendering in renderings] == ["", "the renderer crashed", ""]
    assert renderings[0].png == renderings[2].png
