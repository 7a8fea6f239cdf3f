"""The two scorers: what they look at, that their two sides do not see each other, and where they
start.

Shapes: B pictures, N tokens, D width, L text tokens, C H W a picture.
"""

import pytest
import torch

from dall_e.config import (
    DUAL_ENCODERS,
    PRESETS,
    DualEncoderConfig,
    DualEncoderTraining,
    StartConfig,
)
from dall_e.models.dual_encoder import DualEncoder, TokenTower


@pytest.fixture(scope="module")
def dual_encoder() -> DualEncoder:
    torch.manual_seed(0)
    return DualEncoder(DUAL_ENCODERS["tiny"]).eval()


def test_directions_of_both_sides(dual_encoder: DualEncoder) -> None:
    x_BCHW, ids_BL = torch.rand(3, 4, 32, 32), torch.randint(3, 500, (5, 12))
    image_BD, text_BD = dual_encoder(x_BCHW, ids_BL)
    assert image_BD.shape == (3, 48) and text_BD.shape == (5, 48)
    torch.testing.assert_close(image_BD.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(text_BD.norm(dim=1), torch.ones(5))
    # Neither side sees the other, so each can be computed ahead.
    assert torch.equal(dual_encoder.embed_images(x_BCHW), image_BD)
    assert torch.equal(dual_encoder.embed_texts(ids_BL), text_BD)


def test_places_matter(dual_encoder: DualEncoder) -> None:
    x_BCHW = torch.rand(1, 4, 32, 32)
    assert (
        dual_encoder.embed_images(x_BCHW) - dual_encoder.embed_images(x_BCHW.flip(-1))
    ).abs().max() > 1e-3


def test_maps_halve_from_half_the_side() -> None:
    tower = DualEncoder(DualEncoderConfig()).image
    assert [list(x.shape) for x in tower.maps(torch.rand(1, 3, 64, 64))] == [
        [1, 32, 32, 32],
        [1, 96, 16, 16],
        [1, 160, 8, 8],
    ]


def test_every_preset_has_a_dual_encoder_that_is_small() -> None:
    for preset in PRESETS:
        with torch.device("meta"):
            assert sum(p.numel() for p in DualEncoder(DUAL_ENCODERS[preset]).parameters()) < 2.2e6
    assert set(DUAL_ENCODERS) - set(PRESETS) == {"judge"}
    assert DualEncoderTraining(preset="judge").preset == "judge"
    with pytest.raises(ValueError, match="preset 'judge' is not one of tiny"):
        StartConfig(preset="judge")


def test_settings_that_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="image_size 60 is not a multiple of 16"):
        DualEncoderConfig(image_size=60)
    with pytest.raises(ValueError, match="width 100 is not a multiple of 3 heads"):
        DualEncoderConfig(text_width=100, text_heads=3)


def test_token_tower_has_shapes_and_places() -> None:
    torch.manual_seed(0)
    tower = TokenTower(num_codes=20, grid_size=5, text_width=12, width=16)
    codes_BN = torch.randint(20, (3, 25))
    image_BD, text_BD = tower(codes_BN, torch.randn(3, 12))
    assert image_BD.shape == text_BD.shape == (3, 16)
    mirrored_BD, _ = tower(codes_BN.unflatten(1, (5, 5)).flip(-1).flatten(1), torch.randn(3, 12))
    assert (image_BD - mirrored_BD).abs().max() > 1e-3
    # The starting point of the paper: scale 10, bias -10.
    assert round(tower.log_scale.exp().item(), 3) == 10 and tower.bias.item() == -10


def test_token_towers_picture_side_does_not_see_the_text() -> None:
    torch.manual_seed(0)
    tower = TokenTower(num_codes=20, grid_size=4, text_width=12, width=16)
    codes_BN = torch.randint(20, (2, 16))
    assert torch.equal(
        tower(codes_BN, torch.zeros(2, 12))[0], tower(codes_BN, torch.ones(2, 12))[0]
    )
