"""Code for diffusers and torch works, or is told what to write here."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dall_e import DALL_E
from dall_e.checkpoints import hub
from dall_e.errors import DallEWarning


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


def test_fault_use_19_keywords_of_loading(tiny_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = DALL_E.from_pretrained(
            tiny_folder,
            torch_dtype=torch.bfloat16,
            device_map={"": "cpu"},
            token="t",
            cache_dir="c",
            safety_checker=None,
        )
    assert loaded.dtype == torch.bfloat16 and loaded.device.type == "cpu"
    with pytest.warns(DallEWarning, match="use_safetensors is ignored: nothing in a file is run"):
        DALL_E.from_pretrained(tiny_folder, use_safetensors=True)
    with pytest.warns(DallEWarning, match="revision 'v1' is ignored: .* not come from the hub"):
        DALL_E.from_pretrained(tiny_folder, revision="v1")


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"load_in_8bit": True}, TypeError, 'write quantization="int8"'),
        ({"dtpye": "float32"}, TypeError, "unexpected keyword argument 'dtpye'"),
        ({"dtype": "float32", "torch_dtype": torch.float16}, ValueError, "contradict"),
        ({"device": "cpu", "device_map": "cuda"}, ValueError, "contradict"),
        ({"device_map": {"a": 0, "b": "cpu"}}, ValueError, "2 devices"),
        ({"device_map": "nowhere"}, ValueError, "no device is called 'nowhere'"),
    ],
)
def test_fault_use_19_loading_says_what_to_write(
    tiny_folder: Path, keywords: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        DALL_E.from_pretrained(tiny_folder, **keywords)


def test_fault_use_19_the_hub_gets_revision_token_and_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {}

    def snapshot(name: str, **keywords: Any) -> str:
        asked.update(keywords, name=name)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    with pytest.raises(FileNotFoundError, match="not a model folder"):
        DALL_E.from_pretrained("some-one/thing", revision="v1", token="secret", cache_dir="there")
    given = ("name", "revision", "token", "cache_dir", "local_files_only")
    assert [asked[name] for name in given] == ["some-one/thing", "v1", "secret", "there", False]

    # What a model needs of another repository is not of that revision.
    access = hub.HubAccess(revision="v1", token="secret").of_another_repository()
    assert access.keywords() == {"local_files_only": False, "token": "secret"}


def test_fault_use_19_keywords_of_a_call(model: DALL_E) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = model("a cat", num_inference_steps=1, output_type="pil", return_dict=True)
    assert image.images[0] is image
    with pytest.warns(DallEWarning, match="verbose is ignored"):
        model("a cat", num_inference_steps=1, verbose=True)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"output_type": "np"}, r"numpy.asarray\(image\)"),
        ({"guidance": 3.0}, "write guidance_scale="),
        ({"cfg_scale": 3.0}, "write guidance_scale="),
        ({"steps": 3}, "write num_inference_steps="),
        ({"return_dict": False}, ".images of either is the list"),
        ({"eta": True}, "temperature="),
        ({"latents": np.zeros(3)}, "seed="),
        ({"wings": 2}, "unexpected keyword argument 'wings'"),
    ],
)
def test_fault_use_19_a_call_says_what_to_write(
    model: DALL_E, keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        model("a cat", **keywords)


def test_fault_use_19_methods_without_effect_say_so(model: DALL_E) -> None:
    for name in ("enable_attention_slicing", "enable_model_cpu_offload", "set_progress_bar_config"):
        with pytest.warns(DallEWarning, match=f"{name}.. has no effect"):
            getattr(model, name)("auto", disable=True)
    for name, instead in (("unet", "networks.generator"), ("generate", r"write model\(prompt\)")):
        with pytest.raises(AttributeError, match=instead):
            getattr(model, name)
    assert not hasattr(model, "wings")


def test_fault_use_19_a_compiled_model_draws_the_same(model: DALL_E) -> None:
    with pytest.warns(DallEWarning, match=r"torch.compile\(model\) changes nothing"):
        compiled = torch.compile(model)
    pictures = [each("a cat", num_inference_steps=2, seed=3) for each in (model, compiled)]
    assert pictures[0] == pictures[1]
    with pytest.warns(DallEWarning, match="did not read: 'blorp'") as said:
        compiled("a cat blorp", num_inference_steps=1, compose=True)
    assert [each.filename for each in said] == [__file__]


def test_fault_use_19_a_negative_prompt_for_each_prompt(model: DALL_E) -> None:
    def draw(prompt: str | list[str], negative: str | list[str], seed: list[int]) -> Any:
        return model(
            prompt, negative_prompt=negative, seed=seed, guidance_scale=20, num_inference_steps=3
        )

    together = draw(["a cat", "a cat"], ["", "two red apples"], [1, 1])
    assert together[0].tobytes() != together[1].tobytes()
    assert together[1] == draw("a cat", "two red apples", [1])
    assert [image.info["negative_prompt"] for image in together] == ["", "two red apples"]


def test_fault_use_18_a_generator_for_each_picture(model: DALL_E) -> None:
    def streams() -> list[torch.Generator]:
        return [torch.Generator().manual_seed(number) for number in (1, 2)]

    def seeds(**keywords: Any) -> list[str]:
        images = model(["a cat", "a dog"], num_inference_steps=1, **keywords)
        return [image.info["seed"] for image in images]

    both = seeds(generator=streams())
    assert both == seeds(generator=streams()) and both[0] != both[1]
    alone = model("a cat", num_inference_steps=1, generator=streams()[1])
    assert alone.info["seed"] == both[1]


def test_fault_use_18_random_and_64_bit_seeds(model: DALL_E) -> None:
    largest = model("a cat", num_inference_steps=1, seed=2**64 - 1)
    assert largest.info["seed"] == str(2**64 - 1)
    assert largest == model(["a cat"] * 2, num_inference_steps=1, seed=2**64 - 2)[1]
    # Bits above 63 count.
    assert largest.tobytes() != model("a cat", num_inference_steps=1, seed=2**63 - 1).tobytes()

    drawn = model(["a cat"] * 3, num_inference_steps=1, seed=[-1, 5, -1])
    seeds = [int(image.info["seed"]) for image in drawn]
    assert seeds[1] == 5 and seeds[0] != seeds[2] and min(seeds) >= 0
    counted = model("a cat", num_images_per_prompt=2, num_inference_steps=1, seed=-1)
    first, second = (int(image.info["seed"]) for image in counted)
    assert second == first + 1
