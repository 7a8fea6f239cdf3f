"""The micro-batch fitted to the memory there is: what runs out is caught, and said in words.

A batch is the sum of its micro-batches, so smaller ones change how much is computed at once, and
not what a step learns from.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dall_e.config import LoopConfig


class NotEnoughMemory(ValueError):
    """A step needed more memory than there is."""

    def __init__(self, loop: LoopConfig) -> None:
        """Names the way out, if there is one."""
        size = loop.micro_batch_size
        fitting = (s for s in range(1, size // 2 + 1) if loop.batch_size % s == 0)
        self.micro_batch = max(fitting, default=0)
        """Half of what was tried, or a little less; 0 if a single picture is too much."""
        mend = f"--micro-batch {self.micro_batch}, which adds gradients up"
        if not self.micro_batch:
            mend = "" if loop.gradient_checkpointing else "--gradient-checkpointing, or "
            mend += "another --preset"
        super().__init__(f"not enough memory to learn from {size} pictures at once: try {mend}")


@contextlib.contextmanager
def memory_named(loop: LoopConfig) -> Iterator[None]:
    """Raises NotEnoughMemory where a step needs more memory than there is."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        texts = ("out of memory", "allocate memory", "not enough memory")
        if not isinstance(error, MemoryError) and not any(t in str(error).lower() for t in texts):
            raise
        raise NotEnoughMemory(loop) from error
