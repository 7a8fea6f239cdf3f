"""Text tokenizers of published models: ids by hand, what is lost, and the way through JSON."""

import json
import sys

import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from dall_e.text.published_tokenizers import (
    BartTokenizer,
    CharBPETokenizer,
    JanusTokenizer,
    MiniTokenizer,
    PromptTokenizer,
    bpe_from_text,
    prompt_tokenizer_from_json,
)

SPACE = "\u0120"
PIECES = ["<s>", "<pad>", "</s>", "<unk>", SPACE, *"abcdehlo", "ab", SPACE + "ab", "abab"]
MINI = {piece: number for number, piece in enumerate(PIECES)}
# The rank of a pair is its line: "a b" is merged before " ab" and "ab ab".
MERGES = f"#version: 0.2\na b\n{SPACE} ab\nab ab\n"


def mini() -> MiniTokenizer:
    return MiniTokenizer.from_files(json.dumps(MINI), MERGES)


def ids(*pieces: str) -> list[int]:
    return [MINI[piece] for piece in pieces]


def test_mini_by_hand() -> None:
    encoded = mini().encode("Hello ab", 12)
    pieces = ids("<s>", SPACE, "h", "e", "l", "l", "o", SPACE + "ab", "</s>")
    assert encoded.ids == [*pieces, 1, 1, 1]
    assert (encoded.dropped, encoded.lost) == ("", "")


def test_mini_merges_the_first_of_the_best_pairs_one_at_a_time() -> None:
    # a b a b: "a b" twice, first the one in front. Then the space takes the first "ab" before
    # "ab ab" is tried.
    assert mini().encode("abab", 6).ids == [*ids("<s>", SPACE + "ab", "ab", "</s>"), 1, 1]
    assert mini().encode("x", 6).ids == [*ids("<s>", SPACE, "<unk>", "</s>"), 1, 1]


def test_mini_without_words_is_two_marks() -> None:
    tokenizer = mini()
    assert tokenizer.without_words(tokenizer.encode("ab", 5), 5).ids == [0, 2, 1, 1, 1]


def test_mini_says_what_is_cut_and_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emoji", None)
    encoded = mini().encode("ab hello ab", 6)
    assert encoded.ids == [*ids("<s>", SPACE + "ab", "</s>"), 1, 1, 1]
    assert encoded.dropped == "hello ab"
    assert mini().encode("hello ab", 5).ids == ids("<s>", SPACE, "h", "e", "</s>")
    lossy = mini().encode("ab \u732b\u732b \u00e9 \U0001f600", 12)
    assert lossy.lost == "\u732b\u00e9\U0001f600"
    assert lossy.ids[:3] == ids("<s>", SPACE + "ab", "</s>")


def test_mini_needs_its_marks() -> None:
    with pytest.raises(ValueError, match="has no </s>: it is not that of DALL-E mini"):
        MiniTokenizer({"<s>": 0}, [])


CHARS = ["[UNK]", *"abc", "a</w>", "b</w>", "c</w>", "ab</w>", "abc</w>"]
CHAR_MERGES = "#version: 0.2\na b</w>\na b\nab c</w>\n"


def char_bpe() -> CharBPETokenizer:
    vocabulary = {piece: number for number, piece in enumerate([*CHARS, "ab"])}
    return CharBPETokenizer.from_files(json.dumps(vocabulary), CHAR_MERGES)


def test_char_bpe_by_hand() -> None:
    tokenizer = char_bpe()
    pad = len(CHARS) + 1
    encoded = tokenizer.encode("AB abc b", 6)
    words = [CHARS.index(word) for word in ("ab</w>", "abc</w>", "b</w>")]
    assert encoded.ids == [*words, pad, pad, pad]

    assert tokenizer.without_words(encoded, 4).ids == [pad] * 4
    assert tokenizer.encode("ab ab b", 2).dropped == "b"
    lossy = tokenizer.encode("a\u732b", 4)
    assert lossy.lost == "\u732b" and lossy.dropped == ""


def test_char_bpe_is_the_library_s() -> None:
    """The project builds it with this class of the library, in lower case."""
    from tokenizers import CharBPETokenizer as Library

    vocabulary = {piece: number for number, piece in enumerate([*CHARS, "ab"])}
    merges = [tuple(line.split(" ")) for line in CHAR_MERGES.splitlines()[1:]]
    library = Library(vocab=vocabulary, merges=merges, unk_token="[UNK]", lowercase=True)
    for text in ("AB abc b", "a,b. c!", "  abcab  ", "a\u732bb", "\u00e1b", ""):
        expected = library.encode(text).ids
        assert char_bpe().encode(text, 20).ids[: len(expected)] == expected, text


