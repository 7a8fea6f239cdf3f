"""WordNet's words: the sense that is drawn, only words that people say, and nothing where no sense
fits."""

from pathlib import Path

import pytest

from dall_e.data.build import packages
from dall_e.data.build.catalogue import WORDNET_PACKAGE
from dall_e.data.build.wordnet import RelatedWords, Thesaurus, WordNet, read_wordnet
from dall_e.text.tables import read_table

# Words of a sense -> the broader sense, by its first word. The order of a word's senses is the
# order of these lines.
SENSES = {
    ("animal", "beast"): "",
    ("artifact",): "",
    ("food.1",): "",
    ("solid food", "food.2"): "",
    ("person",): "",
    ("mammal",): "animal",
    ("bird",): "animal",
    ("edible fruit",): "solid food",
    ("citrus",): "edible fruit",
    ("deed", "conveyance"): "",
    ("handing on", "conveyance"): "",
    ("transport", "conveyance"): "artifact",
    ("vehicle",): "transport",
    ("musical instrument",): "artifact",
    ("stringed instrument",): "musical instrument",
    ("rodent",): "mammal",
    ("crane", "Harold Crane"): "@person",
    ("lifting machine", "crane"): "artifact",
    ("wading bird", "crane"): "bird",
    ("house mouse", "mouse"): "rodent",
    ("pointing device", "mouse"): "artifact",
    ("orangeness", "orange"): "",
    ("citrus orange", "orange"): "citrus",
    ("bat", "chiropteran"): "mammal",
    ("club", "bat"): "artifact",
    ("cricket bat",): "artifact",
    ("cat", "true cat", "mouser"): "mammal",
    ("dog", "Canis familiaris"): "mammal",
    ("contraption", "machine"): "artifact",
    ("car", "auto", "motorcar", "machine"): "vehicle",
    ("violin", "fiddle"): "stringed instrument",
    ("singer", "vocalist"): "person",
}


def small_wordnet() -> WordNet:
    """A WordNet of the senses above, in its own file format."""
    words = [tuple(word.split(".")[0].replace(" ", "_") for word in key) for key in SENSES]
    firsts = [key[0] for key in SENSES]
    width = 200
    head = "  1 the licence\n"
    offsets = [len(head) + width * number for number in range(len(words))]
    lines = []
    for offset, names, broader in zip(offsets, words, SENSES.values(), strict=True):
        target = broader.removeprefix("@")
        symbol = "@i" if broader.startswith("@") else "@"
        pointer = f"001 {symbol} {offsets[firsts.index(target)]:08d} n 0000" if broader else "000"
        spelled = " ".join(f"{name} 0" for name in names)
        lines.append(
            f"{offset:08d} 03 n {len(names):02x} {spelled} {pointer} | what it means".ljust(
                width - 1
            )
        )
    index = [head]
    for word in sorted({name.lower() for names in words for name in names}):
        found = [
            f"{o:08d}"
            for o, names in zip(offsets, words, strict=True)
            if word in [n.lower() for n in names]
        ]
        index.append(f"{word} n {len(found)} 1 @ {len(found)} 0 {' '.join(found)}  \n")
    return WordNet("".join(index).encode(), (head + "\n".join(lines) + "\n").encode())


@pytest.fixture(scope="module")
def thesaurus() -> Thesaurus:
    return Thesaurus(small_wordnet())


def test_senses_come_in_order_and_broader_ones_from_near_to_far() -> None:
    wordnet = small_wordnet()
    first, second, third = wordnet.senses("Crane")
    assert (
        wordnet.named("crane.3") == third
        and wordnet.named("crane.4") is None
        and wordnet.senses("stork") == ()
    )
    assert wordnet.synset(first).is_individual and wordnet.synset(second).words == (
        "lifting machine",
        "crane",
    )
    assert [wordnet.synset(offset).words[0] for offset in wordnet.above(third)] == [
        "wading bird",
        "bird",
        "animal",
    ]


