"""Which Ray cluster is used, and who ends it; with a Ray that is pretended."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from dall_e.ray_cluster import connect, connected


class PretendedRay(SimpleNamespace):
    """Notes where it was asked to connect to; nobody is at "auto" unless it is told so."""

    def __init__(self, *, runs: bool = False, is_initialized: bool = False) -> None:
        super().__init__(asked=[], ends=0)
        self._runs, self._is_initialized = runs, is_initialized

    def is_initialized(self) -> bool:
        return self._is_initialized

    def init(self, address: str, **_: Any) -> None:
        self.asked.append(address)
        if address == "auto" and not self._runs:
            raise ConnectionError("nobody there")

    def shutdown(self) -> None:
        self.ends += 1


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PretendedRay]:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")

    def make(**how: bool) -> PretendedRay:
        ray = PretendedRay(**how)
        monkeypatch.setitem(sys.modules, "ray", ray)
        return ray

    return make


def test_a_cluster_that_runs_is_used(pretend: Callable[..., PretendedRay]) -> None:
    ray = pretend(runs=True)
    assert not connect() and ray.asked == ["auto"]
    with connected():
        assert ray.ends == 0
    assert ray.ends == 1, "this program leaves it"


def test_without_one_it_is_made_here(
    pretend: Callable[..., PretendedRay], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pretend()
    assert connect() and ray.asked == ["auto", "local"]
    monkeypatch.setenv("RAY_ADDRESS", "local")
    ray = pretend(runs=True)
    assert connect() and ray.asked == ["local"]


def test_one_that_the_program_has_stays(pretend: Callable[..., PretendedRay]) -> None:
    ray = pretend(is_initialized=True)
    assert not connect()
    with pytest.raises(KeyError), connected():
        raise KeyError
    assert ray.asked == [] and ray.ends == 0
