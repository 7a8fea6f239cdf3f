"""Names become folders, aliases warn, misspellings get a suggestion."""

from pathlib import Path

import pytest

from dall_e import list_models
from dall_e.checkpoints import zoo


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(zoo, "_built_in_folder", lambda: tmp_path)
    return tmp_path


def test_the_built_in_name(weights: Path, recwarn: pytest.WarningsRecorder) -> None:
    assert zoo.find_model("dall-e-emoji") == weights
    assert not recwarn.list


def test_the_alias_warns_in_one_sentence(weights: Path) -> None:
    with pytest.warns(UserWarning, match="OpenAI never published.*'openai/dall-e' loads 'dall-e-emoji'") as caught:
        assert zoo.find_model("openai/dall-e") == weights
    (warning,) = caught
    assert "`dall-e models` lists" in str(warning.message) and str(warning.message).count(". ") == 0


def test_a_folder(tmp_path: Path) -> None:
    assert zoo.find_model(str(tmp_path)) == tmp_path == zoo.find_model(tmp_path)


@pytest.mark.parametrize(
    ("name", "guess"),
    [("dall-e-emojy", "'dall-e-emoji'"), ("DALL-E-emoji", "'dall-e-emoji'"), ("openai/dalle", "'openai/dall-e'")],
)
def test_the_nearest_name_is_suggested(name: str, guess: str) -> None:
    with pytest.raises(ValueError, match=f"unknown model .* Did you mean {guess}"):
        zoo.find_model(name)


def test_a_far_name_gets_the_list() -> None:
    with pytest.raises(ValueError, match=r"neither a known name nor a folder. Known: dall-e-emoji, openai/dall-e"):
        zoo.find_model("zzz")


def test_paths_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", f"{tmp_path}/none", "./none"):
        with pytest.raises(FileNotFoundError, match="there is no model folder"):
            zoo.find_model(path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        zoo.find_model(tmp_path / "file")


def test_nothing_is_claimed_that_does_not_load() -> None:
    names = [model.name for model in list_models()]
    assert names[0] == "dall-e-emoji" and len(set(names)) == len(names)
    assert [model.name for model in list_models() if model.built_in] == ["dall-e-emoji"]
