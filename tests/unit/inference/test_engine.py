"""The engine draws what the facade draws, from checked requests.

That it needs no facade is a layer of the import contracts.
"""

import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from dall_e import DALL_E
from dall_e.config import ModelConfig, SamplingConfig, UpsamplerConfig
from dall_e.images.painting import svg_image
from dall_e.inference.engine import Engine
from dall_e.inference.loading import Networks
from dall_e.inference.request import GenerationRequest
from dall_e.sampling.decode import KnownTokens

STEPS = SamplingConfig(num_inference_steps=2)


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.fixture(scope="module")
def engine(model: DALL_E) -> Engine:
    return Engine(
        model.config,
        model.networks,
        model.text_tokenizer,
        vocabulary=model.vocabulary,
        weights_sha256="abc",
    )


def test_it_draws_what_the_facade_draws(model: DALL_E, engine: Engine) -> None:
    request = engine.request(["a cat", "a dog"], seed=[3, 9], sampling=STEPS, height=40)
    generated = engine.generate(request)
    images = model(["a cat", "a dog"], seed=[3, 9], sampling=STEPS, height=40)
    for each, image in zip(generated, images, strict=True):
        assert np.array_equal(np.asarray(each.pixels), np.asarray(image))
        assert each.metadata == {**image.info, "weights_sha256": "abc"}
    assert [each.seed for each in generated] == [3, 9]
    assert [each.prompt for each in generated] == ["a cat", "a dog"]
    assert all(each.plan.is_whole and each.score is None for each in generated)


def test_a_composed_image_carries_its_plan(engine: Engine) -> None:
    sampling = dataclasses.replace(STEPS, compose=True)
    (image,) = engine.generate(engine.request("two cats and a dog", seed=1, sampling=sampling))
    assert not image.plan.is_whole and image.metadata["plan"] == image.plan.describe()


def test_a_request_is_filled_with_the_models_defaults(model: DALL_E, engine: Engine) -> None:
    request = engine.request("a cat", num_images_per_prompt=3, seed=5)
    assert request.prompts == ("a cat",) and request.seeds == (5, 6, 7)
    assert (request.size, request.upsample) == (32, False)
    assert request.candidate_prompts == ["a cat"] * 3
    # The steps that the tiny model's settings ask for are as many as it has tokens, or fewer.
    assert request.sampling == model.sampling_settings()


def test_with_an_upsampler_384_pixels_are_the_default(model: DALL_E) -> None:
    config = dataclasses.replace(model.config, upsampler=UpsamplerConfig(widths=(8, 16)))
    networks = model.networks._replace(upsampler=Networks.build(config).upsampler)
    engine = Engine(config, networks, model.text_tokenizer)
    assert engine.default_size == 384
    request = engine.request("a cat", seed=0, sampling=STEPS)
    assert (request.size, request.upsample) == (384, True)
    assert engine.generate(request)[0].pixels.size == (384, 384)
    small = engine.request("a cat", height=32)
    assert (small.size, small.upsample) == (32, False)


def test_a_crisp_image_is_painted_from_its_svg(engine: Engine) -> None:
    soft, crisp = (
        engine.generate(engine.request("a <cat>", seed=0, sampling=STEPS, finish=finish))[0]
        for finish in ("soft", "crisp")
    )
    assert soft.svg == "" and soft.metadata["finish"] == "soft"
    assert crisp.metadata["finish"] == "crisp"
    assert "<title>a &lt;cat&gt;</title>" in crisp.svg and 'width="32"' in crisp.svg
    painted = svg_image(crisp.svg, 32)
    assert np.array_equal(np.asarray(painted), np.asarray(crisp.pixels))
    assert not np.array_equal(np.asarray(soft.pixels), np.asarray(crisp.pixels))
    with pytest.raises(ValueError, match="finish must be one of .*crisp.*, got 'sharp'"):
        engine.request("a cat", finish="sharp")


def test_the_finish_is_the_models_unless_somebody_says_another(model: DALL_E) -> None:
    config = dataclasses.replace(model.config, finish="crisp")
    crisp = Engine(config, model.networks, model.text_tokenizer)
    assert crisp.request("a cat").finish == "crisp"
    assert crisp.request("a cat", finish="soft").finish == "soft"
    assert ModelConfig.from_dict(config.to_dict()).finish == "crisp"
    with pytest.raises(ValueError, match="finish 'blurred' is not one of"):
        dataclasses.replace(model.config, finish="blurred")


