"""Rendering by a local Ray cluster: the same files, also if workers are killed midway."""

import dataclasses
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dall_e.config import DataConfig
from dall_e.data.build import builder
from dall_e.data.build.cluster_rendering import render_on_cluster
from dall_e.data.build.rendering import Rendering, render_job

from .test_builder import TOY, cache, config, digests
from .test_rendering import Killer, job, square

__all__ = ["cache"]

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is missing")


def _no_archives(names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".tgz")]


@pytest.mark.cluster
@needs_ray
def test_a_build_has_the_same_bytes_though_workers_are_killed(tmp_path: Path, cache: Path) -> None:
    report = builder.build(config(tmp_path, "alone"), catalogue=[TOY])
    spread = dataclasses.replace(
        config(tmp_path, "spread"), workers=0, cluster=2, cache=str(tmp_path / "fetched")
    )
    # The packages alone: no pictures that the first build may have left.
    shutil.copytree(cache, tmp_path / "fetched", ignore=lambda _, names: _no_archives(names))
    log = tmp_path / "workers"
    program = f"""
import os, time
from dall_e.config import DataConfig
from dall_e.data.build import builder, cluster_rendering
from dall_e.data.build.catalogue import Source
from dall_e.data.build.rendering import render_jobs

def slow(chunk):
    with open({str(log)!r}, "a") as file:
        file.write(f"{{os.getpid()}} {{hash(chunk[0].data)}}\\n")
    time.sleep(1)
    return render_jobs(chunk)

cluster_rendering.CHUNK, cluster_rendering._render = 1, slow
builder.NAMES_PACKAGE, builder.WORDNET_PACKAGE = ("names", "1", ""), ("wordnet", "1", "")
builder.build({spread!r}, catalogue=[{TOY!r}])
"""
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path, "RAY_ADDRESS": "local", "PYTHONHASHSEED": "0"}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment)
    killed: set[int] = set()
    while process.poll() is None and not killed:
        time.sleep(0.1)
        lines = log.read_text().splitlines() if log.exists() else []
        seen = [int(line.split()[0]) for line in lines]
        if len(seen) > 2 and seen[2] != process.pid:
            os.kill(seen[2], signal.SIGKILL)
            killed.add(seen[2])
    assert process.wait(240) == 0 and killed

    drawn = [line.split()[1] for line in log.read_text().splitlines()]
    assert len(drawn) > len(set(drawn)), "what was lost with a worker was begun again"
    assert report.kept and digests(tmp_path / "alone") == digests(tmp_path / "spread")


@pytest.mark.cluster
@needs_ray
def test_a_drawing_that_ends_its_worker_costs_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "local")
    good = job(square("#f00"))
    renderings = list(render_on_cluster([good, Killer(**good.__dict__), good], workers=1))
    assert [rendering.reason for rendering in renderings] == ["", "the renderer crashed", ""]
    assert renderings[0] == renderings[2] == render_job(good)


@pytest.mark.cluster
@needs_ray
def test_renderings_come_in_the_order_of_the_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "local")
    jobs = [job(square(f"#{number:02x}0080")) for number in range(0, 250, 3)]
    assert list(render_on_cluster(jobs, workers=2)) == [render_job(each) for each in jobs]


def test_nothing_to_render_starts_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", importlib.util)
    nothing: list[Rendering] = list(render_on_cluster([], workers=2))
    assert not nothing


def test_without_ray_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "find_spec", lambda name: None)
    spread = dataclasses.replace(config(tmp_path), workers=0, cluster=2)
    with pytest.raises(ImportError, match=r"pip install 'open-dalle\[cluster\]'"):
        builder.build(spread, catalogue=[TOY])
    assert not list(tmp_path.iterdir())


def test_workers_here_and_of_a_cluster_are_not_both_named() -> None:
    with pytest.raises(ValueError, match="workers are processes of this machine, cluster those"):
        DataConfig(workers=2, cluster=2)
    with pytest.raises(ValueError, match="cluster must be at least 0, got -1"):
        DataConfig(cluster=-1)
