"""Pictures of any number as codes, once: `dall-e data encode`.

Processes share out the portions of a folder (`data/portions.py`); each portion becomes a shard of
codes. A shard that is there, of the same pictures by the same image tokenizer, is not made again,
so the same command goes on where it was stopped.

Shapes: V views, M pictures, N tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from dall_e.checkpoints.run_files import load_image_tokenizer_at, load_stage
from dall_e.data.datasets import SMALLEST_TO_SPLIT, read_entries
from dall_e.data.inventory import Inventory
from dall_e.data.portions import Portion, portions, with_split
from dall_e.data.token_shards import shard_head, write_index, write_shard
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.runtime import pick_device
from dall_e.text.language import mirrors
from dall_e.training.processes import from_all, num_processes, rank
from dall_e.training.token_cache import encoder_digest, tokenize_views

Lost = dict[str, list[tuple[str, str]]]


@dataclass(frozen=True, kw_only=True)
class EncodingConfig:
    """What is to be encoded, and how."""

    data: str
    """Folder of pictures with captions, loose or in tar shards."""
    out: str
    """Folder for the codes."""
    tokenizer: str
    """Run or model folder of the image tokenizer."""
    views: int = 8
    """Views of each picture; the first is the picture itself, the others are moved and scaled."""
    seed: int = 0
    """Seed of the views."""
    shard_size: int = 4096
    """Pictures of a shard, of those that are files of their own."""
    device: str = "auto"
    """Where to encode."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """What came of it, in all processes."""

    images: int
    shards: int
    made: int
    """Shards that were not there before."""
    inventory: Inventory
    """What could not be read."""


def encode(config: EncodingConfig, *, on_shard: Callable[[int, int], None]) -> Encoded:
    """Write the codes of all pictures of a folder; every process calls this.

    `on_shard` gets the number of portions that this process has done, and how many it has. Raises
    ValueError for a folder without pictures, or an image tokenizer that cannot be used.
    """
    encoding = Encoding(config)
    own = range(rank(), encoding.num_shards, num_processes())
    made = 0
    for done, number in enumerate(own, start=1):
        made += encoding.make(number)
        on_shard(done, len(own))
    # The index says that all is there, so it waits for every process.
    return encoding.finish(sum(from_all(made)))


class Encoding:
    """The shards of a folder: which are missing, how one is made, and what says that all are there.

    Whoever makes a shard, and however often, it is the same file, and whole.
    """

    def __init__(self, config: EncodingConfig) -> None:
        """Raises ValueError for a folder without pictures, or an unusable image tokenizer."""
        self._config = config
        side = int(load_stage(config.tokenizer).network("tokenizer")["image_size"])
        tokenizer = load_image_tokenizer_at(config.tokenizer, side)
        self._tokenizer = tokenizer.to(pick_device(config.device))
        self._encoder = encoder_digest(self._tokenizer)
        self._inventory = Inventory(root=config.data)
        self._root, self._folder = Path(config.data), Path(config.out)
        if not self._root.is_dir():
            raise ValueError(f"there is no folder {self._root}")
        self._folder.mkdir(parents=True, exist_ok=True)
        found = portions(self._root, config.shard_size, self._inventory)
        if not found:
            used = self._inventory.used() or "it is empty"
            raise ValueError(f"{self._root} has no pictures: {used}")
        # A portion of many is as large as a shard: only the smallest folders hold nothing out.
        self._holds_out = len(found) > 1 or len(found[0].entries(Inventory())) >= SMALLEST_TO_SPLIT
        self._portions = found
        self.num_shards = len(found)

    def is_missing(self, number: int) -> bool:
        """Whether a shard is not there, or is one of other pictures or of another tokenizer."""
        work = self._work(number)
        head = shard_head(self._folder, work.name)
        return head is None or head["made_from"] != work.made_from

    def make(self, number: int) -> bool:
        """Makes a shard if it is missing; whether it was."""
        is_missing = self.is_missing(number)
        if is_missing:
            self._work(number).write(self._folder)
        return is_missing

    def finish(self, made: int) -> Encoded:
        """Writes the index, once all shards are there. Raises ValueError if no picture is."""
        names = [f"{number:05d}" for number in range(self.num_shards)]
        heads = [head for name in names if (head := shard_head(self._folder, name))]
        inventory = self._inventory
        for head in heads:
            _add(inventory.lost, head["lost"])
        images = sum(head["count"] for head in heads)
        if not images:
            raise ValueError(f"{self._root} has no readable picture: {inventory.losses()}")
        if rank() == 0:
            about = {"encoder": self._encoder, "views": self._config.views, "images": images}
            write_index(self._folder, names, {**about, "lost": inventory.lost})
        return Encoded(images=images, shards=len(names), made=made, inventory=inventory)

    def _work(self, number: int) -> _Work:
        portion, holds_out = self._portions[number], self._holds_out
        return _Work(self._config, self._tokenizer, self._encoder, portion, number, holds_out)


class _Work:
    """One portion, to become one shard."""

    def __init__(
        self,
        config: EncodingConfig,
        tokenizer: ImageTokenizer,
        encoder: str,
        portion: Portion,
        number: int,
        holds_out: bool,
    ) -> None:
        self.name = f"{number:05d}"
        self._config, self._tokenizer, self._portion = config, tokenizer, portion
        self._holds_out, self._number = holds_out, number
        stats = [(Path(config.data) / file).stat() for file in portion.files]
        files = [(stat.st_size, stat.st_mtime_ns) for stat in stats]
        about = (encoder, config.views, config.seed, holds_out, portion.files, files)
        self.made_from = hashlib.sha256(repr(about).encode()).hexdigest()
        """Which pictures, and which tokenizer: a shard of others is made again."""

    def write(self, folder: Path) -> None:
        """Makes the shard."""
        config, inventory = self._config, Inventory()
        entries = self._portion.entries(inventory)
        images_NCHW, good, _ = read_entries(entries, self._tokenizer.config.image_size, inventory)
        records = [with_split(entries[row], holds_out=self._holds_out) for row in good]
        mirror_M = torch.tensor([mirrors(record) for record in records])
        num_tokens = self._tokenizer.config.grid_size**2
        codes_VMN = torch.zeros(config.views, 0, num_tokens, dtype=torch.int16)
        if good:
            seed = config.seed * 100_003 + self._number
            codes_VMN = tokenize_views(
                self._tokenizer, images_NCHW, mirror_M, views=config.views, seed=seed
            )
        head = {"made_from": self.made_from, "lost": inventory.lost}
        write_shard(folder, self.name, codes_VMN, records, head)


def _add(lost: Lost, more: Lost) -> None:
    for kind, losses in more.items():
        lost.setdefault(kind, []).extend((name, why) for name, why in losses)
