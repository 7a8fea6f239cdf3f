"""The data-set card: what is in a data set, from whom, and under which licence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from dall_e.data.build.catalogue import NAMES_PACKAGE, WORDNET_PACKAGE, Source

LICENCE_TEXTS = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "MIT": "https://opensource.org/license/mit",
}
WORDNET_ATTRIBUTION = (
    f"- synonyms and broader words: {WORDNET_PACKAGE[0]} {WORDNET_PACKAGE[1]}, from WordNet 3.1, "
    "Copyright 2011 by Princeton University, all rights reserved; WordNet licence, as is and "
    "without warranty: https://wordnet.princeton.edu/license-and-commercial-use."
)
"""To be repeated by whatever is made with these words."""


def dataset_card(records: Sequence[dict[str, Any]], sources: Iterable[Source], size: int) -> str:
    """DATASET.md: counts by source, licence, split and kind, and what the licences ask for."""
    source_counts = Counter(str(record["source"]) for record in records)
    used = [source for source in sources if source_counts[source.name]]
    splits = Counter(record["split"] for record in records)
    split_counts = ", ".join(f"{split} {count}" for split, count in sorted(splits.items()))
    chinese = sum(bool(record["zh"]) for record in records)
    source_rows = [
        (
            source.name,
            f"{source.package} {source.version}",
            source.licence,
            str(source_counts[source.name]),
        )
        for source in used
    ]
    lines = [
        "# Pictures of emoji, icons and clip art with captions in English and Chinese",
        "",
        f"{len(records)} pictures of {size} x {size} pixels with transparency; "
        f"{chinese} have a Chinese name.",
        "Made by `dall-e data build` from the packages below; "
        "the same packages give the same bytes.",
        "",
        f"Splits: {split_counts}. `val` is a sample of the training sources by picture; "
        "`heldout_style` is a source that never trains.",
        "",
        *_table("source", "package", "licence", "pictures", rows=source_rows),
        *_counts("licence", records),
        *_counts("split", records),
        *_counts("kind", records),
        "## Attribution",
        "",
        "Licences are those that the packages state. "
        "Pictures were rendered to pixels, otherwise unchanged.",
        "",
        *_attribution(used),
    ]
    if any(has_wordnet_words(record) for record in records):
        lines.append(WORDNET_ATTRIBUTION)
    return "\n".join([*lines, ""])


def has_wordnet_words(record: dict[str, Any]) -> bool:
    """Whether a record carries words from WordNet."""
    return bool(record.get("en_synonyms") or record.get("en_hypernyms"))


def _attribution(used: Sequence[Source]) -> list[str]:
    """Authors and licences of the sources, and where the names come from."""
    authors = [
        f"- {source.name}: by {source.author}, {source.home}, licence {source.licence}."
        for source in used
    ]
    licences = {source.licence for source in used}
    texts = [
        f"- {licence}: {text}" for licence, text in LICENCE_TEXTS.items() if licence in licences
    ]
    package, version, _ = NAMES_PACKAGE
    names = f"- names and keywords: {package} {version} (MIT), from Unicode CLDR."
    return [*authors, *texts, names]


def _counts(field: str, records: Sequence[dict[str, Any]]) -> list[str]:
    """A table of how many records have each value of a field, the most frequent first."""
    counts = Counter(str(record[field]) for record in records)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return _table(field, "pictures", rows=[(value, str(count)) for value, count in ordered])


def _table(*head: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A table in Markdown, with an empty line after it."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return [*lines, ""]
