"""Small shapes are the same work with less width, and all of them draw."""

import dataclasses

import pytest
import torch
from benchmarks.ours import Ours
from benchmarks.shapes import SHAPES, tiny


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_draws_tokens(name: str) -> None:
    shape = tiny(SHAPES[name])
    # A small image tokenizer for all, that of min-dalle's package too: no pixels are drawn.
    tokenizer = dataclasses.replace(
        shape.config.tokenizer,
        width=32,
        multipliers=(1,) * len(shape.config.tokenizer.multipliers),
        decoder_blocks=1,
    )
    config = dataclasses.replace(shape.config, tokenizer=tokenizer)
    shape = dataclasses.replace(shape, config=config, pixels=False)

    times = Ours(shape, "fp32", torch.device("cpu")).draw(2)
    assert times.drawn == 2 and times.first > 0 and times.rest > 0 and times.pixels == 0


def test_tiny_is_the_same_work_with_less_width() -> None:
    for name, shape in SHAPES.items():
        small = tiny(shape).config
        assert small.generator.num_tokens == shape.config.generator.num_tokens, name
        assert small.generator.num_codes == shape.config.generator.num_codes, name
        assert small.sampling == shape.config.sampling, name
        assert small.generator.width < shape.config.generator.width, name
