"""Random models: the same every time, drawn with as users do, and refused where there is none."""

from typing import Any

import pytest
import torch
from benchmarks.random_models import check_precision, random_model, random_networks
from benchmarks.shapes import SHAPES, tiny

from dall_e.pipeline import DALL_E


def test_weights_are_the_same_every_time_and_finite() -> None:
    shape = tiny(SHAPES["llamagen-b"])
    weights, again = (
        random_networks(shape, torch.bfloat16).generator.state_dict() for _ in range(2)
    )
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    assert bool((weights["norm.weight"] == 1).all())
    assert 0.01 < float(weights["codes.weight"].float().std()) < 0.03


def test_shared_weights_are_the_same_numbers_and_take_the_memory_of_one() -> None:
    shape = tiny(SHAPES["llamagen-b"])
    apart, shared = (
        random_networks(shape, torch.bfloat16, shared=each).generator.state_dict()
        for each in (False, True)
    )
    assert all(torch.equal(apart[name], shared[name]) for name in apart)
    matrices = [tensor for tensor in shared.values() if tensor.dim() == 2]
    assert len({tensor.data_ptr() for tensor in matrices}) == 1
    assert len({tensor.data_ptr() for tensor in apart.values()}) == len(apart)


def test_unknown_precision() -> None:
    with pytest.raises(ValueError, match="'int3' is not one of fp32, bf16, int8, int4"):
        check_precision("int3")


def test_quantised_is_refused_where_the_library_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, *, dtype: Any = None) -> None: ...

    monkeypatch.setattr(DALL_E, "from_pretrained", without)
    check_precision("bf16")
    with pytest.raises(ValueError, match="has no int8: DALL_E.from_pretrained takes no `quant"):
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
