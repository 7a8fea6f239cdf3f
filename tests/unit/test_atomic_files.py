"""Files are replaced whole or not at all, whatever happens in the middle."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dall_e import atomic_files
from dall_e.atomic_files import (
    check_writable,
    remove_leftovers,
    replace_bytes,
    replace_files,
    replace_text,
    write_atomically,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(b"old")
    return tmp_path / "a.bin"


def content_of_folder(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def test_the_new_content_takes_the_place_of_the_old(path: Path) -> None:
    replace_bytes(path, b"new")
    assert content_of_folder(path) == {"a.bin": b"new"}
    replace_text(path, "a 猫\n")
    assert content_of_folder(path) == {"a.bin": "a 猫\n".encode()}


def test_nothing_is_seen_before_the_end(path: Path) -> None:
    with write_atomically(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_in_the_middle_keeps_the_old_file(path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), write_atomically(path) as file:
        file.write(b"half of the new")
        raise error
    assert content_of_folder(path) == {"a.bin": b"old"}


def test_a_full_disk_keeps_the_old_file(path: Path, full_disk: Callable[[str], None]) -> None:
    full_disk(path.name)
    with pytest.raises(OSError, match="No space left on device"):
        replace_bytes(path, b"new")
    assert content_of_folder(path) == {"a.bin": b"old"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_step_keeps_the_old_file(
    path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space left on device"):
        replace_bytes(path, b"new")
    assert content_of_folder(path) == {"a.bin": b"old"}


def test_content_is_on_the_disk_before_it_is_renamed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, bytes]] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda number: calls.append(("fsync", os.pread(number, 9, 0))) or fsync(number)
    )
    monkeypatch.setattr(
        os, "replace", lambda *names: calls.append(("replace", b"")) or replace(*names)
    )
    replace_bytes(path, b"new")
    assert calls == [("fsync", b"new"), ("replace", b"")]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_is_honoured(path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        replace_bytes(path, b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_of_several_writers_one_wins_whole(path: Path) -> None:
    contents = [bytes([65 + writer]) * 200_000 for writer in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            list(threads.map(lambda content: replace_bytes(path, content), contents))
            assert path.read_bytes() in contents
    assert os.listdir(path.parent) == ["a.bin"]


def test_writers_that_overlap_do_not_share_a_file(path: Path) -> None:
    with write_atomically(path) as early:
        early.write(b"early, ")
        replace_bytes(path, b"between")
        early.write(b"yet last")
    assert content_of_folder(path) == {"a.bin": b"early, yet last"}


def test_several_files_are_replaced_together_or_not_at_all(path: Path) -> None:
    other = path.with_name("b.bin")
    with replace_files(path, other) as written:
        for number, temporary in enumerate(written):
            temporary.write_bytes(b"%d" % number)
        assert path.read_bytes() == b"old" and not other.exists()
    assert content_of_folder(path) == {"a.bin": b"0", "b.bin": b"1"}

    with pytest.raises(ValueError), replace_files(path, other) as (first, _):
        first.write_bytes(b"new")
        raise ValueError
    assert content_of_folder(path) == {"a.bin": b"0", "b.bin": b"1"}


def test_a_link_is_not_written_through(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_files.secrets, "token_hex", lambda _: "x")
    (path.parent / ".a.bin.x.part").symlink_to(path.parent / "b.bin")
    with pytest.raises(FileExistsError):
        replace_bytes(path, b"new")
    assert path.read_bytes() == b"old" and not (path.parent / "b.bin").exists()


def test_a_folder_that_is_not_there_is_named_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none/a\.bin'$"):
        replace_bytes(tmp_path / "none" / "a.bin", b"new")


def test_fault_use_06_a_link_is_followed(path: Path) -> None:
    link = path.with_name("link.bin")
    for target in ("a.bin", "new.bin"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        replace_bytes(link, b"new")
        assert link.is_symlink() and path.with_name(target).read_bytes() == b"new"


def test_fault_use_06_a_read_only_file_is_left_alone(path: Path) -> None:
    path.chmod(0o444)
    for write in (lambda: replace_bytes(path, b"new"), lambda: check_writable(path)):
        with pytest.raises(PermissionError, match="the file is read-only; make it writable"):
            write()
    assert content_of_folder(path) == {"a.bin": b"old"}


def test_fault_use_06_no_mode_is_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(os, "fchmod", refuse)
    replace_bytes(path, b"new")
    assert path.read_bytes() == b"new"


def test_devices_and_pipes_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "null").symlink_to("/dev/null")
    os.mkfifo(tmp_path / "pipe")
    for name in ("null", "pipe"):
        with pytest.raises(OSError, match=f"not a regular file: .*{name}"):
            replace_bytes(tmp_path / name, b"new")
    with pytest.raises(IsADirectoryError):
        replace_bytes(tmp_path, b"new")


def test_without_overwriting_the_first_writer_wins(path: Path) -> None:
    with pytest.raises(FileExistsError):
        replace_bytes(path, b"new", overwrite=False)
    other = path.with_name("b.bin")
    with pytest.raises(FileExistsError), write_atomically(other, overwrite=False) as late:
        late.write(b"late")
        replace_bytes(other, b"early", overwrite=False)
    assert content_of_folder(path) == {"a.bin": b"old", "b.bin": b"early"}


def test_a_failing_rename_leaves_no_claim(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match=r"No space left on device: .*b\.bin"):
        replace_bytes(path.with_name("b.bin"), b"new", overwrite=False)
    assert content_of_folder(path) == {"a.bin": b"old"}


def test_fault_reliability_10_a_full_disk_is_told_with_the_path(
    path: Path, full_disk: Callable[[str], None]
) -> None:
    full_disk(path.name)
    with pytest.raises(OSError, match=r"No space left on device: .*a\.bin'"):
        replace_bytes(path, b"new")


def test_leftovers_of_killed_writers_are_removed_and_nothing_else(path: Path) -> None:
    kept = {"a.bin", "half.part", ".hidden.part", ".a.bin.0123456.part", "b.01234567.part"}
    for name in (*kept - {"a.bin"}, ".a.bin.01234567.part", ".b.c.89abcdef.part"):
        (path.parent / name).write_bytes(b"half")
    remove_leftovers(path.parent)
    assert set(content_of_folder(path)) == kept
