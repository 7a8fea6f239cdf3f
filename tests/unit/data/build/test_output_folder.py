"""The output folder: whole or not there, and an older one stays until then."""

from pathlib import Path

import pytest

from dall_e.data.build.output_folder import complete_or_absent


def test_a_finished_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    out = tmp_path / "set"
    for content in ("first", "second"):
        with complete_or_absent(out) as partial:
            (partial / "report.json").write_text(content)
        assert [path.name for path in out.iterdir()] == ["report.json"]
        assert (out / "report.json").read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_after_an_error_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space.* while writing .*set.partial: free some space"):
        with complete_or_absent(tmp_path / "set"):
            raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


def test_fault_use_06_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "set"
    link.symlink_to(tmp_path / "disk" / "set")
    for content in ("first", "second"):
        with complete_or_absent(link) as partial:
            (partial / "report.json").write_text(content)
        assert link.is_symlink()
        assert (tmp_path / "disk" / "set" / "report.json").read_text() == content
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["set"]
