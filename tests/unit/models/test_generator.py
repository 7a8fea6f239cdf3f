"""The two-pass generator: what it was trained on is what is sampled, and nothing looks ahead.

Shapes: B batch rows, L text tokens, N all image tokens, M tokens of one call, C codes.
"""

import pytest
import torch
from torch import Tensor, nn

from dall_e.config import GeneratorConfig, OrderKind
from dall_e.models.generator import Generator, GeneratorOutput, block_masks
from dall_e.models.text_encoder import TextStates
from dall_e.sampling.orders import group_numbers, group_sizes, make_orders

CONFIG = GeneratorConfig(
    num_codes=30,
    grid_size=4,
    text_width=12,
    text_tokens=5,
    width=32,
    num_heads=2,
    content_layers=2,
    query_layers=3,
    mlp_width=48,
)
NUM_TOKENS = CONFIG.num_tokens
PARTITIONS = [[1] * 16, [16], [1, 2, 3, 4, 6], [5, 5, 5, 1], group_sizes(16, 7, "arccos", 4)]


def make(config: GeneratorConfig = CONFIG) -> Generator:
    """Weights large enough that every path shows in the logits: with the initial ones the tests
    would say little."""
    torch.manual_seed(0)
    network = Generator(config)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    for module in network.modules():
        if type(module).__name__ == "RMSNorm":
            nn.init.normal_(module.weight, mean=1.0, std=0.1)
    return network.eval()


def batch(
    rows: int, kind: OrderKind, sizes: list[int]
) -> tuple[TextStates, Tensor, Tensor, Tensor]:
    """Text, codes by rank, positions by rank, group numbers."""
    rng = torch.Generator().manual_seed(7)
    text = TextStates(torch.randn(rows, 5, 12, generator=rng), torch.randn(rows, 12, generator=rng))
    codes_BN = torch.randint(30, (rows, NUM_TOKENS), generator=rng)
    positions_BN = make_orders(kind, torch.rand(rows, NUM_TOKENS, generator=rng), sizes)
    return text, codes_BN, positions_BN, group_numbers(sizes)


def clean(rows: int) -> Tensor:
    return torch.zeros(rows)


@torch.no_grad()
def stepwise(
    network: Generator, text: TextStates, codes_BN: Tensor, positions_BN: Tensor, sizes: list[int]
) -> GeneratorOutput:
    """What sampling computes, step by step, when it draws just these codes."""
    cache = network.prefill(text)
    logits, corrections, done = [], [], 0
    for size in sizes:
        now = slice(done, done + size)
        logits.append(network.predict(cache, positions_BN[:, now]))
        corrections.append(
            network.correction_head(network.append(cache, codes_BN[:, now], positions_BN[:, now]))
        )
        done += size
    return GeneratorOutput(torch.cat(logits, dim=1), torch.cat(corrections, dim=1))


@pytest.mark.parametrize("kind", ["random", "locality", "raster"])
@pytest.mark.parametrize("sizes", PARTITIONS, ids=str)
def test_training_and_sampling_give_the_same_logits(kind: OrderKind, sizes: list[int]) -> None:
    network = make()
    text, codes_BN, positions_BN, groups_N = batch(3, kind, sizes)
    with torch.no_grad():
        whole = network(text, codes_BN, positions_BN, groups_N, clean(3))
    steps = stepwise(network, text, codes_BN, positions_BN, sizes)
    assert whole.logits_BNC.std() > 0.3, "logits that hardly vary would prove nothing"
    torch.testing.assert_close(whole.logits_BNC, steps.logits_BNC, atol=1e-5, rtol=0)
    torch.testing.assert_close(whole.correction_BNC, steps.correction_BNC, atol=1e-5, rtol=0)


