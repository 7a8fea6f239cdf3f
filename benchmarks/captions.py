"""`python -m benchmarks captions`: how often a model says right what a picture shows.

Held-out pictures are those of the split "val" of a data set whose thing is in its training split by
another designer. Own drawings are those of the model for names of its vocabulary. The cycle draws
what the model said of its own drawings again: its dual encoder judges whether the second drawing
fits the name, among a hundred names, as well as the first one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.table import Out, Table
from dall_e.text.language import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")
_BATCH_SIZE = 32
_CHOICES = 100
_SIDE = 96


def measure(
    data: Annotated[
        Path, typer.Argument(help="Data set of `dall-e data build`, by several designers.")
    ] = Path("data/emoji"),
    model: Annotated[str, typer.Option(help="Known name or model folder.")] = "dall-e-emoji",
    drawings: Annotated[int, typer.Option(min=0, help="Names to draw and to caption.")] = 200,
    cycles: Annotated[int, typer.Option(min=0, help="Captions to draw again.")] = 100,
    wrong: Annotated[bool, typer.Option(help="Name the pictures that are said wrong.")] = False,
    out: Out = None,
) -> None:
    """Count right captions of held-out pictures and of own drawings, in both languages."""
    from dall_e import DALL_E

    table = Table("captions")
    loaded = DALL_E.from_pretrained(model)
    if data.is_dir():
        _held_out(table, loaded, data, wrong)
    else:
        print(f"there is no {data}: held-out pictures are left out")
    if drawings:
        _own_drawings(table, loaded, drawings, cycles, wrong)
    table.finish(out)


def _held_out(table: Table, model: Any, data: Path, wrong: bool) -> None:
    """Pictures that nobody trained on, of things that others drew."""
    from dall_e.data.captions import names_of
    from dall_e.data.datasets import load_images, load_records
    from dall_e.evaluation.captioning import known_rows
    from dall_e.images.files import to_pil

    held_out = load_images(data, _SIDE, split="val")
    rows = known_rows(held_out.records, load_records(data))
    images = [to_pil(held_out.images_NCHW[row].numpy(), transparent=True) for row in rows]
    records = [held_out.records[row] for row in rows]
    for language in LANGUAGES:
        names = [names_of(record, language) for record in records]
        texts = _captions(model, images, language)
        _add(table, f"held out, {language}", texts, names, language, wrong)


def _own_drawings(table: Table, model: Any, count: int, cycles: int, wrong: bool) -> None:
    """What the model draws for names of its vocabulary, and what it makes of its own captions."""
    from dall_e.data.captions import names_of

    vocabulary = model.vocabulary
    things = {**vocabulary.table_things, **vocabulary.single_things}
    chosen = [*things.values()][:: max(len(things) // count, 1)][:count]
    images = [model(thing.name, seed=number) for number, thing in enumerate(chosen)]
    texts: dict[Language, list[str]] = {}
    for language in LANGUAGES:
        # A thing may have several pictures, such as an animal and its face.
        names = [
            [
                *names_of({"en": thing.name, "zh": thing.zh, "kind": thing.kind}, language),
                *(thing.other_names if language == "en" else [word for word, _ in thing.other_zh]),
                *([name for name, _ in thing.image_names] if language == "en" else []),
            ]
            for thing in chosen
        ]
        texts[language] = _captions(model, images, language)
        _add(table, f"own drawings, {language}", texts[language], names, language, wrong)

    _cycle(table, model, [thing.name for thing in chosen], images, texts["en"], cycles)


def _cycle(
    table: Table, model: Any, names: list[str], images: list[Any], texts: list[str], count: int
) -> None:
    """Draw captions of drawings again, and judge both drawings by the name of the first."""
    import torch

    retriever = model.engine.retriever("the cycle")
    others_ND = torch.stack([retriever.embed_text(name) for name in names[:_CHOICES]])
    hits: dict[str, list[bool]] = {"first drawing": [], "drawn again": []}
    undrawn = 0
    for number, text in enumerate(texts[: min(count, _CHOICES)]):
        try:
            again = model(text, seed=number)
        except ValueError:
            # A caption that the model itself cannot draw
            undrawn += 1
            hits["drawn again"].append(False)
        else:
            hits["drawn again"].append(_fits(retriever, again, others_ND, number))
        hits["first drawing"].append(_fits(retriever, images[number], others_ND, number))

    for name, right in hits.items():
        table.add(what=f"cycle, {name} fits its name", right=_fraction(right), of=len(right))
    table.add(what="cycle, captions that are not drawn", of=undrawn)


def _fits(retriever: Any, image: Any, names_ND: Any, own: int) -> bool:
    """Whether no other name fits an image better than its own."""
    return bool((names_ND @ retriever.embed_image(image)).argmax() == own)


def _captions(model: Any, images: Sequence[Any], language: Language) -> list[str]:
    """Captions of many images, some at a time."""
    texts: list[str] = []
    for start in range(0, len(images), _BATCH_SIZE):
        texts += model.caption(list(images[start : start + _BATCH_SIZE]), language)
    return texts


def _add(
    table: Table,
    what: str,
    texts: list[str],
    names: list[list[str]],
    language: Language,
    wrong: bool,
) -> None:
    """One row: how many captions have a name of what is shown, where there is a name."""
    from dall_e.evaluation.captioning import names_it
    from dall_e.evaluation.intervals import mean_measure

    pairs = [(text, own) for text, own in zip(texts, names, strict=True) if own]
    right = [names_it(text, own, language) for text, own in pairs]
    interval = mean_measure([float(each) for each in right])
    table.add(
        what=what,
        right=round(interval.value, 3),
        low=round(interval.low, 3),
        high=round(interval.high, 3),
        of=len(right),
    )
    if wrong:
        for (text, own), is_right in zip(pairs, right, strict=True):
            if not is_right:
                print(f"  {what}: {own[0]}: {text}")


def _fraction(right: list[bool]) -> float:
    return round(sum(right) / max(len(right), 1), 3)
