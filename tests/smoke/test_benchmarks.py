"""Each benchmark makes its table, on the smallest model; how fast it is, is for people to read."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def rows(name: str, folder: Path, *flags: str) -> dict[str, dict[str, Any]]:
    """Run one benchmark, and return its rows by their first column."""
    out = folder / "result.json"
    command = [sys.executable, "-m", "benchmarks", name, "--out", str(out), *flags]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, check=False, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["benchmark"] == name and result["machine"]["cores"] >= 1
    assert done.stdout.startswith(f"{name}: cpu ")
    assert all(row["what"] in done.stdout for row in result["rows"])
    return {row["what"]: row for row in result["rows"]}


def test_drawing(tiny_folder: Path, tmp_path: Path) -> None:
    flags = ["--rounds=1", "--no-warm", "--steps=2", f"--model={tiny_folder}"]
    found = rows("drawing", tmp_path, *flags)
    limited = {what for what, row in found.items() if row.get("limit") is not None}
    assert len(limited) == 5 and all(found[what]["median"] for what in found)
    assert found["import dall_e imports torch"]["median"] == "False"


def test_matmul(tmp_path: Path) -> None:
    flags = ["--sizes=64", "--rounds=2", "--copy-mib=1", "--device=cpu"]
    found = rows("matmul", tmp_path, *flags)
    assert len(found) == 3
    assert all(row["least"] <= row["median"] <= row["most"] for row in found.values())


def test_training(tmp_path: Path) -> None:
    flags = ["--presets=tiny", "--batch-size=2", "--windows=1", "--device=cpu"]
    found = rows("training", tmp_path, *flags)
    names = ["tiny tokenizer", "tiny tokenizer and discriminator", "tiny generator"]
    assert list(found)[1:] == names
    assert all(found[name]["fraction"] > 0 and found[name]["gflop_picture"] > 0 for name in names)
    assert found[names[1]]["gflop_picture"] > found[names[0]]["gflop_picture"]


def test_peers(tmp_path: Path) -> None:
    flags = ["--rows=llamagen-b,mindalle", "--tiny", "--tokens=3", "--rounds=2", "--device=cpu"]
    found = list(rows("peers", tmp_path, *flags).items())
    assert len(found) == 2 + 3 + 2
    for _, row in found[2:]:
        assert row["least"] <= row["median"] <= row["most"]
        assert row["floor"] > 0 and row["fraction"] > 0
    # Ours has a ratio to theirs where there are both.
    assert ["ratio" in row for _, row in found[2:]] == [False, True, True, False, False]
    assert all(what.endswith("from 3 of 256 tokens") for what, _ in found[2:])
    assert (tmp_path / "result.svg").read_text(encoding="utf-8").count("<rect") == 6


def test_scaling(tiny_folder: Path, tmp_path: Path) -> None:
    flags = [f"--model={tiny_folder}", "--batches=1,2", "--steps=2,99", "--rounds=1"]
    found = rows("scaling", tmp_path, *flags, "--device=cpu", "--read-mib=4")
    names = ["1 x 2 steps", "2 x 2 steps", "1 x 64 steps", "2 x 64 steps"]
    assert list(found)[2:] == names
    assert all(found[name]["pictures_s"] > 0 and found[name]["fraction"] > 0 for name in names)
    assert (tmp_path / "result.svg").is_file()
