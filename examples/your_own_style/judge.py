"""How many drawings are in a style, how many show their subject, and a sheet to look at.

Asked for are the names that the model was taught in the style, others that it was not, and these
without the style, of which nothing should be lost.

Judges that had no part in the fine-tuning and chose none of the drawings:

- style: a linear probe on gradients and colours, counted by hand and learned by no network. It
  tells the style from the sets that the built-in model knows, on pictures of other names.
- subject: the built-in model's dual encoder, which has never seen OpenMoji. The name that fits a
  drawing best must be its own, of the 40 that were taught or of the 24 of its round: the names that
  were not shown are judged in four rounds. By chance it is one in 40 or 24.
- named: the same by the built-in model's recogniser, which knows outlines and gradients. It knows
  those of the model's own drawings best, so it favours them where only their lines and colours are
  new.

What they make of true pictures of the style is the ceiling.

    python examples/your_own_style/judge.py data/openmoji data/emoji my-style --out sheet.png

Shapes: M pictures, F features, K styles, N names, H W rows and columns.
"""

import argparse
import warnings
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from pictures import ASKED, FURTHER, SHOWN, SIZE, STYLE, openmoji, rows_of
from torch import Tensor

from dall_e import DALL_E
from dall_e.data.datasets import load_images
from dall_e.errors import DallEWarning
from dall_e.evaluation.intervals import Measure, mean_measure
from dall_e.evaluation.judge import Judge
from dall_e.images.files import PILImage, from_pil, to_pil
from dall_e.images.sheets import contact_sheet
from dall_e.models.recogniser import Recogniser

SIDE, CELL, BINS = 48, 12, 8
NEW = [ASKED, FURTHER[:24], FURTHER[24:48], FURTHER[48:]]
"""Rounds of names that were not shown."""
PROBED = 500
"""Pictures of the new set, and of the known sets, that the probe learns from."""


def features(images: Sequence[PILImage]) -> Tensor:
    """Gradients by direction in cells, and how much there is of each of 64 colours: [M, F]."""
    rows = []
    for image in images:
        white = image.convert("RGBA").resize((SIDE, SIDE))
        flat_HWC = np.asarray(white, dtype=np.float32) / 255
        alpha_HW1 = flat_HWC[..., 3:]
        rgb_HWC = flat_HWC[..., :3] * alpha_HW1 + 1 - alpha_HW1

        # Strength and direction of edges, whatever their sign
        down_HW, right_HW = np.gradient(rgb_HWC.mean(-1))
        strength_HW = np.hypot(down_HW, right_HW)
        bins_HW = (np.arctan2(down_HW, right_HW) % np.pi / np.pi * BINS).astype(int) % BINS
        cells = SIDE // CELL
        edges = np.zeros((cells, cells, BINS), np.float32)
        where_HW = np.arange(SIDE) // CELL
        np.add.at(edges, (where_HW[:, None], where_HW[None], bins_HW), strength_HW)

        # Colours, and how strong edges are
        levels_HWC = np.minimum((rgb_HWC * 4).astype(int), 3)
        colours = np.bincount((levels_HWC @ [16, 4, 1]).ravel(), minlength=64) / SIDE**2
        strengths = np.histogram(strength_HW, bins=8, range=(0, 0.5))[0] / SIDE**2
        rows.append(np.concatenate((edges.ravel(), np.sqrt(colours), np.sqrt(strengths))))
    return torch.from_numpy(np.stack(rows)).float()


class StyleProbe:
    """Softmax regression on features: OpenMoji is style 0."""

    def __init__(self, features_MF: Tensor, styles_M: Tensor) -> None:
        self.mean_F, self.scale_F = features_MF.mean(0), features_MF.std(0) + 1e-3
        self.layer = torch.nn.Linear(features_MF.shape[1], int(styles_M.max()) + 1)
        optimizer = torch.optim.LBFGS(self.layer.parameters(), max_iter=200)
        balance_K = 1 / torch.bincount(styles_M).float()

        def loss() -> Tensor:
            optimizer.zero_grad()
            logits_MK = self.layer((features_MF - self.mean_F) / self.scale_F)
            wrong = F.cross_entropy(logits_MK, styles_M, weight=balance_K)
            total: Tensor = wrong + 1e-2 * self.layer.weight.square().sum()
            total.backward()
            return total

        optimizer.step(loss)

    @torch.no_grad()
    def is_openmoji(self, images: Sequence[PILImage]) -> list[bool]:
        """Whether each looks more like OpenMoji than like any other set."""
        logits_MK = self.layer((features(images) - self.mean_F) / self.scale_F)
        return [bool(style == 0) for style in logits_MK.argmax(1)]


