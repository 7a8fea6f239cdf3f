"""A model moves as torch's modules do."""

from pathlib import Path

import pytest
import torch

from dall_e import DALL_E
from dall_e.errors import DallEWarning


def test_fault_use_19_methods_of_torch(tiny_folder: Path) -> None:
    model = DALL_E.from_pretrained(tiny_folder)
    assert model.half().dtype == torch.float16
    with pytest.warns(DallEWarning, match="stay as float16 rounded them"):
        assert model.bfloat16().dtype == torch.bfloat16
    with pytest.warns(DallEWarning, match="stay as bfloat16 rounded them"):
        assert model.float().dtype == torch.float32
    assert model.float().cpu().eval().train(False).requires_grad_(False) is model
    assert model.to(device="cpu", dtype=torch.bfloat16).dtype == torch.bfloat16
    with pytest.warns(DallEWarning, match="load the model again for all of float32"):
        assert model.to("cpu", torch.float32).to(dtype="bfloat16").float().dtype == torch.float32
    with pytest.raises(ValueError, match="`dall-e train`"):
        model.train()
    with pytest.raises(ValueError, match="float64 is not one of"):
        model.to(dtype=torch.float64)
    if not torch.cuda.is_available():
        for move in (model.cuda, lambda: model.to(0), lambda: model.to(device="cuda:1")):
            with pytest.raises(ValueError, match="cuda"):
                move()
