"""Processes that draw beside the server: the same pictures, and none lost when one dies."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from dall_e import DALL_E
from dall_e.cli.serve import _loaded
from dall_e.config import ServingConfig
from dall_e.inference.request import GenerationRequest
from dall_e.serving import drawing_processes
from dall_e.serving.batcher import Batcher
from dall_e.serving.cluster import serve_on_cluster
from dall_e.serving.drawing_processes import Helper, HelperLostError, Result
from dall_e.serving.failures import Refusal
from dall_e.serving.metrics import Metrics
from dall_e.serving.state import ServerState
from dall_e.serving.work import Drawing

from .test_batcher import drawing, held, task

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

Draw = Callable[[DALL_E, Sequence[GenerationRequest], Callable[[int], bool]], Any]


class Pretended(Helper):
    """A helper in this process."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw  # type: ignore[method-assign]
        self.starts = self.ends = 0

    def start(self, is_stopped: Callable[[], bool]) -> None:
        self.starts += 1

    def close(self) -> None:
        self.ends += 1


def images(
    model: DALL_E, requests: Sequence[GenerationRequest], is_wanted: Callable[[int], bool]
) -> list[Result]:
    return [model.engine.generate(request)[0] for request in requests]


@pytest.fixture
def with_helper() -> Iterator[Callable[[Draw], tuple[Batcher, Pretended]]]:
    made: list[Batcher] = []

    def make(draw: Draw) -> tuple[Batcher, Pretended]:
        helper = Pretended(draw)
        settings = ServingConfig(batch_size=4, max_waiting=40)
        made.append(Batcher(settings, Metrics(), [helper]))
        return made[0], helper

    yield make
    for each in made:
        each.stop()


def test_a_helper_draws_while_the_server_is_busy(with_helper: Any, tiny_model: DALL_E) -> None:
    """Plain drawings alone: neither other work, nor what is shown on the way."""
    sizes: list[int] = []

    def draw(model: DALL_E, requests: Sequence[GenerationRequest], wanted: Any) -> list[Result]:
        sizes.append(len(requests))
        return images(model, requests, wanted)

    batcher, _ = with_helper(draw)
    released = held(batcher)
    shown: list[int] = []
    request = tiny_model.engine.request("a white cat", seed=9)
    seen = Drawing(
        "shown",
        60,
        tiny_model,
        request,
        lambda image: image.seed,
        previews=1,
        on_image=lambda done, total, image: shown.append(done),
    )
    other = task("other", lambda: "done")
    works = [drawing(tiny_model, seed) for seed in range(6)]
    batcher.submit([seen, other, *works])
    drawn = [work.future.result(60) for work in works]
    assert drawn == [tiny_model("a white cat", seed=seed).tobytes() for seed in range(6)]
    assert sum(sizes) == 6 and max(sizes) <= 4
    assert not other.future.done() and not seen.future.done()
    released.set()
    assert other.future.result(60) == "done" and seen.future.result(60) == 9 and shown


def test_what_waits_is_divided_among_the_idle(tiny_model: DALL_E) -> None:
    settings = ServingConfig(batch_size=4, max_waiting=40)
    batcher = Batcher(settings, Metrics(), [Pretended(images)])
    batcher.submit([drawing(tiny_model, seed) for seed in range(6)])
    batcher._num_idle = 1
    assert [len(batcher._take(is_helper=True)) for _ in range(3)] == [3, 2, 1]
    batcher._num_idle = 0
    batcher.submit([drawing(tiny_model, seed) for seed in range(6)])
    assert [len(batcher._take(is_helper=False)) for _ in range(2)] == [4, 2]
    batcher.stop()


