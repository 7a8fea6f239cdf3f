"""Pixels that are decoded ahead: taken where the guess came true, and only time depends on it."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from dall_e.inference import foreseen
from dall_e.inference.foreseen import foreseeing
from dall_e.sampling.memory import TokenMemory

CODES_IN = torch.arange(12).reshape(3, 4).short()
MEMORY = TokenMemory(CODES_IN, (("cat",), ("dog",), ("dog",)), (b"", b"", b""))


def job(*prompts: str) -> Any:
    return SimpleNamespace(drawings=[(row, prompt, 0) for row, prompt in enumerate(prompts)])


class Decoder:
    """Doubles codes, and notes in which thread."""

    def __init__(self) -> None:
        self.threads: list[tuple[int, str]] = []
        self.is_open = threading.Event()
        self.is_open.set()

    def __call__(self, codes_1N: Tensor) -> Tensor:
        self.threads.append((int(codes_1N[0, 0]), threading.current_thread().name))
        self.is_open.wait(20)
        if codes_1N[0, 0] == 99:
            raise OSError("no room")
        return 2 * codes_1N[0]


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreseen, "most_threads", lambda: 2)


def test_what_came_true_is_there_and_the_rest_is_decoded_by_who_asks() -> None:
    decoder = Decoder()
    with foreseeing(decoder, MEMORY, [job("cat", "dog", "horse")]) as pixels:
        cat_1N, other_1N = CODES_IN[:1].long(), CODES_IN[2:].long()
        while not decoder.threads:
            pass
        assert torch.equal(pixels(cat_1N), 2 * cat_1N[0])
        assert torch.equal(pixels(other_1N), 2 * other_1N[0])
    # Two images are called "dog": which is meant cannot be foreseen.
    assert decoder.threads == [(0, "foreseen"), (8, threading.current_thread().name)]


def test_what_has_not_begun_is_not_waited_for() -> None:
    decoder = Decoder()
    decoder.is_open.clear()
    memory = TokenMemory(CODES_IN, (("cat",), ("dog",), ("cow",)), (b"", b"", b""))
    with foreseeing(decoder, memory, [job("cat", "dog", "cow")]) as pixels:
        while not decoder.threads:
            pass
        asking = threading.Thread(target=pixels, args=(CODES_IN[1:2].long(),), name="asking")
        asking.start()
        while len(decoder.threads) < 2:
            pass
        assert decoder.threads == [(0, "foreseen"), (4, "asking")]
    decoder.is_open.set()
    asking.join(20)
    # The picture is done: the third is not decoded any more.
    assert [first for first, _ in decoder.threads] == [0, 4]


def test_an_error_comes_to_whoever_asks() -> None:
    memory = TokenMemory(torch.full((1, 4), 99).short(), (("cat",),), (b"",))
    with (
        foreseeing(Decoder(), memory, [job("cat")]) as pixels,
        pytest.raises(OSError, match="no room"),
    ):
        pixels(torch.full((1, 4), 99))


@pytest.mark.parametrize("memory, jobs, cores", [(None, 1, 2), (MEMORY, 2, 2), (MEMORY, 1, 1)])
def test_nothing_is_foreseen_without_a_memory_for_several_pictures_or_on_one_core(
    memory: TokenMemory | None, jobs: int, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreseen, "most_threads", lambda: cores)
    decoder = Decoder()
    with foreseeing(decoder, memory, [job("cat")] * jobs) as pixels:
        assert torch.equal(pixels(CODES_IN[:1].long()), 2 * CODES_IN[0])
    assert decoder.threads == [(0, threading.current_thread().name)]
