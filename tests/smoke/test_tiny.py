"""The newcomer's tour at toy scale, by the script that `make tiny` runs."""

import json
import os
import subprocess
from pathlib import Path

from dall_e.data.datasets import load_images
from dall_e.images.files import read_metadata

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "examples" / "tiny_pictures"


def test_the_tour_runs(program: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "TINY_OUT": str(tmp_path / "runs"),
        "TINY_SHEET": str(tmp_path / "sheet.png"),
    }
    result = subprocess.run(
        ["sh", str(ROOT / "runs" / "tiny.sh"), "32", "32"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == str(tmp_path / "sheet.png")
    for stage in ("tokenizer", "generator"):
        folder = tmp_path / "runs" / stage
        lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        assert max(json.loads(line)["images_seen"] for line in lines) == 32
        assert list((folder / "samples").glob("*.png"))
    about = read_metadata(tmp_path / "sheet.png")
    assert about["model"] == "tiny"
    assert json.loads(about["grid_prompts"]).count("一只猫") == 4


def test_fault_training_06_the_tour_has_no_time_limit() -> None:
    # On a busy machine a limit of minutes ended it at 3 %, and it drew noise.
    assert "minutes " not in (ROOT / "runs" / "tiny.sh").read_text().partition("set -eu")[2]


def test_the_small_picture_set() -> None:
    files = [path for path in IMAGES.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 2**20
    train, val = load_images(IMAGES, 32), load_images(IMAGES, 32, "val")
    assert (len(train), len(val), train.skipped, val.skipped) == (192, 48, [], [])
    assert {record["licence"] for record in train.records + val.records} == {"MIT", "Apache-2.0"}
    # Each thing is held out in one style and trained on in the four others.
    assert {record["en"] for record in val.records} == {record["en"] for record in train.records}
    attribution = (IMAGES / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert all(record["source"] in attribution for record in train.records)
