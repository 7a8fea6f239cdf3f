"""Pictures are counted as they are loaded, and no more of them than it takes."""

import json
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from dall_e.data import datasets
from dall_e.data.counting import count_up_to
from dall_e.data.datasets import load_records


def folder_of(root: Path, free: int, split: dict[str, int]) -> Path:
    """Pictures without a split, and so many with each."""
    names = [""] * free + [name for name, count in split.items() for _ in range(count)]
    for number, name in enumerate(names):
        (root / f"{number:04d}.png").write_bytes(b"is not read")
        said: dict[str, Any] = {"text": f"thing {number}", **({"split": name} if name else {})}
        (root / f"{number:04d}.json").write_text(json.dumps(said))
    return root


@pytest.mark.parametrize("most", [1, 5, 18, 19, 20, 1000])
@pytest.mark.parametrize(
    ("free", "split"),
    [(0, {}), (3, {}), (19, {}), (20, {}), (45, {}), (0, {"train": 6, "val": 4}),
     (0, {"val": 4}), (7, {"train": 2, "val": 3, "test": 1}), (30, {"train": 9})],
)  # fmt: skip
def test_as_many_are_counted_as_are_loaded(
    free: int, split: dict[str, int], most: int, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, free, split)
    assert bool(load_records(folder)) == bool(free + split.get("train", 0))
    assert count_up_to(folder, most) == min(len(load_records(folder)), most + 1)


def test_those_that_are_more_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path, 300, {})
    with tarfile.open(folder / "more.tar", "w") as tar:
        info = tarfile.TarInfo("cat.png")
        tar.addfile(info, BytesIO())
    read: list[str] = []
    make: Any = vars(datasets)["record_of"]

    def reading(*arguments: Any) -> Any:
        read.append(arguments[1])
        return make(*arguments)

    monkeypatch.setattr(datasets, "record_of", reading)
    assert count_up_to(folder, 100) == 101
    assert 101 <= len(read) < 110
    assert count_up_to(folder, 1000) == len(load_records(folder)) == 286


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no folder"):
        count_up_to(tmp_path / "none", 5)
