"""A drawing as events: the last one is what a call gives, and it can be stopped."""

import gc
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.config import SamplingConfig
from dall_e.inference.partial_images import repeated_downwards, soft_mask
from dall_e.inference.progress import step_callback
from dall_e.sampling.decode import DecodeInterrupted, DecodeStep

STEPS = SamplingConfig(num_inference_steps=8)
PLANNED = SamplingConfig(num_inference_steps=8, compose=True)

Load = Callable[..., DALL_E]


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.mark.parametrize(
    ("prompt", "sampling", "finish"),
    [
        ("a cat", STEPS, "soft"),
        ("a cat", STEPS, "crisp"),
        ("a cat and a red ball in the snow", PLANNED, "crisp"),
        ("a cat and a red ball in the snow", PLANNED, "soft"),
    ],
)
def test_the_last_event_is_the_picture_of_a_call(
    model: DALL_E, prompt: str, sampling: SamplingConfig, finish: str
) -> None:
    keywords = {"seed": 3, "sampling": sampling, "height": 48, "finish": finish}
    events = list(model.stream(prompt, previews=4, **keywords))
    image = model(prompt, **keywords)
    assert [event.is_finished for event in events] == [False] * (len(events) - 1) + [True]
    assert 3 <= len(events) <= 5
    steps = [event.step for event in events]
    assert steps == sorted(set(steps)) and {event.total for event in events} == {steps[-1]}
    assert np.array_equal(np.asarray(events[-1].image), np.asarray(image))
    assert events[-1].image.info == image.info
    shown = {event.image.tobytes() for event in events}
    assert len(shown) == len(events) and {event.image.size for event in events} == {(48, 48)}


def test_without_previews_there_is_one_event(model: DALL_E) -> None:
    (event,) = model.stream("a cat", previews=0, sampling=STEPS, seed=1)
    assert event.is_finished


def test_left_to_right_models_show_their_rows_from_the_top(load: Load) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = list(load("janus").stream("a cat", previews=3, seed=1))
    first = np.asarray(events[0].image).astype(int)
    assert (first[-1] == 255).all(), "what is not drawn yet is white"
    assert (first[0] != 255).any() and len(events) >= 3


def test_a_cancelled_drawing_stops(model: DALL_E) -> None:
    steps: list[int] = []

    def count(step: DecodeStep) -> None:
        steps.append(step.step)

    before = threading.active_count()
    stream = model.stream(
        "a cat", previews=64, num_inference_steps=64, callback_on_step_end=count, compose=False
    )
    first = next(stream)
    stream.cancel()
    assert not first.is_finished and list(stream) == []
    assert len(steps) < 64 and threading.active_count() == before

    with model.stream("a cat", previews=8, sampling=STEPS) as events:
        next(events)
    assert list(events) == [] and threading.active_count() == before


def test_a_stream_that_nobody_has_any_more_stops(model: DALL_E) -> None:
    before = threading.active_count()
    next(model.stream("a cat", previews=64, num_inference_steps=64, compose=False))
    gc.collect()
    end = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("prompt", "keywords", "message"),
    [
        ("  ", {}, "the prompt is blank"),
        (["a cat", "a dog"], {}, "one prompt, a text, or a plan, got list"),
        ("a cat", {"best_of": 2}, "leave out best_of"),
        ("a cat", {"num_images_per_prompt": 2}, "one picture is shown .* not 2"),
        ("a cat", {"previews": -1}, "previews must be .* got -1"),
        ("a cat", {"seed": -7}, "a seed must be"),
    ],
)
def test_what_cannot_be_streamed_is_said_at_once(
    model: DALL_E, prompt: str, keywords: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        model.stream(prompt, sampling=STEPS, **keywords)


def test_an_error_on_the_way_arrives(model: DALL_E) -> None:
    def stop(step: DecodeStep) -> bool:
        return step.step == 6

    stream = model.stream("a cat", previews=4, sampling=STEPS, callback_on_step_end=stop)
    with pytest.raises(DecodeInterrupted, match="after step 6 of 8"):
        list(stream)
    assert list(stream) == []


# Films


def test_a_film_shows_the_drawing_and_ends_with_it(model: DALL_E, tmp_path: Path) -> None:
    path = tmp_path / "cat.webp"
    last = model.film("a cat", path, seed=2, sampling=STEPS, height=32)
    assert np.array_equal(
        np.asarray(last), np.asarray(model("a cat", seed=2, sampling=STEPS, height=32))
    )
    with Image.open(path) as film:
        assert film.n_frames >= 5
    with pytest.raises(FileExistsError):
        model.film([last], path, overwrite=False)


def test_films_of_pictures_take_no_keywords(model: DALL_E, tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8))
    with pytest.raises(ValueError, match="leave out seed"):
        model.film([image], tmp_path / "a.gif", seed=3)
    with pytest.raises(ValueError, match="at least one picture"):
        model.film([], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="end it in .gif or .webp"):
        model.film("a cat", tmp_path / "a.png")


# Callbacks and parts


def test_a_callback_in_the_form_of_diffusers(model: DALL_E) -> None:
    told: list[tuple[int, int]] = []

    def callback(pipe: DALL_E, step: int, timestep: int, callback_kwargs: dict) -> dict:
        assert pipe is model and callback_kwargs["codes"].shape == (1, 64)
        assert int(callback_kwargs["known"].sum()) > 0
        told.append((step, timestep))
        return callback_kwargs

    model("a cat", sampling=STEPS, callback_on_step_end=callback)
    assert told == [(step, 7 - step) for step in range(8)]

    def interrupt(pipe: DALL_E, step: int, timestep: int, callback_kwargs: dict) -> None:
        pipe._interrupt = step == 2

    with pytest.raises(DecodeInterrupted, match="after step 3 of 8"):
        model("a cat", sampling=STEPS, callback_on_step_end=interrupt)


def test_one_parameter_is_the_form_of_this_library() -> None:
    def own(step: DecodeStep, *others: object) -> None: ...

    assert step_callback(own, object()) is own
    assert step_callback(print, object()) is print and step_callback(None, object()) is None
    with pytest.raises(ValueError, match="must be a function, got int"):
        step_callback(3, object())  # type: ignore[arg-type]


def test_unknown_codes_repeat_those_above() -> None:
    codes_BN = torch.tensor([[5, 6, 7, 0]])
    known_BN = torch.tensor([[True, True, True, False]])
    assert repeated_downwards(codes_BN, known_BN).tolist() == [[5, 6, 7, 6]]


def test_what_is_known_is_seen_and_the_rest_is_not() -> None:
    mask_HW = soft_mask(torch.tensor([True, True, False, False]), 8)
    assert mask_HW[0].min() == 1 and mask_HW[-1].max() == 0 and 0 < mask_HW[4, 4] < 1


def test_the_guess_keeps_what_is_known(model: DALL_E) -> None:
    seen: list[bool] = []

    def look(step: DecodeStep) -> None:
        assert step.guess is not None
        codes_BN = step.guess()
        seen.append(torch.equal(codes_BN[step.known_BN], step.codes_BN[step.known_BN]))
        assert codes_BN.shape == step.codes_BN.shape

    model(["a cat", "a dog"], sampling=STEPS, callback_on_step_end=look, compose=False)
    model("a cat", num_inference_steps=64, callback_on_step_end=look, compose=False)
    assert all(seen) and len(seen) == 72
