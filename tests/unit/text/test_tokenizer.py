"""Any string encodes, the two languages share one tokenizer, and what does not fit is reported."""

from collections.abc import Callable

import pytest

from dall_e.text.tokenizer import END_ID, PAD_ID, START_ID, TextTokenizer

CAPTIONS = [
    "a white cat",
    "a black cat",
    "cat face",
    "two red apples",
    "a red apple, flat emoji style",
    "flat emoji style",
    "一只白色的猫",
    "黑猫",
    "红苹果",
    "苹果,扁平风格",
    "白色的苹果",
] * 4


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return TextTokenizer.train(CAPTIONS, 400)


ANY = [
    "a white cat",
    "一只白色的猫",
    "",
    "ß ﬁ Ünïcode 👩‍🚀 \x00",
    "\ud800 lone",
    "<end> <pad>",
    "مرحبا",
    "  \n\t ",
]


@pytest.mark.parametrize("prompt", ANY)
def test_any_string_encodes(tokenizer: TextTokenizer, prompt: str) -> None:
    encoded = tokenizer.encode([prompt], 64)
    (ids,) = encoded.ids_BL.tolist()
    end = ids.index(END_ID)
    assert ids[0] == START_ID
    assert all(item > END_ID for item in ids[1:end])
    assert all(item == PAD_ID for item in ids[end + 1 :])
    assert encoded.dropped == [""]


def test_round_trip(tokenizer: TextTokenizer) -> None:
    encoded = tokenizer.encode(["A  White CAT, 3!", "一只白色的 猫"], 40)
    assert tokenizer.decode(encoded.ids_BL[0].tolist()) == "a white cat, 3!"
    assert tokenizer.decode(encoded.ids_BL[1].tolist()) == "一只白色的猫"


def test_the_empty_prompt_is_two_marks(tokenizer: TextTokenizer) -> None:
    assert tokenizer.encode([""], 5).ids_BL.tolist() == [[START_ID, END_ID, PAD_ID, PAD_ID, PAD_ID]]


def test_a_word_has_one_spelling_wherever_it_stands(tokenizer: TextTokenizer) -> None:
    first, later = tokenizer.encode(["cat face", "white cat"], 8).ids_BL.tolist()
    assert first[1] == later[later.index(END_ID) - 1]
    white_cat, black_cat, alone = tokenizer.encode(["白猫", "cat 猫", "猫"], 12).ids_BL.tolist()
    cat = alone[1 : alone.index(END_ID)]
    for ids in (white_cat, black_cat):
        assert ids[ids.index(END_ID) - len(cat) : ids.index(END_ID)] == cat


def test_what_does_not_fit_is_dropped_in_whole_words(tokenizer: TextTokenizer) -> None:
    encoded = tokenizer.encode(["a white cat, a Black  giraffe and more", "猫猫猫猫猫"], 6)
    kept = tokenizer.decode(encoded.ids_BL[0].tolist())
    assert encoded.ids_BL[0].tolist()[-1] in (END_ID, PAD_ID)
    assert "a white cat".startswith(kept) or kept.startswith("a white cat")
    assert encoded.dropped[0].endswith("giraffe and more")
    assert encoded.dropped[1] and set(encoded.dropped[1]) == {"猫"}


def test_one_endless_word_is_cut_inside(tokenizer: TextTokenizer) -> None:
    encoded = tokenizer.encode(["x" * 10_000], 8)
    assert (encoded.ids_BL != PAD_ID).all()
    assert set(encoded.dropped[0]) == {"x"}


def test_training_is_deterministic_and_survives_saving(tokenizer: TextTokenizer, tmp_path) -> None:
    assert TextTokenizer.train(CAPTIONS, 400).to_json() == tokenizer.to_json()
    tokenizer.save(tmp_path / "text_tokenizer.json")
    loaded = TextTokenizer.load(tmp_path / "text_tokenizer.json")
    expected = tokenizer.encode(["a red <end>"], 16).ids_BL.tolist()
    assert loaded.encode(["a red <end>"], 16).ids_BL.tolist() == expected
    assert tokenizer.num_ids <= 400


def test_saving_is_whole_or_not_at_all(
    tokenizer: TextTokenizer, tmp_path, full_disk: Callable[[str], None]
) -> None:
    path = tmp_path / "text_tokenizer.json"
    path.write_text("old")
    full_disk(path.name)
    with pytest.raises(OSError, match="No space left on device"):
        tokenizer.save(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_broken_file_is_named(tmp_path) -> None:
    path = tmp_path / "text_tokenizer.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"text_tokenizer\.json"):
        TextTokenizer.load(path)
