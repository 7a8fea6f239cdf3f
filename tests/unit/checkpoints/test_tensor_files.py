"""Weight files come apart into tensors; nothing in them is executed; what is damaged is named."""

import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from dall_e.checkpoints.tensor_files import (
    StoredTensor,
    open_weights,
    read_tensors,
    weights_in,
    write_tensors,
)
from dall_e.errors import DallEWarning

WEIGHTS = {
    "a": torch.arange(6.0).view(2, 3),
    "half": torch.ones(3, dtype=torch.float16),
    "bf": torch.full((2, 2), 0.5, dtype=torch.bfloat16),
    "ids": torch.tensor([1, 2]),
    "turned": torch.arange(6.0).view(2, 3).T,
    "part": torch.arange(10.0)[4:7],
    "number": torch.tensor(3.0),
    "none": torch.zeros(0, 4),
}


def check(found: dict[str, Any]) -> None:
    assert found.keys() == WEIGHTS.keys()
    for name, tensor in WEIGHTS.items():
        read = found[name].read()
        assert (
            found[name].shape == tuple(tensor.shape)
            and read.dtype == tensor.dtype
            and torch.equal(read, tensor)
        )


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_both_formats_of_torch(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "a.pt"
    tree = {"state_dict": OrderedDict(WEIGHTS), "epoch": 3, "name": "x", "rest": [1, (2, None)]}
    torch.save(tree, path, _use_new_zipfile_serialization=zipped)
    found = open_weights(path)
    assert (found["epoch"], found["name"]) == (3, "x") and found["rest"][0] == 1
    with pytest.warns(DallEWarning, match="its weights are those under 'state_dict'"):
        check(weights_in(found, path))
    check(weights_in(found, path, ["state_dict"]))


def test_safetensors_and_shards(tmp_path: Path) -> None:
    plain = {name: tensor.contiguous() for name, tensor in WEIGHTS.items()}
    write_tensors(tmp_path / "all.safetensors", plain)
    check(open_weights(tmp_path / "all.safetensors"))
    assert torch.equal(read_tensors(tmp_path / "all.safetensors")["a"], plain["a"])
    names = list(plain)
    for shard, part in enumerate((names[:3], names[3:])):
        safetensors.torch.save_file(
            {name: plain[name] for name in part}, tmp_path / f"{shard}.safetensors"
        )
    places = {name: f"{int(name in names[3:])}.safetensors" for name in names}
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(f'{{"weight_map": {places}}}'.replace("'", '"'))
    check(open_weights(index))
    index.write_text('{"weight_map": {"b": "0.safetensors"}}')
    with pytest.raises(
        ValueError, match="has no tensor b, which model.safetensors.index.json promises"
    ):
        open_weights(index)


class Call:
    """Unpickles by a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    "what", ["os.system", "open", "eval", "exec", "getattr", "torch.load", "print"]
)
def test_a_malicious_pickle_is_refused_and_nothing_ran(
    tmp_path: Path, what: str, zipped: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = tmp_path / "ran"
    calls = {
        "os.system": Call(os.system, f"touch {victim}"),
        "open": Call(open, str(victim), "w"),
        "eval": Call(eval, f"open({str(victim)!r}, 'w')"),
        "exec": Call(exec, f"open({str(victim)!r}, 'w')"),
        "getattr": Call(getattr, "a", "upper"),
        "torch.load": Call(torch.load, str(victim)),
        "print": Call(print, "it ran"),
    }
    path = tmp_path / "evil.pt"
    torch.save({"a": torch.ones(2), "b": calls[what]}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(
        ValueError, match=r"evil\.pt: it asks to run .*refused and nothing of it was run"
    ):
        open_weights(path)
    assert not victim.exists() and "it ran" not in capsys.readouterr().out


def test_a_bare_pickle_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Call(os.system, f"touch {tmp_path}/ran")))
    with pytest.raises(ValueError, match="asks to run"):
        open_weights(tmp_path / "evil.pkl")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.3, 0.6, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, kind: str, fraction: float) -> None:
    path = tmp_path / ("a.safetensors" if kind == "safetensors" else "a.pt")
    weights = {"a": torch.randn(100, 30), "b": torch.randn(400)}
    if kind == "safetensors":
        safetensors.torch.save_file(weights, path)
    else:
        torch.save(weights, path, _use_new_zipfile_serialization=kind == "zip")
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(ValueError, match=str(path.name)):
        open_weights(path)


def test_a_file_that_shrinks_after_opening_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_tensors(path, {"a": torch.ones(100)})
    tensor = open_weights(path)["a"]
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="was cut short"):
        tensor.read()


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none.pt is missing"):
        open_weights(tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("hello")
    with zipfile.ZipFile(tmp_path / "archive.pt", "w") as archive:
        archive.writestr("a.txt", "hello")
    for name in ("text.pt", "archive.pt"):
        with pytest.raises(ValueError, match=name):
            open_weights(tmp_path / name)
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    with pytest.raises(ValueError, match="holds no weights by name"):
        weights_in(open_weights(tmp_path / "empty.pt"), tmp_path / "empty.pt")


def test_a_tensor_that_reaches_out_of_its_storage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": torch.arange(6.0).view(2, 3)}, path)
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "b.pt", "w") as archive:
        for name, content in records.items():
            # The shape (2, 3), two one-byte numbers in the pickle, becomes (9, 3).
            archive.writestr(name, content.replace(b"K\x02K\x03\x86", b"K\x09K\x03\x86"))
    with pytest.raises(ValueError, match=r"shape \(9, 3\) in a storage of 6 numbers"):
        open_weights(tmp_path / "b.pt")


def test_reading_is_lazy(tmp_path: Path) -> None:
    torch.save(WEIGHTS, tmp_path / "a.pt")
    assert all(
        isinstance(tensor, StoredTensor) for tensor in open_weights(tmp_path / "a.pt").values()
    )
