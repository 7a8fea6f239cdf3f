"""A stage whose batches are made on the CPU, ahead of their use where a GPU would wait for them."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from dall_e.runtime import batch_workers, to_device
from dall_e.training.loop import Stage
from dall_e.training.prefetch import Prefetch


class PreparedStage(Stage):
    """Needs `prepare` instead of `batch`, and a call of `prepare_ahead` once the data are there."""

    def prepare(self, images_seen: int) -> dict[str, Tensor]:
        """The batch that starts after `images_seen` pictures, on the CPU; leaves the device
        alone."""
        raise NotImplementedError

    def prepare_ahead(self, batch_size: int) -> None:
        """From now on batches can be asked for."""
        self._prepared = Prefetch(
            self.prepare, stride=batch_size, workers=batch_workers(self.device)
        )

    def batch(self, images_seen: int) -> dict[str, Any]:
        """The batch that starts after `images_seen` pictures."""
        return to_device(self._prepared(images_seen), self.device)

    def close(self) -> None:
        """Ends the processes that make batches."""
        self._prepared.close()