def main() -> None:
    """Judge true pictures, the built-in model and the fine-tuned ones; print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("openmoji")
    parser.add_argument("known", help="A data set that the built-in model was trained on.")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--out", default="", help="Sheet of the drawings.")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", DallEWarning)

    built_in = DALL_E.from_pretrained()
    new, known = openmoji(arguments.openmoji), load_images(arguments.known, SIZE)
    probe = learned_probe(built_in, new, known)
    scorer = built_in.networks.dual_encoder
    judge = Judge(scorer, built_in.text_tokenizer, name="its own", fold=0, other_fraction=1)
    recogniser = built_in.recogniser
    assert recogniser is not None
    judges = (probe, judge, recogniser)

    # What can be had: true pictures of both styles
    asked = {"taught": [SHOWN], "new": NEW}
    rows = []
    for which, rounds in asked.items():
        of_style = [as_image(new.images_NCHW[row]) for row in rows_of(new, sum(rounds, []))]
        say(f"true OpenMoji, {which}", judges, of_style, rounds)
        rows.append(of_style[: len(ASKED)])
    own = {str(record["en"]): row for row, record in enumerate(known.records)}
    there = [[name for name in names if name in own] for names in NEW]
    known_images = [as_image(known.images_NCHW[own[name]]) for name in sum(there, [])]
    say("true pictures of a known set", judges, known_images, there)

    # What is drawn
    for name in ("", *arguments.models):
        model = DALL_E.from_pretrained(name) if name else built_in
        for which, rounds in asked.items():
            drawn = draw(model, [f"{each}, {STYLE}" for each in sum(rounds, [])])
            say(f"{name or 'built-in'}, {which}", judges, drawn, rounds)
            rows.append(drawn[: len(ASKED)])
        plain = draw(model, sum(NEW, []))
        say(f"{name or 'built-in'}, without the style", judges, plain, NEW)
    if arguments.out:
        save_sheet(rows, arguments.out)


def learned_probe(built_in: DALL_E, new: object, known: object) -> StyleProbe:
    """The probe, from pictures of names that nobody draws here; half of them as tokens show them.

    So it cannot tell a drawing by how the image tokenizer blurs.
    """
    images: list[PILImage] = []
    styles: list[int] = []
    tokenizer = built_in.networks.tokenizer
    sources = sorted({str(record["source"]) for record in known.records})
    for images_of in (new, known):
        rows = [
            row
            for row, record in enumerate(images_of.records)
            if record["en"] not in (*SHOWN, *ASKED, *FURTHER)
        ][:PROBED]
        for place, row in enumerate(rows):
            x_1CHW = images_of.images_NCHW[row : row + 1].float() / 255
            if place % 2:
                with torch.inference_mode():
                    x_1CHW = tokenizer.detokenize(tokenizer.tokenize(x_1CHW))
            images.append(to_pil(x_1CHW[0].clamp(0, 1), transparent=True))
            source = str(images_of.records[row]["source"])
            styles.append(0 if images_of is new else 1 + sources.index(source))
    return StyleProbe(features(images), torch.tensor(styles))


def draw(model: DALL_E, prompts: list[str]) -> list[PILImage]:
    """What the model makes of each."""
    drawn: list[PILImage] = model(
        prompts, seed=[0] * len(prompts), height=SIZE, finish="soft", transparent=True
    )
    return drawn


def say(
    what: str,
    judges: tuple[StyleProbe, Judge, Recogniser],
    images: Sequence[PILImage],
    rounds: Sequence[Sequence[str]],
) -> None:
    """Style, subject, both, and what the recogniser names: of all rounds, and of the first."""
    probe, judge, recogniser = judges
    styles = probe.is_openmoji(images)
    subjects: list[bool] = []
    named: list[bool] = []
    for names in rounds:
        part = images[len(subjects) : len(subjects) + len(names)]
        sides = [from_pil(image.resize((2 * SIDE, 2 * SIDE))) for image in part]
        scores_MN = judge.embed_images(sides) @ judge.embed_texts(list(names)).T
        subjects += [best == row for row, best in enumerate(scores_MN.argmax(1).tolist())]
        named += named_right(recogniser, part, names)
    for count in sorted({len(images), len(rounds[0])}):
        both = [a and b for a, b in zip(styles[:count], subjects[:count], strict=True)]
        print(
            f"{what}: style {mean(styles[:count])}, subject {mean(subjects[:count])}, "
            f"both {mean(both)}, named {mean(named[:count])}",
            flush=True,
        )


def named_right(
    recogniser: Recogniser, images: Sequence[PILImage], names: Sequence[str]
) -> list[bool]:
    """Whether the recogniser finds each picture's own name likelier than the others asked for."""
    number = {thing.name: row for row, thing in enumerate(recogniser.things)}
    log_MK = recogniser.log_probabilities([from_pil(image) for image in images])
    rows = [number.get(name) for name in names]
    log_MN = np.stack([log_MK[:, row] if row is not None else -np.inf * np.ones(len(images))
                       for row in rows], axis=1)  # fmt: skip
    best_M = log_MN.argmax(1)
    return [int(best) == place for place, best in enumerate(best_M)]


def mean(values: Sequence[bool]) -> Measure:
    """With its interval."""
    return mean_measure([float(value) for value in values])


def as_image(x_CHW: Tensor) -> PILImage:
    """A picture of a set."""
    return to_pil(x_CHW.float() / 255, transparent=True)


def save_sheet(rows: list[list[PILImage]], path: str) -> None:
    """Rows of true pictures, then two of each model: names that it was taught, and others."""
    images = [image.resize((SIZE, SIZE)) for row in rows for image in row]
    captions = [name for place in range(len(rows)) for name in (SHOWN, ASKED)[place % 2][:24]]
    contact_sheet(images, captions, columns=len(ASKED)).save(path)


if __name__ == "__main__":
    main()
