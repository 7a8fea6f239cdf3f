"""Files of others are read up to a limit, and every fault comes out as one kind of error."""

from pathlib import Path

import pytest

from dall_e.bounded_files import naming, read_bytes, read_json, read_table, read_text
from dall_e.errors import UnusableFileError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RecursionError("maximum recursion depth"), "it is nested too deeply"),
        (MemoryError(), "it asks for more memory than there is"),
        (KeyError("size"), "it has no entry 'size'"),
        (NotImplementedError(), "NotImplementedError"),
        (ValueError("a\nb"), "a b"),
        (OSError(22, "Invalid argument"), "Invalid argument"),
    ],
)
def test_whatever_is_raised_names_the_file(error: Exception, said: str) -> None:
    with pytest.raises(UnusableFileError) as caught, naming("a.bin", "it is damaged", "get it"):
        raise error
    assert caught.value.path == "a.bin" and said in caught.value.why
    assert str(caught.value).startswith("a.bin: it is damaged: ") and caught.value.mend == "get it"


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "no", "x"), PermissionError(13, "no", "x"), ImportError("tool")]
)
def test_what_is_not_about_the_content_stays(error: Exception) -> None:
    with pytest.raises(type(error)), naming("a.bin", "it is damaged"):
        raise error


def test_a_limit_is_named_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UnusableFileError, match="has 1099511627776 bytes, .* 4194304 are read"):
        read_json(path)


def test_text_and_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}')
    assert read_text(path, 100) == '{"a": 1}' and read_table(path) == {"a": 1}
    for content, said in (
        (b"", "it is empty"),
        (b"\xff\xfe\xff", "no text in UTF-8|malformed JSON"),
        (b"[" * 200_000, "malformed JSON: it is nested too deeply"),
        (b"[1]", "it holds a list, not settings by name"),
        (b"1" * 5000, "malformed JSON"),
    ):
        path.write_bytes(content)
        with pytest.raises(UnusableFileError, match=said):
            read_table(path)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"GGUF\3\0", "in GGUF"),
    ],
)
def test_fault_use_15_another_kind_of_file_is_named(tmp_path: Path, head: bytes, said: str) -> None:
    (tmp_path / "a.bin").write_bytes(head)
    with pytest.raises(UnusableFileError, match=said):
        read_bytes(tmp_path / "a.bin", 1000)
