"""Models with a dual encoder and an upsampler: scores, the best of several, larger pictures; and
models without."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import run
from dall_e.config import DUAL_ENCODERS, UpsamplerConfig
from dall_e.inference.loading import Networks


@pytest.fixture(scope="module")
def plain(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.fixture(scope="module")
def folder(plain: DALL_E, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with an untrained dual encoder and an upsampler that darkens."""
    torch.manual_seed(1)
    upsampler = UpsamplerConfig(widths=(8, 16))
    config = dataclasses.replace(
        plain.config, dual_encoder=DUAL_ENCODERS["tiny"], upsampler=upsampler
    )
    built = Networks.build(config)
    built = plain.networks._replace(dual_encoder=built.dual_encoder, upsampler=built.upsampler)
    torch.nn.init.constant_(built.upsampler.exit.bias, -0.2)
    folder = tmp_path_factory.mktemp("models") / "full"
    DALL_E(config, built, plain.text_tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(folder)


def test_the_best_of_three_is_the_one_that_scores_highest(model: DALL_E) -> None:
    own_size = {"num_inference_steps": 2, "height": 32}
    candidates = model("a white cat", num_images_per_prompt=6, seed=10, **own_size)
    scores = [model.score(image, "a white cat") for image in candidates]
    assert len({f"{score:.4f}" for score in scores}) > 1 and all(
        -1 <= score <= 1 for score in scores
    )
    # Picture 0 is chosen among the seeds 10 to 12, picture 1 among 13 to 15.
    kept = model("a white cat", num_images_per_prompt=2, best_of=3, seed=10, **own_size)
    for number, image in enumerate(kept):
        best = max(range(3 * number, 3 * number + 3), key=lambda index: scores[index])
        assert image.info["seed"] == str(10 + best) and image.info["best_of"] == "3"
        assert float(image.info["score"]) == pytest.approx(scores[best], abs=1e-4)
        assert np.array_equal(np.asarray(image), np.asarray(candidates[best]))
    # The kept picture is drawn again by its own seed alone.
    again = model("a white cat", seed=int(kept[0].info["seed"]), **own_size)
    assert np.array_equal(np.asarray(again), np.asarray(kept[0])) and "best_of" not in again.info


def test_candidates_of_pictures_with_their_own_seeds(model: DALL_E) -> None:
    kept = model(["a cat", "red apple"], num_inference_steps=1, best_of=2, seed=[5, 40])
    assert kept[0].info["seed"] in "56" and kept[1].info["seed"] in ("40", "41")


def test_a_score_does_not_mind_size_or_mode(model: DALL_E) -> None:
    image = model("a cat", num_inference_steps=1, seed=0)
    red, large = (Image.new("RGB", (side, side), (200, 30, 30)) for side in (20, 300))
    assert model.score(large, "a cat") == pytest.approx(model.score(red, "a cat"), abs=1e-5)
    assert model.score(image, "a cat") == model.score(image.convert("RGBA"), "a cat")
    assert model.score(image, "a cat") != model.score(image, "红苹果")
    with pytest.raises(ValueError, match="blank"):
        model.score(image, " ")


def test_larger_pictures_come_from_the_upsampler(model: DALL_E, plain: DALL_E) -> None:
    small, upsampled = (
        model("a cat", num_inference_steps=1, seed=0, height=side) for side in (32, 64)
    )
    resized = model("a cat", num_inference_steps=1, seed=0, height=64, upsample=False)
    without = plain("a cat", num_inference_steps=1, seed=0, height=64)
    assert upsampled.size == resized.size == (64, 64) and small.info["upsample"] == "False"
    assert (upsampled.info["upsample"], resized.info["upsample"]) == ("True", "False")
    assert np.array_equal(np.asarray(resized), np.asarray(without))
    assert not np.array_equal(np.asarray(resized), np.asarray(upsampled))
    assert model("a cat", num_inference_steps=1, seed=0, height=100).size == (100, 100)


def test_with_an_upsampler_384_pixels_are_drawn_unless_told_otherwise(
    model: DALL_E, plain: DALL_E
) -> None:
    unsaid = model("a cat", num_inference_steps=1, seed=0)
    said = model("a cat", num_inference_steps=1, seed=0, height=384, upsample=True)
    assert unsaid.info["size"] == "384x384" and unsaid.info["upsample"] == "True"
    assert np.array_equal(np.asarray(unsaid), np.asarray(said))
    assert plain("a cat", num_inference_steps=1, seed=0).size == (32, 32)


def test_what_a_model_lacks_is_named(plain: DALL_E) -> None:
    with pytest.raises(
        ValueError,
        match="best_of needs a dual encoder, which the model 'tiny-random' 7 does not have",
    ):
        plain("a cat", best_of=2)
    with pytest.raises(ValueError, match="score needs a dual encoder"):
        plain.score(plain("a cat", num_inference_steps=1), "a cat")
    with pytest.raises(ValueError, match="has no upsampler"):
        plain("a cat", height=64, upsample=True)
    with pytest.raises(ValueError, match="best_of must be a whole number of at least 1, got 0"):
        plain("a cat", best_of=0)


def test_saved_and_loaded_models_agree(model: DALL_E, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path, int8=False)
    again = DALL_E.from_pretrained(tmp_path)
    image = model("a cat", num_inference_steps=1, seed=0)
    assert again.score(image, "a cat") == model.score(image, "a cat")
    assert set(again.networks.parts()) == {
        "tokenizer",
        "text",
        "generator",
        "dual_encoder",
        "upsampler",
    }


def test_from_the_command_line_and_again(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    flags = ["--model", str(folder), "--steps", "2", "--size", "64"]
    assert (
        run(["generate", "a cat", "--best-of", "3", "--seed", "4", "--out", str(picture), *flags])
        == 0
    )
    assert run(["reproduce", str(picture), "--model", str(folder)]) == 0


def test_the_command_line_draws_384_and_older_files_what_they_say(
    folder: Path, tmp_path: Path
) -> None:
    flags = ["--model", str(folder), "--steps", "1", "--seed", "4"]
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    assert run(["generate", "a cat", "--out", str(large), *flags]) == 0
    assert Image.open(large).size == (384, 384)
    assert run(["generate", "a cat", "--out", str(small), "--size", "32", *flags]) == 0
    for file in (large, small):
        assert run(["reproduce", str(file), "--model", str(folder)]) == 0
    assert Image.open(tmp_path / "small-reproduced.png").size == (32, 32)
