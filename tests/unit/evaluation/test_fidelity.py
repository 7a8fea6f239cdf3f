"""FID and KID on normal laws, whose distances are known.

Shapes: B images, D features.
"""

import pytest
import torch

pytest.importorskip("torchmetrics")

from dall_e.evaluation.fidelity import fidelity, frechet_distance, kernel_distance


def test_frechet_distance_of_two_normal_laws() -> None:
    torch.manual_seed(0)
    real_BD, drawn_BD = torch.randn(20_000, 4), 2 * torch.randn(20_000, 4) + 1
    # |m - m'|^2 = 4 and, for diagonal covariances, the sum over 4 axes of (2 - 1)^2 = 4.
    assert frechet_distance(real_BD, drawn_BD) == pytest.approx(8, rel=0.03)
    assert frechet_distance(real_BD, real_BD) == pytest.approx(0, abs=1e-6)


def test_kernel_distance_by_hand() -> None:
    # D = 1: the kernel is (x y + 1)^3. Real 0 and 1, drawn 2 and 3.
    # k(0,1) = 1, k(2,3) = 343; across: 1, 1, 27, 64.
    real_BD, drawn_BD = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]])
    assert kernel_distance(real_BD, drawn_BD) == pytest.approx(1 + 343 - 2 * (1 + 1 + 27 + 64) / 4)


def test_kernel_distance_is_unbiased() -> None:
    torch.manual_seed(0)
    found = [kernel_distance(torch.randn(20, 4), torch.randn(20, 4)) for _ in range(60)]
    assert abs(sum(found) / 60) < 0.25 and min(found) < 0 < max(found)


def test_intervals_hold_the_value_and_shrink() -> None:
    torch.manual_seed(0)

    def drawn(num: int) -> torch.Tensor:
        return torch.nn.functional.normalize(torch.randn(num, 8) + 0.5, dim=1)

    small, large = fidelity(drawn(24), drawn(24) * -1), fidelity(drawn(200), drawn(200) * -1)
    for name in ("kid", "fid"):
        assert small[name].low < small[name].value < small[name].high and small[name].count == 24
        assert large[name].high - large[name].low < small[name].high - small[name].low
        assert large[name].low > 0


def test_numbers_must_be_equal() -> None:
    with pytest.raises(ValueError, match="3 real and 2 drawn pictures"):
        fidelity(torch.randn(3, 4), torch.randn(2, 4))
