"""Reference folders: our networks compute what the projects' own code computed.

Files that are not right are refused.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e.checkpoints.tensor_files import read_tensors
from dall_e.cli import run

Capture = pytest.CaptureFixture[str]


def test_every_folder_verifies(case: Path, tmp_path: Path, capsys: Capture) -> None:
    dump = tmp_path / "ours.safetensors"
    code = run(["zoo", "verify", str(case), "--dump", str(dump)])
    printed = capsys.readouterr().out
    assert code == 0, printed
    tensors = read_tensors(case / "expected.safetensors")
    expected = {name: tensor for name, tensor in tensors.items() if name[:3] == "out"}
    assert printed.count("ok\n") == len(expected)
    ours = read_tensors(dump)
    for name, tensor in expected.items():
        torch.testing.assert_close(ours[name].to(tensor.dtype), tensor, atol=1e-4, rtol=0)


def copied(case: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The folder of a case, with its first weight file, a dict of tensors, changed."""
    target = tmp_path / case.name
    meta = json.loads((case / "meta.json").read_text())
    target.mkdir()
    for name in meta["weights"]:
        shutil.copyfile(case / name, target / Path(name).name)
    meta["weights"] = [Path(name).name for name in meta["weights"]]
    (target / "meta.json").write_text(json.dumps(meta))
    shutil.copyfile(case / "expected.safetensors", target / "expected.safetensors")
    path = target / meta["weights"][0]
    tree = torch.load(path, weights_only=True)
    held = next((tree[name] for name in ("state_dict", "model") if name in tree), tree)
    change(held)
    torch.save(tree, path)
    return target


@pytest.fixture
def plain_case(case: Path) -> Path:
    if case.name == "openai_dvae":
        pytest.skip("its files are pickled networks; what holds for the table holds for them too")
    return case


def matrix_of(held: dict[str, Any]) -> str:
    """A weight in the middle of the network."""
    names = [
        name for name, tensor in held.items() if tensor.dim() > 1 and not name.startswith("loss.")
    ]
    return names[len(names) // 2]


def test_a_missing_key_is_named(plain_case: Path, tmp_path: Path, capsys: Capture) -> None:
    gone: list[str] = []

    def change(held: dict[str, Any]) -> None:
        gone.append(matrix_of(held))
        del held[gone[0]]

    folder = copied(plain_case, tmp_path, change)
    assert run(["zoo", "verify", str(folder)]) == 1
    assert f"1 missing ({gone[0]})" in capsys.readouterr().err


def test_a_key_too_many_is_named(plain_case: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = copied(plain_case, tmp_path, lambda held: held.update(stranger=torch.ones(2, 7)))
    assert run(["zoo", "verify", str(folder)]) == 1
    assert "1 left over (stranger of shape [2, 7])" in capsys.readouterr().err


def test_another_shape_is_named_with_both(
    plain_case: Path, tmp_path: Path, capsys: Capture
) -> None:
    shapes: list[tuple[str, list[int], list[int]]] = []

    def change(held: dict[str, Any]) -> None:
        name = matrix_of(held)
        old = held[name]
        held[name] = torch.cat((old, old[:1]))
        shapes.append((name, list(held[name].shape), list(old.shape)))

    folder = copied(plain_case, tmp_path, change)
    assert run(["zoo", "verify", str(folder)]) == 1
    ((name, held_shape, right_shape),) = shapes
    message = f"{name} has shape {held_shape}, the settings ask for {right_shape}"
    assert message in capsys.readouterr().err


def test_other_numbers_are_noticed(plain_case: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = copied(plain_case, tmp_path, lambda held: held[matrix_of(held)].mul_(1.5))
    assert run(["zoo", "verify", str(folder)]) == 1
    assert "DIFFERENT" in capsys.readouterr().out


def test_a_file_cut_short_is_refused(case: Path, tmp_path: Path, capsys: Capture) -> None:
    meta = json.loads((case / "meta.json").read_text())
    name = Path(meta["weights"][0])
    (tmp_path / name.name).write_bytes((case / name).read_bytes()[:-5000])
    for other in meta["weights"][1:]:
        shutil.copyfile(case / other, tmp_path / Path(other).name)
    meta["weights"] = [Path(each).name for each in meta["weights"]]
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    shutil.copyfile(case / "expected.safetensors", tmp_path / "expected.safetensors")
    assert run(["zoo", "verify", str(tmp_path)]) == 1
    assert name.name in capsys.readouterr().err


# Quirks: what each project does unlike the others, shown to matter by leaving it out


def outputs(folder: Path, tmp_path: Path) -> dict[str, torch.Tensor]:
    dump = tmp_path / "dump.safetensors"
    run(["zoo", "verify", str(folder), "--dump", str(dump)])
    return read_tensors(dump)


@pytest.mark.parametrize("case", ["min_dalle"], indirect=True)
def test_scales_that_the_files_leave_out_are_ones(case: Path, tmp_path: Path) -> None:
    held = torch.load(case / "encoder.pt", weights_only=True)
    assert "final_ln.bias" in held and "final_ln.weight" not in held
    ones = torch.ones_like(held["final_ln.bias"])

    with_ones = copied(case, tmp_path, lambda held: held.update({"final_ln.weight": ones}))
    assert run(["zoo", "verify", str(with_ones)]) == 0
    shutil.rmtree(with_ones)
    with_twos = copied(case, tmp_path, lambda held: held.update({"final_ln.weight": 2 * ones}))
    assert run(["zoo", "verify", str(with_twos)]) == 1


@pytest.mark.parametrize("case", ["min_dalle"], indirect=True)
def test_only_those_scales_may_be_left_out(case: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = copied(case, tmp_path, lambda held: held.pop("layernorm_embedding.weight"))
    assert run(["zoo", "verify", str(folder)]) == 1
    assert "1 missing (layernorm_embedding.weight)" in capsys.readouterr().err


@pytest.mark.parametrize("case", ["taming_vqgan", "llamagen_vq"], indirect=True)
def test_entries_are_unit_vectors_for_llamagen_only(case: Path, tmp_path: Path) -> None:
    lengths = outputs(case, tmp_path)["out.quantized"].norm(dim=1)
    unit = torch.allclose(lengths, torch.ones_like(lengths), atol=1e-5)
    assert unit == (case.name == "llamagen_vq")


@pytest.mark.parametrize("case", ["llamagen"], indirect=True)
def test_guidance_changes_the_greedy_tokens(case: Path, tmp_path: Path) -> None:
    ours = outputs(case, tmp_path)
    assert not torch.equal(ours["out.greedy_tokens_cfg1"], ours["out.greedy_tokens_cfg3"])
