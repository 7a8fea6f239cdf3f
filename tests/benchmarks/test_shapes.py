"""Random models of published shapes: they draw, are the same every time, and refuse what the
library does not have."""

import dataclasses
from typing import Any

import pytest
import torch
from benchmarks.ours import Ours
from benchmarks.shapes import SHAPES, check_precision, random_model, random_networks, tiny

from dall_e.pipeline import DALL_E


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_draws_tokens(name: str) -> None:
    shape = tiny(SHAPES[name])
    vqgan = shape.config.tokenizer
    vqgan = dataclasses.replace(
        vqgan, width=32, multipliers=(1,) * len(vqgan.multipliers), decoder_blocks=1
    )
    shape = dataclasses.replace(
        shape, config=dataclasses.replace(shape.config, tokenizer=vqgan), pixels=False
    )
    times = Ours(shape, "fp32", torch.device("cpu")).draw(2)
    assert times.drawn == 2 and times.first > 0 and times.rest > 0 and times.pixels == 0


def test_tiny_is_the_same_work_with_less_width() -> None:
    for name, shape in SHAPES.items():
        small = tiny(shape).config
        assert small.generator.num_tokens == shape.config.generator.num_tokens, name
        assert small.generator.num_codes == shape.config.generator.num_codes, name
        assert (
            small.sampling == shape.config.sampling
            and small.generator.width < shape.config.generator.width
        ), name


def test_weights_are_the_same_every_time_and_finite() -> None:
    shape = tiny(SHAPES["llamagen-b"])
    first, second = (
        random_networks(shape, torch.bfloat16).generator.state_dict() for _ in range(2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {tensor.dtype for tensor in first.values()} == {torch.bfloat16}
    assert (
        bool((first["norm.weight"] == 1).all())
        and 0.01 < float(first["codes.weight"].float().std()) < 0.03
    )


def test_shared_weights_are_the_same_numbers_and_take_the_memory_of_one() -> None:
    shape = tiny(SHAPES["llamagen-b"])
    own, shared = (
        random_networks(shape, torch.bfloat16, shared=each).generator.state_dict()
        for each in (False, True)
    )
    assert all(torch.equal(own[name], shared[name]) for name in own)
    matrices = [tensor for tensor in shared.values() if tensor.dim() == 2]
    assert len({tensor.data_ptr() for tensor in matrices}) == 1
    assert len({tensor.data_ptr() for tensor in own.values()}) == len(own)


def test_unknown_precision() -> None:
    with pytest.raises(ValueError, match="'int3' is not one of fp32, bf16, int8, int4"):
        check_precision("int3")


def test_quantised_is_refused_where_the_library_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, *, dtype: Any = None) -> None: ...

    monkeypatch.setattr(DALL_E, "from_pretrained", without)
    check_precision("bf16")
    with pytest.raises(
        ValueError, match="has no int8: DALL_E.from_pretrained takes no `quantization`"
    ):
        random_model(tiny(SHAPES["llamagen-b"]), "int8")


def test_quantised_goes_through_from_pretrained(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = tiny(SHAPES["llamagen-b"])
    asked: list[str] = []
    plain = DALL_E.from_pretrained

    def load(name: str, *, quantization: str) -> DALL_E:
        asked.append(quantization)
        return plain(name)

    monkeypatch.setattr(DALL_E, "from_pretrained", load)
    model = random_model(shape, "int4")
    assert asked == ["int4"] and model.config == shape.config
    # Eight bits on the way: near the weights that were saved.
    saved = random_networks(shape, torch.bfloat16).generator.state_dict()["head.weight"].float()
    found = model.networks.generator.state_dict()["head.weight"].float()
    torch.testing.assert_close(found, saved, atol=1e-3, rtol=0)
