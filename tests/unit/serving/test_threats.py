"""One test for each row of the threat model, docs/serving-threats.md."""

import base64
import io
import json
import logging
import os
import re
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.errors import UnusableFileError
from dall_e.serving.guard import _house_of
from dall_e.serving.keys import KeyFile
from dall_e.serving.running import check_exposure
from dall_e.serving.work import Task

from ..page import test_actions, test_front
from .test_own_routes import form

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

Ask = Callable[..., Any]

GENERATIONS = "/v1/images/generations"
FORM = {"Content_Type": "multipart/form-data; boundary=cut"}
PAGE = Path(__file__).parents[3] / "docs" / "serving-threats.md"


def test_each_row_has_its_test() -> None:
    rows = re.findall(r"\| `(test_\w+)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    kinds = ("spoofing", "tampering", "repudiation", "information", "denial", "elevation")
    names = [*globals(), *vars(test_actions), *vars(test_front)]
    tests = [name for name in names if name.startswith(tuple(f"test_{kind}" for kind in kinds))]
    assert sorted(rows) == sorted(tests)


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


# Spoofing


def test_spoofing_a_key(start: Any, keys: KeyFile, ask: Ask) -> None:
    key = keys.add("alice")
    server = start(keys)
    for wrong in ("", "dalle-", key[:-1], key + "x", "Ω"):
        answer = ask(
            server, "/v1/models", Authorization=f"Bearer {wrong}".encode().decode("latin-1")
        )
        assert answer.status == 401 and answer.json["error"]["code"] == "invalid_api_key"
    assert ask(server, "/v1/models").status == 401
    assert ask(server, "/metrics").status == 401
    assert ask(server, "/healthz").status == 200
    assert ask(server, "/openapi.json").json["components"]["securitySchemes"]
    assert ask(server, "/v1/models", Authorization=f"Bearer {key}").status == 200


def test_spoofing_with_the_file_of_keys(keys: KeyFile) -> None:
    key = keys.add("alice")
    assert key not in keys.path.read_text() and key[6:] not in keys.path.read_text()
    if os.name == "posix":
        assert keys.path.stat().st_mode & 0o777 == 0o600
        keys.check_private()
        keys.path.chmod(0o644)
        with pytest.raises(UnusableFileError, match=r"644; chmod 600"):
            keys.check_private()


def test_spoofing_the_name_of_the_server(server: Any, ask: Ask) -> None:
    answer = ask(server, "/v1/models", Host="evil.example")
    assert answer.status == 421 and "evil.example" in answer.json["error"]["message"]
    for name in ("[", "[::1", "a]b", "::1]", "", "127.0.0.1.evil.example"):
        assert ask(server, "/v1/models", Host=name).status in (400, 421)
    for name in ("localhost:1234", "127.0.0.1", "[::1]:80"):
        assert ask(server, "/v1/models", Host=name).status == 200


def test_spoofing_from_another_web_page(start: Any, server: Any, ask: Ask) -> None:
    body = {"prompt": "a cat"}
    answer = ask(server, GENERATIONS, body, Origin="https://evil.example")
    assert answer.status == 403 and "access-control-allow-origin" not in answer.headers
    for origin in ("null", "http://[", "http://", "//"):
        assert ask(server, GENERATIONS, body, Origin=origin).status == 403
    assert ask(server, "/v1/models", Origin=server.url).status == 200
    friend = start(allow_origins=("https://friend.example",))
    answer = ask(friend, "/v1/models", Origin="https://friend.example")
    assert answer.headers["access-control-allow-origin"] == "https://friend.example"
    assert ask(friend, "/v1/models", Origin="https://evil.example").status == 403


# Tampering


def test_tampering_with_links(start: Any, ask: Ask) -> None:
    server = start(link_seconds=1)
    body = {"prompt": "a cat", "response_format": "url", "seed": 1}
    path = ask(server, GENERATIONS, body).json["data"][0]["url"].removeprefix(server.url)
    name, _, signature = path.rpartition(".")
    assert ask(server, path).headers["content-type"] == "image/png"
    assert ask(server, f"{name}.{signature[::-1]}").status == 404
    assert ask(server, "/v1/images/files/x").status == 404
    time.sleep(2.1)
    assert ask(server, path).status == 404


@pytest.mark.parametrize(
    "path", ["/v1/images/files/..%2f..%2fetc%2fpasswd", "/../etc/passwd", "/docs/../../etc/passwd"]
)
def test_tampering_with_paths(server: Any, ask: Ask, path: str) -> None:
    assert ask(server, path).status == 404


def raw(server: Any, content: bytes, seconds: float = 5) -> bytes:
    """What a server says to bytes that no client would send."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.sendall(content)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


def test_tampering_with_lengths(server: Any) -> None:
    body = b'{"prompt": "a cat"}'
    head = f"POST {GENERATIONS} HTTP/1.1\r\nHost: localhost\r\n".encode()
    smuggled = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for lengths in (
        b"Content-Length: 19\r\nContent-Length: 2\r\n\r\n" + body,
        b"Content-Length: -1\r\n\r\n" + body,
        b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + body,
        b"Content-Length: 1e3\r\n\r\n" + body,
        b"Transfer-Encoding: chunked, identity\r\n\r\n" + smuggled,
    ):
        answer = raw(server, head + lengths)
        assert answer.startswith(b"HTTP/1.1 4") or answer.startswith(b"HTTP/1.1 501")
        assert answer.count(b"HTTP/1.1") == 1


def test_tampering_with_the_log(server: Any, ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "dall_e.serving"):
        ask(server, "/v1/models/a%0d%0aX-Evil:%20yes")
        answer = ask(server, GENERATIONS, {"prompt": "a cat", "model": "a\r\nX-Evil: yes"})
    assert answer.status == 200 and answer.headers["x-model"] == "tiny"
    assert "x-evil" not in answer.headers and "Evil" not in caplog.text


# Repudiation and information


def test_repudiation_of_requests(
    start: Any, keys: KeyFile, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    key = keys.add("alice")
    server = start(keys)
    with caplog.at_level(logging.INFO, "dall_e.serving"):
        ask(server, GENERATIONS, {"prompt": "a cat"}, Authorization=f"Bearer {key}")
        ask(server, GENERATIONS, {"prompt": "a cat"})
        # The line is written after the answer is sent.
        wait_until(lambda: len(caplog.records) == 2)
    drawn, refused = (record.getMessage() for record in caplog.records)
    assert re.fullmatch(r"POST \S*/generations 200 [\d.]+s alice", drawn)
    assert " 401 " in refused


def test_information_in_the_log(
    start: Any, keys: KeyFile, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    key = keys.add("alice")
    secret = "a white cat and a flurbel"
    server = start(keys)
    header = {"Authorization": f"Bearer {key}"}
    with caplog.at_level(logging.DEBUG):
        ask(server, GENERATIONS, {"prompt": secret}, **header)
        ask(server, GENERATIONS, {"prompt": secret, "size": "7"}, **header)
    counters = ask(server, "/metrics", **header).body.decode()
    for text in (caplog.text, counters):
        assert "flurbel" not in text and key not in text
    telling = start(log_prompts=True)
    with caplog.at_level(logging.INFO):
        ask(telling, GENERATIONS, {"prompt": secret})
    assert "flurbel" in caplog.text


def test_information_in_errors(
    server: Any, ask: Ask, tiny_model: DALL_E, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("/home/somebody/secret")

    monkeypatch.setattr(tiny_model.engine.drawer, "draw", fail)
    answer = ask(server, GENERATIONS, {"prompt": "a cat"})
    assert answer.status == 500 and answer.json["error"]["type"] == "server_error"
    assert b"secret" not in answer.body and b"Traceback" not in answer.body
    assert "server" not in answer.headers
    for name in ("x-content-type-options", "content-security-policy", "x-frame-options"):
        assert name in answer.headers


def test_a_file_of_keys_that_breaks_lets_nobody_in(start: Any, keys: KeyFile, ask: Ask) -> None:
    """It is the server's fault, and says nothing of where the file is."""
    key = keys.add("alice")
    server = start(keys)
    keys.path.write_text("{")
    for path in ("/v1/models", "/metrics"):
        answer = ask(server, path, Authorization=f"Bearer {key}")
        assert answer.status == 500 and answer.json["error"]["code"] == "internal_error"
        assert b"keys.json" not in answer.body and "content-security-policy" in answer.headers
    assert ask(server, "/healthz").status == 200


def test_information_of_others(server: Any, ask: Ask) -> None:
    """Twelve requests at a time, each from a thread of its own: each gets its own seed."""
    got: dict[int, int] = {}

    def draw(seed: int) -> None:
        data = ask(server, GENERATIONS, {"prompt": "a white cat", "seed": seed}).json["data"]
        png = base64.b64decode(data[0]["b64_json"])
        got[seed] = int(Image.open(io.BytesIO(png)).info["seed"])

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {seed: seed for seed in range(12)}


def test_information_by_addresses_in_requests(
    server: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = threading.get_ident()
    connect = socket.socket.connect

    def only_from_the_test(this: socket.socket, address: Any) -> None:
        assert threading.get_ident() == own, f"the server connects to {address}"
        connect(this, address)

    monkeypatch.setattr(socket.socket, "connect", only_from_the_test)
    where = "http://127.0.0.1:9/secret.png"
    body = {"prompt": "a cat", "init_images": [where]}
    assert ask(server, "/sdapi/v1/img2img", body).status == 400
    answer = ask(server, "/v1/images/edits", form({"image": where}, b"", "other"), **FORM)
    assert answer.status == 400
    assert ask(server, GENERATIONS, {"prompt": "a cat", "image": where}).status == 200


# Denial of service


def test_denial_by_long_requests(server: Any, ask: Ask) -> None:
    """The test's server takes 1 MB."""
    answer = ask(server, GENERATIONS, {"prompt": "a cat", "user": "x" * 2**20})
    assert answer.status == 413 and "1048576 are read" in answer.json["error"]["message"]
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = f"POST {GENERATIONS} HTTP/1.1\r\nHost: localhost\r\n".encode()
    head += b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    told = raw(server, head + b"Connection: close\r\n\r\n" + chunk * 17 + b"0\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 413")
    assert ask(server, GENERATIONS, {"prompt": "x" * 33000}).status == 400


def test_whoever_has_no_key_says_nothing_long(start: Any, keys: KeyFile, ask: Ask) -> None:
    keys.add("alice")
    server = start(keys)
    answer = ask(server, "/sign-in", b"key=" + b"x" * 5000)
    assert answer.status == 413 and answer.json["error"]["code"] == "request_too_large"


@pytest.mark.parametrize(
    ("address", "house"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::1"),
        ("testclient", "testclient"),
    ],
)
def test_a_house_has_one_rate(address: str, house: str) -> None:
    """Who has one long address has 2^64 of them."""
    assert _house_of(address) == house


def test_denial_by_slow_requests(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dall_e.serving.running._HEADER_SECONDS", 0.3)
    server = start(body_seconds=0.5)
    head = f"POST {GENERATIONS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n".encode()
    assert raw(server, head + b"Connection: close\r\n\r\n{").startswith(b"HTTP/1.1 408")
    assert raw(server, head) == b""


def png_of(width: int, height: int) -> bytes:
    """A PNG file of a few bytes that says it has so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_denial_by_pictures_that_unpack(server: Any, ask: Ask) -> None:
    def told(content: bytes) -> str:
        answer = ask(server, "/v1/images/edits", form({"prompt": "add a dog"}, content), **FORM)
        assert answer.status == 400, answer.body
        return str(answer.json["error"]["message"])

    assert "at most 16000000" in told(png_of(5000, 5000))
    assert "far too many" in told(png_of(2**30, 2**30)) or "at most" in told(png_of(2**30, 2**30))
    assert "too small" in told(png_of(3, 3)) or "not a readable" in told(png_of(3, 3))
    assert "PNG, JPEG, WEBP" in told(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    assert "not a readable" in told(png_of(64, 64))
    assert "not a readable" in told(b"")


def test_denial_by_pictures_that_wait(start: Any, ask: Ask) -> None:
    """A small file of one colour is a large picture in the queue."""
    server = start(waiting_megabytes=1, requests_per_minute=0)
    released = threading.Event()
    server.state.batcher.submit([Task("", 60, released.wait)])
    file = io.BytesIO()
    Image.new("RGB", (700, 700), "red").save(file, "PNG")
    body = form({"prompt": "a cat", "seed": "1"}, file.getvalue())
    first: list[Any] = []

    def vary() -> Any:
        return ask(server, "/v1/images/variations", body, **FORM)

    waiting = threading.Thread(target=lambda: first.append(vary()))
    waiting.start()
    wait_until(lambda: server.state.batcher.num_waiting == 1)
    answer = vary()
    assert answer.status == 429 and "wait to be changed" in answer.json["error"]["message"]
    released.set()
    waiting.join()
    assert first[0].status == 200


def test_denial_by_asking_for_too_much(start: Any, ask: Ask) -> None:
    server = start(requests_per_minute=4, max_images=2, max_waiting=2, max_side=64)
    for body, why in (
        ({"n": 3}, "at most 2"),
        ({"size": "65x65"}, "16 to 64"),
        ({"steps": 10**9}, "steps"),
    ):
        answer = ask(server, GENERATIONS, {"prompt": "a cat", **body})
        assert answer.status == 400 and why in answer.json["error"]["message"]
    assert ask(server, GENERATIONS, {"prompt": "a cat"}).status == 200
    answer = ask(server, GENERATIONS, {"prompt": "a cat"})
    assert answer.status == 429 and 1 <= int(answer.headers["retry-after"]) <= 60


def test_denial_by_leaving(start: Any, ask: Ask) -> None:
    """Requests of clients that hang up are drawn no more; the next one is."""
    server = start()
    gate = threading.Event()
    from dall_e.serving.work import Task

    server.state.batcher.submit([Task("first", 60, gate.wait)])
    body = json.dumps({"prompt": "a cat", "n": 5}).encode()
    head = f"POST {GENERATIONS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\n\r\n"
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + body)
        wait_until(lambda: server.state.batcher.num_waiting == 5)
    wait_until(lambda: server.state.batcher.num_waiting == 0)
    gate.set()
    assert ask(server, GENERATIONS, {"prompt": "a cat"}).status == 200
    assert "dalle_images_total 1.0" in ask(server, "/metrics").body.decode()


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come so far within 5 s")


def test_denial_by_odd_bodies(server: Any, ask: Ask) -> None:
    deep = b"[" * 50_000 + b"]" * 50_000
    bodies = [
        b'{"prompt": ' + deep + b"}",
        b'{"plan": ' + deep + b"}",
        deep,
        b"\xff\xfe",
        b"",
        b"0",
    ]
    bodies += [
        json.dumps(body).encode()
        for body in (
            {"prompt": "a cat", "guidance_scale": float("inf")},
            {"prompt": "a cat", "guidance_scale": float("nan")},
            {"prompt": "a cat", "seed": -2},
            {"prompt": "a cat", "seed": 2**64},
            {"prompt": " \u200b "},
            {"prompt": {"a": 1}},
            {"plan": {"format": "dall-e plan", "version": 1, "prompt": "a", "whole": 7}},
            {"plan": {"format": "dall-e plan", "version": 1, "prompt": "a", "whole": True}},
        )
    ]
    for body in bodies:
        answer = ask(server, GENERATIONS, body)
        assert answer.status == 400, (body[:80], answer.body)
        assert answer.json["error"]["message"]
    broken = ask(server, "/v1/images/edits", b"--cut\r\nnothing", **FORM)
    assert broken.status == 400
    assert ask(server, "/v1/images/edits", {"prompt": "a cat"}).status == 415


# Elevation


def test_elevation_by_oversight(keys: KeyFile) -> None:
    for host in ("0.0.0.0", "::", "192.168.1.7", "myhost"):
        with pytest.raises(ValueError, match="keys add NAME"):
            check_exposure(host, None, without_keys=False)
        check_exposure(host, keys, without_keys=False)
        check_exposure(host, None, without_keys=True)
    for host in ("127.0.0.1", "localhost", "::1", "[::1]"):
        check_exposure(host, None, without_keys=False)


def test_elevation_by_a_revoked_key(start: Any, keys: KeyFile, ask: Ask) -> None:
    kept, revoked = keys.add("alice"), keys.add("bob")
    server = start(KeyFile(keys.path))
    assert ask(server, "/v1/models", Authorization=f"Bearer {revoked}").status == 200
    keys.revoke("bob")
    assert ask(server, "/v1/models", Authorization=f"Bearer {revoked}").status == 401
    assert ask(server, "/v1/models", Authorization=f"Bearer {kept}").status == 200
    keys.revoke("alice")
    assert ask(server, "/v1/models", Authorization=f"Bearer {kept}").status == 401
