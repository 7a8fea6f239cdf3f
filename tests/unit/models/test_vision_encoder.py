"""The network that reads pictures: one state per patch, each by its place, and words from
states."""

import torch
from torch import nn

from dall_e.config.published import VisionConfig
from dall_e.models.vision_encoder import Vision

SMALL = VisionConfig(
    image_size=12,
    patch_size=4,
    width=32,
    num_heads=2,
    num_layers=2,
    mlp_width=48,
    out_width=24,
    vocab_size=11,
)


def make() -> Vision:
    torch.manual_seed(0)
    network = Vision(SMALL)
    for name, parameter in network.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=0.15)
    return network.eval()


def swapped(x_BCHW: torch.Tensor) -> torch.Tensor:
    """The first two patches of the picture in each other's place."""
    other = x_BCHW.clone()
    other[..., :4, :4], other[..., :4, 4:8] = x_BCHW[..., :4, 4:8], x_BCHW[..., :4, :4]
    return other


@torch.no_grad()
def test_one_state_per_patch_in_raster_order() -> None:
    network, x_BCHW = make(), torch.rand(2, 3, 12, 12)
    assert SMALL.num_tokens == 9 and network(x_BCHW).shape == (2, 9, 24)
    nn.init.zeros_(network.places.weight)
    plain, moved = network(x_BCHW), network(swapped(x_BCHW))
    torch.testing.assert_close(moved[:, [1, 0, *range(2, 9)]], plain, atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_patch_is_read_by_its_place() -> None:
    network, x_BCHW = make(), torch.rand(1, 3, 12, 12)
    plain, moved = network(x_BCHW), network(swapped(x_BCHW))
    assert not torch.allclose(moved[:, [1, 0, *range(2, 9)]], plain, atol=1e-3)


@torch.no_grad()
def test_middle_grey_is_zero_inside() -> None:
    """Pictures in [0, 1] are shifted to [-1, 1]: of grey, the patches have nothing but their
    bias."""
    network = make()
    nn.init.zeros_(network.patches.bias)
    grey, nothing = network(torch.full((1, 3, 12, 12), 0.5)), network.places.weight[None]
    for block in network.blocks:
        nothing = block(nothing, rotation=None, memory=NoneSeen())
    torch.testing.assert_close(grey, network.aligner(network.norm(nothing)), atol=1e-5, rtol=0)


class NoneSeen:
    """A memory of nothing."""

    def extend(
        self, k_BHTK: torch.Tensor, v_BHTK: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return k_BHTK, v_BHTK


@torch.no_grad()
def test_words_are_float32() -> None:
    logits = make().bfloat16().word_logits(torch.rand(2, 24, dtype=torch.bfloat16))
    assert logits.shape == (2, 11) and logits.dtype == torch.float32
