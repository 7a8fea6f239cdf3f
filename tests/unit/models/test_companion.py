"""The tower that is trained along: it tells pictures apart, and where in a picture a thing is.

Shapes: B pictures, N tokens, D width.
"""

import torch

from dall_e.models.companion import TokenTower


def test_shapes_and_places() -> None:
    torch.manual_seed(0)
    tower = TokenTower(num_codes=20, grid_size=5, text_width=12, width=16)
    codes_BN = torch.randint(20, (3, 25))
    image_BD, text_BD = tower(codes_BN, torch.randn(3, 12))
    assert image_BD.shape == text_BD.shape == (3, 16)
    mirrored_BD, _ = tower(codes_BN.unflatten(1, (5, 5)).flip(-1).flatten(1), torch.randn(3, 12))
    assert (image_BD - mirrored_BD).abs().max() > 1e-3
    # The starting point of the paper: scale 10, bias -10.
    assert round(tower.log_scale.exp().item(), 3) == 10 and tower.bias.item() == -10


def test_the_picture_does_not_see_the_text() -> None:
    torch.manual_seed(0)
    tower = TokenTower(num_codes=20, grid_size=4, text_width=12, width=16)
    codes_BN = torch.randint(20, (2, 16))
    assert torch.equal(tower(codes_BN, torch.zeros(2, 12))[0], tower(codes_BN, torch.ones(2, 12))[0])
