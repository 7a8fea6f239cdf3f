"""Turns, ratios, and times of images that are drawn in part."""

import itertools

import pytest
import torch
from benchmarks.clock import Clock, Steps, Times
from benchmarks.comparison import by_turns, ratio
from benchmarks.table import spread


class Recorder:
    """Notes who draws, and takes longer every time."""

    turns: list[tuple[str, int]] = []

    def __init__(self, name: str) -> None:
        self.name = name
        self._rounds = itertools.count()

    def draw(self, tokens: int) -> Times:
        self.turns.append((self.name, tokens))
        return Times(first=float(next(self._rounds)), rest=1.0, drawn=tokens, pixels=0.5)


def test_all_draw_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorder, "turns", [])
    said: list[str] = []
    taken = by_turns([Recorder("a"), Recorder("b")], rounds=2, tokens=9, say=said.append)
    assert Recorder.turns == [("a", 2), ("b", 2), ("a", 9), ("b", 9), ("a", 9), ("b", 9)]
    # The first drawing of each is not among them.
    assert [[times.first for times in side] for side in taken] == [[1.0, 2.0], [1.0, 2.0]]
    assert len(said) == 6


def test_ratio_is_of_rounds_not_of_medians() -> None:
    # A slow second round for both: 40 / 4, 90 / 6, 44 / 4 are 10, 15, 11.
    expected = {"ratio": 11.0, "ratio_least": 10.0, "ratio_most": 15.0}
    assert ratio([40.0, 90.0, 44.0], [4.0, 6.0, 4.0]) == expected
    with pytest.raises(ValueError, match="2 rounds of theirs, 1 of ours"):
        ratio([1.0, 2.0], [1.0])


def test_spread() -> None:
    assert spread([3.0, 1.0, 2.5]) == {"median": 2.5, "least": 1.0, "most": 3.0, "rounds": 3}


def test_part_of_an_image_is_scaled_up() -> None:
    # 4 tokens: 1 s for the first, 0.5 s for each of the 3 others; of 11 tokens 10 are others.
    part = Times(first=1.0, rest=1.5, drawn=4, pixels=0.25)
    assert part.image(11) == 1.0 + 10 * 0.5 + 0.25
    assert part.image(4) == 2.75
    # One that is whole is what it is, however it is split.
    assert Times(first=0.0, rest=2.0, drawn=1, pixels=0.5).image(1) == 2.5


def test_steps_end_the_loop() -> None:
    steps = Steps(Clock(torch.device("cpu")))
    reached: list[int] = []

    def loop() -> None:
        step = steps.counted(reached.append)
        for number in range(10):
            step(number)

    first, rest = steps.run(loop, 4)
    assert reached == [0, 1, 2, 3] and first > 0 and rest > 0
    with pytest.raises(RuntimeError, match="10 tokens were drawn instead of 12"):
        steps.run(loop, 12)


def test_timed_waits_for_the_work() -> None:
    done: list[bool] = []
    assert 0 <= Clock(torch.device("cpu")).timed(lambda: done.append(True)) < 5
    assert done == [True]
