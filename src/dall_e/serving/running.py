"""A server from its first to its last request: where it listens, and how it stops."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from dall_e.serving.app import server_of
from dall_e.serving.keys import KeyFile

_SECONDS_TO_CLOSE = 10
"""For connections, after the last picture is drawn."""
_HEADER_SECONDS = 15.0
"""In which a request's head must arrive, at most twice as long."""
_LONGEST_HEAD = 32 * 1024


class DrainingServer(uvicorn.Server):
    """Stops in order: takes no more, draws what waits, sends the rest away, and ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for what was asked for, as long as the settings say."""
        state = server_of(_application(self.config))
        state.batcher.drain()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(state.settings.drain_seconds, state.batcher.refund)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()


class ImpatientProtocol(H11Protocol):
    """Closes connections over which no whole request comes, which uvicorn keeps for ever."""

    def connection_made(self, transport: Any) -> None:
        """Begin to look after it."""
        super().connection_made(transport)
        self._was_idle = False
        self._look_again()

    def _look_again(self) -> None:
        self.loop.call_later(_HEADER_SECONDS, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self._was_idle:
            self.transport.close()
            return
        self._was_idle = is_idle
        self._look_again()


def server_for(app: ASGIApp, host: str, port: int, *, log_level: str = "info") -> DrainingServer:
    """Return a server of an application that `create_app` made; `run` serves until it is stopped.

    port: 0 takes a free one.
    """
    settings = server_of(app).settings
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=ImpatientProtocol,
        # Nothing here speaks by WebSocket, and the guard looks at HTTP alone.
        ws="none",
        log_level=log_level,
        # The guard writes a line that says less.
        access_log=False,
        server_header=False,
        limit_concurrency=settings.max_connections,
        timeout_graceful_shutdown=int(settings.drain_seconds) + _SECONDS_TO_CLOSE,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
    )
    return DrainingServer(config)


def check_exposure(host: str, keys: KeyFile | None, *, without_keys: bool) -> None:
    """Raise ValueError if a server would let everybody in, and nobody has said that it shall."""
    if keys is not None or without_keys or _is_loopback(host):
        return
    raise ValueError(
        f"on {host} others could use the server, and there are no keys: `dall-e keys add NAME` "
        "makes one; --without-keys lets everybody in"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _application(config: uvicorn.Config) -> ASGIApp:
    app: Any = config.app
    return cast(ASGIApp, app)
