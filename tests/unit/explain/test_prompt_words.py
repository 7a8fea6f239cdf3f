"""Which words of a prompt can be asked about, and which text tokens they are."""

import pytest

from dall_e.checkpoints.known_models import BUILT_IN, find_model
from dall_e.explain.prompt_words import MOST_WORDS, prompt_words, token_rows
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.tokenizer import TextTokenizer


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.load(find_model(BUILT_IN) / "vocabulary.txt")


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a cat and a dog", ["cat", "dog"]),
        ("A Cat, and the DOG!", ["Cat", "DOG"]),
        ("猫和苹果", ["猫", "苹果"]),
        ("一只红色的猫在房子旁边", ["红色", "猫", "房子", "旁边"]),
        ("红苹果 ok!", ["红苹果", "ok"]),
        ("", []),
        ("of the", []),
    ],
)
def test_words_that_say_something(prompt: str, words: list[str], vocabulary: Vocabulary) -> None:
    found = prompt_words(prompt, vocabulary)
    assert [word.text for word in found] == words
    assert all(prompt[word.start : word.stop] == word.text for word in found)


def test_without_a_vocabulary_names_fall_into_words() -> None:
    assert [word.text for word in prompt_words("a white cat")] == ["white", "cat"]
    assert [word.text for word in prompt_words("红苹果")] == ["红", "苹", "果"]


def test_letters_that_grow_in_lower_case(vocabulary: Vocabulary) -> None:
    assert [word.text for word in prompt_words("İ cat", vocabulary)][-1] == "cat"


def test_a_prompt_without_a_word() -> None:
    cat, dog = prompt_words("a cat and a dog")
    assert cat.without("a cat and a dog") == "a and a dog"
    assert dog.without("a cat and a dog") == "a cat and a"
    (alone,) = prompt_words("cat")
    assert alone.without("cat") == ""


def test_tokens_of_a_word() -> None:
    tokenizer = TextTokenizer.train(["a white cat", "一只白色的猫"] * 3, 400)
    for prompt in ("a white cat", "一只白色的猫", "  A   white CAT"):
        for word in prompt_words(prompt):
            rows = token_rows(word, prompt, tokenizer, 24)
            ids = tokenizer.encode([prompt], 24).ids_BL[0][rows]
            assert tokenizer.decode(ids) == word.text.lower()
    (word,) = prompt_words("cat")
    late = prompt_words("white " * 30 + "cat")[-1]
    assert token_rows(word, "cat", tokenizer, 24) and not token_rows(
        late, "white " * 30 + "cat", tokenizer, 24
    )


@pytest.mark.parametrize("prompt", ["quux florp " * 3000, "量子猫和" * 8000])
def test_of_a_long_prompt_so_many_words_are_asked_about(
    prompt: str, vocabulary: Vocabulary
) -> None:
    """Each of them is a run of the network: the number of letters must not decide how many."""
    assert len(prompt_words(prompt, vocabulary)) == MOST_WORDS
    assert len(prompt_words(prompt)) == MOST_WORDS
