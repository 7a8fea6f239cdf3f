"""The parts of a block against numbers worked by hand.

Shapes: B batch rows, T tokens, D width.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.nn.attention import NoMemory, visibility_bias
from dall_e.nn.norms import RMSNorm, rms_norm
from dall_e.nn.transformer import (
    Attention,
    Block,
    GatedMLP,
    Linear,
    initialise_transformer,
    split_heads,
)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_norm_by_hand() -> None:
    norm = RMSNorm(2)
    nn.init.constant_(norm.weight, 2.0)
    # The mean square of (3, 4) is 12.5.
    expected = torch.tensor([[6.0, 8.0]]) / math.sqrt(12.5)
    torch.testing.assert_close(norm(torch.tensor([[3.0, 4.0]])), expected)
    assert norm(torch.ones(1, 2, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_norm_of_drawing_is_that_of_training(dtype: torch.dtype) -> None:
    x_2BHTK, weight_2K = normal(2, 3, 4, 5, 8).to(dtype), normal(2, 8, seed=1)
    for given, weight in ((x_2BHTK, weight_2K[:, None, None, None]), (x_2BHTK[0], weight_2K[0])):
        trained = rms_norm(given, weight, 1e-6)
        with torch.no_grad():
            drawn = rms_norm(given, weight, 1e-6)
        assert trained.dtype == drawn.dtype == dtype
        torch.testing.assert_close(trained, drawn)


@pytest.mark.parametrize("axes", [3, 0])
def test_the_gradients_of_the_norm_are_those_of_pytorch(axes: int) -> None:
    weight_2K = normal(2, 8, seed=1)
    weight = weight_2K[:, None, None, None] if axes else weight_2K[0]
    found = []
    for norm in (rms_norm, lambda x, gain, eps: F.rms_norm(x, x.shape[-1:], eps=eps) * gain):
        given, gain = normal(2, 3, 4, 5, 8).requires_grad_(), weight.clone().requires_grad_()
        result = norm(given, gain, 1e-2)
        result.backward(normal(*result.shape, seed=2))
        found.append((result, given.grad, gain.grad))
    for mine, expected in zip(*found, strict=True):
        torch.testing.assert_close(mine, expected, atol=1e-5, rtol=1e-5)
        assert expected.abs().max() > 0.1


def test_a_gain_of_the_shape_of_its_input_has_its_own_gradient() -> None:
    x_D, gain_D = normal(8).requires_grad_(), normal(8, seed=1).requires_grad_()
    rms_norm(x_D, gain_D, 1e-6).sum().backward()
    expected = x_D.detach() * x_D.detach().square().mean().rsqrt()
    torch.testing.assert_close(gain_D.grad, expected, atol=1e-5, rtol=1e-5)


def test_gated_mlp_by_hand() -> None:
    mlp = GatedMLP(1, 1)
    with torch.no_grad():
        mlp.gate_up.weight.copy_(torch.tensor([[1.0], [3.0]]))
        mlp.down.weight.fill_(2.0)
    # silu(2) = 2 / (1 + e^-2) = 1.761594; up = 6; times 2.
    torch.testing.assert_close(mlp(torch.tensor([[2.0]])), torch.tensor([[1.7615942 * 6 * 2]]))


def test_heads_are_consecutive_channels() -> None:
    x_BTD = torch.arange(12.0).view(1, 2, 6)
    assert split_heads(x_BTD, 3)[0, 1].tolist() == [[2.0, 3.0], [8.0, 9.0]]


def test_length_of_queries_and_keys_does_not_matter() -> None:
    attention = Attention(8, 2)
    x_BTD = normal(1, 4, 8)
    with torch.no_grad():
        before = attention(x_BTD, None, NoMemory(), None)
        attention.qkv.weight[:16] *= 7
        after = attention(x_BTD, None, NoMemory(), None)
    torch.testing.assert_close(before, after, atol=1e-5, rtol=1e-4)


def test_block_adds_to_its_input() -> None:
    block = Block(8, 2, 16)
    nn.init.zeros_(block.attention.out.weight)
    nn.init.zeros_(block.mlp.down.weight)
    x_BTD = normal(2, 3, 8)
    assert torch.equal(block(x_BTD, rotation=None, memory=NoMemory()), x_BTD)


def test_dropout_is_for_training_only() -> None:
    block, x_BTD = Block(8, 2, 16, dropout=0.5), normal(2, 3, 8)
    bias_TS = visibility_bias(torch.ones(3, 3, dtype=torch.bool), torch.float32)

    def out() -> Tensor:
        return block(x_BTD, rotation=None, memory=NoMemory(), bias_TS=bias_TS)

    assert not torch.equal(out(), out())
    block.eval()
    assert torch.equal(out(), out())


def test_layers_that_write_to_the_stream_start_smaller() -> None:
    torch.manual_seed(0)
    block = Block(64, 2, 128)
    initialise_transformer(block, num_blocks=8)
    for layer in (block.attention.qkv, block.mlp.gate_up):
        assert abs(layer.weight.std().item() / 0.02 - 1) < 0.05
    for layer in (block.attention.out, block.mlp.down):
        assert abs(layer.weight.std().item() / (0.02 / 4) - 1) < 0.05


@pytest.mark.parametrize("width", [64, 96, 256])
def test_a_row_is_the_same_to_the_bit_whatever_stands_beside_it(width: int) -> None:
    torch.manual_seed(0)
    layer = Linear(width, 3 * width)
    x_ND = normal(67, width)
    with torch.no_grad():
        together = layer(x_ND)
        for rows in (1, 2, 3, 5, 8, 11, 16, 33):
            assert torch.equal(layer(x_ND[:rows]), together[:rows]), rows
            assert torch.equal(layer(x_ND[None, :rows])[0], together[:rows]), rows
    torch.testing.assert_close(together, x_ND @ layer.weight.T + layer.bias, atol=1e-4, rtol=1e-4)


def test_linear_keeps_its_gradient() -> None:
    layer, x_ND = Linear(3, 2), normal(5, 3).requires_grad_()
    layer(x_ND).sum().backward()
    torch.testing.assert_close(x_ND.grad, layer.weight.detach().sum(0).expand(5, 3))
