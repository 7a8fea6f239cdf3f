"""The record of one picture: all that `captions.jsonl` says about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from dall_e.data.build.catalogue import Source
from dall_e.data.build.icons import Drawing
from dall_e.data.build.rendering import Rendering
from dall_e.data.build.wordnet import RelatedWords, Thesaurus

Record = dict[str, Any]

VAL_FRACTION = 0.02

KIND_WEIGHTS = {
    "object": 20.0, "person": 13.0, "animal": 11.0, "food": 9.5, "face": 8.5, "vehicle": 6.5,
    "place": 5.5, "weather": 5.0, "activity": 5.0, "symbol": 4.0, "plant": 3.5, "hand": 2.5,
    "flag": 2.0, "icon": 1.5, "heart": 1.5, "letter": 0.7, "clock": 0.3,
}  # fmt: skip
"""How often each kind is drawn in training, relative to the others; within a kind, every picture
counts by its weight. Kinds that are not listed count 1."""

COLOURED_KINDS = frozenset(
    ("animal", "food", "object", "vehicle", "place", "plant", "activity", "icon", "weather")
)
"""Kinds of which one says "a red one"; skin and flags have their own words for colour."""


def image_record(drawing: Drawing, rendering: Rendering, thesaurus: Thesaurus | None) -> Record:
    """One line of captions.jsonl, still without its number and its sampling weight."""
    facts, source = drawing.facts, drawing.source
    words = thesaurus.related(facts.en, facts.kind, facts.subgroup) if thesaurus else RelatedWords()
    says_colour = facts.kind in COLOURED_KINDS and not source.plate
    return {
        "id": 0,
        "source": source.name,
        "name": drawing.name,
        "split": _split(drawing),
        "hex": facts.hex,
        "en": facts.en,
        "zh": facts.zh,
        "zh_source": facts.zh_source,
        "en_keywords": list(facts.en_keywords),
        "zh_keywords": list(facts.zh_keywords),
        "en_synonyms": list(words.synonyms),
        "en_hypernyms": list(words.hypernyms),
        "colour": rendering.colour if says_colour else "",
        "style_en": source.style_en,
        "style_zh": source.style_zh,
        "style_said": source.style_said,
        "group": facts.group,
        "subgroup": facts.subgroup,
        "kind": facts.kind,
        "tone": facts.tone,
        "pale": rendering.pale,
        "mono": rendering.mono,
        "weight": 0.0,
        "licence": source.licence,
        **({"curves": rendering.curves} if rendering.curves else {}),
    }


def _split(drawing: Drawing) -> str:
    """The split of a picture: that of its source, where a fraction of training is held out.

    Pictures of one emoji from sources of one family are always in the same split. The project's
    own drawings all train: nobody else draws these things.
    """
    source = drawing.source
    if source.split != "train" or source.manager == "included":
        return source.split
    key = f"split/{source.family or source.name}/{drawing.facts.hex or drawing.name}"
    return "val" if hash_fraction(key) < VAL_FRACTION else "train"


def hash_fraction(key: str) -> float:
    """A number in [0, 1) that depends on the key only."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") / 2**48


def weighed(records: list[Record], sources: Iterable[Source]) -> list[Record]:
    """The records with sampling weights, so that each kind gets its share.

    Weights have a mean of 1 over the training split.
    """
    source_weights = {source.name: source.weight for source in sources}

    def quality(record: Record) -> float:
        tone_weight = 0.5 if record["tone"] else 1.0
        mono_weight = 0.5 if record["mono"] else 1.0
        return source_weights[record["source"]] * tone_weight * mono_weight

    training = [record for record in records if record["split"] == "train"]
    totals: dict[str, float] = {}
    for record in training:
        totals[record["kind"]] = totals.get(record["kind"], 0.0) + quality(record)

    weight_sum = sum(KIND_WEIGHTS.get(kind, 1.0) for kind in totals)
    scales = {
        kind: KIND_WEIGHTS.get(kind, 1.0) / weight_sum * len(training) / total
        for kind, total in totals.items()
    }
    return [
        {**record, "weight": round(quality(record) * scales.get(record["kind"], 1.0), 5)}
        for record in records
    ]
