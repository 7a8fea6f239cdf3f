"""Pictures become tokens of any model that has an encoder, and left to right some can be given."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.inference.image_prompts import PARTS, tokens_in
from dall_e.inference.image_tokens import check_prefix, image_tokens
from dall_e.sampling.decode import KnownTokens

PUBLISHED = ("min_dalle", "dalle_mini", "llamagen", "mindalle", "janus", "rudalle")

Load = Callable[..., DALL_E]


def an_image() -> Image.Image:
    pixels = np.random.default_rng(3).integers(0, 255, (6, 9, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((90, 60))


def drawn(model: DALL_E, **keywords: Any) -> tuple[torch.Tensor, np.ndarray]:
    """Codes [1, N] and pixels of one drawing."""
    last: list[torch.Tensor] = []
    request = model.engine.request("a cat", seed=4, **keywords)
    (image,) = model.engine.generate(request, lambda step: last.append(step.codes_BN.clone()))
    return last[-1], np.asarray(image.pixels)


@pytest.mark.parametrize("family", PUBLISHED)
def test_published_models_go_on_from_the_top_rows(load: Load, family: str) -> None:
    model = load(family)
    codes_1N = image_tokens(model.config, model.networks, an_image())
    grid = model.config.generator
    assert codes_1N.shape == (1, grid.num_tokens) and int(codes_1N.max()) < grid.num_codes

    is_top_1N = tokens_in(PARTS["top"], grid.grid_size)[None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        continued_1N, _ = drawn(model, known=KnownTokens(codes_1N, is_top_1N))
        plain_1N, plain = drawn(model)
        again_1N, again = drawn(model, known=KnownTokens(plain_1N, is_top_1N))
    assert torch.equal(continued_1N[is_top_1N], codes_1N[is_top_1N])
    assert not torch.equal(continued_1N[~is_top_1N], codes_1N[~is_top_1N])
    # A drawing that is given its own top rows goes on as it did.
    assert torch.equal(again_1N, plain_1N) and np.array_equal(again, plain)


def test_only_the_first_tokens_are_a_prefix() -> None:
    codes_BN = torch.zeros(2, 4, dtype=torch.int64)
    check_prefix(KnownTokens(codes_BN, torch.tensor([[1, 1, 0, 0]] * 2) == 1), "tiny")
    with pytest.raises(ValueError, match="tiny draws row by row"):
        check_prefix(KnownTokens(codes_BN, torch.tensor([[1, 1, 0, 0], [0, 1, 1, 0]]) == 1), "tiny")


def test_without_an_encoder_nothing_is_read(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load("min_dalle")
    monkeypatch.setattr(model.networks.tokenizer, "encoder", None)
    with pytest.raises(ValueError, match="tiny-min_dalle was published without the encoder"):
        image_tokens(model.config, model.networks, an_image())
