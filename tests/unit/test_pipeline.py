"""Prompts become pictures; a seed is a picture, whatever it is drawn with; bad input is named."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from dall_e import DALL_E, SamplingConfig
from dall_e.errors import DallEWarning
from dall_e.inference import token_drawing
from dall_e.sampling.decode import DecodeInterrupted, decode_tokens


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


def pixels(image) -> np.ndarray:
    return np.asarray(image)


def test_one_prompt_gives_one_picture(model: DALL_E) -> None:
    image = model("a white cat", num_inference_steps=4, seed=3)
    assert (image.mode, image.size) == ("RGB", (32, 32))
    assert image.info["prompt"] == "a white cat"
    assert image.info["seed"] == "3"
    assert image.info["num_inference_steps"] == "4"
    assert (image.info["model"], image.info["model_version"]) == ("tiny-random", "7")


def test_a_seed_is_a_picture_in_any_batch(model: DALL_E) -> None:
    alone = model("a red apple", num_inference_steps=6, seed=7)
    batch = model(
        ["a cat", "a red apple"], num_inference_steps=6, num_images_per_prompt=2, seed=[9, 9, 1, 7]
    )
    counted = model("a red apple", num_inference_steps=6, num_images_per_prompt=19, seed=1)
    assert len(batch) == 4 and len(counted) == 19
    assert [image.info["seed"] for image in batch] == ["9", "9", "1", "7"]
    assert np.array_equal(pixels(alone), pixels(batch[3]))
    assert counted[6].info["seed"] == "7" and np.array_equal(pixels(alone), pixels(counted[6]))
    assert np.array_equal(pixels(batch[0]), pixels(batch[1]))
    assert not np.array_equal(pixels(alone), pixels(batch[2]))


def test_short_memory_makes_smaller_batches_of_the_same_pictures(
    model: DALL_E, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def draw(**settings: Any) -> list[npt.NDArray[np.uint8]]:
        sizes.clear()
        images = model(["a cat", "a dog", "a bus"], num_inference_steps=2, seed=1, **settings)
        return [pixels(image) for image in images]

    def counted(generator: Any, text: Any, *rest: Any, **more: Any) -> torch.Tensor:
        sizes.append(len(text.states_BLD))
        return decode_tokens(generator, text, *rest, **more)

    monkeypatch.setattr(token_drawing, "decode_tokens", counted)
    together = draw()
    assert sizes == [3]
    row = model.networks.generator.row_bytes()
    cache = model.networks.generator.prefill(
        model.networks.text(torch.ones(1, 24, dtype=torch.int64))
    )
    tensors = [
        part for layer in (*cache.content, cache.shared) for part in (layer.k_BHSK, layer.v_BHSK)
    ]
    assert row == sum(tensor.nbytes for tensor in tensors)
    # Half of it for the caches: two pictures with guidance, four without; and one where there is no
    # room at all.
    monkeypatch.setattr(token_drawing, "free_memory", lambda _device: 2 * 5 * row)
    short = draw()
    assert sizes == [2, 1]
    assert all(np.array_equal(one, other) for one, other in zip(together, short, strict=True))
    draw(guidance_scale=1)
    assert sizes == [3]
    monkeypatch.setattr(token_drawing, "free_memory", lambda _device: 0)
    draw()
    assert sizes == [1, 1, 1]


def test_a_list_gives_a_list(model: DALL_E) -> None:
    assert len(model(["a cat"], num_inference_steps=1)) == 1


def test_a_fresh_seed_is_recorded(model: DALL_E) -> None:
    first = model("a cat", num_inference_steps=2)
    again = model("a cat", num_inference_steps=2, seed=int(first.info["seed"]))
    assert np.array_equal(pixels(first), pixels(again))


def test_a_torch_generator_draws_seeds(model: DALL_E) -> None:
    first, again = (
        model("a cat", num_inference_steps=1, generator=torch.Generator().manual_seed(1)).info[
            "seed"
        ]
        for _ in range(2)
    )
    assert first == again


def test_drawing_leaves_the_global_random_stream_alone(tiny_folder: Path) -> None:
    before = torch.get_rng_state()
    DALL_E.from_pretrained(tiny_folder)("a cat", num_inference_steps=1)
    assert torch.equal(before, torch.get_rng_state())


def test_a_model_without_an_upsampler_draws_its_own_size(model: DALL_E) -> None:
    assert model.networks.upsampler is None
    assert model("a cat", num_inference_steps=1).info["size"] == "32x32"


def test_size_and_transparency(model: DALL_E) -> None:
    image = model("a cat", num_inference_steps=1, height=50, transparent=True)
    assert (image.mode, image.size, image.info["size"]) == ("RGBA", (50, 50), "50x50")


def test_svg_of_a_prompt_and_of_an_image(model: DALL_E) -> None:
    keywords = {"num_inference_steps": 1, "seed": 3}
    svg = model.svg("a cat", **keywords)
    assert svg.startswith("<svg ") and "<title>a cat</title>" in svg
    crisp = model("a cat", finish="crisp", **keywords)
    assert isinstance(crisp, Image.Image) and crisp.info["svg"] == svg.encode()
    assert "svg" not in model("a cat", **keywords).info  # this model's own finish is soft
    assert model.svg(Image.new("RGB", (40, 20), "red")).count("<path") == 1


@pytest.mark.parametrize(
    ("what", "keywords", "message"),
    [
        ("a cat", {"num_images_per_prompt": 2}, "svg draws one picture of one prompt"),
        (["a cat", "a dog"], {}, "svg draws one picture of one prompt"),
        (Image.new("L", (9, 9)), {"seed": 1}, "an image is not drawn: leave out seed"),
    ],
)
def test_what_svg_cannot_do(model: DALL_E, what: Any, keywords: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.svg(what, **keywords)


def test_the_negative_prompt_and_settings_matter(model: DALL_E) -> None:
    plain = model("a cat", num_inference_steps=4, seed=0, guidance_scale=30)
    steered = model(
        "a cat", num_inference_steps=4, seed=0, guidance_scale=30, negative_prompt="two red apples"
    )
    raster = model(
        "a cat",
        num_inference_steps=4,
        seed=0,
        sampling=SamplingConfig(order="raster", guidance_scale=30),
    )
    assert not np.array_equal(pixels(plain), pixels(steered))
    assert raster.info["order"] == "raster"
    assert not np.array_equal(pixels(plain), pixels(raster))


def test_temperature_keeps_its_ratio(model: DALL_E) -> None:
    own = model.config.sampling
    settings = model.sampling_settings(temperature=0.5)
    assert settings.final_temperature == pytest.approx(
        0.5 * own.final_temperature / own.temperature
    )
    assert model.sampling_settings(temperature=0).final_temperature == 0


def test_callbacks_see_steps_and_may_stop(model: DALL_E) -> None:
    seen: list[tuple[int, int]] = []
    model(
        "a cat",
        num_inference_steps=3,
        callback_on_step_end=lambda step: seen.append((step.step, step.num_steps)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(DecodeInterrupted, match="step 2 of 3"):
        model("a cat", num_inference_steps=3, callback_on_step_end=lambda step: step.step == 2)


def test_a_long_prompt_draws_and_says_what_is_left_out(model: DALL_E) -> None:
    with pytest.warns(UserWarning, match="left out: .*giraffe"):
        model("a cat " * 12 + "giraffe", num_inference_steps=1)
    with pytest.warns(UserWarning, match=r"\d+ characters"):
        model("猫" * 10_000, num_inference_steps=1)


def test_too_many_steps_are_clipped_with_a_warning(model: DALL_E) -> None:
    with pytest.warns(UserWarning, match="10000 is more than the picture's 64 tokens"):
        image = model("a cat", num_inference_steps=10_000)
    assert image.info["num_inference_steps"] == "64"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model("a cat", num_inference_steps=64)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "the prompt is blank"),
        ([""], "the prompt is blank"),
        (" \n\t", "the prompt is blank"),
        ([], "at least one text"),
        (None, "at least one text"),
        (3, "at least one text"),
        (["a cat", 3], "prompt 1 of the list must be a text, got int"),
        (["a cat", "b", " "], "prompt 2 of the list is blank"),
        ("\u200b\x00\u202e", "the prompt is blank"),
        (b"a cat", "a list of at least one text, got b'a cat'"),
        (
            ["a cat", b"x" * 100_000],
            r"prompt 1 of the list must be a text, got bytes: b'x+\.\.\.x+'$",
        ),
    ],
)
def test_bad_prompts(model: DALL_E, prompt: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model(prompt)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"num_inference_steps": 0}, "at least 1, got 0"),
        ({"num_inference_steps": "5"}, "num_inference_steps must be a whole number, got '5'"),
        ({"num_images_per_prompt": 0}, "at least 1, got 0"),
        ({"num_images_per_prompt": 1.5}, "whole number of at least 1, got 1.5"),
        ({"num_images_per_prompt": 10**12}, "10000: make several calls"),
        ({"seed": -2}, "got -2"),
        ({"seed": 2**64}, "between 0 and"),
        ({"seed": 1.5}, "whole number"),
        ({"seed": [1, 2]}, "2 entries for 1 pictures"),
        ({"seed": True}, "got True"),
        ({"seed": "7"}, "got '7'"),
        ({"seed": np.array([1.0])}, "got 1.0"),
        ({"seed": 1, "generator": torch.Generator()}, "not both"),
        ({"generator": 5}, "must be a torch.Generator, or a list of them, got int"),
        ({"sampling": {"top_k": 1}}, "must be a SamplingConfig, got dict"),
        ({"callback_on_step_end": 5}, "must be a function, got int"),
        ({"negative_prompt": 5}, "must be a text, or a list of texts, got 5"),
        ({"negative_prompt": ["a dog", ""]}, "2 entries for 1 prompts"),
        ({"generator": [torch.Generator()] * 2}, "2 entries for 1 pictures"),
        ({"temperature": "hot"}, "temperature must be a finite number, got 'hot'"),
        ({"top_p": 0.0}, r"\(0, 1\], got 0.0"),
        ({"guidance_scale": -1}, "at least 0, got -1"),
        ({"height": 7}, "got 7"),
        ({"height": 0}, "got 0"),
        ({"height": 64.5}, "got 64.5"),
        ({"height": 64, "width": 32}, "height 64 and width 32"),
    ],
)
def test_bad_numbers(model: DALL_E, keywords: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model("a cat", **keywords)


@pytest.mark.parametrize(
    "seed", [np.int64(7), torch.tensor(7), np.array([7]), [np.int64(7)]], ids=repr
)
def test_seeds_may_be_numbers_of_numpy_and_torch(model: DALL_E, seed: object) -> None:
    assert model("a cat", num_inference_steps=1, seed=seed).info["seed"] == "7"  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:this model reads English and Chinese")
@pytest.mark.parametrize(
    "text", ["😀", "مرحبا", "a\x00cat", "\ud800 cat", "<end>", "\u202ea"], ids=ascii
)
def test_any_unicode_draws(model: DALL_E, text: str, tmp_path: Path) -> None:
    from dall_e.images.files import read_metadata, save_image

    image = model(text, num_inference_steps=1, negative_prompt=text)
    save_image(image, tmp_path / "a.png", image.info)
    found = read_metadata(tmp_path / "a.png")
    assert found["prompt"] == found["negative_prompt"] == text.replace("\ud800", "?")


def test_saving_again_draws_the_same(model: DALL_E, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "again")
    again = DALL_E.from_pretrained(tmp_path / "again")
    first, second = (each("a cat", num_inference_steps=4, seed=5) for each in (model, again))
    assert np.array_equal(pixels(first), pixels(second))


def test_other_number_formats(tiny_folder: Path) -> None:
    model = DALL_E.from_pretrained(tiny_folder, dtype="bfloat16", device="cpu")
    assert model.dtype == torch.bfloat16 and model.device.type == "cpu"
    assert model("a cat", num_inference_steps=2).info["dtype"] == "bfloat16"
    with pytest.warns(DallEWarning, match="stay as bfloat16 rounded them"):
        assert model.to("cpu", torch.float32).dtype == torch.float32
    with pytest.raises(ValueError, match="int8"):
        DALL_E.from_pretrained(tiny_folder, dtype="int8")


def test_weights_of_another_shape_are_named(model: DALL_E, tmp_path: Path) -> None:
    import json

    model.save_pretrained(tmp_path)
    head = json.loads((tmp_path / "config.json").read_text())
    head["model"]["generator"]["mlp_width"] += 32
    (tmp_path / "config.json").write_text(json.dumps(head))
    with pytest.raises(
        ValueError, match=r"generator\.\S+ has shape \[\d+, \d+\], the settings ask for"
    ):
        DALL_E.from_pretrained(tmp_path)
    head["model"]["generator"]["grid_size"] += 1
    (tmp_path / "config.json").write_text(json.dumps(head))
    with pytest.raises(ValueError, match=r"config\.json: its settings .*: generator\.grid_size"):
        DALL_E.from_pretrained(tmp_path)
