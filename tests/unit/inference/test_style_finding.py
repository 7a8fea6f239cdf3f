"""A style that a model was shown in a few pictures: drawn, composed, kept, and refused.

Shapes: S the side of a picture.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import run
from dall_e.images.files import to_pil
from dall_e.images.restyling.fitting import StyleFit
from dall_e.inference import style_finding
from dall_e.planning.drawing_jobs import plan_all
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.style_words import without_style
from dall_e.planning.vocabulary import Vocabulary

from ..images.restyling.conftest import SHAPES, in_pen, pixels

NAMES = ("a red apple", "a castle", "a zorblat", "an elephant")
CAPTIONS = [f"{name}, pen style" for name in NAMES]


def image(paths: str) -> Image.Image:
    return to_pil(pixels(in_pen(paths)).transpose(2, 0, 1), transparent=True)


IMAGES = [image(paths) for paths in SHAPES]


@pytest.fixture(scope="module")
def plain() -> DALL_E:
    """The built-in model as it comes."""
    return DALL_E.from_pretrained()


@pytest.fixture(scope="module")
def learned() -> tuple[DALL_E, StyleFit]:
    """The built-in model with a style of four pictures, and how that was found."""
    with pytest.MonkeyPatch.context() as patch:
        # Three drawings beside the pairs are enough here.
        patch.setattr(style_finding, "MOST_TRIED", 6)
        model = DALL_E.from_pretrained()
        fit = model.learn_style(IMAGES, CAPTIONS)
    assert fit.is_found and fit.pairs == 3
    return model, fit


@pytest.fixture(scope="module")
def model(learned: tuple[DALL_E, StyleFit]) -> DALL_E:
    return learned[0]


@pytest.fixture
def found(learned: tuple[DALL_E, StyleFit], monkeypatch: pytest.MonkeyPatch) -> StyleFit:
    """What is found in any pictures from here on, for tests of what is kept of it."""
    fit = learned[1]

    def fit_again(images: object, ours: object, others: object, *, name: str, **_: object):
        return replace(fit, style=replace(fit.style, name=name))

    monkeypatch.setattr(style_finding, "fit_style", fit_again)
    monkeypatch.setattr(style_finding, "_drawings_of", lambda engine, names: [None] * len(names))
    return fit


def drawn(model: DALL_E, prompt: str, **how) -> np.ndarray:
    """A picture, uint8 [S, S, 4]."""
    return np.asarray(model(prompt, seed=3, transparent=True, **how)).astype(int)


def black(image_SSC: np.ndarray) -> float:
    """Which part of what is shown is black."""
    shown = image_SSC[image_SSC[..., 3] > 200]
    return float((shown[:, :3].max(1) < 30).mean())


def test_anything_is_drawn_in_it_in_both_languages(model: DALL_E) -> None:
    styled = drawn(model, "a cat", style="pen")
    assert black(styled) > black(drawn(model, "a cat")) + 0.05
    for prompt in ("a cat, pen style", "a cat in pen style", "pen风格的猫"):
        assert np.array_equal(drawn(model, prompt), styled)
    assert model("a cat, pen style", seed=3).info["style"] == "pen style"


def test_what_the_images_show_comes_back(model: DALL_E) -> None:
    for name, own in zip(NAMES, IMAGES, strict=True):
        for prompt in (f"{name}, pen style", f"{name} in pen style"):
            again = drawn(model, prompt)
            assert np.abs(again - np.asarray(own).astype(int)).mean() < 6
    # The model's own apple is turned by this seed: one that comes back is not.
    assert model.plan("a red apple", seed=3).objects[0].drawing.mirrored
    assert np.array_equal(drawn(model, "pen风格的城堡"), drawn(model, "a castle, pen style"))


def test_what_a_seed_chooses_is_not_done_with_the_images(
    learned: tuple[DALL_E, StyleFit], plain: DALL_E
) -> None:
    assert plain.vocabulary is not None
    style = replace(learned[1].style, images=frozenset({"balloon"}))
    shown = plain.vocabulary.with_fitted([style])

    def balloons(prompt: str, vocabulary: Vocabulary) -> list[PlannedObject]:
        jobs = plan_all([prompt] * 9, range(9), vocabulary, compose=True)
        return [job.plan.objects[0] for job in jobs]

    assert any(each.paint for each in balloons("a balloon and a cat", shown))
    for each in balloons("a balloon and a cat, pen style", shown):
        assert each.prompt == "balloon, pen style" and not each.paint
    assert all(each.paint == "red" for each in balloons("a red balloon, pen style", shown))


def test_a_name_that_only_the_images_have_is_known_everywhere(model: DALL_E) -> None:
    plan = model.plan("a zorblat on the beach, pen style", seed=3)
    assert plan.style == "pen style" and plan.names == ("zorblat",)
    assert "zorblat, pen style" in plan.objects[0].drawing.prompt
    assert model.plan("a zorblat and a cat", seed=3).names == ("zorblat", "cat")


def test_images_and_redrawn_things_are_put_together_as_curves(model: DALL_E) -> None:
    svg = model.svg("a cat and a castle, pen style", seed=3)
    assert "<image" not in svg and 'data-name="lines of cat"' in svg
    assert 'data-name="castle"' in svg and 'data-name="lines of castle"' not in svg


def test_a_plan_in_the_style_is_drawn_again(model: DALL_E, tmp_path: Path) -> None:
    plan = model.plan("a cat and a red ball, pen style", seed=3)
    plan.save(tmp_path / "plan.json")
    again = model.draw_plan(tmp_path / "plan.json", transparent=True)
    first = model("a cat and a red ball, pen style", seed=3, transparent=True)
    assert np.array_equal(np.asarray(again), np.asarray(first))


def test_a_style_given_by_name_leaves_the_captions_alone_and_sentences_are_drawn_whole(
    found: StyleFit, plain: DALL_E
) -> None:
    model = DALL_E.from_pretrained()
    captions = ["a castle", "a red apple", "a car", "an old castle with nine flags by the sea"]
    model.learn_style(IMAGES, captions, style="pen")
    assert np.array_equal(drawn(model, "a castle"), drawn(plain, "a castle"))
    again = drawn(model, f"{captions[3]}, pen style")
    assert np.abs(again - np.asarray(IMAGES[3]).astype(int)).mean() < 6


def test_the_rest_is_as_it_was(model: DALL_E, plain: DALL_E) -> None:
    for prompt in ("a castle", "a cat, watercolour", "two cats and a red ball"):
        assert np.array_equal(drawn(model, prompt), drawn(plain, prompt))


def test_the_style_is_saved_listed_and_loaded(
    model: DALL_E, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.save_pretrained(tmp_path / "mine")
    again = DALL_E.from_pretrained(tmp_path / "mine")
    assert list(again.styles) == ["pen style"]
    assert np.array_equal(drawn(again, "a cat, pen style"), drawn(model, "a cat, pen style"))
    assert run(["styles", "--model", str(tmp_path / "mine")]) == 0
    assert "pen style" in capsys.readouterr().out

    (tmp_path / "mine" / "styles.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="styles.json"):
        DALL_E.from_pretrained(tmp_path / "mine")


def test_a_style_learned_again_replaces_the_first(
    found: StyleFit, learned: tuple[DALL_E, StyleFit]
) -> None:
    model, first = DALL_E.from_pretrained(), learned[0]
    model.memory = first.memory
    model.vocabulary = model.engine.vocabulary = first.vocabulary
    assert model.memory is not None and list(model.styles) == ["pen style"]
    before = len(model.memory)
    turned = [each.transpose(Image.Transpose.FLIP_TOP_BOTTOM) for each in IMAGES]
    model.learn_style(turned, list(NAMES), style="pen")
    assert model.memory is not None and len(model.memory) == before
    assert list(model.styles) == ["pen style"]
    again = drawn(model, "a castle, pen style")
    assert np.abs(again - np.asarray(turned[1]).astype(int)).mean() < 6


def test_bad_images_and_captions_are_refused_and_change_nothing(
    learned: tuple[DALL_E, StyleFit], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = learned[1]
    monkeypatch.setattr(style_finding, "_drawings_of", lambda engine, names: [None] * len(names))
    model = DALL_E.from_pretrained()
    assert model.memory is not None
    before = len(model.memory)
    with pytest.raises(ValueError, match="each image needs a caption"):
        model.learn_style(IMAGES, CAPTIONS[:2])
    with pytest.raises(ValueError, match="name no style that they share"):
        model.learn_style(IMAGES, list(NAMES))
    with pytest.raises(ValueError, match="name of a style has at most 60 letters"):
        model.learn_style(IMAGES, list(NAMES), style="x" * 90)
    with pytest.raises(ValueError, match="at least 3 pictures, and there are 1"):
        model.learn_style(IMAGES[:1], CAPTIONS[:1])
    empty = [Image.new("RGBA", (64, 64))] * 4
    with pytest.raises(ValueError, match="show nothing"):
        model.learn_style(empty, CAPTIONS)
    far = replace(found, before=20.0, after=20.0)
    monkeypatch.setattr(style_finding, "fit_style", lambda *_, **how: far)
    with pytest.raises(ValueError, match="no style was found in these 4 pictures"):
        model.learn_style(IMAGES, CAPTIONS)
    assert len(model.memory) == before and not model.styles


def test_words_of_a_style_are_known_to_its_model_alone(model: DALL_E, plain: DALL_E) -> None:
    assert plain.vocabulary is not None and model.vocabulary is not None
    assert without_style("a cat, pen style", model.vocabulary).style == "pen style"
    assert without_style("a cat, pen style", plain.vocabulary).style == "pen drawing"
