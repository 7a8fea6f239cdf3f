"""Archives: taken from the cache, read without unpacking, and clear words when they cannot be
had."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from dall_e.data.build import packages
from dall_e.errors import UnusableFileError


def tar_bytes(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def ar_member(name: str, content: bytes) -> bytes:
    head = f"{name:16s}{0:<12d}{0:<6d}{0:<6d}{'100644':8s}{len(content):<10d}`\n".encode()
    return head + content + b"\n" * (len(content) % 2)


def test_a_debian_archive_is_read_without_dpkg(tmp_path: Path) -> None:
    data = lzma.compress(tar_bytes({"./usr/a.svg": b"<svg/>", "./etc/b": b"no"}))
    archive = tmp_path / "a.deb"
    archive.write_bytes(
        b"!<arch>\n" + ar_member("debian-binary", b"2.0") + ar_member("data.tar.xz", data)
    )
    assert packages.read_deb(archive, ("usr/",)) == {"usr/a.svg": b"<svg/>"}
    archive.write_bytes(b"something else")
    with pytest.raises(ValueError, match="delete it"):
        packages.read_deb(archive, ("usr/",))


def test_a_damaged_npm_archive_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(b"\x1f\x8b cut off")
    with pytest.raises(ValueError, match="delete it"):
        packages.read_npm(tmp_path / "a.tgz", ("",))


def test_a_cached_package_needs_no_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scope-name-1.0.tgz").write_bytes(b"x")
    monkeypatch.setenv("PATH", "")
    assert packages.fetch("npm", "@scope/name", "1.0", tmp_path).name == "scope-name-1.0.tgz"
    with pytest.raises(packages.PackageUnavailable, match="npm is not installed"):
        packages.fetch("npm", "@scope/other", "1.0", tmp_path)


def test_a_failed_fetch_is_clear_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "bin" / "npm"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho no route to host >&2\nexit 7\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/bin:/usr/bin")
    with pytest.raises(packages.PackageUnavailable, match="no route to host"):
        packages.fetch("npm", "name", "1.0", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_archive_appears_whole_under_its_final_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "bin" / "npm"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho content > "whatever-$4.tgz"\n'.replace("$4", "1.0"))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/bin:/usr/bin")
    archive = packages.fetch("npm", "name", "1.0", tmp_path / "cache")
    assert archive.read_bytes() == b"content\n" and [
        path.name for path in archive.parent.iterdir()
    ] == ["name-1.0.tgz"]


def deb(*members: tuple[str, bytes]) -> bytes:
    return b"!<arch>\n" + b"".join(ar_member(name, content) for name, content in members)


def test_fault_reliability_10_a_part_of_negative_size(tmp_path: Path) -> None:
    archive = tmp_path / "a.deb"
    content = deb(("debian-binary", b"2.0"), ("data.tar.xz", b"x"))
    for size in (b"-60       ", b"0x9       ", b"9999999999", b"\xff" * 10):
        archive.write_bytes(content.replace(b"3         `", size + b"`"))
        with pytest.raises(UnusableFileError, match="a part has the size .*; delete it"):
            packages.read_deb(archive, ("usr/",))


def test_fault_reliability_04_an_archive_that_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "SMALL_ARCHIVE", 1 << 20)
    archive = tmp_path / "a.deb"
    tar = tar_bytes({"usr/a.svg": bytes(3 << 20)})
    for packed in (lzma.compress(tar), gzip.compress(tar), bz2.compress(tar)):
        archive.write_bytes(deb(("data.tar.xz", packed)))
        with pytest.raises(UnusableFileError, match="unpacked it has more than .* bytes"):
            packages.read_deb(archive, ("usr/",))
    # Also where nothing of it is wanted.
    with pytest.raises(UnusableFileError, match="unpacked it has more than"):
        packages.read_deb(archive, ("etc/",))
    monkeypatch.setattr(packages, "SMALL_ARCHIVE", 8 << 20)
    assert len(packages.read_deb(archive, ("usr/",))["usr/a.svg"]) == 3 << 20
    monkeypatch.setattr(packages, "MOST_KEPT", 1 << 20)
    with pytest.raises(UnusableFileError, match="its files have more than 1048576 bytes"):
        packages.read_deb(archive, ("usr/",))


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress, bz2.compress])
def test_fault_reliability_10_a_damaged_archive_is_named(tmp_path: Path, pack: Any) -> None:
    files = {f"usr/{number}": os.urandom(3000) for number in range(9)}
    packed = pack(tar_bytes(files))
    archive = tmp_path / "a.deb"
    archive.write_bytes(deb(("data.tar.xz", packed)))
    assert packages.read_deb(archive, ("usr/",)) == files
    for spoilt in (packed[:-2000], packed[:9000] + b"????" + packed[9004:], b"zstd" + packed):
        archive.write_bytes(deb(("data.tar.xz", spoilt)))
        with pytest.raises(UnusableFileError, match="is damaged: .*; delete it"):
            packages.read_deb(archive, ("usr/",))
