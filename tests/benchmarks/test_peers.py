"""What the commands refuse, the floor of a row, and the drawings."""

import dataclasses
from xml.etree import ElementTree

import pytest
import torch
import typer
from benchmarks import peers
from benchmarks.counting import BYTES
from benchmarks.memory import read_rates
from benchmarks.plot import Bar, bars, lines
from benchmarks.shapes import SHAPES

from dall_e import runtime

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"rows": "mini,maxi"}, "--rows: 'maxi' is not one of mini, mega, janus-1b"),
        ({"quantization": "fp32,int2"}, "--quantization: precision 'int2' is not one of fp32"),
        ({"tokens": 1}, "--tokens: at least 2 are needed"),
    ],
)
def test_refusals(flags: dict[str, object], message: str) -> None:
    with pytest.raises(typer.BadParameter, match=message):
        peers.measure(**flags)  # type: ignore[arg-type]


def test_floor_of_mini_in_eight_bits() -> None:
    """At 30 GB/s 193 MB a token and 25 MB once are 1.65 s."""
    floor = peers._floor(SHAPES["mini"], "int8")
    assert floor.tokens.moved == 256 * 192_914_432 + 25_165_824
    rates = peers.Rates(read=30e9, operations=1e12)
    assert floor.tokens.seconds(rates.operations, rates.read) == pytest.approx(1.647, abs=1e-3)
    pixels = floor.pixels.operations / 1e12
    assert floor.seconds_at(rates) == pytest.approx(1.647 + pixels, abs=1e-3)

    halves = [peers._floor(SHAPES["mini"], precision).tokens.moved for precision in BYTES]
    assert halves == [halves[0], halves[0] / 2, halves[0] / 4, halves[0] / 8]
    assert peers._floor(SHAPES["dalle-pytorch"], "fp32").pixels.operations == 0


def test_what_does_not_fit_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = peers.Rates(read=1.0, operations=1.0)
    run = peers._Run(["fp32", "bf16"], 1, 2, False, torch.device("cpu"), rates)
    monkeypatch.setattr(runtime, "free_memory", lambda _device: 2**33)
    assert peers._lacking(SHAPES["llamagen-b"], run, rival=True) == ""
    assert "GiB of memory, 8.0 are free" in peers._lacking(SHAPES["mega"], run, rival=True)
    monkeypatch.setattr(runtime, "free_memory", lambda _device: None)
    assert peers._lacking(SHAPES["mega"], run, rival=True) == ""

    # With nobody beside it, 6.7 billion weights in eight bits fit where 28 GB of their own format
    # do not.
    alone = dataclasses.replace(run, precisions=["int8"])
    monkeypatch.setattr(runtime, "free_memory", lambda _device: 2**34)
    assert peers._lacking(SHAPES["janus-7b"], alone, rival=False) == ""
    assert peers._lacking(SHAPES["janus-7b"], alone, rival=True)


def test_memory_is_read() -> None:
    rates = read_rates(torch.device("cpu"), 1, 2)
    assert len(rates) == 2 and all(1e6 < rate < 1e13 for rate in rates)


def test_bars_are_as_long_as_their_medians() -> None:
    rows = [
        Bar("their <package>", 40.0, 38.0, 44.0, 8.0),
        Bar("dall_e 1, int8", 4.0, 3.9, 4.2, 2.0),
    ]
    root = ElementTree.fromstring(bars("seconds", rows))
    widths = [rect.attrib["width"] for rect in root.iter(f"{SVG}rect")]
    theirs, ours = (float(width) for width in widths if width != "100%")
    # From 2.0 / 10^0.1 to 44 x 10^0.1 on 460 points of a logarithmic axis.
    per_decade = 460 / (1.342423 + 0.2)
    assert theirs - ours == pytest.approx(per_decade, abs=0.2)
    assert "their <package>" in [text.text for text in root.iter(f"{SVG}text")]


def test_lines_go_through_their_points() -> None:
    root = ElementTree.fromstring(lines("speed", {"8": [(1, 1), (2, 2), (4, 4)], "16": [(1, 0.5)]}))
    eight, _ = (line.attrib["points"].split() for line in root.iter(f"{SVG}polyline"))
    (x0, y0), (x1, y1), (x2, y2) = (tuple(map(float, point.split(","))) for point in eight)
    # 1, 2 and 4 are as far apart on logarithmic axes; larger is higher up.
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2) and x1 > x0
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2) and y0 > y2
