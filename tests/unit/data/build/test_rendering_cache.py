"""Renderings that are kept: found again, made anew after a change, never wrong and never needed."""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from dall_e.data.build import rendering_cache
from dall_e.data.build.rendering import Job, Rendering, render_all, render_job
from dall_e.data.build.rendering_cache import FILE, cached_renderings
from dall_e.errors import DallEWarning

pytest.importorskip("resvg_py")


def square(colour: str, **options: object) -> Job:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">'
        f'<rect width="10" height="10" fill="{colour}"/></svg>'
    )
    settings = {"is_svg": True, "crop": False, "margin": 0.0, "size": 16, **options}
    return Job(data=svg.encode(), **settings)  # type: ignore[arg-type]


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that were rendered and not found."""
    seen: list[Job] = []

    def here(jobs: Iterable[Job], workers: int) -> Iterator[Rendering]:
        for job in jobs:
            seen.append(job)
            yield render_job(job)

    monkeypatch.setattr(rendering_cache, "render_all", here)
    return seen


def test_what_was_rendered_is_found_and_equal(tmp_path: Path, rendered: list[Job]) -> None:
    jobs = [square("#f00", curves=True), square("no colour")]
    first = list(cached_renderings(jobs, 1, tmp_path))
    assert first == [render_job(job) for job in jobs] and rendered == jobs
    rendered.clear()
    assert list(cached_renderings(jobs, 1, tmp_path)) == first and not rendered


def test_only_what_is_new_is_rendered_in_its_place(tmp_path: Path, rendered: list[Job]) -> None:
    list(cached_renderings([square("#f00"), square("#0f0")], 1, tmp_path))
    rendered.clear()
    new, larger = square("#00f"), square("#f00", size=24)
    jobs = [new, square("#0f0"), larger, square("#f00")]
    colours = [rendering.colour for rendering in cached_renderings(jobs, 1, tmp_path)]
    assert colours == ["blue", "green", "red", "red"] and rendered == [new, larger]


def test_other_code_renders_anew(
    tmp_path: Path, rendered: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    list(cached_renderings([square("#f00")], 1, tmp_path))
    monkeypatch.setattr(rendering_cache, "code_version", lambda: "other")
    list(cached_renderings([square("#f00")], 1, tmp_path))
    assert len(rendered) == 2


def test_an_interrupted_build_keeps_what_it_had(tmp_path: Path, rendered: list[Job]) -> None:
    jobs = [square("#f00"), square("#0f0"), square("#00f")]
    renderings = cached_renderings(jobs, 1, tmp_path)
    next(renderings), next(renderings)
    renderings.close()  # type: ignore[attr-defined]
    rendered.clear()
    list(cached_renderings(jobs, 1, tmp_path))
    assert rendered == jobs[2:]


def test_a_damaged_cache_costs_a_warning_and_time(tmp_path: Path, rendered: list[Job]) -> None:
    (tmp_path / FILE).write_bytes(b"not a database" * 100)
    with pytest.warns(DallEWarning, match="delete it"):
        renderings = list(cached_renderings([square("#f00")], 1, tmp_path))
    assert renderings[0].colour == "red"


def test_a_row_that_has_gone_is_rendered(tmp_path: Path, rendered: list[Job]) -> None:
    jobs = [square("#f00"), square("#0f0")]
    list(cached_renderings(jobs, 1, tmp_path))
    renderings = cached_renderings(jobs, 1, tmp_path)
    first = next(renderings)
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("DELETE FROM renderings")
    assert [first.colour, next(renderings).colour] == ["red", "green"]


def test_a_full_disk_is_told_once(
    tmp_path: Path, rendered: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect

    def small(*arguments: object, **options: object) -> sqlite3.Connection:
        database = real(*arguments, **options)  # type: ignore[call-overload]
        database.execute("PRAGMA max_page_count = 4")
        return database  # type: ignore[no-any-return]

    monkeypatch.setattr(sqlite3, "connect", small)
    jobs = [square(f"#{number:06x}", size=64) for number in range(1, 40)]
    with pytest.warns(DallEWarning, match="not kept") as told:
        renderings = list(cached_renderings(jobs, 1, tmp_path))
    assert len(renderings) == 39 and len(told) == 1


def test_workers_render_what_is_missing(tmp_path: Path) -> None:
    jobs = [square("#f00"), square("#0f0")]
    assert list(cached_renderings(jobs, 1, tmp_path)) == list(render_all(jobs, 1))
