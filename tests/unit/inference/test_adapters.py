"""LoRA files on top of the built-in model."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from dall_e import DALL_E
from dall_e.checkpoints.lora_files import save_lora
from dall_e.errors import DallEWarning
from dall_e.nn.lora import LowRank

LAYER = "generator.query_blocks.0.mlp.down"
SIZE = {"height": 96, "finish": "soft", "num_inference_steps": 4, "compose": False}


@pytest.fixture(scope="module")
def model() -> DALL_E:
    """What it remembers, no LoRA changes."""
    return DALL_E.from_pretrained().forget()


def lora(folder: Path, model: DALL_E, *, seed: int, layer: str = LAYER, wider: int = 0) -> Path:
    outputs, inputs = model.networks.generator.get_submodule(
        LAYER.removeprefix("generator.")
    ).weight.shape
    rng = torch.Generator().manual_seed(seed)
    a_RI = torch.randn(4, inputs + wider, generator=rng)
    b_OR = torch.randn(outputs, 4, generator=rng)
    save_lora(folder, {layer: LowRank(a_RI, b_OR, 0.05)}, base_model="dall-e-emoji")
    return folder


def drawn(model: DALL_E) -> np.ndarray:
    return np.asarray(model("a red apple", seed=3, **SIZE))


def test_they_stack_and_come_off_bit_for_bit(model: DALL_E, tmp_path: Path) -> None:
    one, two = (lora(tmp_path / name, model, seed=i) for i, name in enumerate(("one", "two")))
    weight = model.networks.generator.get_submodule(LAYER.removeprefix("generator.")).weight
    before, picture = weight.detach().clone(), drawn(model)

    model.load_lora(one).load_lora(two, scale=0.5)
    assert model.loras == {"one": 1.0, "two": 0.5}
    assert not np.array_equal(drawn(model), picture)
    expected = before + sum(
        scale * file.layers[LAYER].delta() for file, scale in model.engine.adapters.files.values()
    )
    weight = model.networks.generator.get_submodule(LAYER.removeprefix("generator.")).weight
    torch.testing.assert_close(weight, expected)
    told = model("a red apple", seed=3, **SIZE).info["lora"]
    assert told.startswith("one x 1 (") and "two x 0.5 (" in told

    model.unload_lora("one").unload_lora()
    weight = model.networks.generator.get_submodule(LAYER.removeprefix("generator.")).weight
    assert model.loras == {} and torch.equal(weight, before)
    assert np.array_equal(drawn(model), picture)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_draws_the_same_and_takes_its_own_off(
    copied: Callable[[DALL_E], DALL_E], tmp_path: Path
) -> None:
    model = DALL_E.from_pretrained()
    asked = {"seed": 3, "height": 96, "finish": "crisp"}
    apple = np.asarray(model("a red apple", **asked))
    model.forget()
    plain = drawn(model)
    model.load_lora(lora(tmp_path / "one", model, seed=0))
    changed = drawn(model)

    other = copied(model)
    assert other.loras == {"one": 1.0} and np.array_equal(drawn(other), changed)
    other.unload_lora()
    assert np.array_equal(drawn(other), plain) and not np.array_equal(plain, changed)
    assert model.loras == {"one": 1.0} and np.array_equal(drawn(model), changed)
    # With what it remembers, a copy draws the same, too.
    whole = copied(DALL_E.from_pretrained())
    assert np.array_equal(np.asarray(whole("a red apple", **asked)), apple)


def test_scale_zero_changes_no_picture(model: DALL_E, tmp_path: Path) -> None:
    picture = drawn(model)
    model.load_lora(lora(tmp_path / "none", model, seed=0), scale=0)
    assert np.array_equal(drawn(model), picture)
    model.unload_lora()


def test_one_for_another_model_is_refused(model: DALL_E, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no layer generator.nothing"):
        model.load_lora(lora(tmp_path / "a", model, seed=0, layer="generator.nothing"))
    with pytest.raises(ValueError, match="has a weight of"):
        model.load_lora(lora(tmp_path / "b", model, seed=0, wider=1))
    assert model.loras == {}


def test_wrong_calls_are_named(model: DALL_E, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale must be"):
        model.load_lora(tmp_path, scale=float("nan"))
    with pytest.raises(FileNotFoundError, match="not a LoRA folder"):
        model.load_lora(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no LoRA 'x' on the model; there are: none"):
        model.unload_lora("x")


def test_another_base_model_is_said(model: DALL_E, tmp_path: Path) -> None:
    folder = lora(tmp_path / "c", model, seed=0)
    settings = folder / "adapter_config.json"
    settings.write_text(settings.read_text().replace("dall-e-emoji", "other"))
    with pytest.warns(DallEWarning, match="was trained on other"):
        model.load_lora(folder)
    model.unload_lora()


def test_few_bits_have_no_weights_to_add_to(tmp_path: Path, model: DALL_E) -> None:
    folder = lora(tmp_path / "d", model, seed=0)
    packed = DALL_E.from_pretrained(quantization="int8")
    with pytest.raises(ValueError, match="load it without quantization"):
        packed.load_lora(folder)
