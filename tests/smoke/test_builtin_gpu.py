"""The run on a rented GPU, rehearsed in small on the CPU."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dall_e.checkpoints.store import load_model
from dall_e.images.files import read_metadata

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "runs" / "builtin_gpu.sh"

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("bash", "timeout", "sha256sum", "split")),
    reason="the script needs bash and GNU coreutils",
)


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **settings}
    return subprocess.run(
        ["bash", str(SCRIPT), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_rehearsal_runs(program: Path, tmp_path: Path) -> None:
    settings = {"DALLE": str(program), "REHEARSAL": str(tmp_path), "REHEARSAL_IMAGES": "32"}
    result = run("rehearse", **settings)
    assert result.returncode == 0, result.stderr
    assert "all is done" in result.stdout
    for stage in ("tokenizer", "generator", "adversarial"):
        lines = (
            (tmp_path / "joined" / stage / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        )
        assert json.loads(lines[-1])["images_seen"] == 32
    there, here = (
        tmp_path / "model" / "model.safetensors",
        tmp_path / "joined" / "model" / "model.safetensors",
    )
    assert there.read_bytes() == here.read_bytes()
    sha256 = load_model(tmp_path / "joined" / "model").sha256
    assert read_metadata(tmp_path / "apple.png")["weights_sha256"] == sha256


def test_parts_are_checked_before_they_are_joined(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "part-aa").write_bytes(b"cut short")
    digest = hashlib.sha256(b"as it was").hexdigest()
    (parts / "SHA256SUMS").write_text(f"{digest}  part-aa\n", encoding="ascii")
    result = run("join", str(parts), RUN=str(tmp_path / "joined"))
    assert result.returncode != 0 and "part-aa: FAILED" in result.stdout
    assert not (tmp_path / "joined").exists()


def test_without_time_it_says_so_and_asks_to_be_run_again(tmp_path: Path) -> None:
    result = run("go", RUN=str(tmp_path), LIMIT="1")
    assert result.returncode == 75, "not wrong, but not done either"
    assert (
        "no time left for the tokenizer" in result.stderr
        and "run the same command again" in result.stdout
    )


def test_without_a_step_it_explains_itself() -> None:
    result = run()
    assert result.returncode == 2 and "rehearse" in result.stdout
