"""A server on a Ray cluster: the same application in each of several replicas, by Ray Serve.

Replicas come and go with what is asked for. When the application is updated, old ones take no more
requests and finish what they have. A picture depends on its prompt, seed and settings alone, so it
is the same whichever replica draws it.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dall_e.config import ServingConfig
from dall_e.ray_cluster import MISSING, connect
from dall_e.serving.app import create_app, server_of, warm_up
from dall_e.serving.drawing_processes import Load
from dall_e.serving.keys import KeyFile

if TYPE_CHECKING:
    from fastapi import FastAPI
    from ray.serve import Application

NAME = "dall-e"
"""Of the application, for Ray's own commands."""
_SECONDS_TO_STOP = 10
"""For what a replica does beside drawing."""


def serve_on_cluster(
    load: Load,
    settings: ServingConfig,
    keys: KeyFile | None,
    *,
    host: str,
    port: int,
    switch_seconds: float,
) -> None:
    """Deploy the application, or update it, on the cluster of RAY_ADDRESS or of this machine.

    Returns once it serves. Without such a cluster one is started here, and the application serves
    until it is stopped. load: the models that each replica serves. switch_seconds: for Python, in
    each replica.
    """
    if settings.processes > 1:
        raise ValueError("each replica is one process: leave out --processes, have more replicas")
    try:
        from ray import serve
    except ImportError as error:
        raise ImportError(f"{MISSING} ({error})") from error
    log = logging.getLogger("dall_e.serving")
    is_ours = connect()
    serve.start(http_options={"host": host, "port": port})
    serve.run(
        application(load, settings, keys, switch_seconds=switch_seconds),
        name=NAME,
        route_prefix="/",
    )
    log.info(
        "serves at http://%s:%d by at most %d replicas", host, port, settings.replicas.max_replicas
    )
    if not is_ours:
        log.info("`serve delete %s` of Ray ends it; the same command updates it", NAME)
        return
    try:
        _wait_until_stopped()
    finally:
        import ray

        serve.delete(NAME)
        serve.shutdown()
        ray.shutdown()


def application(
    load: Load,
    settings: ServingConfig,
    keys: KeyFile | None = None,
    *,
    switch_seconds: float = sys.getswitchinterval(),
) -> Application:
    """Return what Ray Serve runs, for programs that deploy it themselves.

    The file of keys has to be at the same path on every machine.
    """
    from ray import serve

    cluster = settings.replicas

    class Replica:
        """A server in a process of its own."""

        def __init__(self) -> None:
            sys.setswitchinterval(switch_seconds)
            logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
            app = create_app(load(), settings, keys, warm_up=False, gives_links=False)
            self._app, self._state = app, server_of(app)
            warm_up(self._state)

        def __serve_build_asgi_app__(self) -> FastAPI:
            return self._app

        def check_health(self) -> None:
            """Tell Ray whether the thread that draws runs."""
            # Before the application starts, nothing does.
            if self._state.batcher.has_begun and not self._state.batcher.is_alive:
                raise RuntimeError("the thread that draws has ended")

    deployed: Any = serve.deployment(
        name="server",
        autoscaling_config={
            "min_replicas": cluster.min_replicas,
            "max_replicas": cluster.max_replicas,
            # One that draws, and one that waits for it.
            "target_ongoing_requests": 2 * settings.batch_size,
        },
        max_ongoing_requests=settings.max_waiting,
        max_queued_requests=settings.max_waiting,
        graceful_shutdown_wait_loop_s=0.5,
        graceful_shutdown_timeout_s=settings.drain_seconds + _SECONDS_TO_STOP,
        ray_actor_options={"num_cpus": cluster.replica_cpus, "num_gpus": cluster.replica_gpus},
    )
    bound: Application = deployed(serve.ingress()(Replica)).bind()
    return bound


def _wait_until_stopped() -> None:
    """Return at Ctrl-C and at SIGTERM."""
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with suppress(KeyboardInterrupt):
        stopped.wait()
