"""The image tokenizer: shapes, valid pictures, one set of weights for several picture sizes.

Shapes: B batch, C channels, D latent channels, H W rows and columns, N tokens.
"""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from dall_e.config import TokenizerConfig
from dall_e.models.image_tokenizer import ImageTokenizer, ResidualBlock

SMALL = TokenizerConfig(
    image_size=64, widths=(8, 8, 16), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1)
)


def make(config: TokenizerConfig = SMALL, seed: int = 0) -> ImageTokenizer:
    """A network whose residual branches do something, unlike freshly initialised ones."""
    torch.manual_seed(seed)
    network = ImageTokenizer(config)
    for name, parameter in network.named_parameters():
        if name.startswith(("encoder", "decoder")) and parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.1)
    return network.eval()


def images(batch: int, side: int, seed: int = 0) -> Tensor:
    x_BCHW = torch.rand(batch, 4, side, side, generator=torch.Generator().manual_seed(seed))
    return torch.cat((x_BCHW[:, :3] * x_BCHW[:, 3:], x_BCHW[:, 3:]), dim=1)


def test_there_and_back() -> None:
    network, x_BCHW = make(), images(2, 64)
    out = network(x_BCHW)
    assert out.images_BCHW.shape == x_BCHW.shape
    assert out.codes_BN.shape == (2, 64) and out.codes_BN.dtype == torch.int64
    assert 0 <= out.codes_BN.min() and out.codes_BN.max() < SMALL.num_codes
    assert torch.equal(network.tokenize(x_BCHW), out.codes_BN)
    assert len(out.codes_BN.unique()) > 5
    torch.testing.assert_close(
        network.detokenize(out.codes_BN)[:, 3],
        out.images_BCHW[:, 3].clamp(0, 1),
        atol=1e-4,
        rtol=1e-4,
    )
    out.images_BCHW.square().mean().backward()
    used = [
        name for name, p in network.named_parameters() if p.grad is None or p.grad.abs().sum() == 0
    ]
    assert used == [], "every weight gets a gradient, through the rounding"


def test_the_same_weights_serve_64_and_96_pixels() -> None:
    coarse = make()
    fine = ImageTokenizer(dataclasses.replace(SMALL, image_size=96)).eval()
    fine.load_state_dict(coarse.state_dict(), strict=True)
    codes_BN = fine.tokenize(images(1, 96))
    assert codes_BN.shape == (1, 144)
    assert fine.detokenize(codes_BN).shape == (1, 4, 96, 96)
    # The encoder sees no further than a few pixels, so away from the new edge a picture has the
    # same latents.
    x_BCHW = images(1, 64)
    wide_BCHW = torch.zeros(1, 4, 96, 96)
    wide_BCHW[..., :64, :64] = x_BCHW
    coarse_BDHW, fine_BDHW = coarse.encode(x_BCHW), fine.encode(wide_BCHW)
    torch.testing.assert_close(
        coarse_BDHW[..., :4, :4], fine_BDHW[..., :4, :4], atol=1e-4, rtol=1e-3
    )


def test_a_token_says_what_is_in_its_place() -> None:
    """Neither attention nor norms may carry news from one place of the picture to tokens far
    away."""
    network, x_BCHW = make(), images(1, 64)
    before_BDHW = network.encode(x_BCHW)
    x_BCHW[..., 8:16, 8:16] = 0
    moved_HW = (network.encode(x_BCHW) - before_BDHW).abs().amax((0, 1)) > 1e-5
    assert bool(moved_HW[1, 1])
    # The convolutions reach three tokens far, and that is all.
    assert not moved_HW[5:].any() and not moved_HW[:, 5:].any()


def test_places_where_nothing_is_drawn_have_one_code() -> None:
    network, x_BCHW = make(), torch.zeros(1, 4, 64, 64)
    x_BCHW[..., 20:44, 20:44] = images(1, 64)[..., 20:44, 20:44]
    x_BCHW[:, 3, 60, 60] = 3 / 255  # a rim that resampling left
    codes_HW = network.tokenize(x_BCHW).unflatten(1, (8, 8))[0]
    empty_HW = torch.ones(8, 8, dtype=torch.bool)
    empty_HW[2:6, 2:6] = False
    assert len(codes_HW[empty_HW].unique()) == 1
    assert len(codes_HW[~empty_HW].unique()) > 2


def test_detokenized_pictures_are_valid_whatever_the_weights() -> None:
    network = make()
    nn.init.normal_(network.last_weight, std=3.0)
    x_BCHW = network.detokenize(
        torch.randint(1000, (3, 64), generator=torch.Generator().manual_seed(0))
    )
    colour, alpha = x_BCHW[:, :3], x_BCHW[:, 3:]
    assert x_BCHW.min() >= 0 and x_BCHW.max() <= 1
    assert bool((colour <= alpha).all())
    assert alpha.min() < 0.1 and alpha.max() > 0.9


def test_wrong_picture_size_is_named() -> None:
    with pytest.raises(ValueError, match=r"\(4, 64, 64\), got \(4, 96, 96\)"):
        make().tokenize(images(1, 96))
    with pytest.raises(ValueError, match=r"got \(3, 64, 64\)"):
        make().tokenize(torch.zeros(1, 3, 64, 64))


def test_memory_layout_makes_no_difference() -> None:
    network, x_BCHW = make(), images(2, 64)
    plain = network.encode(x_BCHW)
    swapped = network.encode(x_BCHW.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(plain, swapped, atol=1e-4, rtol=1e-4)


def test_last_weight_is_the_last_one_and_branches_start_at_zero() -> None:
    network = ImageTokenizer(SMALL)
    parameters = [
        name for name, p in network.decoder.named_parameters() if p is network.last_weight
    ]
    assert parameters == [list(dict(network.decoder.named_parameters()))[-2]]
    for module in network.modules():
        if isinstance(module, ResidualBlock):
            x_BCHW = torch.randn(1, module.conv1.in_channels, 4, 4)
            torch.testing.assert_close(module(x_BCHW), x_BCHW)
