"""Eight-bit weights: worked numbers, the error bound, and stability under repetition."""

import pytest
import torch
import torch.nn.functional as F

from dall_e.nn.quantization import (
    WeightFormat,
    dequantize,
    pack_weight,
    quantizable,
    quantize,
    quantize_groups,
)
from dall_e.nn.transformer import Linear


def test_numbers_worked_by_hand() -> None:
    weight = torch.tensor([[127.0, -63.4, 0.0], [0.0, 0.0, 0.0], [-2.54, 1.27, 0.01]])
    values, scale_O = quantize(weight)
    assert values.tolist() == [[127, -63, 0], [0, 0, 0], [-127, 64, 0]] or values[2, 1].item() in (
        63,
        64,
    )
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
    assert quantizable(torch.zeros(4, 3)) and quantizable(
        torch.zeros(4, 3, 3, 3, dtype=torch.bfloat16)
    )
    assert not quantizable(torch.zeros(4)) and not quantizable(torch.zeros(1, 1, 8))
    assert not quantizable(torch.zeros(4, 3, dtype=torch.int64))


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="not finite"):
        quantize(torch.tensor([[1.0, float("nan")], [0.0, 0.0]]))
    with pytest.raises(ValueError, match=r"\[3\].*\[2, 4\]"):
        dequantize(torch.zeros(2, 4, dtype=torch.int8), torch.ones(3))


def test_four_bits_worked_by_hand() -> None:
    # 32 channels from -1.5 to 1.6 in steps of 0.1: 16 levels are 0.31/1.5 apart.
    weight = (torch.arange(32) * 0.1 - 1.5)[None].repeat(2, 1)
    weight[1] = 7.0
    values, scale_and_zero = quantize_groups(weight)
    scale = 3.1 / 15
    assert values[0, 0] == 0 and values[0, 31] == 15 and values[0, 1] == round(0.1 / scale)
    torch.testing.assert_close(scale_and_zero[0, 0], torch.tensor([scale, -1.5 + 8 * scale]))
    # A constant group has no spread, and comes back exactly.
    scale, zero = scale_and_zero[0, 1]
    torch.testing.assert_close((values[1].float() - 8) * scale + zero, weight[1])


@pytest.mark.parametrize("kind", ["int8", "int4"])
@pytest.mark.parametrize("rows", [1, 2, 3, 16, 40])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_packed_product_is_the_product_with_the_rounded_weight(
    kind: WeightFormat, rows: int, dtype: torch.dtype
) -> None:
    rng = torch.Generator().manual_seed(rows)
    weight = torch.randn(48, 64, generator=rng)
    packed = pack_weight(weight, kind)
    assert packed.bits == {"int8": 8, "int4": 4}[kind]
    x = torch.randn(3, rows, 64, generator=rng).to(dtype)
    product = packed(x)
    assert product.dtype == dtype and product.shape == (3, rows, 48)
    if kind == "int8":
        values, scale_O = quantize(weight)
        rounded = dequantize(values, scale_O)
    else:
        nibbles, scales = quantize_groups(weight)
        scale, zero = (part.T.repeat_interleave(32, dim=1) for part in scales.unbind(-1))
        rounded = (nibbles.float() - 8) * scale + zero
    assert (
        float((rounded - weight).abs().max())
        <= {"int8": 0.5 * 4.5 / 127, "int4": 0.5 * 8 / 15}[kind]
    )
    # bfloat16 has 8 bits: the error of a product is within 2^-8 of what its terms add up to.
    bound = x.bfloat16().float().abs() @ rounded.abs().T / 128
    assert bool(((product.float() - x.float() @ rounded.T).abs() <= bound).all())


@pytest.mark.parametrize("kind", ["int8", "int4"])
@pytest.mark.parametrize(
    ("outputs", "inputs"), [(32, 40), (30, 2730), (1, 32)]
)  # DALL-E mini's MLP is 2730 wide
@pytest.mark.parametrize("rows", [1, 2, 5, 20])
def test_matrices_of_any_size(kind: WeightFormat, outputs: int, inputs: int, rows: int) -> None:
    weight = torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(6))
    x = torch.randn(rows, inputs, generator=torch.Generator().manual_seed(7))
    packed = pack_weight(weight, kind)
    product = packed(x)
    assert packed.bits == {"int8": 8, "int4": 4}[kind] and product.shape == (rows, outputs)
    if outputs == 1:
        torch.testing.assert_close(
            product, x @ weight.T, atol={"int8": 0.1, "int4": 1.5}[kind], rtol=0
        )
        return
    assert (
        F.cosine_similarity(product, x @ weight.T, dim=-1).min()
        > {"int8": 0.9998, "int4": 0.98}[kind]
    )


def test_many_rows_and_few_agree() -> None:
    packed = pack_weight(torch.randn(1200, 512, generator=torch.Generator().manual_seed(4)), "int8")
    x = torch.randn(40, 512, generator=torch.Generator().manual_seed(5))
    together, apart = packed(x), torch.cat([packed(part) for part in x.split(8)])
    torch.testing.assert_close(together, apart, atol=0.5, rtol=0.02)
    assert F.cosine_similarity(together, apart, dim=-1).min() > 0.9999


def test_a_change_of_dtype_leaves_packed_weights_alone() -> None:
    packed = pack_weight(torch.randn(16, 32), "int8")
    before = packed.values.clone()
    packed.double()
    assert torch.equal(packed.values, before) and packed.scales.dtype == torch.bfloat16


def test_four_bits_stay_on_the_cpu() -> None:
    with pytest.raises(ValueError, match="int8 or bf16 for a GPU"):
        pack_weight(torch.randn(16, 32), "int4").to("meta")


def test_a_packed_layer_keeps_its_bias_and_drops_its_weight() -> None:
    layer = Linear(32, 16).requires_grad_(False)
    x = torch.randn(2, 3, 32, generator=torch.Generator().manual_seed(3))
    before = layer(x)
    layer.pack(pack_weight(layer.weight, "int8"))
    torch.testing.assert_close(layer(x), before, atol=0.03, rtol=0.03)
    assert {name for name, _ in layer.named_parameters()} == {
        "bias"
    } and layer.state_dict().keys() == {"bias"}
