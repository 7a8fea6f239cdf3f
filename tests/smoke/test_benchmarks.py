"""Each benchmark makes its table, on the smallest model; how fast it is, is for people to read."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

Rows = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Rows:
    """Runs one benchmark in this process, and returns its rows by their first column."""
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.__main__ import app

    def run(name: str, *flags: str) -> dict[str, dict[str, Any]]:
        out = tmp_path / "result.json"
        assert not app([name, "--out", str(out), *flags], standalone_mode=False)
        printed = capsys.readouterr().out
        result = json.loads(out.read_text(encoding="utf-8"))
        assert result["benchmark"] == name and result["machine"]["cores"] >= 1
        assert printed.startswith(f"{name}: cpu ")
        assert all(row["what"] in printed for row in result["rows"])
        return {row["what"]: row for row in result["rows"]}

    return run


def test_drawing(tiny_folder: Path, rows: Rows) -> None:
    flags = ["--rounds=1", "--no-warm", "--steps=2", f"--model={tiny_folder}"]
    found = rows("drawing", *flags)
    limited = {what for what, row in found.items() if row.get("limit") is not None}
    assert len(limited) == 5 and all(found[what]["median"] for what in found)
    assert found["import dall_e imports torch"]["median"] == "False"


def test_matmul(rows: Rows) -> None:
    flags = ["--sizes=64", "--rounds=2", "--copy-mib=1", "--device=cpu"]
    found = rows("matmul", *flags)
    assert len(found) == 3
    assert all(row["least"] <= row["median"] <= row["most"] for row in found.values())


def test_training(rows: Rows) -> None:
    flags = ["--presets=tiny", "--batch-size=2", "--windows=1", "--device=cpu", "--no-beside"]
    found = rows("training", *flags)
    names = ["tiny tokenizer", "tiny tokenizer and discriminator", "tiny generator"]
    assert list(found)[1:] == names
    assert all(found[name]["fraction"] > 0 and found[name]["gflop_picture"] > 0 for name in names)
    assert found[names[1]]["gflop_picture"] > found[names[0]]["gflop_picture"]


def test_peers(tmp_path: Path, rows: Rows) -> None:
    flags = ["--rows=llamagen-b,mindalle", "--tiny", "--tokens=3", "--rounds=2", "--device=cpu"]
    found = list(rows("peers", *flags).items())
    assert len(found) == 2 + 3 + 2
    for _, row in found[2:]:
        assert row["least"] <= row["median"] <= row["most"]
        assert row["floor"] > 0 and row["fraction"] > 0
    # Ours has a ratio to theirs where there are both.
    assert ["ratio" in row for _, row in found[2:]] == [False, True, True, False, False]
    assert all(what.endswith("from 3 of 256 tokens") for what, _ in found[2:])
    assert (tmp_path / "result.svg").read_text(encoding="utf-8").count("<rect") == 6


def test_scaling(tiny_folder: Path, tmp_path: Path, rows: Rows) -> None:
    flags = [f"--model={tiny_folder}", "--batches=1,2", "--steps=2,99", "--rounds=1"]
    found = rows("scaling", *flags, "--device=cpu", "--read-mib=4")
    names = ["1 x 2 steps", "2 x 2 steps", "1 x 64 steps", "2 x 64 steps"]
    assert list(found)[2:] == names
    assert all(found[name]["pictures_s"] > 0 and found[name]["fraction"] > 0 for name in names)
    assert (tmp_path / "result.svg").is_file()


def test_serve_and_soak(tiny_folder: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, both with one server in a process of its own."""
    from benchmarks.server_process import serving

    with serving(str(tiny_folder)) as server:
        for name in ("serve", "soak"):
            monkeypatch.setattr(f"benchmarks.{name}.serving", lambda *_: nullcontext(server))
        found = rows("serve", f"--model={tiny_folder}", "--clients=1,3", "--seconds=0.5")
        assert found["1 clients"]["times_first"] == 1 and found["3 clients"]["pictures"] >= 3
        assert found["3 clients"]["processor_s"] > 0 or sys.platform != "linux"
        assert found["3 clients"]["p99"] >= found["3 clients"]["p95"] > 0
        found = rows("soak", f"--model={tiny_folder}", "--minutes=0.1", "--drawers=2")

    assert found["pictures drawn again and compared"]["wrong"] == 0
    assert found["pictures of somebody else"]["count"] == 0
    assert found["nonsense not answered by 4xx"]["count"] == 0
    assert found["damaged pictures answered by 5xx"]["count"] == 0
    assert found["pictures"]["count"] > 2 and found["requests that hung up"]["count"]
