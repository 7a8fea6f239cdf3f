"""A server in this process with the tiny model, for every test that asks one."""

import asyncio
import contextlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from openai import OpenAI

from dall_e import DALL_E
from dall_e.config import ServingConfig
from dall_e.serving.app import create_app, server_of
from dall_e.serving.filters import ContentFilter
from dall_e.serving.keys import KeyFile
from dall_e.serving.running import server_for
from dall_e.serving.state import ServerState

PROMPT = "a white cat"


class RunningServer:
    """A server, and where it is found."""

    def __init__(self, state: ServerState, port: int) -> None:
        self.state = state
        self.url = f"http://127.0.0.1:{port}"

    @property
    def client(self) -> OpenAI:
        """OpenAI's own client for it."""
        return OpenAI(base_url=f"{self.url}/v1", api_key="unused", max_retries=0)


@contextlib.contextmanager
def running(
    model: DALL_E,
    settings: ServingConfig,
    keys: KeyFile | None = None,
    prepare: Callable[[FastAPI], None] = lambda app: None,
    filters: Sequence[ContentFilter] = (),
) -> Iterator[RunningServer]:
    """A server on a free port of the loopback; `prepare` adds something to it before it starts."""
    app = create_app({"tiny": model}, settings, keys, filters=filters, warm_up=False)
    prepare(app)
    server = server_for(app, "127.0.0.1", 0, log_level="warning")
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        threading.Event().wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield RunningServer(server_of(app), port)
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def tiny_model(tiny_folder: Path) -> DALL_E:
    """The tiny model, loaded once."""
    return DALL_E.from_pretrained(tiny_folder)


@pytest.fixture(scope="session")
def server(tiny_model: DALL_E) -> Iterator[RunningServer]:
    """A server without keys, with limits that are far away."""
    settings = ServingConfig(requests_per_minute=0, max_waiting=200, max_body_megabytes=1)
    with running(tiny_model, settings) as started:
        yield started


@pytest.fixture
def start(tiny_model: DALL_E) -> Iterator[Callable[..., RunningServer]]:
    """Starts servers with other settings or keys, for one test."""
    with contextlib.ExitStack() as stack:

        def begin(keys: KeyFile | None = None, **settings: object) -> RunningServer:
            config = ServingConfig(**settings)  # type: ignore[arg-type]
            return stack.enter_context(running(tiny_model, config, keys))

        yield begin


class Reply(NamedTuple):
    """An answer of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def ask() -> Callable[..., Reply]:
    """Sends one request: ask(server, path, body) posts JSON, without a body it gets."""

    def call(
        server: RunningServer, path: str, body: object = None, *, method: str = "", **headers: str
    ) -> Reply:
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        asked = urllib.request.Request(
            server.url + path, content, method=method or ("GET" if body is None else "POST")
        )
        asked.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            asked.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(asked) as found:
                return Reply(found.status, found.headers, found.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.headers, error.read())

    return call
