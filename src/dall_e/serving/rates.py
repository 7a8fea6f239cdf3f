"""How often somebody may ask."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from dall_e.serving.failures import Refusal


class Rates:
    """Counts the requests of each owner in the last minute."""

    def __init__(self, per_minute: int) -> None:
        """`per_minute`: how many are allowed; 0 is without limit."""
        self._per_minute = per_minute
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, owner: str, factor: int = 1) -> None:
        """Count a request. Raises Refusal 429 for one too many.

        factor: how many times as many are allowed; each factor counts by itself.
        """
        most = self._per_minute * factor
        if not most:
            return
        limit = RateLimitItemPerMinute(most)
        if not self._limiter.hit(limit, owner):
            reset = self._limiter.get_window_stats(limit, owner).reset_time
            raise Refusal(
                429,
                f"{most} requests in a minute are allowed: come again later",
                code="rate_limit_exceeded",
                retry_after=max(1, math.ceil(reset - time.time())),
            )
