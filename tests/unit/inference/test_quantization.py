"""Models in other precisions than float32: how near they stay, and what they refuse."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e import DALL_E
from dall_e.nn.transformer import Linear
from dall_e.sampling.orders import group_numbers


def answers(model: DALL_E) -> Tensor:
    """Logits of the built-in model for one picture of random codes under one prompt."""
    tokenizer, networks = model.text_tokenizer, model.networks
    ids_1L = tokenizer.encode(
        ["a white cat sleeping on a windowsill"], model.config.text.max_tokens
    ).ids_BL
    num_tokens = model.config.generator.num_tokens
    rng = torch.Generator().manual_seed(0)
    codes_1N = torch.randint(model.config.generator.num_codes, (1, num_tokens), generator=rng)
    places_1N = torch.randperm(num_tokens, generator=rng)[None]
    groups_N = group_numbers([16] * (num_tokens // 16))
    with torch.inference_mode():
        text = networks.text(ids_1L)
        level_1 = torch.zeros(1, dtype=model.dtype)
        return networks.generator(text, codes_1N, places_1N, groups_N, level_1).logits_BNC.float()


@pytest.mark.parametrize(
    ("quantization", "least"), [("bf16", 0.9999), ("int8", 0.999), ("int4", 0.97)]
)
def test_the_built_in_model_answers_nearly_the_same(quantization: str, least: float) -> None:
    exact, rounded = (
        answers(DALL_E.from_pretrained()),
        answers(DALL_E.from_pretrained(quantization=quantization)),
    )
    assert float(F.cosine_similarity(exact.flatten(), rounded.flatten(), dim=0)) > least
    assert not torch.equal(exact, rounded)


def test_drawing_with_packed_weights(mini_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact = DALL_E.from_pretrained(mini_folder)
        for quantization, bits in (("int8", 8), ("int4", 4)):
            model = DALL_E.from_pretrained(mini_folder, quantization=quantization)
            layers = [
                layer for layer in model.networks.generator.modules() if isinstance(layer, Linear)
            ]
            assert layers and all(layer.packed and layer.weight is None for layer in layers)
            assert bits in {layer.packed.bits for layer in layers if layer.packed}
            assert model("a cat", seed=1).size == exact("a cat", seed=1).size
            assert model.dtype == torch.bfloat16
            with pytest.raises(ValueError, match=f"a model in {quantization} cannot be saved"):
                model.save_pretrained("nowhere")


def test_what_is_saved_in_eight_bits_loads_packed(mini_folder: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        DALL_E.from_pretrained(mini_folder).save_pretrained(tmp_path)
        packed = DALL_E.from_pretrained(tmp_path, quantization="int8")
        exact = DALL_E.from_pretrained(tmp_path)
    for ours, theirs in zip(
        packed.networks.generator.blocks, exact.networks.generator.blocks, strict=True
    ):
        rounded = ours.attention.qkv.packed
        assert rounded is not None
        torch.testing.assert_close(
            rounded.values.float() * rounded.scales.float()[:, None],
            theirs.attention.qkv.weight,
            rtol=0.01,
            atol=1e-4,
        )


def test_bad_combinations() -> None:
    with pytest.raises(ValueError, match="'int3' is not one of fp32, bf16, int8, int4"):
        DALL_E.from_pretrained(quantization="int3")
    with pytest.raises(ValueError, match="contradict"):
        DALL_E.from_pretrained(quantization="bf16", dtype="float32")


def test_pictures_in_bfloat16_are_nearly_those_in_float32(mini_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact, faster = (
            DALL_E.from_pretrained(mini_folder, quantization=name) for name in ("fp32", "bf16")
        )
    num_tokens = exact.config.generator.num_tokens
    codes_BN = torch.randint(
        exact.config.generator.num_codes,
        (2, num_tokens),
        generator=torch.Generator().manual_seed(0),
    )
    with torch.inference_mode():
        images = [model.networks.tokenizer.detokenize(codes_BN) for model in (exact, faster)]
    assert faster.networks.tokenizer.decoder.end.weight.dtype == torch.bfloat16
    assert float((images[0] - images[1]).square().mean().sqrt()) < 0.01


@pytest.fixture(scope="module")
def float32_pixels() -> list[np.ndarray]:
    return pixels(DALL_E.from_pretrained().forget())


def pixels(model: DALL_E, **more: int) -> list[np.ndarray]:
    """Two pictures of what the network knows by heart, as it draws them: areas hide small steps."""
    images = model(
        ["a red apple", "two cats and a banana"],
        seed=7,
        num_inference_steps=16,
        temperature=0.0,
        finish="soft",
        **{"height": 256, **more},
    )
    assert isinstance(images, list)
    return [np.asarray(image).astype(int) for image in images]


@pytest.mark.parametrize(
    "precision",
    [
        {"quantization": "int8"},
        {"quantization": "int4"},
        {"dtype": "bfloat16"},
        {"dtype": "float16"},
    ],
    ids=lambda precision: "-".join(precision.values()),
)
def test_every_precision_draws_nearly_the_same(
    precision: dict[str, str], float32_pixels: list[np.ndarray]
) -> None:
    """Numbers pass from network to network: tokens, pixels, upsampler, and who chooses."""
    model = DALL_E.from_pretrained(**precision).forget()  # type: ignore[arg-type]
    for image, exact in zip(pixels(model), float32_pixels, strict=True):
        assert image.shape == exact.shape == (256, 256, 3)
        assert 0 < abs(image - exact).mean() < 2
    small = pixels(model, best_of=2, height=96)
    assert [image.shape for image in small] == [(96, 96, 3)] * 2
