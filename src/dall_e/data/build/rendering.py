"""Drawings to pictures: SVG through resvg, rasters through PIL, with what the pixels say about
them.

Runs in worker processes, so it imports neither torch nor the rest of the builder.
"""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
import re
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

import numpy as np

from dall_e.images.colour_words import main_colour_word
from dall_e.images.files import ImageArray, cropped, decode_image, encode_png

# A panic in the renderer prints a page of stack otherwise.
PANIC_ENVIRONMENT = {"RUST_BACKTRACE": "0"}
SVG_HEAD = re.compile(r"<svg\b[^>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One drawing to render; small and picklable."""

    data: bytes
    """SVG text in UTF-8, or the bytes of a picture file."""
    is_svg: bool
    crop: bool
    """Cut to what is drawn first: for drawings on pages of any size."""
    margin: float
    """Empty border as a fraction of the side."""
    size: int


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """A rendered picture, or the reason why there is none."""

    png: bytes = b""
    reason: str = ""
    digest: bytes = b""
    """Of the pixels: equal digests are equal pictures."""
    pale: bool = False
    """Hardly visible on white."""
    mono: bool = False
    """Without colour: black, grey and white only."""
    colour: str = ""
    """The one colour that most of the picture has, or empty."""


CHUNK = 24  # jobs that travel to a process together


def render_all(jobs: Iterable[Job], workers: int) -> Iterator[Rendering]:
    """Renderings of all jobs, in their order, by `workers` processes (0: one per core)."""
    if not workers:
        workers = (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    upcoming = iter(jobs)
    pool = _pool(workers)
    waiting: deque[tuple[list[Job], Future[list[Rendering]]]] = deque()
    try:
        while True:
            while len(waiting) < 4 * workers and (chunk := list(itertools.islice(upcoming, CHUNK))):
                waiting.append((chunk, pool.submit(render_jobs, chunk)))
            if not waiting:
                return
            chunk, future = waiting.popleft()
            try:
                renderings = future.result()
            except (
                BrokenProcessPool
            ):  # a drawing killed its process: find it one by one, and go on with the rest
                pool.shutdown(wait=False, cancel_futures=True)
                renderings = [_render_alone(job) for job in chunk]
                pool = _pool(workers)
                waiting = deque((later, pool.submit(render_jobs, later)) for later, _ in waiting)
            yield from renderings
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: the builder may hold threads of torch, and a fork of those can hang.
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker
    )


def _render_alone(job: Job) -> Rendering:
    with _pool(1) as pool:
        try:
            return pool.submit(render_jobs, [job]).result()[0]
        except BrokenProcessPool:
            return Rendering(reason="the renderer crashed")


def render_jobs(jobs: list[Job]) -> list[Rendering]:
    """The work of one process; never raises for a bad drawing."""
    return [render_job(job) for job in jobs]


def render_job(job: Job) -> Rendering:
    """A Job as PNG of size x size with alpha, or why not."""
    try:
        picture = _image(job)
    except ValueError as error:
        return Rendering(reason=str(error).splitlines()[0][:200])
    alpha = picture[3]
    if int(alpha.max()) < 32 or float((alpha > 16).mean()) < 0.003:
        return Rendering(reason="blank")
    on_white = picture[:3].astype(np.int16) + (255 - alpha.astype(np.int16))
    visible = alpha > 128
    spread = on_white.max(axis=0) - on_white.min(axis=0)
    return Rendering(
        png=encode_png(picture),
        digest=hashlib.sha256(picture.tobytes()).digest(),
        pale=bool((on_white.min(axis=0) < 225).mean() < 0.02),
        mono=bool((spread[visible] > 24).mean() < 0.01) if visible.any() else True,
        colour=main_colour_word(picture),
    )


def _image(job: Job) -> ImageArray:
    inner = job.size - 2 * round(job.margin * job.size)
    if not job.is_svg:
        return _with_margin(decode_image(job.data, inner), job.size)
    # Cropping enlarges what is left, so it starts from more pixels.
    png = render_svg(job.data.decode("utf-8", "replace"), 3 * inner if job.crop else inner)
    if job.crop:
        png = cropped(png)
    return _with_margin(decode_image(png, inner), job.size)


def render_svg(svg: str, side: int) -> bytes:
    """SVG text as the bytes of a PNG whose longer side is `side` pixels. Raises ValueError if it
    cannot be rendered.

    Some drawings make resvg 0.48 panic at some sizes only (an index out of bounds in its filters),
    so three are tried.
    """
    import resvg_py

    # Width and height together do not give a square picture, so only the longer side is asked for.
    # Without a DPI, sizes in millimetres are an error.
    tall = _is_tall(svg)
    reason = ""
    for attempt in (side, side + 37, 2 * side):
        try:
            width, height = (None, attempt) if tall else (attempt, None)
            return bytes(
                resvg_py.svg_to_bytes(
                    svg_string=svg, width=width, height=height, dpi=96, skip_system_fonts=True
                )
            )
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as error:  # a Rust panic is not an Exception
            reason = str(error) or type(error).__name__
            if isinstance(error, ValueError) and "panic" not in reason:
                break
    raise ValueError(f"not rendered: {reason}")


def _is_tall(svg: str) -> bool:
    """Whether the drawing is taller than wide, from its view box or its size."""
    head = SVG_HEAD.search(svg)
    if head is None:
        raise ValueError("not rendered: no <svg> element")
    box = re.search(r"viewBox\s*=\s*[\"']([^\"']+)", head.group())
    numbers = (
        [float(number) for number in re.findall(r"-?\d+\.?\d*(?:[eE]-?\d+)?", box.group(1))]
        if box
        else []
    )
    if len(numbers) == 4:
        return numbers[3] > numbers[2]
    sides = [
        re.search(rf"\b{name}\s*=\s*[\"']\s*([\d.]+)", head.group()) for name in ("height", "width")
    ]
    values = [float(side.group(1)) if side and side.group(1).strip(".") else 0.0 for side in sides]
    return values[0] > values[1]


def _with_margin(picture: ImageArray, size: int) -> ImageArray:
    border = (size - picture.shape[1]) // 2
    framed = np.zeros((4, size, size), dtype=np.uint8)
    framed[:, border : border + picture.shape[1], border : border + picture.shape[2]] = picture
    return framed


def start_worker() -> None:
    """Start of a worker process: no stacks of caught panics on the terminal, and no life after the
    builder."""
    os.environ.update(PANIC_ENVIRONMENT)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the builder, which ends its workers
    parent = multiprocessing.parent_process()
    assert parent is not None
    # A killed builder cannot tell its workers to end, and they would wait for work for ever.
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
