"""Compiled libraries: nobody else's run, damaged ones are made again, bad folders are passed by."""

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dall_e.nn.cpu import library_cache
from dall_e.nn.cpu.library_cache import load_cached


class Compiler:
    """Makes a "library" and counts how often."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, work: Path) -> Path:
        self.runs += 1
        (work / "made.so").write_bytes(b"library")
        return work / "made.so"


@pytest.fixture
def compiler() -> Compiler:
    return Compiler()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is tried first; loading gives name and content instead of a library."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(ctypes, "CDLL", lambda path: (Path(path), Path(path).read_bytes()))
    return tmp_path / "cache" / "dall_e"


def test_a_library_is_compiled_once(cache: Path, compiler: Compiler) -> None:
    for _ in range(2):
        path, content = load_cached("kernels-a", compiler)
        assert path.parent == cache and content == b"library"
    assert compiler.runs == 1 and os.listdir(cache) == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600
    load_cached("kernels-b", compiler)
    assert compiler.runs == 2


def _flipped(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


@pytest.mark.parametrize("damage", [lambda _: b"", lambda content: content[:3], _flipped])
def test_fault_reliability_05_a_damaged_library_is_made_again(
    cache: Path, compiler: Compiler, damage: Callable[[bytes], bytes]
) -> None:
    path, _ = load_cached("kernels-a", compiler)
    path.write_bytes(damage(path.read_bytes()))
    assert load_cached("kernels-a", compiler) == (path, b"library")
    assert compiler.runs == 2


def test_fault_reliability_05_content_is_on_the_disk_before_it_is_renamed(
    cache: Path, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *given, name=name, real=real: calls.append(name) or real(*given)
        )
    load_cached("kernels-a", compiler)
    assert calls == ["fsync", "replace"]


def _folder_for_all(cache: Path, path: Path) -> None:
    cache.chmod(0o777)


def _file_for_the_group(cache: Path, path: Path) -> None:
    path.chmod(0o660)


def _linked_folder(cache: Path, path: Path) -> None:
    cache.rename(cache.with_name("planted"))
    cache.symlink_to("planted")


def _linked_file(cache: Path, path: Path) -> None:
    path.rename(cache.parent / "planted.so")
    path.symlink_to(cache.parent / "planted.so")


def _second_name(cache: Path, path: Path) -> None:
    os.link(path, cache.parent / "planted.so")


def _pipe(cache: Path, path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    "plant",
    [_folder_for_all, _file_for_the_group, _linked_folder, _linked_file, _second_name, _pipe],
)
def test_fault_reliability_02_nothing_planted_is_loaded(
    cache: Path, compiler: Compiler, plant: Callable[[Path, Path], None]
) -> None:
    path, _ = load_cached("kernels-a", compiler)
    plant(cache, path)
    elsewhere, content = load_cached("kernels-a", compiler)
    assert content == b"library"
    assert elsewhere.parent == cache.parents[1] / "tmp" / f"dall_e-{os.getuid()}"


def test_fault_reliability_02_what_belongs_to_somebody_else_is_not_loaded(
    cache: Path, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = load_cached("kernels-a", compiler)
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        library_cache._is_whole(path)


def test_fault_reliability_06_a_folder_to_run_nothing_from_is_passed_by(
    cache: Path, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(path: str) -> Path:
        if Path(path).parent == cache:
            raise OSError(f"{path}: failed to map segment from shared object")
        return Path(path)

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert load_cached("kernels-a", compiler).parent.name == f"dall_e-{os.getuid()}"
    assert compiler.runs == 1


@pytest.mark.parametrize("number", [13, 28, 30])
def test_fault_reliability_06_full_and_read_only_folders_end_in_a_private_one(
    cache: Path, compiler: Compiler, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", fail)
    path, content = load_cached("kernels-a", compiler)
    assert path.name == "private.so" and content == b"library" and not path.exists()

    # And without even that, every folder has its reason.
    monkeypatch.setattr(tempfile, "mkdtemp", fail)
    with pytest.raises(OSError, match=f"{os.strerror(number)}; .*a private folder: "):
        load_cached("kernels-a", compiler)


def test_fault_use_10_no_home_and_no_name(
    cache: Path, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", path)
        monkeypatch.setattr(os.path, "expanduser", lambda path: path)
        assert load_cached("kernels-a", compiler)[0].parent.name == f"dall_e-{os.getuid()}"


def test_a_compiler_that_fails_is_what_is_told(cache: Path) -> None:
    def fail(work: Path) -> Path:
        raise subprocess.CalledProcessError(1, "cc", stderr="error: no")

    with pytest.raises(subprocess.CalledProcessError):
        load_cached("kernels-a", fail)
    assert not list(cache.iterdir())
