"""A picture becomes noise that draws it again."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.config import SamplingConfig
from dall_e.editing.inversion import Inversion
from dall_e.errors import UnusableFileError
from dall_e.inference.image_tokens import image_tokens

STEPS = SamplingConfig(num_inference_steps=6)


@pytest.fixture(scope="module")
def image() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 4), dtype=np.uint8)
    return Image.fromarray(pixels).resize((50, 50))


@pytest.fixture(scope="module")
def inversion(model: DALL_E, image: Image.Image) -> Inversion:
    return model.invert(image, "a cat", seed=7, sampling=STEPS)


def tokens(model: DALL_E, prompt: str, **keywords: Any) -> torch.Tensor:
    """What a call draws, as codes."""
    seen: list[torch.Tensor] = []
    model(prompt, callback_on_step_end=lambda step: seen.append(step.codes_BN.clone()), **keywords)
    return seen[-1][0]


def test_the_same_call_draws_the_tokens_of_the_picture(
    model: DALL_E, image: Image.Image, inversion: Inversion
) -> None:
    wanted_N = image_tokens(model.config, model.networks, image)[0]
    assert torch.equal(inversion.codes_N, wanted_N)
    assert torch.equal(tokens(model, "a cat", noise=inversion), wanted_N)
    assert not torch.equal(tokens(model, "a cat", seed=7, sampling=STEPS, compose=False), wanted_N)


def test_other_words_keep_more_with_the_noise_than_without(
    model: DALL_E, inversion: Inversion
) -> None:
    kept = tokens(model, "a dog", noise=inversion) == inversion.codes_N
    fresh = tokens(model, "a dog", seed=8, sampling=STEPS, compose=False) == inversion.codes_N
    assert kept.float().mean() > 3 * fresh.float().mean()


def test_a_file_holds_all_of_it(model: DALL_E, inversion: Inversion, tmp_path: Path) -> None:
    path = tmp_path / "cat.npz"
    inversion.save(path)
    read = Inversion.load(path)
    for field in dataclasses.fields(Inversion):
        before, after = getattr(inversion, field.name), getattr(read, field.name)
        assert torch.equal(before, after) if isinstance(before, torch.Tensor) else before == after
    assert torch.equal(tokens(model, "a cat", noise=read), inversion.codes_N)
    with pytest.raises(FileExistsError):
        inversion.save(path, overwrite=False)


def test_files_of_other_kinds_are_refused(inversion: Inversion, tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(b"no inversion at all")
    with pytest.raises(UnusableFileError, match=r"other.npz: it is no inversion"):
        Inversion.load(path)

    np.savez(path, codes_N=np.zeros(3))
    with pytest.raises(UnusableFileError, match="it is no inversion"):
        Inversion.load(path)

    dataclasses.replace(inversion, codes_N=inversion.codes_N[:-1]).save(path)
    with pytest.raises(UnusableFileError, match=r"codes \(63,\) and noise \(64, .* not belong"):
        Inversion.load(path)

    dataclasses.replace(inversion, seed=-2).save(path)
    with pytest.raises(UnusableFileError, match="seed -2"):
        Inversion.load(path)


def test_noise_belongs_to_one_model_one_seed_and_one_picture(
    model: DALL_E, inversion: Inversion
) -> None:
    other = dataclasses.replace(inversion, weights_sha256="ab" * 32)
    with pytest.raises(ValueError, match="found with another model, weights abababab"):
        model("a cat", noise=other)
    with pytest.raises(ValueError, match="a seed of its own, 7: leave out seed=3"):
        model("a cat", noise=inversion, seed=3)
    with pytest.raises(ValueError, match="noise for 1 pictures, and 2 are asked for"):
        model("a cat", noise=inversion, num_images_per_prompt=2)
    with pytest.raises(ValueError, match="draw with compose=False"):
        model("a cat", noise=inversion, compose=True)


def test_noise_has_no_say_at_temperature_0(model: DALL_E, image: Image.Image) -> None:
    with pytest.raises(ValueError, match="at temperature 0 .* noise has no say"):
        model.invert(image, "a cat", temperature=0)


def test_the_story_says_that_noise_was_given(model: DALL_E, inversion: Inversion) -> None:
    assert model("a cat", noise=inversion).info["noise"] == "given"


def test_a_file_that_is_no_picture_is_named(model: DALL_E, tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"\x89PNG nothing")
    with pytest.raises(UnusableFileError, match=r"broken\.png"):
        model.invert(path, "a cat")
