"""What people type and paste comes to the plain words that a model reads, and the rest is told."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.normal_form import LONGEST, normal_form
from dall_e.text.tables import read_table


@pytest.mark.parametrize(
    ("prompt", "text", "ignored"),
    [
        ("🐱", "cat face", ()),
        ("a 🐱 and a 🍎", "a cat face and a red apple", ()),
        ("a🐱on a📦", "a cat face on a package", ()),
        ("🐱🐱 🐱🍎", "3 cat faces, red apple", ()),
        ("two 🐱", "two cat faces", ()),
        ("三只🐱和🍎", "三只猫脸和红苹果", ()),
        ("一只猫，🍎🍎", "一只猫，2个红苹果", ()),
        ("❤️", "red heart", ()),
        ("❤", "red heart", ()),
        ("1️⃣", "keycap 1", ()),
        ("🇩🇪🇯🇵", "flag of Germany, flag of Japan", ()),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "flag of England", ()),
        ("👩‍🚀 on 🌙", "woman astronaut on crescent moon", ()),
        ("🐈‍⬛", "black cat", ()),
        ("🧿‍🐱", "nazar amulet, cat face", ()),
        ("👋🏽", "waving hand, medium skin tone", ()),
        ("a 👋🏿 and a 🍎", "a waving hand and a red apple", ("dark skin tone",)),
        ("👩🏽‍❤️‍👨🏿", "couple with heart, woman and man", ()),
        ("🇦", "", ("🇦",)),
        ("© a cat ®", "a cat", ("©", "®")),
    ],
)
def test_fault_use_08_emoji_are_their_names(
    prompt: str, text: str, ignored: tuple[str, ...]
) -> None:
    read = normal_form(prompt)
    assert (read.text, read.ignored) == (text, ignored)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("貓 蘋果", "猫 苹果"),
        ("紅色的汽車在馬路上", "红色的汽车在马路上"),
        ("戴著帽子的狗", "戴着帽子的狗"),
        ("a 貓 and a dog", "a 猫 and a dog"),
        ("ねこと犬", "ねこと犬"),
        ("赤い車", "赤い车"),
    ],
)
def test_fault_use_08_traditional_chinese_is_simplified(prompt: str, text: str) -> None:
    read = normal_form(prompt)
    assert (read.text, read.written) == (text, prompt)


def test_simplified_chinese_is_left_as_it_is(vocabulary: Vocabulary) -> None:
    tables = [read_table(f"text/{name}.txt") for name in ("synonyms_zh", "measures_zh")]
    words = [cell.lstrip("!") for table in tables for row in table for cell in row]
    for word in (*vocabulary.words_zh, *words):
        assert normal_form(word).text in (word, word.replace("著", "着"))


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("ａ　ｃａｔ，　２ ｄｏｇｓ", "a cat, 2 dogs"),
        ("a “cat” and a ‘dog’", 'a "cat" and a dog'),
        ("a woman’s hat", "a woman's hat"),
        ("a c\u200ba\u00adt\ufeff", "a cat"),
        ("\u202ea cat\u202c \u200fand\u200e a dog", "a cat and a dog"),
        ("cafe\u0301", "café"),
        ("a c\u0334a\u0336t", "a cat"),
        ("a\tcat\n\nand\x00a dog", "a cat and a dog"),
        ("一只猫，两只狗。", "一只猫，两只狗。"),
    ],
)
def test_fault_use_08_characters_come_to_their_plain_form(prompt: str, text: str) -> None:
    assert normal_form(prompt).text == text and normal_form(prompt).ignored == ()


@pytest.mark.parametrize(
    ("prompt", "text", "ignored"),
    [
        ("(a cat:1.4), masterpiece", "a cat, masterpiece", (":1.4",)),
        ("((a cat)) and [a dog]", "a cat and a dog", ("((", "[")),
        ("a cat (sitting)", "a cat sitting", ()),
        (r"a cat \(sitting\)", "a cat sitting", ()),
        ("一只(白色的:1.2)猫", "一只白色的 猫", (":1.2",)),
        ("a cat --ar 16:9 --v 6.1 --tile", "a cat", ("--ar 16:9", "--v 6.1", "--tile")),
        ("a cat --no dogs, birds --q 2", "a cat", ("--no dogs, birds", "--q 2")),
        ("a cat --style raw", "a cat", ("--style raw",)),
        ("--ar 1:1 a cat", "a cat", ("--ar 1:1",)),
        ("a cat —ar 16:9", "a cat", ("—ar 16:9",)),
        ("a cat <lora:pixel:0.8> <dog>", "a cat dog", ("<lora:pixel:0.8>",)),
        ("cat::2 dog::-.5", "cat, dog", ("::2", "::-.5")),
        ("a cat++ and a dog--", "a cat and a dog", ("++", "--")),
        ("a cat BREAK a dog | a cow", "a cat, a dog, a cow", ()),
        ("a clock at 16:45, T-shirt", "a clock at 16:45, T-shirt", ()),
    ],
)
def test_fault_use_18_marks_of_other_programs_are_left_out_and_told(
    prompt: str, text: str, ignored: tuple[str, ...]
) -> None:
    read = normal_form(prompt)
    assert (read.text, read.ignored) == (text, ignored)


def test_the_end_of_a_long_prompt_is_told() -> None:
    read = normal_form("a cat " * 1_000)
    assert LONGEST - 6 < len(read.text) <= LONGEST and set(read.text.split()) == {"a", "cat"}
    assert len(read.text) + len(read.ignored[0]) == len("a cat " * 1_000) - 2


# What hypothesis makes of scripts, emoji, signs and marks
ANY_TEXT = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            *"(a:1)[]<>-—|+:.,，。'’ 猫貓三红\u200d\ufe0f\u0301\u202e🐱🍎👋🏽🇩🇪❤©9#\u20e3",
            "cat",
            " of ",
        ]
    )
).map("".join)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
def test_any_text_has_a_normal_form(prompt: str) -> None:
    read = normal_form(prompt)
    assert len(read.text) == len(read.written) and read.text == read.text.strip()
    for character in read.text:
        is_plain = character.isascii() and character.isprintable()
        assert is_plain or unicodedata.category(character)[0] in "LMNP"
    words = read.text.split()
    assert len(read.as_written(words)) == len(words)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([*"在1(<:-,，的a [:🐱\u200d\u0301\ufdfa+|'."]) | st.text(min_size=1, max_size=8)
)
def test_fault_reliability_09_normal_forms_take_no_time(unit: str) -> None:
    start = time.process_time()
    normal_form(unit * (10_000 // len(unit)))
    assert time.process_time() - start < 0.5


def test_words_that_a_prompt_does_not_have_are_no_pieces_of_it() -> None:
    read = normal_form("A Parrot on a PIRATE's shoulder")
    assert read.as_written(["shoulder", "parrot", "n't", "pirate's"]) == [
        "shoulder", "Parrot", "n't", "PIRATE's",
    ]  # fmt: skip
