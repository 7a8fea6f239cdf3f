"""Bulk jobs: the pictures of many prompts, drawn here or by all workers of a Ray cluster.

Each line of a job has a file and a seed, and a picture depends on nothing else; so a line that is
drawn twice, after a worker has died or a job was stopped, gives the same file. What is there
already is left out when a job goes on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from dall_e.errors import DallEWarning
from dall_e.images.credentials import Credentials
from dall_e.images.encoding import encoded_image
from dall_e.images.metadata import texts_of
from dall_e.images.results import DrawnImage
from dall_e.pipeline import DALL_E
from dall_e.ray_cluster import MISSING, connected
from dall_e.serving.targets import Target

_FORMAT = {"format": "dall-e bulk job", "version": 1}
_LINES_PER_BLOCK = 8
"""Lost at most with a worker, and drawn again."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One picture of a job."""

    prompt: str
    seed: int
    name: str
    """Of its file, below the target."""


@dataclass(frozen=True, kw_only=True)
class BulkJob:
    """What every worker knows."""

    load: Callable[[], DALL_E]
    """Loads the model."""
    how: Mapping[str, Any]
    """Everything that a picture depends on beside prompt and seed, for the note of the job."""
    keywords: Mapping[str, Any]
    """Of a call of the model."""
    sampling: Mapping[str, Any]
    """Settings of sampling that were given."""
    suffix: str
    """Of the files."""
    target: str
    credentials: Credentials | None = None
    num_workers: int = 0
    """Processes that draw; as many as the cluster has room for, if 0."""
    lines_per_call: int = 8
    """Pictures that a worker draws together."""


class Outcome(NamedTuple):
    """What became of a line."""

    name: str
    error: str
    """Empty for a picture that was drawn."""


def lines_to_draw(job: BulkJob, lines: Sequence[Line], *, anew: bool = False) -> list[Line]:
    """Return the lines whose pictures are not there yet, and note at the target what is drawn.

    anew: draw all of them. Raises ValueError for a target at which another job has drawn.
    """
    target = Target(job.target)
    listed = json.dumps([asdict(line) for line in lines], ensure_ascii=False)
    note = {
        **_FORMAT,
        "lines": len(lines),
        "lines_sha256": hashlib.sha256(listed.encode()).hexdigest(),
        "how": dict(job.how),
    }
    # As JSON has it, so that it can be compared.
    note = json.loads(json.dumps(note))
    found = target.manifest()
    if found is not None and found != note and not anew:
        changed = [name for name in note if found.get(name) != note[name]]
        raise ValueError(
            f"{job.target} has the pictures of another job ({', '.join(changed)} differ): give "
            "the same command to go on with it, another --out, or --force to draw over it"
        )
    if found != note:
        target.note(note)
    there = set() if anew else target.names()
    return [line for line in lines if line.name not in there]


def first_seed_of(target: str) -> int | None:
    """Return the seed that the job at a target counts from, if one has begun there."""
    note = Target(target).manifest() or {}
    how = note.get("how")
    seed = how.get("seed") if isinstance(how, dict) else None
    return seed if isinstance(seed, int) else None


def draw_here(job: BulkJob, lines: Sequence[Line]) -> Iterator[Outcome]:
    """Draw lines in this process, and give what became of each, in their order."""
    worker = _Worker(job) if lines else None
    for start in range(0, len(lines), job.lines_per_call):
        assert worker is not None
        yield from worker.draw(lines[start : start + job.lines_per_call])


def draw_on_cluster(job: BulkJob, lines: Sequence[Line]) -> Iterator[Outcome]:
    """Draw lines with all workers, and give what became of each, in any order.

    A cluster that runs is used, that of RAY_ADDRESS or of this machine; else one is made for the
    job. A worker that dies is replaced, and its lines are drawn again.
    """
    if not lines:
        return
    try:
        import ray.data
    except ImportError as error:
        raise ImportError(f"{MISSING} ({error})") from error
    with connected():
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        # Arrow has no integers of 64 bits without sign.
        rows = [{**asdict(line), "seed": str(line.seed)} for line in lines]
        blocks = -(-len(rows) // _LINES_PER_BLOCK)
        size, resources = _room(job.num_workers, blocks)
        drawn = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
            _Worker,
            fn_constructor_args=(job,),
            batch_size=job.lines_per_call,
            compute=ray.data.ActorPoolStrategy(size=size),
            **resources,
        )
        for row in drawn.iter_rows():
            yield Outcome(row["name"], row["error"])


def _room(num_workers: int, num_blocks: int) -> tuple[int, dict[str, Any]]:
    """How many workers there are, and what each takes: a GPU where there are some, else a CPU."""
    import ray

    there = ray.cluster_resources()
    kind = "GPU" if there.get("GPU", 0) >= 1 else "CPU"
    size = num_workers or max(1, int(there.get(kind, 1)))
    resources = {"num_gpus": 1.0} if kind == "GPU" else {"num_cpus": 1.0}
    return min(size, num_blocks), resources


class _Worker:
    """Draws lines in a process of its own."""

    def __init__(self, job: BulkJob) -> None:
        # What was not read is in the metadata of each picture.
        warnings.filterwarnings("ignore", category=DallEWarning)
        self._job, self._target = job, Target(job.target)
        self._model = job.load()
        self._sampling = self._model.sampling_settings(**job.sampling)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[str]]:
        lines = [
            Line(prompt=str(prompt), seed=int(seed), name=str(name))
            for prompt, seed, name in zip(
                batch["prompt"], batch["seed"], batch["name"], strict=True
            )
        ]
        outcomes = self.draw(lines)
        return {
            "name": [outcome.name for outcome in outcomes],
            "error": [outcome.error for outcome in outcomes],
        }

    def draw(self, lines: Sequence[Line]) -> list[Outcome]:
        """Draw lines together, and write their pictures."""
        try:
            errors = [self._write(line, image) for line, image in self._drawn(lines)]
        except ValueError:
            # One line that cannot be drawn must not take the others along.
            errors = [self._alone(line) for line in lines]
        return [Outcome(line.name, error) for line, error in zip(lines, errors, strict=True)]

    def _drawn(self, lines: Sequence[Line]) -> Iterator[tuple[Line, DrawnImage]]:
        images = self._model(
            [line.prompt for line in lines],
            seed=[line.seed for line in lines],
            sampling=self._sampling,
            **self._job.keywords,
        )
        return zip(lines, images, strict=True)

    def _alone(self, line: Line) -> str:
        try:
            ((_, image),) = self._drawn([line])
        except ValueError as error:
            return str(error) or type(error).__name__
        return self._write(line, image)

    def _write(self, line: Line, image: DrawnImage) -> str:
        suffix, texts = self._job.suffix, texts_of(image.info)
        content = encoded_image(image, suffix, texts, credentials=self._job.credentials)
        try:
            self._target.write(line.name, content)
        # A full disk, or a store that does not answer: the others are tried all the same.
        except OSError as error:
            return str(error)
        return ""
