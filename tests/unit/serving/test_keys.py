"""The file of keys."""

from pathlib import Path

import pytest

from dall_e.errors import UnusableFileError
from dall_e.serving.keys import KeyFile


def test_a_key_is_made_found_and_forgotten(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "new folder" / "keys.json")
    assert keys.keys == () and keys.owner_of("dalle-x") is None
    first, second = keys.add("alice"), keys.add("鲍勃")
    assert first != second and len(first) > 40
    again = KeyFile(keys.path)
    assert [again.owner_of(key) for key in (first, second)] == ["alice", "鲍勃"]
    again.revoke("alice")
    assert keys.owner_of(first) is None and keys.owner_of(second) == "鲍勃"


def test_names_are_checked(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    keys.add("alice")
    with pytest.raises(ValueError, match="has a key already"):
        keys.add("alice ")
    for name in ("", " ", "a\nb", "x" * 65):
        with pytest.raises(ValueError, match="1 to 64 printable"):
            keys.add(name)
    with pytest.raises(ValueError, match="'bob' has no key; these have one: alice"):
        keys.revoke("bob")


@pytest.mark.parametrize("text", ["[]", "{", '{"keys": [1]}', '{"keys": [{"name": "a"}]}'])
def test_another_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(UnusableFileError, match=r"keys\.json"):
        print(KeyFile(path).keys)
