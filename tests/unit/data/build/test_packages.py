"""Archives: taken from the cache, read without unpacking, and clear words when they cannot be
had."""

import io
import lzma
import tarfile
from pathlib import Path

import pytest

from dall_e.data.build import packages


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
