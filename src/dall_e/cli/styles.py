"""`dall-e styles`: the styles that a picture can be asked for in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dall_e.checkpoints.known_models import BUILT_IN, find_model
from dall_e.cli.options import Model


def styles(
    *,
    model: Model = BUILT_IN,
    words: Annotated[
        bool, typer.Option("--words", help="Every word that means one, in both languages.")
    ] = False,
) -> None:
    """List the styles for `--style` and for the words of a prompt.

    The first ones are made of any drawing, as are those that were found in pictures for this model.
    Those that it has learned are for names that it has seen in them.
    """
    if model != BUILT_IN and not Path(model).is_dir():
        raise ValueError(f"{model} is no model folder; models of others read styles in the prompt")
    from dall_e.checkpoints.store import VOCABULARY_FILE
    from dall_e.checkpoints.styles_file import STYLES_FILE, read_styles
    from dall_e.planning.style_words import style_names, style_table
    from dall_e.planning.vocabulary import Vocabulary

    for name, chinese, about in style_names():
        print(f"{name:<26} {chinese:　<6} {about}")
        if words:
            _, english, others = style_table()[name]
            told = dict.fromkeys(word.rstrip("*+") for word in (*english, *others))
            print(f"    {', '.join(told)}")
    folder = find_model(model)
    found = folder / STYLES_FILE
    for style in read_styles(found) if found.is_file() else ():
        print(f"{style.name:<26} {style.name_zh:　<6} found in pictures: {style.describe()}")
    file = folder / VOCABULARY_FILE
    for name, chinese in Vocabulary.load(file).styles if file.is_file() else ():
        print(f"{name:<26} {chinese:　<6} learned by this model")
