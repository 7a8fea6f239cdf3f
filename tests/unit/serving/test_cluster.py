"""Several processes on a local Ray cluster, one of which is killed midway: `make test-cluster`."""

import io
import json
import os
import signal
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import run
from dall_e.cli.serve import _loaded
from dall_e.config import ServingConfig
from dall_e.config.serving import ReplicasConfig

pytest.importorskip("ray.serve", exc_type=ImportError)
pytest.importorskip("ray.data", exc_type=ImportError)

import psutil
import ray
from ray import serve

from dall_e.serving.cluster import NAME, serve_on_cluster

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """A cluster of this machine, with room for more processes than it has processors."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        num_cpus=8,
        num_gpus=0,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=100 * 2**20,
    )
    yield
    serve.shutdown()
    ray.shutdown()


def processes(kind: str) -> list[psutil.Process]:
    """Processes of the cluster whose title begins so."""
    found = []
    for each in psutil.Process().children(recursive=True):
        try:
            if each.cmdline()[0].startswith(f"ray::{kind}"):
                found.append(each)
        except (psutil.Error, IndexError):
            continue
    return found


# Bulk jobs


def pixels_of(path: Path) -> bytes:
    with Image.open(path) as image:
        return image.tobytes()


def test_a_job_has_one_picture_of_each_line_though_a_worker_is_killed(
    tiny_folder: Path, tiny_model: DALL_E, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is that of its prompt and seed. What is missing is drawn when the job is run again."""
    lines: list[dict[str, Any]] = [
        {"prompt": "a white cat" if number % 2 else "红苹果"} for number in range(96)
    ]
    lines[1] = {"prompt": "a cat", "seed": 2**64 - 1, "out": "cats/first.png"}
    prompts, out = tmp_path / "prompts.jsonl", tmp_path / "out"
    prompts.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    names = [f"{number:06}.png" for number in range(96)]
    names[1] = "cats/first.png"
    killed: list[int] = []

    def kill() -> None:
        while not len(list(out.glob("*.png"))) > 8:
            time.sleep(0.01)
        worker = processes("MapWorker")[0]
        worker.kill()
        killed.append(len(list(out.glob("*.png"))))

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    command = ["generate", "--prompts", str(prompts), "--out", str(out), "--cluster"]
    command += ["--workers", "2", "--model", str(tiny_folder), "--device", "cpu", "--seed", "5"]
    assert run(command) == 0
    killer.join(1)
    assert killed and killed[0] < 90, "it was killed midway"
    printed = capsys.readouterr().out.splitlines()
    assert sorted(printed) == sorted(f"{out}/{name}" for name in names)
    files = {str(path.relative_to(out)) for path in out.rglob("*.png")}
    assert files == set(names)
    for number in (0, 1, 50, 95):
        seed = lines[number].get("seed", 5 + number)
        own = tiny_model(lines[number]["prompt"], seed=seed)
        assert pixels_of(out / names[number]) == own.tobytes()

    # It goes on with what is missing, without the seed, too.
    before = (out / names[7]).read_bytes()
    (out / names[7]).unlink()
    again = [word for word in command if word not in ("--seed", "5")]
    assert run(again) == 0
    assert capsys.readouterr().out.splitlines() == [f"{out}/{names[7]}"]
    assert (out / names[7]).read_bytes() == before
    assert run(command) == 0 and capsys.readouterr().out == ""
    assert run([*command, "--transparent"]) == 1
    assert "has the pictures of another job (how differ)" in capsys.readouterr().err


# A server


class Asked(NamedTuple):
    """What came of asking, and how often it had to be asked."""

    png: bytes
    attempts: int


class Clients:
    """Ask for pictures with seeds that count up, several at a time, until they are told to stop."""

    def __init__(self, ask: Callable[..., Any], server: Any, number: int) -> None:
        self._ask, self._server = ask, server
        self._next, self._lock, self._stopped = 0, threading.Lock(), threading.Event()
        self.done: dict[int, Asked] = {}
        self._pool = ThreadPoolExecutor(number)
        self._running = [self._pool.submit(self._go) for _ in range(number)]

    def _go(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                seed, self._next = self._next, self._next + 1
            self.done[seed] = self._one(seed)

    def _one(self, seed: int) -> Asked:
        body = {"prompt": "a white cat", "seed": seed}
        for attempt in range(1, 100):
            try:
                answer = self._ask(self._server, "/v1/images/generations", body)
            except OSError:
                continue
            if answer.status == 200:
                return Asked(b64decode(answer.json["data"][0]["b64_json"]), attempt)
            time.sleep(0.05)
        raise AssertionError(f"seed {seed} was never drawn")

    def wait(self, more: int) -> None:
        """Until so many more are done."""
        wanted = len(self.done) + more
        while len(self.done) < wanted:
            time.sleep(0.02)
            for each in self._running:
                if each.done():
                    each.result()

    def stop(self) -> dict[int, Asked]:
        self._stopped.set()
        for each in self._running:
            each.result()
        return self.done


class Address(NamedTuple):
    url: str


def test_a_server_outlives_a_replica_that_is_killed(
    tiny_folder: Path, tiny_model: DALL_E, ask: Callable[..., Any]
) -> None:
    """Whoever asks again gets the right picture; an update loses no request at all."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    load = partial(_loaded, [str(tiny_folder)], "cpu", None)

    def deploy(**settings: Any) -> None:
        replicas = ReplicasConfig(min_replicas=2, max_replicas=2)
        config = ServingConfig(requests_per_minute=0, replicas=replicas, **settings)
        serve_on_cluster(load, config, None, host="127.0.0.1", port=port, switch_seconds=0.005)

    deploy()
    server = Address(f"http://127.0.0.1:{port}")
    replicas = {each.pid for each in processes(f"ServeReplica:{NAME}")}
    assert len(replicas) == 2
    clients = Clients(ask, server, 4)
    clients.wait(8)
    os.kill(min(replicas), signal.SIGKILL)
    clients.wait(20)

    link = ask(server, "/v1/images/generations", {"prompt": "a cat", "response_format": "url"})
    assert link.status == 400 and "ask for b64_json" in link.json["error"]["message"]
    small = {"prompt": "a cat", "size": "64x64"}
    assert ask(server, "/v1/images/generations", small).status == 200

    # An update, while everybody asks on.
    before = set(clients.done)
    deploy(max_side=48)
    assert ask(server, "/v1/images/generations", small).status == 400
    clients.wait(8)
    done = clients.stop()
    assert not {each.pid for each in processes(f"ServeReplica:{NAME}")} & replicas
    late = [asked.attempts for seed, asked in done.items() if seed > max(before)]
    assert late and max(late) == 1, "requests were lost by an update"
    for seed, asked in done.items():
        with Image.open(io.BytesIO(asked.png)) as image:
            assert image.info["seed"] == str(seed)
            if seed % 8 == 0:
                assert image.tobytes() == tiny_model("a white cat", seed=seed).tobytes()
    serve.delete(NAME)
