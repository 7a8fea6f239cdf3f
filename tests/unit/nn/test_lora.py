"""Low rank beside weights: by hand, in training, and added to the weights.

Shapes: R the rank, I inputs of a layer, O its outputs, D width.
"""

import copy
import io
import pickle
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.config import GeneratorConfig, TextConfig
from dall_e.config.published import BlockStyle
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextEncoder, TextStates
from dall_e.nn.attention import FixedMemory, NoMemory
from dall_e.nn.lora import LowRank, add_lora, has_lora, lora_of, merged
from dall_e.nn.transformer import Block, Linear

SIZES = TextConfig(vocab_size=300, max_tokens=8, width=32, num_layers=2, num_heads=2)


def encoder() -> TextEncoder:
    torch.manual_seed(0)
    return TextEncoder(SIZES)


def ids() -> torch.Tensor:
    return torch.tensor([[5, 6, 7, 0], [9, 8, 0, 0]])


def trained(network: TextEncoder, steps: int = 3) -> TextEncoder:
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        network(ids()).states_BLD.square().mean().backward()
        optimizer.step()
    return network


def test_what_is_added_is_the_product_by_hand() -> None:
    a_RI, b_OR = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0], [5.0]])
    expected = torch.tensor([[1.5, 3.0], [2.0, 4.0], [2.5, 5.0]])
    torch.testing.assert_close(LowRank(a_RI, b_OR, 0.5).delta(), expected)


def test_it_starts_as_the_network_was_and_only_the_small_matrices_learn() -> None:
    plain, adapted = encoder(), encoder()
    layers = add_lora(adapted, rank=4, alpha=8)
    assert "blocks.0.attention.qkv" in layers and len(layers) == 8
    torch.testing.assert_close(adapted(ids()).states_BLD, plain(ids()).states_BLD)

    before = copy.deepcopy(adapted.state_dict())
    trained(adapted)
    changed = {
        name for name, value in adapted.state_dict().items() if not value.equal(before[name])
    }
    assert changed and all(name.endswith(("lora_A", "lora_B")) for name in changed)


def test_merged_weights_give_what_the_adapted_network_gives() -> None:
    adapted, plain = encoder(), encoder()
    add_lora(adapted, rank=4, alpha=8)
    trained(adapted)
    weights = adapted.state_dict()
    assert has_lora(weights) and not has_lora(plain.state_dict())
    assert {low_rank.scale for low_rank in lora_of(weights).values()} == {2.0}

    unlike = (adapted(ids()).states_BLD - plain(ids()).states_BLD).abs().max()
    assert unlike.item() > 0.01
    plain.load_state_dict(merged(weights), strict=True)
    torch.testing.assert_close(
        plain(ids()).states_BLD, adapted(ids()).states_BLD, atol=1e-5, rtol=0
    )


def saved_and_loaded(network: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(network, file)
    file.seek(0)
    loaded: nn.Module = torch.load(file, weights_only=False)
    return loaded


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network)), saved_and_loaded],
)
def test_a_copy_of_an_adapted_network_learns_on_as_the_network_does(
    copied: Callable[[nn.Module], nn.Module],
) -> None:
    adapted = encoder()
    add_lora(adapted, rank=4, alpha=8)
    trained(adapted)
    other = copied(copied(adapted))
    assert isinstance(other, TextEncoder) and other is not adapted
    learning = {name for name, each in adapted.named_parameters() if each.requires_grad}
    assert {name for name, each in other.named_parameters() if each.requires_grad} == learning
    before = copy.deepcopy(adapted.state_dict())
    assert list(other.state_dict()) == list(before)
    assert torch.equal(other(ids()).states_BLD, adapted(ids()).states_BLD)

    trained(other)
    assert all(value.equal(before[name]) for name, value in adapted.state_dict().items())
    trained(adapted)
    assert all(
        value.equal(adapted.state_dict()[name]) for name, value in other.state_dict().items()
    )
    layers = [layer for layer in other.modules() if isinstance(layer, Linear)]
    assert len(lora_of(other.state_dict())) == sum(layer.learns_low_rank for layer in layers) == 8


def slow(network: nn.Module) -> None:
    """The weights are added up before the product, and all is kept."""
    for layer in network.modules():
        if isinstance(layer, Linear):
            layer.learns_low_rank = False


