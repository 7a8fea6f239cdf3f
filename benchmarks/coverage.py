"""`python -m benchmarks coverage`: how many of the nouns that people use most a model can draw."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.tables import table_rows

LISTS = {
    "English": Path(__file__).with_name("nouns_en.txt"),
    "Chinese": Path(__file__).with_name("nouns_zh.txt"),
}
BUILT_IN = Path("src/dall_e/weights/vocabulary.txt")
THOUSAND = 1_000


def how_drawn(word: str, vocabulary: Vocabulary) -> str:
    """How a model draws a noun: "itself", "as another thing" that is near it, or "not at all"."""
    understood = parse(word, vocabulary)
    if understood.scene is None or understood.unread:
        return "not at all"
    return "as another thing" if understood.nearest else "itself"


def measure(
    vocabulary: Annotated[Path, typer.Argument(help="A model's vocabulary.txt.")] = BUILT_IN,
    missing: Annotated[bool, typer.Option(help="Name the nouns that are not drawn.")] = False,
) -> None:
    """Count, per thousand of the most used nouns, which are drawn as what they are."""
    known = Vocabulary.load(vocabulary)
    for language, path in LISTS.items():
        words = [word for row in table_rows(path.read_text(encoding="utf-8")) for word in row]
        drawn = {word: how_drawn(word, known) for word in words}
        for first in range(0, len(words), THOUSAND):
            part = words[first : first + THOUSAND]
            counts = Counter(drawn[word] for word in part)
            shares = ", ".join(
                f"{counts[how] / len(part):6.1%} {how}"
                for how in ("itself", "as another thing", "not at all")
            )
            print(f"{language} nouns {first + 1:,} to {first + len(part):,}: {shares}")
            if missing:
                print("  ", ", ".join(word for word in part if drawn[word] == "not at all"))
