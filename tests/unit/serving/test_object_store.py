"""Bulk jobs to a store of objects, a stand-in for S3 on this machine: `make test-cluster`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.cli import run
from dall_e.serving.targets import MANIFEST

moto = pytest.importorskip("moto.server", exc_type=ImportError)
pytest.importorskip("s3fs", exc_type=ImportError)

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]
NUM_LINES = 96
BUCKET = "pictures"


class Store:
    """What is in the store, asked without fsspec."""

    def __init__(self, url: str) -> None:
        import boto3

        self._client = boto3.client("s3", endpoint_url=url)
        self._client.create_bucket(Bucket=BUCKET)

    def names(self, prefix: str) -> list[str]:
        """Each object below a prefix, but for the note of the job."""
        found: list[str] = []
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=BUCKET, Prefix=f"{prefix}/"):
            found += [each["Key"].removeprefix(f"{prefix}/") for each in page.get("Contents", ())]
        return [name for name in found if name != MANIFEST]

    def content(self, key: str) -> bytes:
        """An object."""
        content: bytes = self._client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def delete(self, key: str) -> None:
        """Take an object away."""
        self._client.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A store that this process and those that it starts reach as S3."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_MAX_ATTEMPTS": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
        }.items():
            patch.setenv(name, value)
        yield Store(url)
    server.stop()


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A file of prompts."""
    texts = [{"prompt": "a white cat" if number % 2 else "红苹果"} for number in range(NUM_LINES)]
    texts[1] |= {"seed": 2**64 - 1, "out": "cats/first.png"}
    path = tmp_path / "prompts.jsonl"
    path.write_text("\n".join(map(json.dumps, texts)), encoding="utf-8")
    return path


NAMES = ["000000.png", "cats/first.png", *(f"{number:06}.png" for number in range(2, NUM_LINES))]


@pytest.mark.parametrize("flags", [[], ["--cluster", "--workers", "2"]], ids=["here", "cluster"])
def test_a_job_that_was_killed_goes_on_with_what_is_missing(
    flags: list[str],
    store: Store,
    lines: Path,
    tiny_folder: Path,
    tiny_model: DALL_E,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exactly one picture of each line, each that of its prompt and seed."""
    if flags:
        pytest.importorskip("ray.data", exc_type=ImportError)
    prefix = "by-cluster" if flags else "here"
    out = f"s3://{BUCKET}/{prefix}"
    command = ["generate", "--prompts", str(lines), "--out", out, "--model", str(tiny_folder)]
    command += ["--device", "cpu", "--seed", "5", *flags]

    path = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [sys.executable, "-m", "dall_e", *command],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(store.names(prefix)) < 9 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was killed midway"

    # The workers of a cluster end by themselves.
    before = settled(store, prefix)
    assert 9 <= len(before) < NUM_LINES and set(before) <= set(NAMES)

    again = [word for word in command if word not in ("--seed", "5")]
    assert run(again) == 0
    printed = capsys.readouterr().out.splitlines()
    assert sorted(printed) == sorted(f"{out}/{name}" for name in set(NAMES) - set(before))
    assert sorted(store.names(prefix)) == sorted(NAMES)
    for number in (0, 1, 50, 95):
        prompt, seed = ("a white cat", 5 + number) if number % 2 else ("红苹果", 5 + number)
        own = tiny_model(prompt, seed=2**64 - 1 if number == 1 else seed)
        with Image.open(BytesIO(store.content(f"{prefix}/{NAMES[number]}"))) as image:
            assert image.tobytes() == own.tobytes()

    first = store.content(f"{prefix}/{NAMES[7]}")
    store.delete(f"{prefix}/{NAMES[7]}")
    assert run(command) == 0
    assert capsys.readouterr().out.splitlines() == [f"{out}/{NAMES[7]}"]
    assert store.content(f"{prefix}/{NAMES[7]}") == first
    assert run(command) == 0 and capsys.readouterr().out == ""
    assert run([*command, "--transparent"]) == 1
    assert "another job" in capsys.readouterr().err


def settled(store: Store, prefix: str) -> list[str]:
    """What is in a store once nothing is added to it any more."""
    names: list[str] | None = None
    while names != (found := store.names(prefix)):
        names = found
        time.sleep(2)
    return found


def failing(tiny_folder: Path, out: str, capsys: Any) -> str:
    """What the command says of a place that cannot be written to."""
    command = ["generate", "a white cat", "--model", str(tiny_folder), "--seed", "1"]
    assert run([*command, "--out", out]) == 1
    said: str = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_stores_that_cannot_be_written_to_are_told(
    store: Store, tiny_folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nobody-has-this" in failing(tiny_folder, "s3://nobody-has-this/x", capsys)
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    s3fs.S3FileSystem.clear_instance_cache()
    assert "127.0.0.1:1" in failing(tiny_folder, f"s3://{BUCKET}/gone", capsys)
