"""The whole suite on a drawer that cannot be wrong, or always is; its report and comparison."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e.data.datasets import ImageSet
from dall_e.data.prompt_sets import SuitePrompt
from dall_e.evaluation.comparison import compare, write_comparison
from dall_e.evaluation.cost import Cost
from dall_e.evaluation.intervals import Measure
from dall_e.evaluation.measure_names import explain
from dall_e.evaluation.report import Header, earlier_reports, write_report
from dall_e.evaluation.samples import RealImages, draw_samples, spread_over
from dall_e.evaluation.suite import Material, Result, Subject, evaluate
from dall_e.images.files import ImageArray

pytest.importorskip("torchmetrics")

NUM = 110
PROMPTS = [
    SuitePrompt(group="single", concept=f"thing {n}", en=f"a thing {n}", zh=f"第{n}个")
    for n in range(NUM)
] + [SuitePrompt(group="scenes", concept="", en="a thing on a thing", zh="两个")]


def colour(number: int) -> tuple[int, int, int]:
    """A colour of its own for each number below 125: five steps on each axis."""
    return tuple(50 * (number // 5**axis % 5) for axis in range(3))  # type: ignore[return-value]


class ColourJudge:
    """Knows the thing by its colour, exactly; it has seen the images of one designer."""

    name = "colours"

    def embed_images(self, images: Sequence[ImageArray]) -> torch.Tensor:
        """One direction per colour of the middle of the image."""
        numbers = []
        for image in images:
            pixel = image[:3, image.shape[1] // 2, image.shape[2] // 2]
            numbers.append(sum(int(value) // 50 * 5**axis for axis, value in enumerate(pixel)))
        return torch.nn.functional.one_hot(torch.tensor(numbers), 125).float()

    def embed_texts(self, texts: Sequence[str]) -> torch.Tensor:
        """The direction of the number in the text."""
        numbers = [int("".join(c for c in text if c.isdigit()) or 124) for text in texts]
        return torch.nn.functional.one_hot(torch.tensor(numbers), 125).float()

    def has_seen(self, record: dict[str, object]) -> bool:
        """Those of one designer."""
        return record["source"] == "a"


def drawing(number: int, side: int = 16) -> Image.Image:
    image = Image.new("RGB", (32, 32), "white")
    image.paste(colour(number), (8, 8, 8 + side, 8 + side))
    return image


def image_set(split: str) -> ImageSet:
    """Four designers' drawings of each of the first 40 things, of different sizes."""
    drawn, records = [], []
    for number in range(40):
        for source in "abcd":
            array = np.full((4, 32, 32), 255, dtype=np.uint8)
            array[:3] = np.asarray(drawing(number, 12 + ord(source) % 4)).transpose(2, 0, 1)
            drawn.append(array)
            records.append({"en": f"thing {number}", "source": source, "name": f"{number}-{split}"})
    return ImageSet(images_NCHW=torch.from_numpy(np.stack(drawn)), records=records, skipped=[])


def stripes(step: int) -> ImageArray:
    """Black lines, as none of the things has."""
    image = np.full((4, 32, 32), 255, dtype=np.uint8)
    image[:3, ::step] = 0
    return image


MATERIAL = Material(
    prompts=PROMPTS,
    judge=ColourJudge(),  # type: ignore[arg-type]
    training=image_set("train"),
    held_out=image_set("val"),
    other_style=ImageSet(
        images_NCHW=torch.from_numpy(np.stack([stripes(step) for step in (2, 5)])),
        records=[{}, {}],
        skipped=[],
    ),
)


def draw_right(prompts: list[str], seeds: list[int]) -> list[Image.Image]:
    return [drawing(int("".join(c for c in prompt if c.isdigit()) or 124)) for prompt in prompts]


def draw_english_only(prompts: list[str], seeds: list[int]) -> list[Image.Image]:
    images = draw_right(prompts, seeds)
    return [
        image if prompt.isascii() else drawing(120)
        for prompt, image in zip(prompts, images, strict=True)
    ]


def quiet(text: str) -> None:
    assert text


@pytest.fixture(scope="module")
def result() -> Result:
    cost = Cost(seconds=[1.0, 3.0], load_seconds=1.0, peak_mib=100.0, gpu_mib=0.0)
    subject = Subject(draw=draw_right, reconstruct=lambda x: x, cost=cost)
    return evaluate(subject, MATERIAL, seed=5, say=quiet)


def test_a_perfect_drawer(result: Result) -> None:
    found = result.measures
    for kind in ("single_en", "single_zh", "real_en", "real_zh"):
        measure = found[f"r_precision_{kind}"]
        assert (measure.value, measure.low) == (1, 1), kind
    # Real pictures that the judge has not seen there are of 40 things.
    assert found["r_precision_single_en"].count == NUM and found["r_precision_real_en"].count == 40
    assert found["parity_en_minus_zh"].value == 0
    # The same colours as the real ones, so no distance.
    assert found["kid_judge"].value == pytest.approx(found["kid_judge_real"].value, abs=1e-6)
    assert found["diversity"].value == found["diversity_real"].value == 0
    assert found["reconstruction_psnr"].value > 60
    assert found["seconds"] == Measure(value=2.0, low=1.0, high=3.0, count=2)
    assert found["peak_mib"].value == 100
    assert "kid_dual_encoder" not in found and "no dual encoder" in result.notes[0]


