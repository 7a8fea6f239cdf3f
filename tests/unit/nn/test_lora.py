"""Low rank beside weights: by hand, in training, and added to the weights.

Shapes: R the rank, I inputs of a layer, O its outputs, D width.
"""

import copy

import pytest
import torch
from torch import nn

from dall_e.config import TextConfig
from dall_e.models.text_encoder import TextEncoder
from dall_e.nn.lora import LowRank, add_lora, has_lora, lora_of, merged
from dall_e.nn.transformer import Linear

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


def test_a_product_beside_the_weight_has_the_gradients_of_the_sum() -> None:
    adapted, summed = encoder(), encoder()
    for network in (adapted, summed):
        torch.manual_seed(1)
        add_lora(network, rank=4, alpha=8)
        trained(network, steps=1)

    # The slow way: weights that are added up before the product.
    for layer in summed.modules():
        if isinstance(layer, Linear):
            layer.learns_low_rank = False
    for network in (adapted, summed):
        network.zero_grad()
        network(ids()).states_BLD.square().mean().backward()
    slow = dict(summed.named_parameters())
    for name, parameter in adapted.named_parameters():
        if parameter.requires_grad:
            torch.testing.assert_close(parameter.grad, slow[name].grad, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("rank", [0, 33])
def test_a_rank_that_no_layer_has_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 32 .* got {rank}"):
        add_lora(encoder(), rank=rank, alpha=1)


def test_a_network_without_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="Linear has no blocks"):
        add_lora(nn.Linear(2, 2), rank=1, alpha=1)