def test_the_sense_that_is_drawn_gives_the_words(thesaurus: Thesaurus) -> None:
    def hypernyms(name: str, kind: str, subgroup: str = "") -> tuple[str, ...]:
        return thesaurus.related(name, kind, subgroup).hypernyms

    assert (
        hypernyms("crane", "animal", "animal-bird") == ("bird", "animal")
        and hypernyms("crane", "vehicle") == ()
    )
    assert hypernyms("mouse", "animal", "animal-mammal") == ("rodent", "animal")
    assert hypernyms("mouse", "object", "computer") == ()
    assert hypernyms("orange", "food", "food-fruit") == ("citrus fruit", "fruit")
    assert hypernyms("bat", "animal") == ("animal",) and hypernyms("violin", "object") == (
        "string instrument",
        "musical instrument",
    )


def test_synonyms_are_plain_words_whose_usual_sense_this_is(thesaurus: Thesaurus) -> None:
    assert thesaurus.related("car", "vehicle").synonyms == (
        "auto",
        "motorcar",
    )  # "machine" is something else first
    assert thesaurus.related("violin", "object", "musical-instrument").synonyms == ("fiddle",)
    assert thesaurus.related("cat face", "animal", "animal-mammal").synonyms == (
        "mouser",
    )  # "true cat" is dropped
    assert (
        thesaurus.related("bat", "animal").synonyms
        == thesaurus.related("dog", "animal").synonyms
        == ()
    )
    assert thesaurus.related("singer", "person", "person-role") == RelatedWords(
        hypernyms=("person",)
    )


def test_a_compound_is_a_kind_of_its_last_word_unless_wordnet_knows_better(
    thesaurus: Thesaurus,
) -> None:
    def hypernyms(name: str, kind: str) -> tuple[str, ...]:
        return thesaurus.related(name, kind).hypernyms

    assert hypernyms("weary cat with wry smile", "animal") == ("cat", "animal")
    assert hypernyms("cricket bat", "animal") == ()  # known, and no animal
    assert hypernyms("cat and dog", "animal") == () == hypernyms("paw prints of a cat", "animal")
    assert hypernyms("person walking dog, dark skin tone", "person") == ("person",)


def test_kinds_without_a_row_get_nothing(thesaurus: Thesaurus) -> None:
    assert thesaurus.related("cat", "symbol") == thesaurus.related("cat", "face") == RelatedWords()
    assert (
        thesaurus.related("family", "person", "family")
        == thesaurus.related("sphinx", "animal")
        == RelatedWords()
    )


def test_the_tables_are_well_formed() -> None:
    places = [row[0] for row in read_table("data/build/wordnet_senses.txt")]
    assert len(set(places)) == len(places)
    broader = list(read_table("data/build/wordnet_broader.txt"))
    assert all(len(row) >= 2 and all(row) for row in broader)
    assert len({row[0] for row in broader}) == len(broader)
    abstract = {"entity", "whole", "artifact", "organism", "matter", "object", "thing"}
    assert not abstract.intersection(word for _, *words in broader for word in words)
    assert all(len(row) >= 2 and all(row) for row in read_table("data/build/wordnet_dropped.txt"))


ARCHIVE = Path(__file__).parents[3] / "data" / "packages" / f"{'-'.join(WORDNET_PACKAGE[:2])}.tgz"


@pytest.mark.skipif(not ARCHIVE.is_file(), reason="WordNet is fetched by `dall-e data build`")
def test_the_tables_fit_the_real_wordnet() -> None:
    wordnet = read_wordnet(packages.read_npm(ARCHIVE, ("dict/index.noun", "dict/data.noun")))
    labels = [label for _, *row in read_table("data/build/wordnet_senses.txt") for label in row]
    labels += [
        row[0]
        for row in read_table("data/build/wordnet_broader.txt")
        if not row[0].startswith("name: ")
    ]
    assert [label for label in labels if wordnet.named(label) is None] == []
    real = Thesaurus(wordnet)
    assert real.related("crane", "animal", "animal-bird") == RelatedWords(
        hypernyms=("bird", "animal")
    )
    assert real.related("car", "vehicle").synonyms == ("auto", "automobile", "motorcar")
    assert real.related("orange", "food", "food-fruit").hypernyms == ("citrus fruit", "fruit")
    assert real.related("seal", "animal", "animal-marine").hypernyms == ("animal",)
    assert real.related("baseball bat", "activity").hypernyms == ("sports equipment",)
    assert real.related("violin", "object", "musical-instrument") == RelatedWords(
        synonyms=("fiddle",), hypernyms=("string instrument", "musical instrument")
    )
