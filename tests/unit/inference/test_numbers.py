"""Every kind of model draws in every precision, and the caller's settings of torch change nothing.

Also: what the metadata say is what was computed.
"""

from __future__ import annotations

import contextlib
import copy
import multiprocessing
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dall_e import DALL_E
from dall_e.config import ModelConfig
from dall_e.errors import DallEWarning
from dall_e.nn.cpu import kernels
from dall_e.nn.cpu.stack import stack_of

KINDS = (
    "built-in", "native", "min_dalle", "dalle_mini", "llamagen", "mindalle", "janus", "rudalle"
)  # fmt: skip
PRECISIONS: dict[str, dict[str, str]] = {
    "float32": {},
    "bfloat16": {"dtype": "bfloat16"},
    "float16": {"dtype": "float16"},
    "int8": {"quantization": "int8"},
    "int4": {"quantization": "int4"},
}
PROMPT = "a red cat"

Load = Callable[..., DALL_E]
FolderOf = Callable[[str], Path]
pytestmark = pytest.mark.filterwarnings("ignore")


def draw(model: DALL_E, **more: Any) -> list[Any]:
    """Pictures of two steps, as the networks give them; those of the built-in model go through its
    upsampler unless said."""
    if isinstance(model.config, ModelConfig):
        height = model.config.tokenizer.image_size + 32
        more = {"num_inference_steps": 2, "finish": "soft", "height": height, **more}
    drawn = model([PROMPT], **more)
    return drawn if isinstance(drawn, list) else [drawn]


def pixels(model: DALL_E, seed: int = 5, **more: Any) -> np.ndarray:
    (image,) = draw(model, seed=seed, **more)
    return np.asarray(image).astype(int)


# Every kind, every precision, one picture and two, with and without kernels