def test_given_tokens_stay_and_the_rest_is_drawn(engine: Engine) -> None:
    last: list[torch.Tensor] = []
    plain = engine.request("a cat", seed=1, sampling=STEPS)
    engine.generate(plain, on_step=lambda step: last.append(step.codes_BN.clone()))
    mask_BN = torch.zeros(2, 64, dtype=torch.bool)
    mask_BN[:, :32] = True
    known = KnownTokens(last[-1].repeat(2, 1), mask_BN)

    request = engine.request("a dog", num_images_per_prompt=2, seed=8, sampling=STEPS, known=known)
    drawn: list[torch.Tensor] = []
    engine.generate(request, on_step=lambda step: drawn.append(step.codes_BN.clone()))
    assert torch.equal(drawn[-1][mask_BN], known.codes_BN[mask_BN])
    assert not torch.equal(drawn[-1][0, 32:], drawn[-1][1, 32:])


def test_progress_counts_the_steps_of_all_batches(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dall_e.inference.token_drawing.IMAGES_PER_BATCH", 2)
    told: list[tuple[str, int, int]] = []
    request = engine.request("a cat", num_images_per_prompt=3, seed=0, sampling=STEPS)
    engine.generate(request, on_progress=lambda *each: told.append(each))
    drawing = [("drawing", done, 4) for done in (1, 2, 3, 4)]
    assert told == drawing + [("finishing", done, 3) for done in (1, 2, 3)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": (1, 2)}, "there are 2 seeds for 1 candidates"),
        ({"best_of": 2}, "there are 1 seeds for 2 candidates"),
        ({"negative_prompts": ("a", "b")}, "there are 2 negative prompts for 1 prompts"),
        ({"known": 2}, "there are 2 rows of known tokens for 1 candidates"),
        ({"known": 1, "compose": True}, "draw with compose=False"),
    ],
)
def test_requests_that_do_not_fit_together(engine: Engine, changes: dict, message: str) -> None:
    request = engine.request("a cat", seed=1, sampling=STEPS)
    if changes.pop("compose", False):
        changes["sampling"] = dataclasses.replace(STEPS, compose=True)
    if rows := changes.pop("known", 0):
        mask_BN = torch.zeros(rows, 64, dtype=torch.bool)
        changes["known"] = KnownTokens(torch.zeros(rows, 64, dtype=torch.int64), mask_BN)
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(request, **changes)


def test_a_left_to_right_model_takes_the_first_tokens_alone(mini_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = DALL_E.from_pretrained(mini_folder).engine

    def known(*positions: int) -> KnownTokens:
        mask_BN = torch.zeros(1, 256, dtype=torch.bool)
        mask_BN[0, list(positions)] = True
        return KnownTokens(torch.zeros(1, 256, dtype=torch.int64), mask_BN)

    for gap in (known(1), known(0, 2)):
        with pytest.raises(ValueError, match="draws row by row, .* the top rows of a picture can"):
            engine.request("a cat", known=gap)
    assert engine.request("a cat", known=known(0, 1)).known is not None
    assert isinstance(engine.request("a cat"), GenerationRequest)


def test_known_tokens_must_be_of_the_grid(engine: Engine) -> None:
    num_codes = engine.networks.generator.config.num_codes
    mask_BN = torch.zeros(1, 64, dtype=torch.bool)
    mask_BN[0, 3] = True

    def request(codes_BN: torch.Tensor, mask_BN: torch.Tensor) -> None:
        engine.request("a cat", sampling=STEPS, known=KnownTokens(codes_BN, mask_BN))

    request(torch.full((1, 64), num_codes - 1), mask_BN)
    with pytest.raises(ValueError, match=rf"from 0 to {num_codes - 1}, got {num_codes} to"):
        request(torch.full((1, 64), num_codes), mask_BN)
    with pytest.raises(ValueError, match=r"must both be \[pictures, 64\], got \[1, 10\]"):
        request(torch.zeros(1, 10, dtype=torch.int64), mask_BN[:, :10])
