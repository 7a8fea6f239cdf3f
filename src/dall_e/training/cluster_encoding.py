"""`dall-e data encode --cluster`: shards of codes made by the workers of a Ray cluster.

Ray Data hands out numbers of shards, and starts anew what a worker has left undone. A shard is
whole or not there, and is the same whoever makes it: however many workers are lost, every picture
is in the codes exactly once. All machines see the folders under the same paths.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dall_e.ray_cluster import MISSING, connected
from dall_e.training.encoding import Encoded, Encoding, EncodingConfig


def encode_on_cluster(
    config: EncodingConfig, *, on_shard: Callable[[int, int], None], workers: int
) -> Encoded:
    """Write the codes of all pictures of a folder, `workers` at a time.

    The cluster is that of RAY_ADDRESS or of this machine, or is started here and ended. Raises
    ImportError without Ray, ValueError as `encoding.encode`.
    """
    if importlib.util.find_spec("ray") is None:
        raise ImportError(MISSING)
    folders: dict[str, Any] = {
        name: str(Path(getattr(config, name)).absolute()) for name in ("data", "out")
    }
    if Path(config.tokenizer).exists():
        folders["tokenizer"] = str(Path(config.tokenizer).absolute())
    config = dataclasses.replace(config, **folders)
    encoding = Encoding(config)
    missing = [number for number in range(encoding.num_shards) if encoding.is_missing(number)]
    if missing:
        with connected():
            for done, _ in enumerate(_made(config, missing, workers), start=1):
                on_shard(done, len(missing))
    left = [number for number in missing if encoding.is_missing(number)]
    if left:
        raise ValueError(f"{len(left)} shards could not be made; the same command goes on")
    return encoding.finish(len(missing))


class _Worker:
    """What one process of the cluster does: it has the image tokenizer, and makes shards."""

    def __init__(self, config: EncodingConfig) -> None:
        self._encoding = Encoding(config)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Make the shard of a row."""
        self._encoding.make(int(row["number"]))
        return row


def _made(config: EncodingConfig, numbers: list[int], workers: int) -> Iterator[dict[str, Any]]:
    """Each number once its shard is made, in whatever order."""
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    rows = [{"number": number} for number in numbers]
    # A block of its own for each: what is lost with a worker is one shard.
    worker: Any = _Worker
    shards = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
        worker,
        fn_constructor_kwargs={"config": config},
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(workers, len(rows))),
        num_gpus=1 if config.device.startswith("cuda") else 0,
    )
    yield from shards.iter_rows()
