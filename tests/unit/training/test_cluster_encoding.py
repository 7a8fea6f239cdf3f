"""Codes by a local Ray cluster: the same files, also if workers are killed midway."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dall_e.cli import run
from dall_e.data.token_shards import load_tokens
from dall_e.training import cluster_encoding
from dall_e.training.encoding import Encoding, EncodingConfig

from .test_encoding import contents, encoded

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is missing")


@pytest.mark.cluster
@needs_ray
def test_every_picture_is_there_once_though_workers_are_killed(
    tmp_path: Path, folders: Path
) -> None:
    encoded(folders, tmp_path / "alone", shard_size=2)
    out, log = tmp_path / "tokens", tmp_path / "workers"
    command = [
        *("data", "encode", str(folders / "data"), "--out", str(out), "--views", "2"),
        *("--tokenizer", str(folders / "tokenizer"), "--shard-size", "2", "--device", "cpu"),
        *("--cluster", "2"),
    ]
    program = f"""
import os, time
from dall_e.cli import run
from dall_e.training import cluster_encoding

class Slow(cluster_encoding._Worker):
    def __call__(self, row):
        with open({str(log)!r}, "a") as file:
            file.write(f"{{os.getpid()}} {{row['number']}}\\n")
        time.sleep(0.5)
        return super().__call__(row)

cluster_encoding._Worker = Slow
raise SystemExit(run({command!r}))
"""
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path, "RAY_ADDRESS": "local"}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment)
    killed: set[int] = set()
    while process.poll() is None and len(killed) < 2:
        time.sleep(0.1)
        seen = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        for pid, _ in seen[4::3]:
            if int(pid) not in killed and int(pid) != process.pid:
                os.kill(int(pid), signal.SIGKILL)
                killed.add(int(pid))
                break
    assert process.wait(240) == 0 and killed
    numbers = [line.split()[1] for line in log.read_text().splitlines()]
    assert len(numbers) > len(set(numbers)) == 12, "what was lost with a worker was begun again"
    assert contents(out) == contents(tmp_path / "alone")
    names = [
        record["name"] for split in ("train", "val") for record in load_tokens(out, split).records
    ]
    assert len(names) == len(set(names)) == 24


def test_nothing_is_missing_so_no_cluster_is_started(
    tmp_path: Path,
    folders: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    encoded(folders, tmp_path)
    command = [
        *("data", "encode", str(folders / "data"), "--out", str(tmp_path), "--views", "2"),
        *("--tokenizer", str(folders / "tokenizer"), "--shard-size", "10", "--cluster", "2"),
    ]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert run(command) == 0
    assert "24 pictures in 3 shards, 3 of them there before" in capsys.readouterr().out
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run(command) == 1
    assert "pip install 'open-dalle[cluster]'" in capsys.readouterr().err


def test_shards_that_no_worker_made_are_an_error(
    tmp_path: Path, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = EncodingConfig(
        data=str(folders / "data"), out=str(tmp_path), tokenizer=str(folders / "tokenizer")
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(cluster_encoding, "connected", threading.Lock)
    monkeypatch.setattr(cluster_encoding, "_made", lambda config, numbers, workers: iter(()))
    with pytest.raises(ValueError, match="1 shards could not be made; the same command goes on"):
        cluster_encoding.encode_on_cluster(config, on_shard=print, workers=2)
    assert Encoding(config).is_missing(0)
