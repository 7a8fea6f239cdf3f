"""Fit the recogniser that says what pictures show (`recogniser.safetensors` of the weights).

dall-e data build --out data/designers --size 96 \\
    --sources twemoji,fluent-emoji-flat,drawings,noto,noto-v1,fxemoji,fluent-emoji,emojione
.venv/bin/python runs/recogniser.py data/designers out/recogniser.safetensors

Or keep a model's recogniser, and add what its memory knows by other names: fitting needs all sets,
this a minute or two.

.venv/bin/python runs/recogniser.py --add src/dall_e/weights out/recogniser.safetensors
"""

import sys
from pathlib import Path

from dall_e import DALL_E
from dall_e.checkpoints.recogniser_file import write_recogniser
from dall_e.data.datasets import load_images
from dall_e.inference.recognising import RecognisedCaptions
from dall_e.models.recogniser import Recogniser
from dall_e.training.recogniser_fitting import fit_recogniser

SIDE = 96


def with_remembered(folder: str) -> Recogniser:
    """The recogniser of a model with the drawings of its memory."""
    model = DALL_E.from_pretrained(folder)
    if model.recogniser is None:
        raise SystemExit(f"{folder} has no recogniser to add to")
    return RecognisedCaptions(model.recogniser, model.engine).known()


if __name__ == "__main__":
    *adds, source, out = sys.argv[1:]
    recogniser = with_remembered(source) if adds else fit_recogniser(load_images(source, SIDE))
    out_file = Path(out)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    write_recogniser(out_file, recogniser)
    print(
        f"{len(recogniser.thing_M)} drawings of {len(recogniser.things)} things, sharpness "
        f"{recogniser.sharpness}, unknown below {recogniser.unknown}: {out_file}"
    )
