"""The compiled stack of blocks answers as the blocks do one after the other, whatever their style
and weights."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from dall_e.config.published import BlockStyle
from dall_e.nn.attention import FixedMemory, KVCache, Rotation, grid_rotation
from dall_e.nn.cpu import kernels
from dall_e.nn.cpu.stack import Stack, stack_of
from dall_e.nn.cpu.structures import WEIGHT_KINDS
from dall_e.nn.quantization import dequantize, quantizable, quantize
from dall_e.nn.transformer import NATIVE, Block, CrossView, assign_weights

HEADS, CAPACITY = 3, 40
STYLES = {
    "native": NATIVE,
    "llamagen": BlockStyle(norm_eps=1e-5, qk_norm=False),
    "mini": BlockStyle(
        norm="layer",
        norm_eps=1e-5,
        norm_after=True,
        norm_inside_mlp=True,
        qk_norm=False,
        mlp="gelu_gated",
        cross_attention=True,
    ),
    "mindalle": BlockStyle(
        norm="layer", norm_eps=1e-5, qk_norm=False, attention_bias=True, mlp="gelu", mlp_bias=True
    ),
    "quick": BlockStyle(norm="layer", qk_norm=False, mlp="quick_gelu", mlp_bias=True),
    "sandwich": BlockStyle(
        norm="layer", norm_after=True, norm_after_mlp=True, qk_norm=False, mlp="gelu_tanh"
    ),
}


@pytest.fixture(autouse=True)
def _compiled() -> None:
    if kernels.status().kernels is None:
        pytest.skip(kernels.status().reason)


def made(style: BlockStyle, width: int, mlp_width: int, layers: int = 2) -> nn.ModuleList:
    torch.manual_seed(0)
    blocks = nn.ModuleList(Block(width, HEADS, mlp_width, style=style) for _ in range(layers))
    for weight in blocks.parameters():
        nn.init.normal_(weight, mean=1.0 if weight.ndim == 1 else 0.0, std=0.15)
    return blocks.requires_grad_(False).eval()


def caches(blocks: nn.ModuleList, entries: int, width: int) -> list[KVCache]:
    torch.manual_seed(1)
    held = [KVCache(entries, HEADS, CAPACITY, width // HEADS, torch.zeros(0)) for _ in blocks]
    for cache in held:
        cache.k_BHSK.normal_()
        cache.v_BHSK.normal_()
    return held


def views(blocks: nn.ModuleList, entries: int, width: int) -> list[CrossView | None]:
    torch.manual_seed(2)
    bias_B11L = torch.zeros(entries, 1, 1, 7)
    bias_B11L[0, ..., 5:] = -1e9
    shape = entries, HEADS, 7, width // HEADS
    return [
        CrossView(FixedMemory(torch.randn(shape), torch.randn(shape)), bias_B11L)
        if block.cross
        else None
        for block in blocks
    ]


def both(
    blocks: nn.ModuleList,
    *,
    entries: int = 2,
    tokens: int = 1,
    position: int = 9,
    rotation: Rotation | None = None,
    bias_BS: Tensor | None = None,
    dtype: torch.dtype = torch.float32,
) -> tuple[Tensor, Tensor]:
    """What the blocks make of random tokens, and what the stack makes of them; caches must agree
    too."""
    width = blocks[0].attention.out.in_features
    x_BTD = torch.randn(entries, tokens, width, generator=torch.Generator().manual_seed(3)).to(
        dtype
    )
    cross = views(blocks, entries, width)
    ours, plain = caches(blocks, entries, width), caches(blocks, entries, width)
    with torch.no_grad():
        stack = stack_of(blocks)
        assert isinstance(stack, Stack)
        found = stack(
            x_BTD,
            rotation=rotation,
            memories=[cache.at(position) for cache in ours],
            bias_BS=bias_BS,
            cross=cross,
        )
        wanted = x_BTD
        bias = None if bias_BS is None else bias_BS[:, None, None, : position + tokens]
        for block, cache, view in zip(blocks, plain, cross, strict=True):
            wanted = block(
                wanted, rotation=rotation, memory=cache.at(position), bias_TS=bias, cross=view
            )
    if dtype == torch.float32:
        for one, other in zip(ours, plain, strict=True):
            torch.testing.assert_close(one.k_BHSK, other.k_BHSK, rtol=1e-3, atol=1e-4)
            torch.testing.assert_close(one.v_BHSK, other.v_BHSK, rtol=1e-3, atol=1e-4)
    assert found.dtype == dtype and found.shape == x_BTD.shape
    return found, wanted


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize(("width", "mlp_width"), [(48, 64), (96, 90), (72, 37), (192, 256)])
def test_every_style(style: BlockStyle, width: int, mlp_width: int) -> None:
    found, wanted = both(made(style, width, mlp_width))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-4)


def test_each_layer_may_hide_something_else() -> None:
    blocks = made(NATIVE, 48, 64, layers=3)
    x_BTD = torch.randn(2, 1, 48, generator=torch.Generator().manual_seed(3))
    bias_LS = torch.where(
        torch.rand(3, CAPACITY, generator=torch.Generator().manual_seed(4)) < 0.5, -1e9, 0.0
    )
    bias_BS = torch.where(torch.arange(CAPACITY) < torch.tensor([[0], [3]]), -1e9, 0.0)
    bias_LS[:, 9] = 0.0
    ours, plain = caches(blocks, 2, 48), caches(blocks, 2, 48)
    with torch.no_grad():
        stack = stack_of(blocks)
        assert stack is not None
        for both_bias in (None, bias_BS):
            memories = [cache.at(9) for cache in ours]
            found = stack(
                x_BTD, rotation=None, memories=memories, bias_BS=both_bias, bias_LS=bias_LS
            )
            wanted = x_BTD
            for block, cache, hidden_S in zip(blocks, plain, bias_LS[:, :10], strict=True):
                bias = (
                    hidden_S[None]
                    if both_bias is None
                    else hidden_S + both_bias[:, None, None, :10]
                )
                wanted = block(wanted, rotation=None, memory=cache.at(9), bias_TS=bias)
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("entries", "tokens"), [(1, 1), (2, 3), (3, 5), (2, 16)])
def test_groups_of_tokens_turned_and_hidden(entries: int, tokens: int, threads: int) -> None:
    table = grid_rotation(6, 32, 100.0)
    positions_BT = torch.randint(36, (entries, tokens), generator=torch.Generator().manual_seed(4))
    bias_BS = torch.zeros(entries, CAPACITY)
    bias_BS[0, 2:5] = -1e9
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found, wanted = both(
            made(NATIVE, 96, 160),
            entries=entries,
            tokens=tokens,
            rotation=table.at(positions_BT),
            bias_BS=bias_BS,
        )
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize("packing", ["int8", "int4", None])
@pytest.mark.parametrize("style", [NATIVE, STYLES["mini"]], ids=["native", "mini"])
def test_weights_of_few_bits(packing: str | None, style: BlockStyle) -> None:
    """What flows through torch's layers is rounded to bfloat16 after each of them; the stack's is
    not."""
    blocks = made(style, 96, 90)
    exact = copy.deepcopy(blocks)
    if packing is None:
        blocks.bfloat16()
    else:
        if packing == "int4" and not kernels.status().kernels.reads_int4:  # type: ignore[union-attr]
            pytest.skip("this processor packs four bits in another way")
        assign_weights(blocks, list(blocks.state_dict().items()), packing)  # type: ignore[arg-type]
    found, wanted = both(blocks, entries=5, dtype=torch.bfloat16)
    without, _ = both(exact, entries=5)
    error = (found.float() - wanted.float()).norm() / wanted.float().norm()
    assert error < 0.02
    # Nearer to what the weights say than the layers one after the other are, or as near.
    loss = {"int8": 0.05, "int4": 0.4, None: 0.03}[packing]
    assert (found.float() - without).norm() / without.norm() < loss


def rounded(blocks: nn.ModuleList) -> nn.ModuleList:
    """Weights as a file of eight bits gives them."""
    for weight in blocks.parameters():
        if quantizable(weight):
            weight.copy_(dequantize(*quantize(weight)))
    return blocks


@pytest.mark.parametrize("tokens", [1, 3, 7, 16])
def test_weights_that_were_stored_in_eight_bits_are_read_in_eight_bits(tokens: int) -> None:
    blocks = rounded(made(NATIVE, 96, 160))
    with torch.no_grad():
        stack = stack_of(blocks)
    assert stack is not None
    assert {int(block.qkv.kind) for block in stack.structs} == {WEIGHT_KINDS.index("int8_panels")}
    found, wanted = both(blocks, tokens=tokens)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-4)


def test_a_row_does_not_depend_on_its_batch() -> None:
    for kind in ("panels", "int8_panels", "int8", "bfloat16"):
        blocks = made(STYLES["llamagen"], 96, 160)
        if kind == "int8":
            assign_weights(blocks, list(blocks.state_dict().items()), "int8")
        elif kind == "int8_panels":
            rounded(blocks)
        elif kind == "bfloat16":
            blocks.bfloat16()
        x_BTD = torch.randn(19, 1, 96, generator=torch.Generator().manual_seed(5))
        many = caches(blocks, 19, 96)
        with torch.no_grad():
            stack = stack_of(blocks)
            assert stack is not None and WEIGHT_KINDS[stack.structs[0].qkv.kind] == kind
            together = stack(x_BTD, rotation=None, memories=[cache.at(4) for cache in many])
            for row in (0, 7, 18):
                alone = [KVCache(1, HEADS, CAPACITY, 32, x_BTD) for _ in blocks]
                for one, cache in zip(alone, many, strict=True):
                    one.k_BHSK[:], one.v_BHSK[:] = cache.k_BHSK[row], cache.v_BHSK[row]
                single = stack(
                    x_BTD[row : row + 1], rotation=None, memories=[cache.at(4) for cache in alone]
                )
                assert torch.equal(single[0], together[row])


def test_changed_weights_are_noticed() -> None:
    blocks = made(NATIVE, 48, 64)
    found, wanted = both(blocks)
    blocks[1].mlp.down.weight.mul_(2)
    again, wanted_again = both(blocks)
    torch.testing.assert_close(again, wanted_again, rtol=1e-4, atol=2e-4)
    assert not torch.allclose(found, again)


def test_a_default_dtype_changes_nothing() -> None:
    blocks = made(STYLES["mini"], 96, 160)
    bias_BS = torch.zeros(2, CAPACITY)
    bias_BS[0, 2:5] = -1e9
    expected, _ = both(blocks, bias_BS=bias_BS)
    inputs = caches(blocks, 2, 96), views(blocks, 2, 96)
    x_BTD = torch.randn(2, 1, 96, generator=torch.Generator().manual_seed(3))
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            stack = stack_of(blocks)
            assert stack is not None
            memories = [cache.at(9) for cache in inputs[0]]
            found = stack(x_BTD, rotation=None, memories=memories, bias_BS=bias_BS, cross=inputs[1])
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found, expected)


def test_torch_does_what_the_stack_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = made(NATIVE, 48, 64)
    assert stack_of(blocks) is None  # Gradients are asked for.
    with torch.no_grad():
        assert stack_of(blocks) is not None
        assert stack_of(made(NATIVE, 48, 64).half()) is None
        assert stack_of(made(NATIVE, 48, 64).train()) is None
        monkeypatch.setenv(kernels.SWITCH, "off")
        assert stack_of(blocks) is None


def test_many_rows_of_few_bits_are_left_to_torch() -> None:
    blocks = made(replace(NATIVE, qk_norm=False), 48, 64)
    with torch.no_grad():
        exact = stack_of(blocks)
        rounded = stack_of(copy.deepcopy(blocks).bfloat16())
    assert exact is not None and rounded is not None
    assert exact.pays(torch.zeros(40, 3, 48))
    assert rounded.pays(torch.zeros(16, 1, 48)) and not rounded.pays(torch.zeros(17, 1, 48))
