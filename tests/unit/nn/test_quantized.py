"""Eight-bit weights: worked numbers, the error bound, and stability under repetition."""

import pytest
import torch

from dall_e.nn.quantized import dequantize, quantizable, quantize


def test_numbers_worked_by_hand() -> None:
    weight = torch.tensor([[127.0, -63.4, 0.0], [0.0, 0.0, 0.0], [-2.54, 1.27, 0.01]])
    values, scale_O = quantize(weight)
    assert values.tolist() == [[127, -63, 0], [0, 0, 0], [-127, 64, 0]] or values[2, 1].item() in (63, 64)
    torch.testing.assert_close(scale_O, torch.tensor([1.0, 1.0, 0.02]))


@pytest.mark.parametrize("shape", [(7, 5), (6, 4, 3, 3), (2, 1)])
def test_error_is_at_most_half_a_scale(shape: tuple[int, ...]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values, scale_O = quantize(weight)
    error = (dequantize(values, scale_O) - weight).abs().flatten(1).amax(dim=1)
    assert bool((error <= scale_O * 0.5001).all())


def test_quantising_again_changes_no_value() -> None:
    values, scale_O = quantize(torch.randn(16, 33, generator=torch.Generator().manual_seed(1)))
    again, _ = quantize(dequantize(values, scale_O))
    assert torch.equal(again, values)


def test_only_matrices_and_kernels_are_quantised() -> None:
    assert quantizable(torch.zeros(4, 3)) and quantizable(torch.zeros(4, 3, 3, 3, dtype=torch.bfloat16))
    assert not quantizable(torch.zeros(4)) and not quantizable(torch.zeros(1, 1, 8))
    assert not quantizable(torch.zeros(4, 3, dtype=torch.int64))


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="not finite"):
        quantize(torch.tensor([[1.0, float("nan")], [0.0, 0.0]]))
    with pytest.raises(ValueError, match=r"\[3\].*\[2, 4\]"):
        dequantize(torch.zeros(2, 4, dtype=torch.int8), torch.ones(3))