def janus() -> JanusTokenizer:
    marks = [
        JanusTokenizer.START,
        JanusTokenizer.PAD,
        JanusTokenizer.IMAGE,
        "<|User|>",
        "<|Assistant|>",
    ]
    letters = sorted(set(pre_tokenizers.ByteLevel.alphabet()))
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    return JanusTokenizer(bpe)


def test_janus_by_hand() -> None:
    tokenizer = janus()
    encoded = tokenizer.encode("  cat ", 100)
    bpe = tokenizer._bpe
    pieces = [bpe.id_to_token(each) for each in encoded.ids]
    words = [":", SPACE, "c", "a", "t", "\u010a", "\u010a"]
    frame = [JanusTokenizer.START, "<|User|>"], ["<|Assistant|>", ":", JanusTokenizer.IMAGE]
    assert pieces == [*frame[0], *words, *frame[1]]
    null = tokenizer.without_words(encoded, 100)
    assert [bpe.id_to_token(each) for each in null.ids] == [
        JanusTokenizer.START,
        *[JanusTokenizer.PAD] * (len(pieces) - 2),
        JanusTokenizer.IMAGE,
    ]


def test_janus_cuts_the_words_and_keeps_the_frame() -> None:
    encoded = janus().encode("ab" * 60, 60)
    whole = janus().encode("ab", 60)
    assert len(encoded.ids) <= 60 and encoded.ids[-5:] == whole.ids[-5:]
    assert encoded.dropped and set(encoded.dropped) <= set("ab")
    assert len(encoded.ids) - len(whole.ids) + 2 + len(encoded.dropped) == 120


@pytest.mark.parametrize("make", [mini, char_bpe, janus])
def test_json_and_back(make) -> None:
    tokenizer: PromptTokenizer = make()
    again = prompt_tokenizer_from_json(tokenizer.to_json())
    assert type(again) is type(tokenizer)
    assert again.encode("ab abc", 40) == tokenizer.encode("ab abc", 40)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "x"}', '{"kind": "mini"}', '{"kind": "janus", "roles": [1]}']
)
def test_what_is_no_tokenizer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a text tokenizer of a published model"):
        prompt_tokenizer_from_json(text)


def test_a_tokenizer_of_another_model_is_refused() -> None:
    other = Tokenizer(models.BPE(vocab={"a": 0}, merges=[]))
    with pytest.raises(ValueError, match=r"has no \[PAD\]"):
        CharBPETokenizer(other)
    with pytest.raises(ValueError, match="has no .*begin_of_image.*: it is not that of Janus"):
        JanusTokenizer(other)
    with pytest.raises(ValueError, match="not a tokenizer.json"):
        bpe_from_text("{")


def bart() -> BartTokenizer:
    letters = ["<s>", "<pad>", "</s>", SPACE, *"abcdehlo,", SPACE + "a"]
    vocabulary = {piece: number for number, piece in enumerate(letters)}
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=[(SPACE, "a")]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return BartTokenizer(bpe)


def test_bart_by_hand() -> None:
    encoded = bart().encode("A Ball!", 9)
    assert encoded.ids == [0, 13, 3, 5, 4, 10, 10, 2, 1]
    assert (encoded.dropped, encoded.lost) == ("", "")
    assert bart().without_words(encoded, 4).ids == [0, 2, 1, 1]
    again = prompt_tokenizer_from_json(bart().to_json())
    assert again.encode("A Ball!", 9) == encoded


def test_bart_says_what_is_cut_and_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emoji", None)
    monkeypatch.setitem(sys.modules, "unidecode", None)
    encoded = bart().encode("a ball \u732b, \u00e1", 5)
    assert encoded.ids == [0, 13, 3, 5, 2]
    assert encoded.dropped == "all, a" and encoded.lost == "\u732b"


def test_bart_needs_its_marks() -> None:
    with pytest.raises(ValueError, match="it is not that of DALL-E mini"):
        BartTokenizer(Tokenizer(models.BPE(vocab={"a": 0}, merges=[])))
