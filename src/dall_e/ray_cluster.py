"""The Ray cluster that jobs and servers run on: that of the surroundings, or one made here."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

MISSING = "a cluster needs more packages: pip install 'open-dalle[cluster]'"
_HERE = "local"
"""What RAY_ADDRESS says where a cluster of its own shall be made."""


@contextlib.contextmanager
def connected() -> Iterator[None]:
    """Inside, there is a cluster. One that the program had before stays."""
    import ray

    if ray.is_initialized():
        yield
        return
    connect()
    try:
        yield
    finally:
        ray.shutdown()


def connect() -> bool:
    """Reach the cluster of RAY_ADDRESS or of this machine, or start one here.

    Returns whether it was started here, and is ours to end.
    """
    import ray

    if ray.is_initialized():
        return False
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if os.environ.get("RAY_ADDRESS") != _HERE:
        with contextlib.suppress(ConnectionError):
            ray.init(address="auto", **quiet)
            return False

    # Ray would tell its makers that it runs.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(address=_HERE, include_dashboard=False, **quiet)
    return True
