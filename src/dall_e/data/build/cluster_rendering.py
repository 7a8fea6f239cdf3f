"""`dall-e data build --cluster`: drawings rendered by the workers of a Ray cluster.

Workers get the drawings themselves, so they need none of this machine's files. Renderings come in
the order of the drawings, each exactly once: what a worker that is lost has left undone is begun
anew, and nothing of it was written before.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from dall_e.data.build.rendering import CHUNK, PANIC_ENVIRONMENT, Job, Rendering, render_jobs
from dall_e.ray_cluster import connected

_TRIES = 3
"""How often a chunk is begun anew, before its drawings are rendered one by one."""
_AHEAD = 4
"""Chunks for each worker that may be done before the one that is next in order."""


def render_on_cluster(jobs: Iterable[Job], workers: int) -> Iterator[Rendering]:
    """Renderings of all jobs, in their order, by `workers` processes at a time.

    The cluster is that of RAY_ADDRESS or of this machine, or is started here and ended.
    """
    import ray

    upcoming = iter(jobs)
    if not (first := list(itertools.islice(upcoming, 1))):
        return
    upcoming = itertools.chain(first, upcoming)
    waiting: deque[tuple[list[Job], Any]] = deque()
    running: list[Any] = []
    with connected():
        task = ray.remote(max_retries=_TRIES)(_render)
        while True:
            while (
                len(running) < workers
                and len(waiting) < _AHEAD * workers
                and (chunk := list(itertools.islice(upcoming, CHUNK)))
            ):
                running.append(task.remote(chunk))
                waiting.append((chunk, running[-1]))
            if not waiting:
                return

            # A place may become free for another chunk before the next one in order is done.
            if waiting[0][1] in running:
                _, running = ray.wait(running)
            else:
                yield from _result(task, *waiting.popleft())


def _render(chunk: list[Job]) -> list[Rendering]:
    """The work of one process of the cluster."""
    os.environ.update(PANIC_ENVIRONMENT)
    return render_jobs(chunk)


def _result(task: Any, chunk: list[Job], reference: Any) -> list[Rendering]:
    """The renderings of a chunk; of one that ended its process again and again, one by one."""
    import ray
    from ray.exceptions import WorkerCrashedError

    try:
        found: list[Rendering] = ray.get(reference)
        return found
    except WorkerCrashedError:
        if len(chunk) == 1:
            return [Rendering(reason="the renderer crashed")]
        alone = [(job, task.remote([job])) for job in chunk]
        return [_result(task, [job], reference)[0] for job, reference in alone]
