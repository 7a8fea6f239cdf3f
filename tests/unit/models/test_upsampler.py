"""The upsampler starts as bilinear resizing, and takes any side.

Shapes: B pictures, C H W channels (4, premultiplied RGBA), rows and columns.
"""

import pytest
import torch

from dall_e.config import UPSAMPLERS, UpsamplerConfig
from dall_e.models.image_tokenizer import AttentionBlock
from dall_e.models.upsampler import Upsampler, enlarged


def test_starts_as_bilinear() -> None:
    torch.manual_seed(0)
    upsampler, x_BCHW = Upsampler(UpsamplerConfig(widths=(8, 16))), torch.rand(2, 4, 12, 12)
    assert torch.equal(upsampler(x_BCHW), enlarged(x_BCHW))
    # Between two neighbours 0 and 1: a quarter and three quarters of the way.
    line = torch.tensor([0.0, 1.0]).expand(1, 1, 2, 2)
    assert enlarged(line)[0, 0, 0].tolist() == [0, 0.25, 0.75, 1]


def test_the_residual_is_learnt_and_reaches_far() -> None:
    torch.manual_seed(0)
    upsampler = Upsampler(UpsamplerConfig(widths=(8, 16, 16)))
    torch.nn.init.normal_(upsampler.exit.weight, std=0.1)
    x_BCHW = torch.rand(1, 4, 16, 16)
    moved_BCHW = x_BCHW.clone()
    moved_BCHW[..., 0, 0] += 0.5
    change = (upsampler(moved_BCHW) - upsampler(x_BCHW)).abs().amax(1)[0]
    assert change[0, 0] > 1e-3 and change[20, 20] > 0


@pytest.mark.parametrize("side", [8, 64, 96])
def test_sides(side: int) -> None:
    upsampler = Upsampler(UpsamplerConfig(widths=(4, 8, 8)))
    assert upsampler(torch.rand(1, 4, side, side)).shape == (1, 4, 2 * side, 2 * side)


def test_size() -> None:
    with torch.device("meta"):
        assert 0.6e6 < sum(p.numel() for p in Upsampler(UpsamplerConfig()).parameters()) < 0.85e6


@pytest.mark.parametrize("preset", UPSAMPLERS)
def test_every_preset_is_built_as_it_says(preset: str) -> None:
    config = UPSAMPLERS[preset]
    with torch.device("meta"):
        upsampler = Upsampler(config)
    blocks = config.blocks or (1,) * len(config.widths)
    counts = [
        len(part) if isinstance(part, torch.nn.Sequential) else 1 for part in upsampler.inward
    ]
    assert counts == list(blocks)
    assert isinstance(upsampler.middle, AttentionBlock) == config.attends
    step = 2 ** (len(config.widths) - 1)
    x_BCHW = torch.rand(1, 4, 2 * step, 2 * step, device="meta")
    assert upsampler(x_BCHW).shape == (1, 4, 4 * step, 4 * step)


def test_with_attention_the_farthest_pixels_meet() -> None:
    def change(attends: bool) -> float:
        torch.manual_seed(0)
        upsampler = Upsampler(UpsamplerConfig(widths=(8, 16), blocks=(1, 2), attends=attends))
        torch.nn.init.normal_(upsampler.exit.weight, std=0.1)
        for name, parameter in upsampler.middle.named_parameters():
            torch.nn.init.normal_(parameter, mean=float("norm" in name), std=0.3)
        # Statistics of whole pictures reach everywhere as well: without them there is attention.
        for module in upsampler.modules():
            if isinstance(module, torch.nn.GroupNorm):
                module.forward = lambda x: x  # type: ignore[method-assign]
        x_BCHW = torch.rand(1, 4, 64, 64)
        moved_BCHW = x_BCHW.clone()
        moved_BCHW[..., :2, :2] += 0.5
        with torch.no_grad():
            return float((upsampler(moved_BCHW) - upsampler(x_BCHW)).abs()[..., -8:, -8:].max())

    assert change(False) == 0 < change(True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"widths": (8, 16), "blocks": (1,)}, "blocks"),
        ({"widths": (8, 16), "blocks": (1, 0)}, "blocks"),
        ({"widths": ()}, "widths"),
    ],
)
def test_sizes_that_cannot_be_are_refused(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UpsamplerConfig(**values)
