"""Every foreign tensor is mapped or dropped on purpose; a wrong one is named with both shapes."""

from pathlib import Path

import pytest
import torch
from torch import nn

from dall_e.checkpoints.keymap import (
    From,
    KeyTable,
    count_layers,
    current_name,
    expand,
    fill,
    matrix_shape,
)
from dall_e.checkpoints.tensor_files import open_weights, write_tensors

ROWS = expand({"0.*": ("q.*", "k.*"), "1.weight": "scale", "1.bias": "shift"})
TABLE = KeyTable(rows=ROWS, dropped=("loss.",), dropped_ends=(".mask",))


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))


def weights() -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    sizes = {
        "q.weight": (2, 3),
        "k.weight": (2, 3),
        "q.bias": (2,),
        "k.bias": (2,),
        "scale": (4,),
        "shift": (4,),
    }
    return {name: torch.randn(*size, generator=rng) for name, size in sizes.items()}


def load(
    tmp_path: Path, tensors: dict[str, torch.Tensor], table: KeyTable = TABLE
) -> nn.Sequential:
    write_tensors(tmp_path / "a.safetensors", tensors)
    made = network()
    fill([(made, table)], open_weights(tmp_path / "a.safetensors"), torch.float32, "a.safetensors")
    return made


def test_joined_and_dropped(tmp_path: Path) -> None:
    tensors = weights()
    made = load(tmp_path, {**tensors, "loss.x": torch.ones(1), "b.mask": torch.ones(1)})
    assert torch.equal(made[0].weight, torch.cat((tensors["q.weight"], tensors["k.weight"])))
    assert torch.equal(made[1].bias, tensors["shift"])


def test_a_template_is_expanded() -> None:
    template = {
        "norm.*": "ln.*",
        "blocks.{}.qkv.weight": ("h.{}.q.w", "h.{}.kv.w"),
        "blocks.{}.scale": From(names=("h.{}.g",), may_lack=1.0),
    }
    assert expand(template, 2) == {
        "norm.weight": From(names=("ln.weight",)),
        "norm.bias": From(names=("ln.bias",)),
        "blocks.0.qkv.weight": From(names=("h.0.q.w", "h.0.kv.w")),
        "blocks.1.qkv.weight": From(names=("h.1.q.w", "h.1.kv.w")),
        "blocks.0.scale": From(names=("h.0.g",), may_lack=1.0),
        "blocks.1.scale": From(names=("h.1.g",), may_lack=1.0),
    }


def test_names_of_older_files() -> None:
    names = ("companion.picture.norm.weight", "companion.text.scale", "generator.companion.weight")
    assert [current_name(name) for name in names] == [
        "dual_encoder.image.norm.weight",
        "dual_encoder.text.scale",
        "generator.companion.weight",
    ]


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    tensors = weights()
    del tensors["k.bias"]
    with pytest.raises(ValueError, match=r"a\.safetensors .*: 1 missing \(k\.bias\)$"):
        load(tmp_path, tensors)


def test_a_tensor_left_over_is_named_with_its_shape(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"1 left over \(stranger of shape \[5, 2\]\)"):
        load(tmp_path, {**weights(), "stranger": torch.ones(5, 2)})


@pytest.mark.parametrize(
    ("name", "shape"), [("k.weight", (3, 2)), ("q.weight", (4, 3)), ("scale", (1,))]
)
def test_another_shape_is_named_with_both(
    tmp_path: Path, name: str, shape: tuple[int, ...]
) -> None:
    expected = list(weights()[name].shape)
    with pytest.raises(ValueError) as caught:
        load(tmp_path, {**weights(), name: torch.ones(shape)})
    assert f"{name} has shape {list(shape)}, the settings ask for {expected}" in str(caught.value)


def test_only_what_is_listed_may_lack(tmp_path: Path) -> None:
    table = KeyTable(rows={**ROWS, "1.weight": From(names=("scale",), may_lack=1.0)})
    tensors = weights()
    given = tensors.pop("scale")
    assert torch.equal(load(tmp_path, tensors, table)[1].weight, torch.ones(4))
    assert torch.equal(load(tmp_path, {**tensors, "scale": given}, table)[1].weight, given)
    del tensors["shift"]
    with pytest.raises(ValueError, match=r"1 missing \(shift\)"):
        load(tmp_path, tensors, table)


def test_sizes_from_names(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.safetensors", {"h.0.w": torch.ones(2, 3), "h.11.w": torch.ones(2)})
    tensors = open_weights(tmp_path / "a.safetensors")
    assert (count_layers(tensors, "h"), count_layers(tensors, "g")) == (12, 0)
    nested = {f"model.{name}": tensor for name, tensor in tensors.items()}
    assert count_layers(nested, "model.h") == 12
    assert matrix_shape(tensors, "h.0.w") == (2, 3)
    with pytest.raises(ValueError, match="have no x"):
        matrix_shape(tensors, "x")
    with pytest.raises(ValueError, match=r"h.11.w has shape \[2\], expected a matrix"):
        matrix_shape(tensors, "h.11.w")
