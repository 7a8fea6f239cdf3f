"""The captioner: what its words depend on, and what they do not.

Shapes: B captions, L text tokens, C H W channels, rows and columns.
"""

import dataclasses

import pytest
import torch

from dall_e.config import CAPTIONERS, CaptionerConfig
from dall_e.models.captioner import LANGUAGES, Captioner

SIZES = CAPTIONERS["tiny"]


@pytest.fixture
def captioner() -> Captioner:
    torch.manual_seed(0)
    return Captioner(SIZES).eval()


def pictures(count: int = 3, side: int = 40) -> torch.Tensor:
    """Random opaque colours."""
    x_BCHW = torch.rand(count, 4, side, side, generator=torch.Generator().manual_seed(1))
    x_BCHW[:, 3] = 1
    return x_BCHW


@torch.no_grad()
def logits(captioner: Captioner, ids: list[int], language: int = 0, picture: int = 0):  # noqa: ANN201
    memory = captioner.look(captioner.features(pictures()[picture][None]))
    return captioner(memory, torch.tensor([ids]), torch.tensor([language]))[0]


def test_a_word_depends_on_those_before_it_only(captioner: Captioner) -> None:
    first, other = (logits(captioner, [1, 7, last, 9]) for last in (8, 30))
    torch.testing.assert_close(first[:2], other[:2])
    assert not torch.allclose(first[2:], other[2:], atol=1e-3)
    assert first.shape == (4, SIZES.vocab_size) and first.dtype == torch.float32


def test_picture_and_language_matter(captioner: Captioner) -> None:
    first = logits(captioner, [1, 7])
    assert not torch.allclose(logits(captioner, [1, 7], picture=1), first, atol=1e-4)
    assert not torch.allclose(logits(captioner, [1, 7], language=1), first, atol=1e-3)
    assert LANGUAGES == ("en", "zh")


@torch.no_grad()
def test_pictures_of_a_batch_do_not_meet(captioner: Captioner) -> None:
    memory = captioner.look(captioner.features(pictures()))
    rows = torch.tensor([2, 0, 2])
    ids_BL, language_B = torch.tensor([[1, 5], [1, 6], [1, 5]]), torch.tensor([0, 1, 0])
    together = captioner(memory.select(rows), ids_BL, language_B)
    torch.testing.assert_close(together[0], together[2])
    torch.testing.assert_close(together[0], logits(captioner, [1, 5], picture=2))
    assert len(memory) == 3 and len(memory.select(rows[:1])) == 1


@torch.no_grad()
def test_where_things_are_is_seen(captioner: Captioner) -> None:
    x_1CHW = pictures(1)
    features, turned = (captioner.features(x) for x in (x_1CHW, x_1CHW.flip(3)))
    assert not torch.allclose(features.map_ISF, turned.map_ISF, atol=1e-3)
    assert features.map_ISF.shape == (1, 4, 48) and features.vector_IE.shape == (1, 48)
    assert float(features.vector_IE.norm()) == pytest.approx(1)


@torch.no_grad()
def test_transparent_pictures_are_seen_on_white_or_on_a_colour(captioner: Captioner) -> None:
    nothing, white = torch.zeros(1, 4, 32, 32), torch.ones(1, 4, 32, 32)
    on_white, red = captioner.features(nothing), torch.tensor([[1.0, 0, 0]])
    torch.testing.assert_close(on_white.map_ISF, captioner.features(white).map_ISF)
    on_red = captioner.features(nothing, red)
    assert not torch.allclose(on_red.map_ISF, on_white.map_ISF, atol=1e-3)


def test_only_words_learn(captioner: Captioner) -> None:
    assert not any(weight.requires_grad for weight in captioner.image.parameters())
    memory = captioner.look(captioner.features(pictures()))
    captioner(memory, torch.ones(3, 2, dtype=torch.int64), torch.zeros(3).long()).sum().backward()
    learning = [name for name, weight in captioner.named_parameters() if weight.grad is not None]
    assert learning and not any(name.startswith("image.") for name in learning)


def test_the_largest_has_at_most_three_million_parameters() -> None:
    for sizes in CAPTIONERS.values():
        assert sum(weight.numel() for weight in Captioner(sizes).parameters()) <= 3_000_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": 40}, "image_size 40 is not a multiple of 16"),
        ({"vocab_size": 100}, "vocab_size 100 < 259"),
        ({"max_tokens": 3}, "max_tokens 3 < 4"),
        ({"num_heads": 5}, "width 48 is not a multiple of 5 heads"),
        ({"dropout": 1.0}, "dropout 1.0 is not in"),
        ({"image_widths": ()}, "image_widths needs at least one entry"),
        ({"num_layers": 0}, "num_layers must be at least 1, got 0"),
    ],
)
def test_sizes_that_fit_nothing_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CaptionerConfig(**{**dataclasses.asdict(SIZES), **changes})  # type: ignore[arg-type]
