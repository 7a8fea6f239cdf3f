"""Codes are made once, and made again if their file is damaged or of other pictures."""

from pathlib import Path

import pytest
import torch

from dall_e.training.token_cache import cached


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-99], lambda content: content.replace(b"\x07" * 9, b"\x08" * 9)],
)
def test_fault_reliability_09_damaged_codes_are_made_again(tmp_path: Path, damage) -> None:
    path = tmp_path / "codes.pt"
    made: list[int] = []

    def make() -> torch.Tensor:
        made.append(1)
        return torch.full((1000,), 7, dtype=torch.int8)

    for _ in range(2):
        assert torch.equal(cached(path, "a", make), torch.full((1000,), 7, dtype=torch.int8))
    assert len(made) == 1

    path.write_bytes(damage(path.read_bytes()))
    assert torch.equal(cached(path, "a", make), torch.full((1000,), 7, dtype=torch.int8))
    assert len(made) == 2
    cached(path, "b", make)
    assert len(made) == 3
