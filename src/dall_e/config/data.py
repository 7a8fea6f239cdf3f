"""Settings of building a data set."""

from __future__ import annotations

from dataclasses import dataclass

from dall_e.config.base import check_kinds, require


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """`dall-e data build`: packages to shards of captioned pictures (`data/build/builder.py`)."""

    out: str = "data/emoji"
    """Folder to write the shards, `captions.jsonl`, `report.json` and the data-set card to."""
    size: int = 128
    """Side of the rendered pictures in pixels."""
    licences: tuple[str, ...] = ("MIT", "Apache-2.0", "CC-BY-4.0", "public-domain")
    """Licences that may be in the training split."""
    sources: tuple[str, ...] = ()
    """Only these sources, by name; empty takes all that the licences allow."""
    cache: str = "data/packages"
    """Folder for downloaded packages and rendered pictures; kept, so that a second build needs no
    network and renders only what is new."""
    shard_size: int = 2000
    """Pictures per shard."""
    curves: bool = False
    """Keep in each record the curves of its drawing, where they are simple enough, for `dall-e
    remember` (`images/curves.py`)."""
    workers: int = 0
    """Processes that render; 0 takes one per core. The result does not depend on it."""
    cluster: int = 0
    """Workers of a Ray cluster that render instead, that of RAY_ADDRESS, or on this machine; 0:
    none. The result does not depend on it. Needs the extra `cluster`."""

    def __post_init__(self) -> None:
        check_kinds(self)
        require(8 <= self.size <= 1024, f"size must be between 8 and 1024 pixels, got {self.size}")
        require(self.shard_size >= 1, f"shard_size must be at least 1, got {self.shard_size}")
        require(self.workers >= 0, f"workers must be at least 0, got {self.workers}")
        require(self.cluster >= 0, f"cluster must be at least 0, got {self.cluster}")
        require(
            not (self.cluster and self.workers),
            "workers are processes of this machine, cluster those of a Ray cluster: name one",
        )
