"""The judge: what it has seen, and that its embedding of an image does not depend on others."""

import numpy as np
import pytest
import torch

from dall_e.config import DUAL_ENCODERS
from dall_e.data.datasets import in_fold
from dall_e.evaluation.judge import Judge
from dall_e.models.dual_encoder import DualEncoder
from dall_e.text.tokenizer import TextTokenizer


@pytest.fixture(scope="module")
def judge() -> Judge:
    torch.manual_seed(0)
    tokenizer = TextTokenizer.train(["a cat", "a dog", "一只猫"] * 3, 512)
    return Judge(
        DualEncoder(DUAL_ENCODERS["tiny"]), tokenizer, name="tiny", fold=1, other_fraction=0.0
    )


def test_directions(judge: Judge) -> None:
    images = [np.full((4, side, side), side, dtype=np.uint8) for side in (32, 48, 20)]
    found = judge.embed_images(images)
    assert found.shape == (3, 48) and torch.equal(judge.embed_images(images[1:2])[0], found[1])
    texts = judge.embed_texts(["a cat", "一只猫", "a dog"])
    torch.testing.assert_close(texts.norm(dim=1), torch.ones(3))


def test_what_it_has_seen(judge: Judge) -> None:
    records = [{"source": "drawn", "name": f"{number}"} for number in range(40)]
    seen = [judge.has_seen(record) for record in records]
    assert seen == [in_fold(record, 1) for record in records] and 0 < sum(seen) < 40
    both = Judge(judge.dual_encoder, judge.text_tokenizer, name="both", fold=1, other_fraction=0.5)
    assert all(both.has_seen(record) for record in records)