def gradients(network: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    network.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    named = network.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def assert_close(found: dict[str, Tensor], expected: dict[str, Tensor], most: float) -> None:
    """Of each tensor, by its largest number."""
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        largest = gradient.abs().max().item()
        assert largest > 1e-4, name
        torch.testing.assert_close(found[name], gradient, atol=most * largest, rtol=0)


def generator() -> Generator:
    torch.manual_seed(3)
    sizes = GeneratorConfig(
        **{"grid_size": 4, "num_codes": 64, "width": 32, "num_heads": 2, "mlp_width": 64},
        **{"text_width": 32, "text_tokens": 8, "content_layers": 2, "query_layers": 2},
    )
    network = Generator(sizes)
    add_lora(network, rank=4, alpha=8)
    for name, parameter in network.named_parameters():
        if name.endswith("lora_B"):
            nn.init.normal_(parameter, std=0.1)
    return network


def generator_loss(network: Generator) -> Tensor:
    random = torch.Generator().manual_seed(4)
    text = TextStates(torch.randn(2, 8, 32, generator=random), torch.randn(2, 32, generator=random))
    codes_BN = torch.randint(64, (2, 16), generator=random)
    places_BN = torch.rand(2, 16, generator=random).argsort(1)
    groups_N = torch.arange(16) // 4 + 1
    output = network(text, codes_BN, places_BN, groups_N, torch.zeros(2))
    return sum(
        F.cross_entropy(logits_BNC.flatten(0, 1).float(), codes_BN.flatten())
        for logits_BNC in (output.logits_BNC, output.correction_BNC)
    )


def test_a_product_beside_the_weight_has_the_gradients_of_the_sum() -> None:
    adapted, summed = generator(), generator()
    slow(summed)
    found = gradients(adapted, generator_loss(adapted))
    assert len(found) == 2 * 4 * 4
    assert_close(found, gradients(summed, generator_loss(summed)), 2e-5)


def test_it_has_them_in_bfloat16_too() -> None:
    adapted, exact = generator(), generator()
    slow(exact)
    with torch.autocast("cpu", torch.bfloat16):
        loss = generator_loss(adapted)
    found = gradients(adapted, loss)
    assert all(gradient.dtype == torch.float32 for gradient in found.values())
    expected = gradients(exact, generator_loss(exact))
    for name, gradient in expected.items():
        alike = F.cosine_similarity(found[name].flatten(), gradient.flatten(), dim=0)
        assert alike > 0.99, (name, alike)


@pytest.mark.parametrize("style", [BlockStyle(), BlockStyle(mlp="gelu", attention_bias=True)])
def test_a_block_gives_back_the_gradients_of_what_it_reads(style: BlockStyle) -> None:
    blocks = []
    for _ in range(2):
        torch.manual_seed(5)
        block = Block(32, 2, 64, style=style)
        holder = nn.ModuleList([block])
        add_lora(holder, rank=4, alpha=8)
        for name, parameter in block.named_parameters():
            if name.endswith(("lora_B", "bias")):
                nn.init.normal_(parameter, std=0.1)
        blocks.append(block)
    slow(blocks[1])

    found = []
    for block in blocks:
        torch.manual_seed(6)
        x_BTD, k_BHSK, v_BHSK = (
            torch.randn(shape, requires_grad=True) for shape in [(2, 6, 32), *[(2, 2, 3, 16)] * 2]
        )
        for memory in (NoMemory(), FixedMemory(k_BHSK, v_BHSK)):
            block(x_BTD, rotation=None, memory=memory).square().sum().backward()
        found.append({"x": x_BTD.grad, "k": k_BHSK.grad, "v": v_BHSK.grad})
    assert_close(*found, 2e-5)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (0, 2, 4), (2, 3, 5, 4)])
def test_a_layer_takes_inputs_of_any_number_of_axes(shape: tuple[int, ...]) -> None:
    torch.manual_seed(7)
    block = Block(4, 2, 8)
    add_lora(nn.ModuleList([block]), rank=2, alpha=2)
    layer = block.attention.out
    nn.init.normal_(layer.parametrizations.weight[0].lora_B)  # type: ignore
    x = torch.randn(shape)
    torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias))


@pytest.mark.parametrize("rank", [0, 33])
def test_a_rank_that_no_layer_has_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 32 .* got {rank}"):
        add_lora(encoder(), rank=rank, alpha=1)


def test_a_network_without_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="Linear has no blocks"):
        add_lora(nn.Linear(2, 2), rank=1, alpha=1)
