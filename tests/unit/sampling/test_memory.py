"""A memory of images: which of them a prompt recalls, and which patches of a drawing they have."""

import pytest
import torch

from dall_e.images.packed_curves import PackedCurves
from dall_e.sampling.memory import TokenMemory

# Two images of 3 x 3 tokens: the second has other codes in its left column.
FIRST = [1, 2, 3, 4, 5, 6, 7, 8, 9]
SECOND = [11, 2, 3, 14, 5, 6, 17, 8, 9]


def memory() -> TokenMemory:
    return TokenMemory(
        torch.tensor([FIRST, SECOND], dtype=torch.int16),
        (("cat", "猫"), ("black cat", "Cat")),
        (b"first", b"second"),
    )


@pytest.mark.parametrize("prompt", ["cat", "a cat", "The  CAT.", "a cat 。"])
def test_prompts_recall_without_case_article_and_full_stop(prompt: str) -> None:
    assert memory().recalled(prompt) == [0, 1]


def test_other_prompts_recall_nothing() -> None:
    assert memory().recalled("猫") == [0] and memory().recalled("a black cat") == [1]
    assert memory().recalled("cats") == memory().recalled("") == []


def test_each_token_is_of_the_image_that_is_most_like_its_surroundings() -> None:
    rows_1N, is_found_1N = memory().nearest(torch.tensor([SECOND]))
    assert rows_1N.tolist() == [[1] * 9] and bool(is_found_1N.all())


def test_a_token_that_no_image_has_there_is_not_found_and_its_neighbours_are() -> None:
    codes_1N = torch.tensor([[1, 2, 3, 4, 30, 6, 7, 8, 9]])
    rows_1N, is_found_1N = memory().nearest(codes_1N)
    assert is_found_1N.tolist() == [[True, True, True, True, False, True, True, True, True]]
    assert rows_1N[is_found_1N].unique().tolist() == [0]


def test_too_few_alike_around_it() -> None:
    """The corner is right and two of its three neighbours in the grid; of the centre's, five of
    eight."""
    codes_1N = torch.tensor([[1, 2, 30, 4, 5, 30, 30, 30, 9]])
    _, is_found_1N = memory().nearest(codes_1N)
    # Centre: 1, 2, 4, 5, 9 are right. Corner: all it has, and beyond the edge all counts as alike.
    assert not is_found_1N[0, 4] and is_found_1N[0, 0]


def test_joined_and_without() -> None:
    two = memory()
    third = TokenMemory(two.codes_IN[:1] + 20, (("dog",),), (b"third",), ("curves",))
    more = two.joined(third)
    assert len(more) == 3 and more.recalled("dog") == [2] and more.residuals[2] == b"third"
    assert more.curves == ("", "", "curves") and two.curves == ("", "")
    left = more.without(["猫"])
    assert left.prompts == (("black cat", "Cat"), ("dog",))
    assert left.residuals == (b"second", b"third") and left.codes_IN[1, 0] == 21
    assert left.curves == ("", "curves")
    assert len({two.digest, more.digest, left.digest}) == 3


def test_packed_curves_stay_packed_without_some() -> None:
    drawing = '<path fill="#dd2e44" d="M1,1 L3,1 Z"/>'
    packed = PackedCurves.pack(["", drawing])
    known = TokenMemory(memory().codes_IN, (("cat",), ("dog",)), (b"x", b""), packed)
    left = known.without(["cat"])
    assert isinstance(left.curves, PackedCurves) and list(left.curves) == [drawing]


def test_the_image_of_all_tokens_is_found_and_its_curves() -> None:
    known = TokenMemory(memory().codes_IN, ((), ()), (b"", b"x"), ("curves", ""))
    assert known.row_of(torch.tensor(SECOND)) == 1
    assert known.curves_of(torch.tensor(FIRST)) == "curves"
    assert known.curves_of(torch.tensor(SECOND)) == ""
    assert known.row_of(torch.tensor([*FIRST[:8], 0])) is None
    assert known.curves_of(torch.tensor([*FIRST[:8], 0])) == ""
    assert known.digest != TokenMemory(memory().codes_IN, ((), ()), (b"", b"x")).digest


def test_parts_that_do_not_go_together() -> None:
    codes_IN = torch.tensor([FIRST], dtype=torch.int16)
    with pytest.raises(ValueError, match=r"\[1, 9\], the others 2, 1 and 2"):
        TokenMemory(codes_IN, (("a",), ("b",)), (b"",))
    with pytest.raises(ValueError, match="9 tokens an image, the other 4"):
        memory().joined(TokenMemory(codes_IN[:, :4], (("a",),), (b"",)))
    with pytest.raises(ValueError, match="9 tokens an image, the image tokenizer 16"):
        memory().check(16, 1000)
    with pytest.raises(ValueError, match="codes beyond the 17"):
        memory().check(9, 17)
    memory().check(9, 18)
