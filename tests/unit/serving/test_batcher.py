"""The queue: who is drawn together, whose turn it is, and who is sent away."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.config import ServingConfig
from dall_e.serving import batcher as batcher_module
from dall_e.serving.batcher import Batcher
from dall_e.serving.failures import Refusal
from dall_e.serving.metrics import Metrics
from dall_e.serving.work import Drawing, Task, Work

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")


@pytest.fixture
def batcher() -> Iterator[Batcher]:
    made = Batcher(ServingConfig(batch_size=4, max_waiting=12), Metrics())
    yield made
    made.stop()


def task(owner: str, call: Any = lambda: None, seconds: float = 60) -> Task:
    return Task(owner, seconds, call)


def drawing(model: DALL_E, seed: int, owner: str = "a", seconds: float = 60) -> Drawing:
    request = model.engine.request("a white cat", seed=seed)
    return Drawing(owner, seconds, model, request, lambda image: image.pixels.tobytes())


def held(batcher: Batcher) -> threading.Event:
    """Keeps the thread busy until the event is set, so that others wait."""
    released, began = threading.Event(), threading.Event()

    def wait() -> None:
        began.set()
        released.wait()

    batcher.submit([task("first", wait)])
    batcher.start()
    began.wait()
    return released


def test_what_waits_is_drawn_together_as_it_would_be_alone(
    batcher: Batcher, tiny_model: DALL_E
) -> None:
    released = held(batcher)
    works = [drawing(tiny_model, seed, owner=f"owner {seed % 2}") for seed in range(5)]
    batcher.submit(works)
    released.set()
    drawn = [work.future.result(60) for work in works]
    assert drawn == [tiny_model("a white cat", seed=seed).tobytes() for seed in range(5)]
    text = batcher._metrics.text().decode()
    assert 'dalle_batch_size_bucket{le="4.0"} 2.0' in text, "4 together, and the one that is left"
    assert 'dalle_batch_size_bucket{le="1.0"} 1.0' in text


def test_owners_take_turns(batcher: Batcher) -> None:
    """Who asks for ten does not keep another one waiting for all of them."""
    released = held(batcher)
    order: list[str] = []
    works = [task("greedy", lambda: order.append("greedy")) for _ in range(5)]
    works += [task("modest", lambda: order.append("modest")) for _ in range(2)]
    batcher.submit(works)
    released.set()
    for work in works:
        work.future.result(60)
    assert order == ["greedy", "modest", "greedy", "modest", "greedy", "greedy", "greedy"]


def test_a_full_queue_says_when_to_come_again(batcher: Batcher) -> None:
    """All of a request waits, or none of it."""
    released = held(batcher)
    waiting = [task("a") for _ in range(10)]
    batcher.submit(waiting)
    with pytest.raises(Refusal, match="10 of 10 places in the queue of one owner"):
        batcher.submit([task("a")])
    with pytest.raises(Refusal, match="10 of 12 places .* of all .* 3 are asked for") as error:
        batcher.submit([task("b") for _ in range(3)])
    assert error.value.status == 429 and int(error.value.headers["Retry-After"]) >= 1
    assert batcher.num_waiting == 10

    # Who leaves makes room.
    waiting[0].future.cancel()
    batcher.submit([task("b") for _ in range(3)])
    released.set()


def test_pictures_that_wait_have_bounded_memory() -> None:
    """Those of who has left are let go at once, in the middle of the line, too."""
    settings = ServingConfig(max_waiting=100, waiting_megabytes=2)
    batcher = Batcher(settings, Metrics())
    released = held(batcher)
    image = Image.new("RGBA", (500, 500))

    def waiting(owner: str) -> Task:
        return Task(owner, 60, lambda: None, [image])

    leaving = waiting("a")
    batcher.submit([waiting("b")])
    batcher.submit([leaving])
    with pytest.raises(Refusal, match="pictures of 1 MB wait to be changed already, of 2"):
        batcher.submit([waiting("c")])
    batcher.submit([task("c")])
    leaving.future.cancel()
    batcher.submit([waiting("c")])
    assert [len(queue) for queue in batcher._waiting.values()] == [1, 0, 2]
    released.set()
    batcher.stop()

    # One that is larger than all that may wait is done when it waits alone.
    alone = Batcher(settings, Metrics())
    huge = Task("a", 60, lambda: 7, [Image.new("RGB", (1000, 1000))])
    alone.submit([huge])
    alone.start()
    assert huge.future.result(60) == 7
    alone.stop()


def test_what_nobody_waits_for_is_not_done(batcher: Batcher) -> None:
    released = held(batcher)
    done: list[str] = []
    left, late, kept = (
        task("a", lambda: done.append("left")),
        task("a", lambda: done.append("late"), seconds=0.01),
        task("a", lambda: done.append("kept")),
    )
    batcher.submit([left, late, kept])
    left.future.cancel()
    time.sleep(0.05)
    released.set()
    kept.future.result(60)
    assert done == ["kept"]
    with pytest.raises(Refusal, match=r"not done within 0.01 s") as error:
        late.future.result(60)
    assert error.value.status == 504


def test_a_fault_goes_to_those_who_wait_and_the_thread_lives_on(
    batcher: Batcher, tiny_model: DALL_E, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    batcher.start()
    with monkeypatch.context() as patch:
        patch.setattr(tiny_model.engine.drawer, "draw", fail)
        work = drawing(tiny_model, 1)
        batcher.submit([work])
        with pytest.raises(RuntimeError, match="broken"):
            work.future.result(60)
    again = drawing(tiny_model, 1)
    batcher.submit([again])
    assert again.future.result(60) and batcher.is_alive


def test_a_fault_of_one_is_nobody_else_s(
    batcher: Batcher, tiny_model: DALL_E, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is drawn along with it gets the picture that belongs to the seed."""
    whole = batcher_module.draw_together

    def draw(engine: Any, participants: Any) -> Any:
        if any(each.request.seeds == (2,) for each in participants):
            raise RuntimeError("broken")
        return whole(engine, participants)

    monkeypatch.setattr(batcher_module, "draw_together", draw)
    released = held(batcher)
    works = [drawing(tiny_model, seed, owner=f"owner {seed}") for seed in range(4)]
    batcher.submit(works)
    released.set()
    with pytest.raises(RuntimeError, match="broken"):
        works[2].future.result(60)
    for seed in (0, 1, 3):
        own = tiny_model("a white cat", seed=seed).tobytes()
        assert works[seed].future.result(60) == own


def test_stopping_finishes_or_gives_back(batcher: Batcher, tiny_model: DALL_E) -> None:
    """What is drained is still drawn; what is refunded is told to come again."""
    released = held(batcher)
    work: list[Work] = [drawing(tiny_model, 1)]
    batcher.submit(work)
    batcher.drain()
    with pytest.raises(Refusal, match="stopping") as error:
        batcher.submit([task("late")])
    assert error.value.status == 503 and error.value.headers["Retry-After"]
    released.set()
    assert work[0].future.result(60)

    other = Batcher(ServingConfig(), Metrics())
    given_back = task("a")
    other.submit([given_back])
    other.stop()
    with pytest.raises(Refusal, match="ask again"):
        given_back.future.result(60)
