"""`python -m benchmarks edits`: whether edits change what they should, nothing else, and how soon.

Prints the steps across the seams of textures beside the same steps inside (at most 1.1), the pixels
that changed outside of the mask and its border (0), the time of an edit beside that of drawing its
picture (both three times, by turns), and draws all edits of `benchmarks/prompts/edits.txt` as a
sheet, before and after in pairs. Whether they do what was asked is for people to look at.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from benchmarks.table import Out, Table, spread
from dall_e import DALL_E
from dall_e.images.blending import allowed
from dall_e.images.painting import svg_image
from dall_e.images.selections import selection_of
from dall_e.images.sheets import contact_sheet

LIST = Path(__file__).with_name("prompts") / "edits.txt"
SHEET = Path("out") / "bench" / "edits.png"
SIDE = 384
"""Side in pixels of what is edited."""
_NO_STEP = 1e-6
"""Mean step of brightness where all is of one colour."""
TEXTURES = ("a red apple", "a cat and a flower", "a star", "a forest")
TURNS = 3
"""How often a picture is drawn and edited by turns; middle times count."""
FINER = 4
"""How many times as large a texture is painted to measure its seams."""
CUT = (0, 50, 384, 357)
"""What of a picture is kept as a file of 5 : 4."""


@dataclass(frozen=True)
class Asked:
    """One line of the list."""

    prompt: str
    seed: int
    kind: str
    box: tuple[float, ...] | None
    """In fractions of the sides; None lets the words decide."""
    words: str


def asked_edits(path: Path = LIST) -> list[Asked]:
    """The edits of the list, in its order."""
    edits: list[Asked] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        prompt, seed, kind, box, words = (part.strip() for part in line.split("|"))
        numbers = None if box == "words" else tuple(float(part) for part in box.split(","))
        edits.append(Asked(prompt, int(seed), kind, numbers, words))
    return edits


def source(model: DALL_E, asked: Asked) -> Image.Image:
    """The picture that is edited: ours, its pixels alone, or pixels as a camera has them."""
    drawn = model(asked.prompt, seed=asked.seed, height=SIDE)
    if asked.kind == "ours":
        return drawn
    pixels = np.asarray(drawn)
    if asked.kind == "file":
        left, top, right, bottom = CUT
        return Image.fromarray(pixels[top:bottom, left:right])

    # Light from the upper left, and the noise of a sensor
    rng = np.random.default_rng(asked.seed)
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    light = (1.0 - 0.3 * (rows + columns) / 2)[..., None]
    noisy = pixels * light + rng.normal(0, 4, pixels.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def changed_outside(before: Image.Image, after: Image.Image) -> int:
    """Pixels that differ outside of what was selected and its border."""
    box = json.loads(after.info["edit_box"])
    kept_HW = allowed(selection_of(box, before)) == 0
    differs_HW = (np.asarray(before) != np.asarray(after)).any(2)
    return int(np.count_nonzero(differs_HW & kept_HW))


def seam_ratio(image: Image.Image) -> float:
    """The mean step of brightness across both seams over that at the same place inside.

    The texture is painted once more, half a side further, so that what was at its edges is in its
    middle; only then the same content is compared. Both are painted FINER times as large and
    averaged: in the moved one two copies lie over each other there, and paint a pixel that an edge
    covers by half twice. One without a document is mirrored: its own inner steps are all there is.
    """
    seams, inner = [], []
    middle = image.width // 2 - 1
    svg = image.info.get("svg")
    steps, moved = _steps(image), None
    if svg:
        steps = _steps(finely_painted(svg.decode(), image.width))
        moved = _steps(finely_painted(moved_tile(svg.decode(), image.width), image.width))
    for axis in (0, 1):
        seams.append(steps[axis][-1])
        inner.append(moved[axis][middle] if moved else steps[axis][:-1].mean())
    return 1.0 if seams == inner else float(np.mean(seams) / max(np.mean(inner), _NO_STEP))


def finely_painted(svg: str, side: int) -> Image.Image:
    """A document as a picture [S, S], each pixel the mean of FINER times FINER."""
    return svg_image(svg, side * FINER).resize((side, side), Image.Resampling.BOX)


def _steps(image: Image.Image) -> list[np.ndarray]:
    """The mean step of brightness from each row to the next, and from each column; the last wraps
    around."""
    grey_HW = np.asarray(image.convert("L")).astype(np.float64)
    steps = [np.abs(grey_HW - np.roll(grey_HW, -1, axis)) for axis in (0, 1)]
    return [np.moveaxis(steps[axis], axis, 0).mean(1) for axis in (0, 1)]


def moved_tile(svg: str, side: int) -> str:
    """The document of a texture, moved by half its side down and across."""
    found = re.fullmatch(r"(<svg[^>]*>)(.*)</svg>\s*", svg, re.DOTALL)
    assert found is not None
    head, body = found.groups()
    half = side / 2
    copies = (
        f'<g transform="translate({x} {y})">{body}</g>'
        for x in (-half, half)
        for y in (-half, half)
    )
    return f"{head}{''.join(copies)}</svg>"


def measure(
    model: Annotated[str, typer.Option(help="Known name or model folder.")] = "dall-e-emoji",
    sheet: Annotated[Path, typer.Option(help="Picture of all edits to write.")] = SHEET,
    out: Out = None,
) -> None:
    """Edit forty pictures: what changed outside, what it took beside a drawing, and a sheet."""
    table = Table("edits")
    pipeline = DALL_E.from_pretrained(model)
    pipeline("a cat", seed=0, height=SIDE)

    outside: list[int] = []
    ratios: list[float] = []
    seconds: list[float] = []
    images: list[Image.Image] = []
    captions: list[str] = []
    for asked in asked_edits():
        drawing, editing = [], []
        before, after = source(pipeline, asked), None
        refusal = ""
        for _ in range(TURNS):
            begun = time.perf_counter()
            before = source(pipeline, asked)
            drawn = time.perf_counter()
            try:
                after = pipeline.edit(before, asked.words, asked.box, seed=asked.seed)
            except ValueError as error:
                refusal = str(error)
                break
            drawing.append(drawn - begun)
            editing.append(time.perf_counter() - drawn)

        images.append(before.resize((192, round(192 * before.height / before.width))))
        captions.append(asked.prompt)
        if after is None:
            images.append(images[-1])
            captions.append(f"{asked.words}: refused, {refusal}")
            continue

        outside.append(changed_outside(before, after))
        seconds.append(float(np.median(editing)))
        ratios.append(float(np.median(editing) / np.median(drawing)))
        images.append(after.resize(images[-1].size))
        captions.append(asked.words)

    textures = [
        seam_ratio(pipeline(prompt, tile="xy", seed=seed, height=SIDE))
        for prompt in TEXTURES
        for seed in range(4)
    ]
    table.add(what="step across the seams / the same inside", **spread(textures))
    table.add(what="pixels changed outside of mask and border", **spread(outside, 0))
    table.add(what="seconds of an edit", **spread(seconds))
    table.add(what="time of an edit / of drawing its picture", **spread(ratios))
    sheet.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(images, captions, 8).save(sheet)
    print(sheet)
    table.finish(out)
