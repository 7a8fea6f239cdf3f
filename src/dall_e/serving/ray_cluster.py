"""The Ray cluster that bulk jobs and servers run on: that of the surroundings, or one made here."""

from __future__ import annotations

import os
from typing import Any

MISSING = "a cluster needs more packages: pip install 'open-dalle[cluster]'"


def connect() -> bool:
    """Reach the cluster of RAY_ADDRESS or of this machine, or start one here.

    Returns whether it was started here, and is ours to end.
    """
    import ray

    if ray.is_initialized():
        return False
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:
        # Ray would tell its makers that it runs.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(include_dashboard=False, **quiet)
        return True
    return False
