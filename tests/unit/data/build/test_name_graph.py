"""What is near a word in a small WordNet, and what is too broad to be drawn for it."""

from __future__ import annotations

import pytest

from dall_e.data.build.name_graph import NameGraph, is_mostly_noun, nearest_table
from dall_e.data.build.wordnet import WordNet

# Words of a sense, its lexicographers' file, the broader sense, and what it is a part of.
SENSES = [
    (("animal",), 5, "", ""),
    (("carnivore",), 5, "animal", ""),
    (("dog",), 5, "carnivore", ""),
    (("corgi", "welshie"), 5, "dog", ""),
    (("bear",), 5, "carnivore", ""),
    (("vehicle",), 6, "", ""),
    (("car",), 6, "vehicle", ""),
    (("windshield",), 6, "", "car"),
    (("string instrument",), 6, "", ""),
    (("violin",), 6, "string instrument", ""),
    (("rebec",), 6, "string instrument", ""),
    (("person",), 18, "", ""),
    (("singer",), 18, "person", ""),
    (("juggler",), 18, "person", ""),
    (("tenor",), 18, "singer", ""),
    (("quantum",), 23, "", ""),
]


def small_wordnet() -> WordNet:
    width = 160
    head = "  1 the licence\n"
    at = {words[0]: len(head) + width * number for number, (words, *_) in enumerate(SENSES)}
    lines, index = [head], [head]
    for words, file, broader, whole in SENSES:
        offset = at[words[0]]
        targets = [("@", broader), ("#p", whole)]
        pointers = [f"{symbol} {at[name]:08d} n 0000" for symbol, name in targets if name]
        spelled = " ".join(f"{word.replace(' ', '_')} 0" for word in words)
        fields = [f"{offset:08d} {file:02d} n {len(words):02x}", spelled, f"{len(pointers):03d}"]
        line = " ".join([*fields, *pointers])
        lines.append(f"{line} | gloss".ljust(width - 1) + "\n")
        index += [f"{word.replace(' ', '_')} n 1 0 1 0 {offset:08d}\n" for word in words]
    return WordNet("".join(index).encode(), "".join(lines).encode())


KINDS = {
    "dog": "animal",
    "bear": "animal",
    "car": "vehicle",
    "violin": "object",
    "singer": "person",
}


@pytest.fixture(scope="module")
def graph() -> NameGraph:
    return NameGraph(small_wordnet(), KINDS, {name: name for name in KINDS})


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("corgi", ("dog",)),
        ("windshield", ("car",)),
        ("rebec", ("violin",)),
        ("tenor", ("singer",)),
        ("juggler", ()),
        ("animal", ()),
        ("quantum", ()),
        ("nonsense", ()),
    ],
)
def test_what_is_near(word: str, names: tuple[str, ...], graph: NameGraph) -> None:
    assert graph.near(word) == names


def test_of_equally_near_ones_the_most_alike_comes_first(graph: NameGraph) -> None:
    def likes(favourite: str) -> tuple[str, ...]:
        return graph.near("carnivore", lambda word, name: float(name == favourite))

    assert likes("dog") == ("dog", "bear") and likes("bear") == ("bear", "dog")


def test_the_table_has_no_word_that_is_known(graph: NameGraph) -> None:
    assert nearest_table(graph, ["corgi", "dog", "quantum"], {"dog"}) == {"corgi": ("dog",)}


def test_a_word_that_is_mostly_a_verb_is_no_noun() -> None:
    mostly_noun = is_mostly_noun(
        "run%1:04:00:: 00000001 1 2\nrun%2:38:00:: 00000002 1 90\ncat%1:05:00:: 00000003 1 18\n"
        "corgi%1:05:00:: 00000004 1 0\n"
    )
    assert not mostly_noun("run") and mostly_noun("cat") and mostly_noun("corgi")
