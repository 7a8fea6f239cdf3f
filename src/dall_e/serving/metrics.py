"""What a server counts and times, for Prometheus."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)
_SIZES = (1, 2, 4, 8, 16, 32)


class Queue(Protocol):
    """What the gauges look at."""

    @property
    def num_waiting(self) -> int:
        """Pieces of work that wait."""
        ...


class Metrics:
    """Counters and histograms of one server; none of them holds a prompt."""

    def __init__(self) -> None:
        """Everything is at 0."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "dalle_requests",
            "Requests by route and status",
            ("route", "status"),
            registry=self.registry,
        )
        self.refused = Counter(
            "dalle_refused",
            "Pictures and requests that were sent away",
            ("reason",),
            registry=self.registry,
        )
        self.images = Counter("dalle_images", "Pictures finished", registry=self.registry)
        self.cancelled = Counter(
            "dalle_cancelled", "Pictures whose client left", registry=self.registry
        )
        self.helpers_lost = Counter(
            "dalle_helpers_lost", "Processes that draw which have died", registry=self.registry
        )
        self.batch_size = Histogram(
            "dalle_batch_size", "Pictures drawn together", registry=self.registry, buckets=_SIZES
        )
        self.seconds_waiting = self._seconds("waiting", "From request to the first step")
        self.seconds_drawing = self._seconds("drawing", "For the tokens of a batch")
        self.seconds_finishing = self._seconds("finishing", "From tokens to a picture file")
        self.seconds_request = self._seconds("request", "For a whole request")
        self._waiting = Gauge("dalle_waiting", "Pictures that wait", registry=self.registry)

    def watch(self, queue: Queue) -> None:
        """Show how much waits in a queue."""
        self._waiting.set_function(lambda: queue.num_waiting)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _seconds(self, name: str, about: str) -> Histogram:
        return Histogram(f"dalle_{name}_seconds", about, registry=self.registry, buckets=_SECONDS)
