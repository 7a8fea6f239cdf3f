"""How a server stops: it finishes what it can, and gives back the rest."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dall_e import DALL_E
from dall_e.config import ServingConfig
from dall_e.serving.work import Task

from .conftest import RunningServer, running

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

BODY = {"prompt": "a cat", "seed": 1}


@pytest.mark.parametrize(("drain_seconds", "status"), [(30.0, 200), (0.2, 503)])
def test_stopping(
    tiny_model: DALL_E, ask: Callable[..., Any], drain_seconds: float, status: int
) -> None:
    """What waits is drawn if there is time for it, and else told to come again."""
    gate = threading.Event()
    with ThreadPoolExecutor(1) as clients:
        with running(tiny_model, ServingConfig(drain_seconds=drain_seconds)) as server:
            batcher = server.state.batcher
            batcher.submit([Task("first", 60, gate.wait)])
            asked = clients.submit(ask, server, "/v1/images/generations", BODY)
            while batcher.num_waiting < 1:
                time.sleep(0.01)
            threading.Timer(1.0, gate.set).start()
        answer = asked.result(60)
    assert answer.status == status
    if status == 503:
        assert answer.json["error"]["code"] == "stopping" and answer.headers["retry-after"]


def test_it_is_ready_once_each_model_has_drawn(tiny_model: DALL_E) -> None:
    from fastapi.testclient import TestClient

    from dall_e.serving.app import create_app, server_of

    app = create_app({"tiny": tiny_model})
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for _ in range(500):
            if client.get("/readyz").status_code == 200:
                break
            time.sleep(0.01)
        assert client.get("/readyz").text == "ready"
        server_of(app).batcher.drain()
        assert client.get("/readyz").status_code == 503


def test_websockets_do_not_pass_by_the_guard(server: RunningServer) -> None:
    """Whatever libraries are installed: such a request is one of HTTP, with the guard's headers."""
    host, port = server.url.removeprefix("http://").split(":")
    head = (
        f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    )
    head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 200") and b"x-frame-options: DENY" in answer


def test_a_page_can_be_mounted(tiny_model: DALL_E) -> None:
    """It is found at / and below, beside the routes, and its own policy counts."""
    from fastapi.testclient import TestClient
    from starlette.responses import PlainTextResponse

    from dall_e.serving.app import create_app

    app = create_app({"tiny": tiny_model}, warm_up=False)
    policy = {"Content-Security-Policy": "default-src 'self'"}
    app.mount("/", PlainTextResponse("the page", headers=policy))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for path in ("/", "/assets/style.css"):
            answer = client.get(path)
            assert answer.text == "the page" and answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["content-security-policy"] == "default-src 'self'"
        assert client.get("/readyz").text == "ready"
        assert client.get("/v1/models").json()["data"]
