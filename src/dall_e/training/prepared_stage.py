"""A stage whose batches are made on the CPU, ahead of their use where a GPU would wait for them."""

from __future__ import annotations

from typing import Generic

from dall_e.config import LoopConfig
from dall_e.runtime import batch_workers
from dall_e.training.batches import BatchType
from dall_e.training.prefetch import Prefetch
from dall_e.training.processes import num_processes
from dall_e.training.stage import Stage


class PreparedStage(Stage[BatchType], Generic[BatchType]):
    """Has `prepare` instead of `batch`, and calls `prepare_ahead` once the data are there."""

    _prepared: Prefetch[BatchType] | None = None

    def prepare(self, images_seen: int) -> BatchType:
        """The batch that starts after `images_seen` pictures, on the CPU.

        It may be made in another process, so it leaves the device alone.
        """
        raise NotImplementedError

    def prepare_ahead(self, loop: LoopConfig) -> None:
        """From now on batches can be asked for."""
        self._prepared = Prefetch(
            self.prepare,
            stride=loop.micro_batch_size * num_processes(),
            workers=batch_workers(self.device),
        )

    def batch(self, images_seen: int) -> BatchType:
        """The batch that starts after `images_seen` pictures, on the device."""
        assert self._prepared, "a stage prepares its data before it is asked for batches"
        return self._prepared(images_seen).to(self.device)

    def close(self) -> None:
        """Ends the processes that make batches."""
        if self._prepared:
            self._prepared.close()
