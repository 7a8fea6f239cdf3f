"""Fit the recogniser that says what pictures show (`recogniser.safetensors` of the weights).

dall-e data build --out data/designers --size 96 \\
    --sources twemoji,fluent-emoji-flat,drawings,noto,noto-v1,fxemoji,fluent-emoji,emojione
.venv/bin/python runs/recogniser.py data/designers out/recogniser.safetensors
"""

import sys
from pathlib import Path

from dall_e.checkpoints.recogniser_file import write_recogniser
from dall_e.data.datasets import load_images
from dall_e.training.recogniser_fitting import fit_recogniser

SIDE = 96

if __name__ == "__main__":
    data, out = sys.argv[1:]
    recogniser = fit_recogniser(load_images(data, SIDE))
    out_file = Path(out)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    write_recogniser(out_file, recogniser)
    print(
        f"{len(recogniser.thing_M)} drawings of {len(recogniser.things)} things, sharpness "
        f"{recogniser.sharpness}, unknown below {recogniser.unknown}: {out_file}"
    )
