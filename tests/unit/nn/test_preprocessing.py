"""What a network sees of a picture with alpha.

Shapes: B pictures, C H W a picture.
"""

import torch

from dall_e.nn.preprocessing import composite_and_resize


def test_what_is_transparent_shows_the_background() -> None:
    # Left half: opaque blue. Right half: red at half of its strength.
    x_BCHW = torch.zeros(1, 4, 32, 32)
    x_BCHW[:, 2:, :, :16] = 1
    x_BCHW[:, (0, 3), :, 16:] = 0.5
    on_white, on_green = (
        composite_and_resize(32, x_BCHW),
        composite_and_resize(32, x_BCHW, torch.tensor([[0.0, 1.0, 0.0]])),
    )
    assert on_white[0, :, 0, 0].tolist() == on_green[0, :, 0, 0].tolist() == [0, 0, 1]
    assert on_white[0, :, 0, 31].tolist() == [1, 0.5, 0.5]
    assert on_green[0, :, 0, 31].tolist() == [0.5, 0.5, 0]


def test_pictures_of_any_side() -> None:
    flat = torch.full((1, 4, 1, 1), 0.25)
    seen = [composite_and_resize(32, flat.expand(1, 4, side, side)) for side in (8, 32, 100)]
    for x_B3HW in seen:
        assert x_B3HW.shape == (1, 3, 32, 32)
        torch.testing.assert_close(x_B3HW, torch.full_like(x_B3HW, 1.0))


def test_half_precision_is_resized_too() -> None:
    x_BCHW = torch.rand(2, 4, 20, 20)
    x_BCHW[:, :3] *= x_BCHW[:, 3:]
    found = composite_and_resize(16, x_BCHW.bfloat16())
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), composite_and_resize(16, x_BCHW), atol=0.02, rtol=0)