def test_copies_are_seen(result: Result) -> None:
    # The first 40 of 110 things are drawn just as in the training set, in both languages.
    of_names = result.measures["near_copies_of_names"]
    assert of_names.value >= 40 / NUM and of_names.count == 2 * NUM
    assert result.measures["near_copies_held_out"].value == 1.0
    other_style = result.measures["near_copies_other_style"]
    assert (other_style.value, other_style.count) == (0, 2)
    assert "near_copies_of_tasks" not in result.measures
    first = result.nearest[0]
    assert MATERIAL.training.records[first.index]["en"] == "thing 0" and first.distance < 0.01


def test_one_language_is_measured_apart() -> None:
    found = evaluate(Subject(draw=draw_english_only), MATERIAL, limit=30, say=quiet).measures
    assert found["r_precision_single_en"].value == 1 and found["r_precision_single_zh"].value == 0
    assert found["parity_en_minus_zh"].value == 1
    assert "seconds" not in found and "reconstruction_psnr" not in found


def test_fault_training_08_without_a_judge_what_needs_none_is_measured() -> None:
    material = dataclasses.replace(MATERIAL, judge=None)
    subject = Subject(draw=draw_right, embed=ColourJudge().embed_images, reconstruct=lambda x: x)
    result = evaluate(subject, material, limit=12, say=quiet)
    found = result.measures
    assert {"near_copies_of_names", "reconstruction_psnr", "kid_dual_encoder"} <= found.keys()
    assert found["diversity_dual_encoder"].value == 0 and "diversity" not in found
    assert not any("judge" in name or "precision" in name for name in found)
    assert "it was not measured whether pictures show" in result.notes[0]
    assert "runs/judges.sh" in result.notes[0]
    for name in found:
        assert explain(name)[0] != name
    assert "no independent judgement" in explain("diversity_dual_encoder")[0]

    blind = evaluate(Subject(draw=draw_right), material, limit=2, say=quiet)
    assert "diversity_dual_encoder" not in blind.measures
    assert any("no diversity" in note for note in blind.notes)
    with pytest.raises(ValueError, match="give --judge"):
        compare(material, result.samples, result.samples)


def test_seeds_do_not_depend_on_the_limit() -> None:
    all_of_them = draw_samples(draw_right, PROMPTS, seed=7)
    some = draw_samples(draw_right, PROMPTS, seed=7, limit=4)
    assert len(all_of_them) == 2 * len(PROMPTS) and len(some) == 8
    assert {(s.text, s.seed) for s in some} <= {(s.text, s.seed) for s in all_of_them}
    assert [s.seed for s in all_of_them[:4]] == [7, 8, 9, 10]
    assert spread_over(10, 3) == [0, 3, 6] and spread_over(3, 0) == spread_over(3, 9) == [0, 1, 2]


def test_pairs_of_real_images_differ() -> None:
    pairs = RealImages(MATERIAL.training).pairs(["thing 0", "nothing", "thing 0", "thing 3"])
    assert [place for place, _, _ in pairs] == [0, 2, 3]
    assert all(row != other_row for _, row, other_row in pairs)
    assert pairs[0][1] != pairs[1][1]


HEADER = Header(
    suite="emoji",
    model={"model": "m<1>", "model_version": "2"},
    settings={},
    judge="colours",
    seed=5,
    limit=0,
)


def test_report_holds_everything_and_knows_earlier_runs(result: Result, tmp_path: Path) -> None:
    real = RealImages(MATERIAL.training)
    write_report(tmp_path / "first", HEADER, result, real)
    report = json.loads((tmp_path / "first" / "report.json").read_text())
    assert report["measures"]["seconds"] == {"value": 2.0, "low": 1.0, "high": 3.0, "count": 2}
    assert len(report["samples"]) == len(result.samples)
    sample = report["samples"][0]
    assert sample["text"] == "a thing 0" and sample["first"] is True
    assert sample["nearest"].endswith("0-train") and sample["near_copy"] is True

    # One image and its neighbour each, inside the page; nothing is fetched; names cannot break it.
    page = (tmp_path / "first" / "report.html").read_text()
    assert page.count("data:image/webp;base64,") == 2 * len(result.samples) and "http" not in page
    assert "m&lt;1&gt;" in page and "m<1>" not in page and "<th><small>first" not in page

    # Reports in folders beside it are earlier runs, if they are reports of the same suite.
    write_report(tmp_path / "second", HEADER, result, real)
    assert "<th><small>first" in (tmp_path / "second" / "report.html").read_text()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "report.json").write_text("[]")
    assert [name for name, _ in earlier_reports(tmp_path / "second", "emoji")] == ["first"]
    assert earlier_reports(tmp_path / "second", "coco") == []


def test_every_measure_is_explained(result: Result) -> None:
    for name in result.measures:
        text, better = explain(name)
        assert text != name and better in ("", "higher", "lower")


def test_side_by_side(tmp_path: Path) -> None:
    samples_a = draw_samples(draw_english_only, PROMPTS, seed=0, limit=20)
    samples_b = draw_samples(draw_right, PROMPTS, seed=0, limit=20)
    measures = compare(MATERIAL, samples_a, samples_b)
    assert measures["r_precision_en_b_minus_a"].value == 0
    assert measures["r_precision_zh_b_minus_a"].value == 1
    assert measures["cosine_zh_a"].value == 0 and measures["cosine_zh_b"].value == 1

    path = write_comparison(tmp_path / "page", ("one", "two"), measures, samples_a, samples_b)
    page = path.read_text()
    assert page.count("data:image/webp;base64,") == 80
    assert "one (A, left) and two (B, right)" in page