@pytest.mark.parametrize("sizes", PARTITIONS, ids=str)
def test_no_place_sees_its_own_or_later_groups(sizes: list[int]) -> None:
    network = make()
    text, codes_BN, positions_BN, groups_N = batch(1, "random", sizes)
    with torch.no_grad():
        before = network(text, codes_BN, positions_BN, groups_N, clean(1))
        for rank in (0, NUM_TOKENS // 2, NUM_TOKENS - 1):
            changed_BN = codes_BN.clone()
            changed_BN[0, rank] = (changed_BN[0, rank] + 1) % 30
            after = network(text, changed_BN, positions_BN, groups_N, clean(1))
            moved_N = (before.logits_BNC != after.logits_BNC).any(-1)[0]
            later_N = groups_N > groups_N[rank]
            assert not bool(moved_N[~later_N].any()), (
                f"rank {rank} is seen by its own or an earlier group"
            )
            assert bool(moved_N[later_N].all()), f"rank {rank} is not seen by every later group"
            # The context sees its own group, since a correction is asked for when the group is
            # known.
            moved_N = (before.correction_BNC != after.correction_BNC).any(-1)[0]
            assert torch.equal(moved_N, groups_N >= groups_N[rank])


def test_masks_by_hand() -> None:
    content_SS, query_NS = block_masks(torch.tensor([1, 2, 2]), text_tokens=1)
    assert content_SS.int().tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert query_NS.int().tolist() == [
        [1, 0, 0, 0, 1, 0, 0],
        [1, 1, 0, 0, 0, 1, 1],
        [1, 1, 0, 0, 0, 1, 1],
    ]


def test_asking_leaves_no_trace() -> None:
    network = make()
    text, codes_BN, positions_BN, _ = batch(2, "random", [4] * 4)
    cache = network.prefill(text)
    with torch.no_grad():
        network.append(cache, codes_BN[:, :3], positions_BN[:, :3])
        first = network.predict(cache, positions_BN[:, 3:6])
        network.predict(cache, positions_BN[:, 6:])
        again = network.predict(cache, positions_BN[:, 3:6])
    assert torch.equal(first, again) and cache.length == 5 + 3


def test_text_has_keys() -> None:
    """Keys of text are not turned, and above all not zero: attention to the words would be
    uniform."""
    network = make()
    text = batch(2, "raster", [16])[0]
    keys_BHLK = network.prefill(text).shared.k_BHSK[:, :, : CONFIG.text_tokens]
    assert keys_BHLK.norm(dim=-1).min() > 1
    assert (keys_BHLK[:, :, 0] - keys_BHLK[:, :, 1]).abs().max() > 0.1


def test_known_tokens_are_a_set() -> None:
    """Tokens of one group may come in any order: positions say where they are, not ranks."""
    network = make()
    text, codes_BN, positions_BN, _ = batch(1, "random", [8, 8])
    shuffled_M = torch.tensor([5, 2, 7, 0, 1, 3, 6, 4])
    answers = []
    for order_M in (torch.arange(8), shuffled_M):
        cache = network.prefill(text)
        with torch.no_grad():
            network.append(cache, codes_BN[:, order_M], positions_BN[:, order_M])
            answers.append(network.predict(cache, positions_BN[:, 8:]))
    torch.testing.assert_close(*answers, atol=1e-5, rtol=1e-5)


def test_text_place_and_noise_level_matter() -> None:
    network = make()
    text, codes_BN, positions_BN, groups_N = batch(1, "random", [4] * 4)
    with torch.no_grad():
        base = network(text, codes_BN, positions_BN, groups_N, clean(1)).logits_BNC
        other_words = TextStates(text.states_BLD.flip(-1), text.pooled_BD)
        other_pool = TextStates(text.states_BLD, text.pooled_BD.flip(-1))
        variants = {
            "states": network(other_words, codes_BN, positions_BN, groups_N, clean(1)).logits_BNC,
            "pooled": network(other_pool, codes_BN, positions_BN, groups_N, clean(1)).logits_BNC,
            "level": network(
                text, codes_BN, positions_BN, groups_N, torch.full((1,), 0.5)
            ).logits_BNC,
            "place": network(
                text, codes_BN, positions_BN.roll(1, dims=1), groups_N, clean(1)
            ).logits_BNC,
        }
    for what, logits_BNC in variants.items():
        # The first group sees no context, so the noise level of the context cannot reach it.
        start = 4 if what == "level" else 0
        assert (logits_BNC - base)[:, start:].abs().amax(-1).min() > 1e-4, what


def test_every_weight_learns() -> None:
    network = make().train()
    text, codes_BN, positions_BN, groups_N = batch(2, "random", [1, 3, 5, 7])
    out = network(text, codes_BN, positions_BN, groups_N, torch.tensor([0.0, 0.3]))
    (out.logits_BNC.logsumexp(-1).mean() + out.correction_BNC.square().mean()).backward()
    assert [
        name for name, p in network.named_parameters() if p.grad is None or p.grad.abs().sum() == 0
    ] == []


def test_likelihood_can_be_learnt_group_by_group() -> None:
    """A few steps on one batch lower the loss far below chance: masks and targets fit together."""
    torch.manual_seed(0)
    network = Generator(CONFIG)
    text, codes_BN, positions_BN, groups_N = batch(2, "locality", [4] * 4)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(40):
        logits_BNC = network(text, codes_BN, positions_BN, groups_N, clean(2)).logits_BNC
        loss = nn.functional.cross_entropy(logits_BNC.flatten(0, 1), codes_BN.flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.5
