"""Weights that are not finite are refused when they are read, by name, in every kind of file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from dall_e import DALL_E
from dall_e.checkpoints import store
from dall_e.checkpoints.stored_tensor import is_finite
from dall_e.checkpoints.tensor_files import read_tensors, write_tensors
from dall_e.errors import UnusableFileError
from dall_e.inference.image_codec import ImageCodec

pytestmark = pytest.mark.filterwarnings("ignore")

BAD = [float("nan"), float("inf"), -float("inf")]


def altered(source: Path, folder: Path, change: Callable[[dict[str, Tensor]], None]) -> Path:
    """A copy of a model folder with other weights, and a config.json that agrees with them."""
    shutil.copytree(source, folder)
    weights = read_tensors(folder / store.WEIGHTS_FILE)
    change(weights)
    write_tensors(folder / store.WEIGHTS_FILE, weights)
    head = json.loads((folder / store.CONFIG_FILE).read_text())
    head["files"][store.WEIGHTS_FILE] = store._size_and_digest(folder / store.WEIGHTS_FILE)
    (folder / store.CONFIG_FILE).write_text(json.dumps(head))
    return folder


def with_last(name: str, number: float) -> Callable[[dict[str, Tensor]], None]:
    """Puts a number at the end of a weight."""

    def change(weights: dict[str, Tensor]) -> None:
        weights[name].view(-1)[-1] = number

    return change


@pytest.mark.parametrize("number", BAD)
@pytest.mark.parametrize(
    "name",
    [
        "generator.query",  # bfloat16
        "generator.head.weight.scale",  # of eight bits
        "tokenizer.decoder.0.weight.scale",
        "text.norm.weight",
    ],
)
def test_fault_use_14_a_native_model(
    name: str, number: float, tiny_folder: Path, tmp_path: Path
) -> None:
    folder = altered(tiny_folder, tmp_path / "model", with_last(name, number))
    for precision in ({}, {"dtype": "bfloat16"}, {"quantization": "int8"}):
        with pytest.raises(UnusableFileError, match=f"the weight {name} has entries that are not"):
            DALL_E.from_pretrained(folder, **precision)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", BAD)
@pytest.mark.parametrize(
    ("file", "part"), [("decoder_mini.pt", 5), ("encoder_mini.pt", 0), ("detoker.pt", 3)]
)
def test_fault_use_14_files_of_another_project(
    file: str, part: int, number: float, mini_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mini"
    shutil.copytree(mini_folder, folder)
    weights = torch.load(folder / file, weights_only=True)
    name = list(weights)[part]
    weights[name].view(-1)[0] = number
    torch.save(weights, folder / file)
    with pytest.raises(UnusableFileError, match=f"{file}: the weight {name} has entries that are"):
        DALL_E.from_pretrained(folder)
    if file == "detoker.pt":
        with pytest.raises(ValueError, match=f"{name} has entries that are not finite"):
            ImageCodec.from_pretrained(folder / file)


@pytest.mark.parametrize("int8", [True, False])
def test_fault_use_14_a_converted_model(int8: bool, mini_folder: Path, tmp_path: Path) -> None:
    DALL_E.from_pretrained(mini_folder).save_pretrained(tmp_path / "ours", int8=int8)
    name = "generator.norm.weight"
    folder = altered(tmp_path / "ours", tmp_path / "bad", with_last(name, float("nan")))
    with pytest.raises(ValueError, match=f"the weight {name} has entries that are not finite"):
        DALL_E.from_pretrained(folder)


@pytest.mark.parametrize("name", ["generator.query", "generator.head.weight.scale"])
def test_what_float16_cannot_hold_is_not_made_infinite(
    name: str, tiny_folder: Path, tmp_path: Path
) -> None:
    folder = altered(tiny_folder, tmp_path / "model", with_last(name, 7e4))
    assert DALL_E.from_pretrained(folder).dtype == torch.float32
    stem = name.removesuffix(".scale")
    with pytest.raises(UnusableFileError, match=f"{stem} has numbers beyond what float16 can hold"):
        DALL_E.from_pretrained(folder, dtype="float16")


def test_a_sum_that_overflows_is_no_infinite_number() -> None:
    assert is_finite(torch.full((100,), 3e38)) and is_finite(torch.full((9,), 6e4).half())
    assert is_finite(torch.zeros(0)) and is_finite(torch.tensor(1.0))
    for number in BAD:
        numbers = torch.zeros(1000)
        numbers[17] = number
        assert not is_finite(numbers) and not is_finite(numbers.bfloat16())
    assert not is_finite(torch.tensor([np.inf, -np.inf]))
