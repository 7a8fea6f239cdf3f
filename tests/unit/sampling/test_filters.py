"""Guidance and filters against numbers worked by hand.

Shapes: B pictures, M tokens of a step, C codes.
"""

import math

import pytest
import torch
from torch import Tensor

from dall_e.sampling.filters import choose, guide, keep_top_k, keep_top_p

# Probabilities 0.5, 0.25, 0.15, 0.1, not sorted.
LOGITS_BMC = torch.tensor([[[0.15, 0.5, 0.1, 0.25]]]).log()


def kept(logits_BMC: Tensor) -> list[int]:
    return torch.nonzero(logits_BMC[0, 0].isfinite())[:, 0].tolist()


def test_guidance_by_hand() -> None:
    conditional, unconditional = torch.tensor([2.0, -1.0]), torch.tensor([1.0, 1.0])
    assert guide(conditional, unconditional, 3.0).tolist() == [4.0, -5.0]
    assert guide(conditional, unconditional, 1.0).tolist() == conditional.tolist()
    assert guide(conditional, unconditional, 0.0).tolist() == unconditional.tolist()


@pytest.mark.parametrize(
    ("k", "expected"), [(0, [0, 1, 2, 3]), (1, [1]), (2, [1, 3]), (3, [0, 1, 3]), (9, [0, 1, 2, 3])]
)
def test_top_k_by_hand(k: int, expected: list[int]) -> None:
    assert kept(keep_top_k(LOGITS_BMC, k)) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    # 0.5 reaches 0.49; 0.5 + 0.25 reaches 0.51; it takes the third for 0.76 and the fourth for
    # 0.91.
    [
        (0.01, [1]),
        (0.49, [1]),
        (0.51, [1, 3]),
        (0.76, [0, 1, 3]),
        (0.91, [0, 1, 2, 3]),
        (1, list(range(4))),
    ],
)
def test_top_p_by_hand(p: float, expected: list[int]) -> None:
    filtered_BMC = keep_top_p(LOGITS_BMC, p)
    assert kept(filtered_BMC) == expected
    assert torch.equal(filtered_BMC[0, 0, expected], LOGITS_BMC[0, 0, expected])


def test_each_row_has_its_own_filter() -> None:
    sharp_and_flat = torch.stack(
        (torch.tensor([0.97, 0.01, 0.01, 0.01]), torch.full((4,), 0.25))
    ).log()[None]
    assert keep_top_p(sharp_and_flat, 0.9).isfinite().sum(-1).tolist() == [[1, 4]]


def test_most_likely_codes_are_enough_or_all_are_sorted() -> None:
    """Rows as sharp as a code or as flat as all of them, against a plain version."""
    random = torch.Generator().manual_seed(0)
    sharpness_M1 = torch.tensor([0.0, 0.1, 1.0, 3.0, 10.0, 50.0])[:, None]
    logits_BMC = sharpness_M1 * torch.randn(2, 6, 500, generator=random)
    for p in (0.05, 0.5, 0.9, 0.999):
        filtered_BMC = keep_top_p(logits_BMC, p)
        for logits_C, filtered_C in zip(
            logits_BMC.flatten(0, 1), filtered_BMC.flatten(0, 1), strict=True
        ):
            kept, total = set(), 0.0
            for code in logits_C.argsort(descending=True).tolist():
                if total >= p:
                    break
                kept.add(code)
                total += float(logits_C.double().softmax(-1)[code])
            found = set(filtered_C.isfinite().nonzero()[:, 0].tolist())
            # A sum that ends on p is up to rounding; equal codes are interchangeable.
            assert abs(len(found) - len(kept)) <= 1
            assert len(set(logits_C.tolist())) == 1 or found <= kept or kept <= found
            assert torch.equal(filtered_C[list(found)], logits_C[list(found)])
    alone = torch.cat([keep_top_p(logits_BMC[:1, row : row + 1], 0.9) for row in range(6)], dim=1)
    assert torch.equal(alone, keep_top_p(logits_BMC, 0.9)[:1])


def test_filters_do_not_write_into_their_input() -> None:
    before = LOGITS_BMC.clone()
    choose(LOGITS_BMC, torch.zeros(1, 1, 4), temperature=0.5, top_k=2, top_p=0.6)
    assert torch.equal(LOGITS_BMC, before)


def test_choice_by_hand() -> None:
    noise_BMC = torch.tensor([[[5.0, 0.0, 0.0, 1.0]]])
    options = {"top_k": 0, "top_p": 1.0}
    # log(0.15) + 5 is the largest; divided by 0.1 the noise no longer matters; filtered out it
    # cannot win.
    assert choose(LOGITS_BMC, noise_BMC, temperature=1.0, **options).item() == 0
    assert choose(LOGITS_BMC, noise_BMC, temperature=0.1, **options).item() == 1
    assert choose(LOGITS_BMC, noise_BMC, temperature=1.0, top_k=2, top_p=1.0).item() == 3
    assert choose(LOGITS_BMC, noise_BMC, temperature=1.0, top_k=0, top_p=0.4).item() == 1
    assert (
        choose(LOGITS_BMC, torch.full((1, 1, 4), torch.nan), temperature=0.0, **options).item() == 1
    )


def test_temperature_comes_before_top_p() -> None:
    # At T = 1/2 the probabilities are 0.725, 0.181, ...: the first alone reaches 0.7.
    noise_BMC = torch.tensor([[[0.0, 0.0, 0.0, 50.0]]])
    assert choose(LOGITS_BMC, noise_BMC, temperature=1.0, top_k=0, top_p=0.7).item() == 3
    assert choose(LOGITS_BMC, noise_BMC, temperature=0.5, top_k=0, top_p=0.7).item() == 1
    assert math.isclose(0.25 / (0.25 + 0.0625 + 0.0225 + 0.01), 0.725, abs_tol=1e-3)
