"""Drawings to pictures: SVG through resvg, rasters through PIL, and what the pixels say about them.

This runs in worker processes, so it imports neither torch nor the rest of the builder.
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
from typing import Any

import numpy as np

from dall_e.images.colour_words import main_colour_word
from dall_e.images.curves import curves_document, plain_curves
from dall_e.images.files import ImageArray, cropped, decode_image, encode_png
from dall_e.images.painting import painted_svg

CHUNK = 24
"""Jobs that travel to a process together."""
_SEEN = 48
"""Levels, of 255, by which a pixel that looks different differs."""
_MOST_DIFFERENT = 0.02
"""Fraction of such pixels where curves are not the drawing any more."""
PANIC_ENVIRONMENT = {"RUST_BACKTRACE": "0"}
"""A panic in the renderer prints a page of stack otherwise."""
SVG_HEAD = re.compile(r"<svg\b[^>]*>", re.IGNORECASE | re.DOTALL)
NUMBER = re.compile(r"-?\d+\.?\d*(?:[eE]-?\d+)?")


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
    curves: bool = False
    """Whether its curves are wanted, too."""


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
    curves: str = ""
    """Of a simple drawing, if they are wanted (`images/curves.py`)."""


def render_all(jobs: Iterable[Job], workers: int) -> Iterator[Rendering]:
    """Renderings of all jobs, in their order, by `workers` processes (0: one per core)."""
    workers = workers or _cores()
    upcoming = iter(jobs)
    pool = _pool(workers)
    waiting: deque[tuple[list[Job], Future[list[Rendering]]]] = deque()
    try:
        while True:
            # A few chunks wait for every process, so that none is idle.
            while len(waiting) < 4 * workers and (chunk := list(itertools.islice(upcoming, CHUNK))):
                waiting.append((chunk, pool.submit(render_jobs, chunk)))
            if not waiting:
                return

            # If a drawing killed its process, find it one by one, and go on with the rest.
            chunk, future = waiting.popleft()
            try:
                renderings = future.result()
            except BrokenProcessPool:
                pool.shutdown(wait=False, cancel_futures=True)
                renderings = [_render_alone(job) for job in chunk]
                pool = _pool(workers)
                waiting = deque((later, pool.submit(render_jobs, later)) for later, _ in waiting)
            yield from renderings
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pool(workers: int) -> ProcessPoolExecutor:
    """Processes that render.

    They are spawned, not forked: the builder may hold threads of torch, and a fork of those can
    hang.
    """
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker
    )


def _render_alone(job: Job) -> Rendering:
    """A job in a process of its own, which it may kill."""
    with _pool(1) as pool:
        try:
            return pool.submit(render_jobs, [job]).result()[0]
        except BrokenProcessPool:
            return Rendering(reason="the renderer crashed")


def render_jobs(jobs: list[Job]) -> list[Rendering]:
    """The work of one process; never raises for a bad drawing."""
    return [render_job(job) for job in jobs]


def render_job(job: Job) -> Rendering:
    """A job as PNG of size x size with alpha, or why not."""
    try:
        image_CHW = _image(job)
    except ValueError as error:
        return Rendering(reason=str(error).splitlines()[0][:200])
    alpha_HW = image_CHW[3]
    if int(alpha_HW.max()) < 32 or float((alpha_HW > 16).mean()) < 0.003:
        return Rendering(reason="blank")

    on_white_3HW = image_CHW[:3].astype(np.int16) + (255 - alpha_HW.astype(np.int16))
    darkest_HW = on_white_3HW.min(axis=0)
    spread_HW = on_white_3HW.max(axis=0) - darkest_HW
    visible_HW = alpha_HW > 128
    has_colour = visible_HW.any() and (spread_HW[visible_HW] > 24).mean() >= 0.01
    return Rendering(
        png=encode_png(image_CHW),
        digest=hashlib.sha256(image_CHW.tobytes()).digest(),
        pale=bool((darkest_HW < 225).mean() < 0.02),
        mono=not has_colour,
        colour=main_colour_word(image_CHW),
        curves=_curves(job, image_CHW) if job.curves else "",
    )


def _curves(job: Job, image_CHW: ImageArray) -> str:
    """The curves of a job, if they are known to give the same picture; else nothing."""
    if not job.is_svg or job.crop:
        return ""
    curves = plain_curves(job.data.decode("utf-8", "replace"), job.margin)
    if not curves:
        return ""
    drawn_SSC = painted_svg(curves_document(curves), job.size).astype(np.int16)
    differs_SS = np.abs(drawn_SSC.transpose(2, 0, 1) - image_CHW).max(axis=0) > _SEEN
    return curves if differs_SS.mean() < _MOST_DIFFERENT else ""


def _image(job: Job) -> ImageArray:
    """A job as uint8 [4, size, size], premultiplied RGBA, with its margin."""
    inner = job.size - 2 * round(job.margin * job.size)
    file = job.data
    if job.is_svg:
        # Cropping enlarges what is left, so it starts from more pixels.
        svg = job.data.decode("utf-8", "replace")
        file = render_svg(svg, 3 * inner if job.crop else inner)
        file = cropped(file) if job.crop else file

    border = (job.size - inner) // 2
    return np.pad(decode_image(file, inner), ((0, 0), (border, border), (border, border)))


def render_svg(svg: str, side: int) -> bytes:
    """SVG text as the bytes of a PNG whose longer side is `side` pixels.

    Some drawings make resvg 0.48 panic at some sizes only (an index out of bounds in its filters),
    so three are tried. Raises ValueError if the SVG cannot be rendered.
    """
    import resvg_py

    # Width and height together do not give a square picture, so only the longer side is asked for.
    # Without a DPI, sizes in millimetres are an error.
    longer_side = "height" if _is_tall(svg) else "width"
    reason = ""
    for attempt in (side, side + 37, 2 * side):
        options: dict[str, Any] = {longer_side: attempt, "dpi": 96, "skip_system_fonts": True}
        try:
            return bytes(resvg_py.svg_to_bytes(svg_string=svg, **options))
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
    numbers = NUMBER.findall(box.group(1)) if box else []
    if len(numbers) == 4:
        return float(numbers[3]) > float(numbers[2])

    def side(name: str) -> float:
        found = re.search(rf"\b{name}\s*=\s*[\"']\s*([\d.]+)", head.group())
        return float(found.group(1)) if found and found.group(1).strip(".") else 0.0

    return side("height") > side("width")


def start_worker() -> None:
    """Prepare a worker process: it is silent, and ends with the builder."""
    # No stacks of caught panics on the terminal.
    os.environ.update(PANIC_ENVIRONMENT)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    # Ctrl-C reaches the builder, which ends its workers. A killed builder cannot, and they would
    # wait for work for ever.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    """Wait for the end of the builder, then end this process."""
    parent.join()
    os._exit(1)
