"""Counts of weights and operations: by hand, as published, and by torch's own counter."""

import dataclasses
import math

import pytest
import torch
from benchmarks.counting import (
    Work,
    append_operations,
    native_work,
    predict_operations,
    prompt_weights,
    raster_work,
    step_weights,
    tokenizer_operations,
    vqgan_operations,
)
from benchmarks.random_models import count_parameters
from benchmarks.shapes import SHAPES
from torch.utils.flop_counter import FlopCounterMode

from dall_e.config import PRESETS
from dall_e.config.published import BlockStyle, LeftToRightConfig, VQGANConfig
from dall_e.models.generator import Generator
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.text_encoder import TextStates
from dall_e.models.vqgan import VQGAN
from dall_e.nn.cpu import kernels


def counted(work: object) -> int:
    """Count the operations of a function with torch."""
    assert callable(work)
    # With gradients attention is plain products; torch counts nothing for the CPU's fused kernel.
    with torch.enable_grad(), FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def test_weights_of_a_step_by_hand() -> None:
    config = LeftToRightConfig(
        num_codes=10,
        code_rows=10,
        num_logits=12,
        num_tokens=4,
        width=8,
        num_heads=2,
        num_layers=3,
        mlp_width=16,
    )
    # A block: 4 x 64 for attention, 3 x 8 x 16 for the gated MLP; the head 8 x 12.
    assert step_weights(config) == 3 * (256 + 384) + 96 == 2016
    assert prompt_weights(config) == 0
    assert raster_work(config, 2.0) == Work(operations=0.0, moved=4 * 2016 * 2.0)

    crossed = dataclasses.replace(config, style=BlockStyle(cross_attention=True, mlp="gelu"))
    # The MLP has one matrix less; queries and output of cross-attention are new, keys and values
    # are made once.
    assert step_weights(crossed) == 3 * (256 + 128 + 256) + 96
    assert prompt_weights(crossed) == 3 * 128
    assert raster_work(crossed, 1.0).moved == 4 * 2016 + 384

    wide = dataclasses.replace(config, code_width=4, head_width=6)
    assert step_weights(wide) == 3 * 640 + 8 * 6 + 6 * 12 + 4 * 8 + 64


def test_weights_of_a_step_of_published_shapes() -> None:
    mini = SHAPES["mini"].config.generator
    assert step_weights(mini) == 12 * (6 * 1024**2 + 3 * 1024 * 2730) + 1024 * 16385 == 192_914_432
    assert step_weights(mini) + prompt_weights(mini) == 218_080_256
    assert step_weights(SHAPES["llamagen-b"].config.generator) == 97_517_568
    assert step_weights(SHAPES["janus-1b"].config.generator) == 1_275_084_800


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("mini", 202_649_584 + 235_313_136),
        ("llamagen-xl", 777_923_840),
        ("llamagen-xl-512", 777_923_840),
        ("janus-7b", 6_591_791_104),
        ("mindalle", 1_291_081_728),
    ],
)
def test_shapes_have_as_many_weights_as_published(name: str, published: int) -> None:
    parts = count_parameters(SHAPES[name])
    assert parts["text"] + parts["generator"] == published


def test_decoder_of_taming_as_torch_counts_it() -> None:
    config = VQGANConfig(
        image_size=16,
        width=32,
        multipliers=(1, 2, 1),
        encoder_blocks=0,
        decoder_blocks=2,
        attention_levels=(2,),
        latent_width=8,
        num_codes=20,
        code_width=4,
    )
    network = VQGAN(config)
    codes_1N = torch.zeros(1, 16, dtype=torch.int64)
    assert vqgan_operations(config) == counted(lambda: network.detokenize(codes_1N))


@pytest.mark.parametrize("preset", ["tiny", "xs"])
def test_native_decoder_as_torch_counts_it(preset: str) -> None:
    config = PRESETS[preset].tokenizer
    network = ImageTokenizer(config)
    codes_1N = torch.zeros(1, config.grid_size**2, dtype=torch.int64)
    assert tokenizer_operations(config) == counted(lambda: network.detokenize(codes_1N))


def test_native_steps_as_torch_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows, so that `Linear`, which pads odd numbers of rows, pads none."""
    monkeypatch.setenv(kernels.SWITCH, "off")  # Torch counts its own operations only.
    config = PRESETS["tiny"].generator
    network, rows = Generator(config).eval(), 4
    states = TextStates(
        torch.zeros(rows, config.text_tokens, config.text_width),
        torch.zeros(rows, config.text_width),
    )
    with torch.no_grad():
        cache = network.prefill(states)

    positions_BM = torch.arange(3).expand(rows, -1)
    known = cache.length
    predicted = rows * predict_operations(config, 3, known)
    assert counted(lambda: network.predict(cache, positions_BM)) == predicted
    appended = rows * append_operations(config, 3, known)
    assert counted(lambda: network.append(cache, positions_BM, positions_BM)) == appended


def test_native_work_by_hand() -> None:
    config = PRESETS["tiny"]
    generator = config.generator
    width, codes, text = generator.width, generator.num_codes, generator.text_tokens
    block = 4 * width**2 + 3 * width * generator.mlp_width
    groups = [1, 3, 60]
    steps = native_work(config, groups, rows=2, bytes_per_weight=4.0, bytes_per_state=4.0)
    assert len(steps) == 4
    assert steps[0].moved == 4 * (2 * block + 2 * width**2)

    # Second group: 2 layers of each kind, 24 text tokens and 1 of the image before it, 3 of its
    # own.
    seen = text + 1 + 3
    weights = 4 * block + width * codes + 2 * width**2
    assert steps[2].moved == 4 * (weights + 2 * 2 * width * 4 * seen)
    both = predict_operations(generator, 3, 25) + append_operations(generator, 3, 25)
    assert steps[2].operations == 2 * both

    # Nothing comes after the last group, so it is not appended.
    assert steps[3].operations == 2 * predict_operations(generator, 60, 28)
    halved = native_work(config, groups, rows=2, bytes_per_weight=2.0, bytes_per_state=2.0)
    assert [step.moved for step in halved] == [step.moved / 2 for step in steps]


def test_the_longer_of_both_limits() -> None:
    work = Work(operations=6e9, moved=1e9) + Work(operations=2e9, moved=1e9)
    assert work.seconds(4e9, 2e9) == 2.0
    assert work.seconds(16e9, 1e9) == 2.0
    assert math.isclose(work.seconds(16e9, 8e9), 0.5)