def test_work_of_a_helper_that_is_lost_is_drawn_here(with_helper: Any, tiny_model: DALL_E) -> None:
    """It is started anew, and is given other work, as this may have been why."""
    given: list[int] = []

    def draw(model: DALL_E, requests: Sequence[GenerationRequest], wanted: Any) -> list[Result]:
        given.extend(request.seeds[0] for request in requests)
        if len(given) == len(requests):
            raise HelperLostError("killed")
        return images(model, requests, wanted)

    batcher, helper = with_helper(draw)
    released = held(batcher)
    works = [drawing(tiny_model, seed) for seed in range(3)]
    batcher.submit(works)
    while helper.starts < 2:
        time.sleep(0.01)
    lost = set(given[:4])
    released.set()
    drawn = [work.future.result(60) for work in works]
    assert drawn == [tiny_model("a white cat", seed=seed).tobytes() for seed in range(3)]
    assert lost and all(given.count(seed) == 1 for seed in lost)
    assert "dalle_helpers_lost_total 1.0" in batcher._metrics.text().decode()


def test_errors_and_leaving_are_as_without_helpers(with_helper: Any, tiny_model: DALL_E) -> None:
    def draw(model: DALL_E, requests: Sequence[GenerationRequest], wanted: Any) -> Any:
        if requests[0].seeds[0] == 1:
            return [ValueError("of this one alone"), *images(model, requests[1:], wanted)]
        while wanted(0):
            time.sleep(0.01)
        return None

    batcher, _ = with_helper(draw)
    released = held(batcher)
    one, two = drawing(tiny_model, 1), drawing(tiny_model, 2)
    batcher.submit([one, two])
    with pytest.raises(ValueError, match="of this one alone"):
        one.future.result(60)
    assert two.future.result(60)
    slow = drawing(tiny_model, 3, seconds=0.2)
    batcher.submit([slow])
    with pytest.raises(Refusal, match="not done within"):
        slow.future.result(60)
    released.set()


def test_a_fault_of_one_is_nobody_else_s_in_a_process(
    tiny_model: DALL_E, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = drawing_processes.draw_together

    def draw(engine: Any, participants: Any) -> Any:
        if any(each.request.seeds == (1,) for each in participants):
            raise KeyError("broken")
        return whole(engine, participants)

    monkeypatch.setattr(drawing_processes, "draw_together", draw)
    requests = [tiny_model.engine.request("a white cat", seed=seed) for seed in range(3)]
    ours, theirs = Pipe()
    results = drawing_processes._drawn(tiny_model, requests, theirs)
    assert results is not None and isinstance(results[1], KeyError)
    for seed in (0, 2):
        drawn = results[seed]
        assert not isinstance(drawn, Exception)
        assert (
            drawn.pixels.tobytes() == tiny_model.engine.generate(requests[seed])[0].pixels.tobytes()
        )
    ours.close()
    theirs.close()


def test_processes_need_to_know_the_models(tiny_model: DALL_E) -> None:
    with pytest.raises(ValueError, match="give load, or one process"):
        ServerState({"tiny": tiny_model}, ServingConfig(processes=2))
    with pytest.raises(ValueError, match="leave out --processes"):
        serve_on_cluster(
            dict, ServingConfig(processes=2), None, host="localhost", port=1, switch_seconds=0.1
        )


def test_a_process_draws_and_may_be_killed(tiny_folder: Path, tiny_model: DALL_E) -> None:
    """A real one: bit for bit, also after it was killed and started anew."""
    helper = Helper(partial(_loaded, [str(tiny_folder)], "cpu", None), {"tiny": tiny_model})
    requests = [tiny_model.engine.request("红苹果", seed=seed) for seed in (1, 2**64 - 1)]
    helper.start(lambda: False)
    results = helper.draw(tiny_model, requests, lambda number: True)
    assert results is not None
    for seed, result in zip((1, 2**64 - 1), results, strict=True):
        assert not isinstance(result, Exception) and result.seed == seed
        assert result.pixels.tobytes() == tiny_model("红苹果", seed=seed).tobytes()
    assert helper.draw(tiny_model, requests, lambda number: False) in (None, results)

    threading.Timer(0.05, helper._process.kill).start()
    with pytest.raises(HelperLostError):
        while True:
            helper.draw(tiny_model, requests, lambda number: True)
    helper.close()
    # What would be the wait for a server that stops meanwhile.
    with pytest.raises(HelperLostError, match="the server stops"):
        helper.start(lambda: True)
    helper.close()