@pytest.mark.parametrize(
    ("precision", "switch"),
    [*((precision, "on") for precision in PRECISIONS), ("float32", "off"), ("int4", "off")],
)
@pytest.mark.parametrize("kind", KINDS)
def test_fault_use_02_and_03_every_model_draws_in_every_precision(
    kind: str, precision: str, switch: str, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    if switch == "on" and kernels.status().kernels is None:
        pytest.skip(kernels.status().reason)
    monkeypatch.setenv(kernels.SWITCH, switch)
    model = load(kind, **PRECISIONS[precision])
    own_size = model.config.tokenizer.image_size

    # One picture, and larger than the model draws: by the upsampler where there is one.
    has_judge = model.networks.dual_encoder is not None
    (image,) = draw(model, seed=5, height=own_size + 32, best_of=2 if has_judge else 1)
    assert image.size == (own_size + 32, own_size + 32)

    # Two, at its own size.
    several = draw(model, seed=5, num_images_per_prompt=2, height=own_size)
    assert [each.size for each in several] == [(own_size, own_size)] * 2
    if precision == "float32":
        assert np.array_equal(np.asarray(several[0]), pixels(model, height=own_size))

    # Something is drawn; and a seed matters, unless the picture is remembered.
    assert np.asarray(several[0]).std() > 0
    if model.memory is None:
        assert not np.array_equal(np.asarray(several[0]), np.asarray(several[1]))

    info = image.info
    assert info["kernels"] == ("compiled" if switch == "on" else "torch")
    assert info.get("quantization", precision) == precision
    assert info["dtype"] == ("bfloat16" if precision.startswith("int") else precision)


@pytest.mark.parametrize("precision", ["bfloat16", "float16", "int8", "int4"])
def test_what_is_drawn_in_fewer_bits_is_nearly_the_same(
    precision: str, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the networks alone: what is remembered is the same in any precision.

    One token that is another one changes a picture much, so several are looked at.
    """
    models = [load("built-in", **PRECISIONS[name]) for name in ("float32", precision)]
    for model in models:
        monkeypatch.setattr(model.engine.drawer, "memory", None)
    prompts = (PROMPT, "a pizza", "a guitar", "a car")
    exact, fewer = (
        np.stack([np.asarray(model(each, seed=5, temperature=0.0)).astype(int) for each in prompts])
        for model in models
    )
    assert 0 < abs(exact - fewer).mean() < 4


# The caller's settings of torch


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextlib.contextmanager
def default_device(name: str) -> Iterator[None]:
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


SETTINGS: dict[str, Callable[[], Any]] = {
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "float16": lambda: default_dtype(torch.float16),
    "float64": lambda: default_dtype(torch.float64),
    "meta": lambda: default_device("meta"),
    "with-meta": lambda: torch.device("meta"),
    "autocast-bfloat16": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "autocast-float16": lambda: torch.autocast("cpu", dtype=torch.float16),
    "inference": torch.inference_mode,
    "gradients": torch.enable_grad,
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", ["built-in", "native", "dalle_mini", "llamagen", "janus"])
def test_fault_use_01_and_13_the_caller_s_settings_change_no_picture(
    kind: str, setting: str, load: Load, folder_of: FolderOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made before loading, or between loading and drawing."""
    model = load(kind)
    expected = pixels(model)
    with SETTINGS[setting]():
        assert np.array_equal(pixels(model), expected)
        later = DALL_E.from_pretrained(folder_of(kind))
        assert np.array_equal(pixels(later), expected)
    assert np.array_equal(pixels(later), expected)

    # Without kernels, too: torch's operations follow the same rule.
    if kind not in ("native", "llamagen"):
        return
    monkeypatch.setenv(kernels.SWITCH, "off")
    with_torch = pixels(model)
    with SETTINGS[setting]():
        assert np.array_equal(pixels(model), with_torch)


@pytest.mark.parametrize("setting", ["float16", "float64", "meta", "autocast-bfloat16"])
@pytest.mark.parametrize("precision", ["bfloat16", "float16", "int8", "int4"])
def test_nor_in_fewer_bits(precision: str, setting: str, load: Load) -> None:
    for kind in ("native", "llamagen"):
        model = load(kind, **PRECISIONS[precision])
        expected = pixels(model)
        with SETTINGS[setting]():
            assert np.array_equal(pixels(model), expected)


@pytest.mark.parametrize("setting", SETTINGS)
def test_scores_do_not_change_either(setting: str, load: Load) -> None:
    model = load("built-in")
    (image,) = draw(model, seed=5)
    expected = model.score(image, PROMPT)
    with SETTINGS[setting]():
        assert model.score(image, PROMPT) == expected
        assert model.search(PROMPT, [image])[0].score == expected


# Networks of one model in other number formats than each other


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
@pytest.mark.parametrize("part", ["tokenizer", "text", "generator", "dual_encoder", "upsampler"])
def test_every_network_takes_what_another_one_makes(
    part: str, dtype: torch.dtype, load: Load
) -> None:
    model = copy.deepcopy(load("built-in"))
    getattr(model.networks, part).to(dtype)
    (image,) = draw(model, seed=5, best_of=2)
    name = str(dtype).removeprefix("torch.")
    expected = f"{name} (" if part == "generator" else f"float32 ({part} {name})"
    assert image.info["dtype"].startswith(expected)


@pytest.mark.parametrize("kind", ["native", "min_dalle", "rudalle"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_cast_in_memory_is_as_loaded(
    kind: str, dtype: str, load: Load, folder_of: FolderOf
) -> None:
    """Also after a drawing, whose kernels have seen other weights."""
    model = DALL_E.from_pretrained(folder_of(kind))
    exact = pixels(model)
    model.to(getattr(torch, dtype))
    assert np.array_equal(pixels(model), pixels(load(kind, dtype=dtype)))

    # Back again the weights are not what they were, and the metadata say so.
    with pytest.warns(DallEWarning, match=f"stay as {dtype} rounded them"):
        model.to(torch.float32)
    (image,) = draw(model, seed=5)
    assert (image.info["dtype"], image.info["rounded"]) == ("float32", dtype)
    assert exact.shape == np.asarray(image).shape


def test_weights_of_another_format_at_the_same_place_are_noticed(load: Load) -> None:
    """What the kernels copied of weights that are gone is not used for others."""
    model = copy.deepcopy(load("native"))
    blocks = model.networks.generator.query_blocks
    with torch.no_grad():
        first = stack_of(blocks)
        blocks.double()
        assert stack_of(blocks) is None
        blocks.float()
        assert first is not None and stack_of(blocks) not in (None, first)


# Threads and processes


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def threads_of_a_new_thread() -> int:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.usefixtures("two_threads")
def test_fault_use_12_a_drawing_inside_another_leaves_the_threads(load: Load) -> None:
    model = load("native")
    expected = pixels(model, num_inference_steps=4)
    seen: list[int] = []

    def draw_too(step: Any) -> None:
        seen.append(torch.get_num_threads())
        assert np.array_equal(pixels(model, num_inference_steps=4), expected)
        if step.step == 2:
            torch.set_num_threads(3)

    drawn = pixels(model, num_inference_steps=4, callback_on_step_end=draw_too)
    assert np.array_equal(drawn, expected)
    # What the callback makes of the number holds.
    assert seen == [2, 2, 3, 3] and torch.get_num_threads() == 3


@pytest.mark.usefixtures("two_threads")
def test_fault_reliability_10_drawing_at_once_leaves_the_threads(load: Load) -> None:
    models = [load("native", **precision) for precision in PRECISIONS.values()]
    expected = [pixels(model) for model in models]
    right: dict[int, bool] = {}
    after: dict[int, int] = {}

    def go(index: int) -> None:
        right[index] = all(np.array_equal(pixels(models[index]), expected[index]) for _ in range(3))
        after[index] = torch.get_num_threads()

    threads = [threading.Thread(target=go, args=(index,)) for index in range(len(models))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == dict.fromkeys(range(len(models)), True)
    assert set(after.values()) == {2}
    assert torch.get_num_threads() == threads_of_a_new_thread() == 2


@pytest.mark.usefixtures("two_threads")
def test_a_thread_that_starts_during_a_drawing_keeps_its_threads(load: Load) -> None:
    found: list[int] = []
    pixels(
        load("native"),
        callback_on_step_end=lambda step: found.append(threads_of_a_new_thread()),
    )
    assert set(found) == {2}


_drawn_here: list[DALL_E] = []
"""What a forked process finds in its memory."""


def _draw_in_child(_: int) -> tuple[list[bytes], int]:
    return [pixels(model).tobytes() for model in _drawn_here], torch.get_num_threads()


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
@pytest.mark.usefixtures("two_threads")
def test_fault_use_04_a_fork_after_drawing_draws(load: Load) -> None:
    # A published model computes in all threads, a native one in those of the kernels.
    models = [load("native"), load("dalle_mini", dtype="bfloat16")]
    _drawn_here.extend(models)
    try:
        product = torch.ones(512, 512) @ torch.ones(512, 512)
        expected = [pixels(model).tobytes() for model in models]
        with multiprocessing.get_context("fork").Pool(1) as pool:
            drawn, threads = pool.apply_async(_draw_in_child, (0,)).get(timeout=60)
        assert drawn == expected and threads == 1
        assert float(product[0, 0]) == 512 and torch.get_num_threads() == 2
    finally:
        _drawn_here.clear()


def test_a_spawned_process_draws(load: Load) -> None:
    model = load("native")
    expected = pixels(model)
    asked = {"seed": 5, "num_inference_steps": 2, "finish": "soft"}
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        drawn = pool.apply_async(model, (PROMPT,), asked).get(120)
    own = pixels(model, height=model.config.tokenizer.image_size)
    assert np.array_equal(np.asarray(drawn), own)
    assert expected.shape != own.shape


def test_copies_draw_the_same_after_drawing(load: Load) -> None:
    for kind in ("native", "janus"):
        model = load(kind, quantization="int8")
        expected = pixels(model)
        for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert np.array_equal(pixels(other), expected)
