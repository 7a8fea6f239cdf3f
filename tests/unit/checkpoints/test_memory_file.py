"""`memory.safetensors`: written, read back, and refused where it is damaged."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dall_e.checkpoints.memory_file import read_memory, write_memory
from dall_e.errors import UnusableFileError
from dall_e.sampling.memory import TokenMemory

CURVES = '<path fill="#dd2e44" d="M12,3.5 C14,2 20,2 24,8 Z"/>'
MEMORY = TokenMemory(
    torch.arange(18, dtype=torch.int16).view(2, 9),
    (("cat", "猫"), ()),
    (b"abc", b""),
    ("", CURVES),
)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "memory.safetensors"
    write_memory(path, MEMORY)
    back = read_memory(path)
    assert back.digest == MEMORY.digest and back.prompts == MEMORY.prompts
    assert tuple(back.curves) == MEMORY.curves and back.curves[1] == CURVES
    assert back.residuals == MEMORY.residuals and torch.equal(back.codes_IN, MEMORY.codes_IN)


@pytest.mark.parametrize(
    ("name", "tensor", "problem"),
    [
        ("codes", torch.zeros(2, 9), "its codes are torch.float32"),
        ("codes", torch.zeros(9, dtype=torch.int16), r"its codes are torch.int16 \[9\]"),
        ("codes", torch.zeros(6, dtype=torch.uint8), "3 codes are not those of 2 images"),
        ("codes", torch.tensor(list(b"\xfd7zXZ\x00ab"), dtype=torch.uint8), "it has no end within"),
        ("lengths", torch.tensor([3, 4], dtype=torch.int32), "3 bytes of residuals, and says 7"),
        ("lengths", torch.tensor([4, -1], dtype=torch.int32), "3 bytes of residuals, and says 3"),
        ("prompts", torch.tensor(list(b'[["a"], 3]'), dtype=torch.uint8), "not lists of texts"),
        ("prompts", torch.tensor(list(b"{"), dtype=torch.uint8), "it is not a memory"),
        ("prompts", torch.tensor(list(b"[[]]"), dtype=torch.uint8), "the others 1, 2 and 2"),
        ("blocks", torch.tensor([9], dtype=torch.int32), "bytes of curves, and says 9"),
        ("sums", torch.zeros(300, dtype=torch.int64), "300 drawings are not in 1 blocks of 256"),
        ("sums", torch.zeros(2), "its sums are torch.float32"),
    ],
)
def test_other_contents_are_named(
    tmp_path: Path, name: str, tensor: torch.Tensor, problem: str
) -> None:
    path = tmp_path / "memory.safetensors"
    write_memory(path, MEMORY)
    save_file({**load_file(path), name: tensor}, path)
    with pytest.raises(UnusableFileError, match=problem):
        read_memory(path)


def test_older_files_have_no_curves_and_plain_codes(tmp_path: Path) -> None:
    path = tmp_path / "memory.safetensors"
    write_memory(path, MEMORY)
    tensors = load_file(path)
    del tensors["curves"], tensors["blocks"], tensors["sums"]
    prompts = b'[["cat", "\xe7\x8c\xab"], []]'
    tensors |= {"codes": MEMORY.codes_IN, "prompts": torch.tensor(list(prompts), dtype=torch.uint8)}
    save_file(tensors, path)
    back = read_memory(path)
    assert back.curves == ("", "") and back.prompts == MEMORY.prompts
    assert torch.equal(back.codes_IN, MEMORY.codes_IN)


def test_a_file_that_is_missing_cut_short_or_lacks_a_part(tmp_path: Path) -> None:
    path = tmp_path / "memory.safetensors"
    with pytest.raises(FileNotFoundError, match="memory.safetensors is missing"):
        read_memory(path)
    write_memory(path, MEMORY)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(UnusableFileError, match="it is not a memory of images"):
        read_memory(path)
    save_file({"codes": MEMORY.codes_IN}, path)
    with pytest.raises(UnusableFileError, match="it is not a memory of images"):
        read_memory(path)
