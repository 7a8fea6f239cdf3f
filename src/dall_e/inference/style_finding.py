"""A style from a few pictures, without training: found in them, and given to what the model knows.

Mixed into `DALL_E`. The pictures themselves are remembered under their names in the style; all else
that is asked for in it is drawn as the model knows it, and redrawn (`images/restyling`).

Shapes: S the side of a picture, C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence

import numpy as np
import torch

from dall_e.data.shared_names import style_names
from dall_e.images.effects.vectors import SIDE
from dall_e.images.files import ImageArray, PILImage, from_pil, read_image, resize, to_pil, to_uint8
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.images.restyling.fitting import MOST_TRIED, StyleFit, fit_style
from dall_e.images.restyling.measuring import seen
from dall_e.images.svg import Group
from dall_e.images.traced_curves import curves_in
from dall_e.inference.engine import Engine
from dall_e.inference.recognition import names_nothing
from dall_e.inference.remembering import Remembering, name_in, remembered
from dall_e.inference.request import GenerationRequest
from dall_e.inference.retrieval import ImageInput
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.text.language import is_chinese, spelled
from dall_e.text.shared_style import shared_style

_MOST_MEASURED = 80
"""Pictures that a style is found in; of more, so many evenly spread."""
_OTHERS = (
    "cat", "dog", "apple", "car", "house", "tree", "fish", "bird", "flower", "boat", "cup", "star",
)  # fmt: skip
"""What our drawings are tried with where the pictures show too little that is known."""
_FEW = 6
"""So many pairs are enough."""
_MOST, _LONGEST = 5_000, 60
"""Pictures that a style is found in, and letters of a name."""


class StyleFinding(Remembering):
    """A model that can be given styles."""

    @property
    def styles(self) -> dict[str, FittedStyle]:
        """The styles that were found in pictures, by name."""
        return dict(self.vocabulary.fitted) if self.vocabulary else {}

    def learn_style(
        self,
        images: Sequence[ImageInput],
        captions: Sequence[str],
        *,
        style: str | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> StyleFit:
        """Find the style of pictures, in seconds and without training, and keep it with its name.

        From then on `style="OpenMoji"`, "a cat, OpenMoji style" and OpenMoji风格的猫 draw what the
        model knows in the style, and what the pictures show as they show it. `save_pretrained`
        keeps both.

        images: PIL images or files, three at least; twenty are better, forty enough. captions: what
        each shows, such as "a castle, OpenMoji style". style: its name, which captions then need
        not say. progress: is told what is being done.

        Raises ValueError for published models, for captions that are not as many as the images or
        name no style that they share, and if no style is found in the images: if they have nothing
        in common, or nothing that our drawings can be given.
        """
        if len(images) != len(captions):
            raise ValueError(
                f"each image needs a caption: images are {len(images)}, captions {len(captions)}"
            )
        arrays = [_pixels(image) for image in images]
        return self.learn_style_of(arrays, [[each] for each in captions], style, progress)

    def learn_style_of(
        self,
        arrays: Sequence[ImageArray],
        captions: Sequence[Sequence[str]],
        style: str | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> StyleFit:
        """As `learn_style`, for pixels uint8 [C, S, S] with one or more captions each."""
        if self.vocabulary is None:
            raise ValueError(
                f"{self.config.name} has no vocabulary, so it has no drawings by name that could "
                "be given a style; `dall-e finetune --lora` teaches it one"
            )
        names, rests = _names_of(captions, style)
        drawings = [np.ascontiguousarray(each.transpose(1, 2, 0)) for each in arrays]

        # Measured beside our own drawings of the same things
        step = max(-(-len(drawings) // _MOST_MEASURED), 1)
        asked = [words[0] for words in rests[::step]]
        ours = _drawings_of(self.engine, asked)
        pairs = sum(each is not None for each in ours)
        others = _drawings_of(self.engine, _OTHERS[: MOST_TRIED - pairs]) if pairs < _FEW else []
        fit = fit_style(
            drawings[::step],
            ours,
            [each for each in others if each is not None],
            name=names[0],
            name_zh=names[1],
            progress=progress,
        )
        if not fit.is_found:
            raise ValueError(
                f"no style was found in these {len(arrays)} pictures: they have too little in "
                "common, or nothing that areas, lines and colours can say; `dall-e finetune "
                "--lora` trains the network on them"
            )
        self._keep(fit.style, drawings, rests, captions)
        return fit

    def _keep(
        self,
        style: FittedStyle,
        drawings: Sequence[np.ndarray],
        rests: Sequence[Sequence[str]],
        captions: Sequence[Sequence[str]],
    ) -> None:
        """Remember the pictures under their names in the style, and the style."""
        assert self.vocabulary is not None
        size = self.config.tokenizer.image_size
        pixels, prompts, curves, new, long = [], [], [], [], []
        images: set[str] = set()
        for drawing_SSC, words, said in zip(drawings, rests, captions, strict=True):
            names = [name for word in words if (name := name_in(word)) and len(name) <= _LONGEST]
            asked = [form for name in names for form in self._forms(name)]
            unknown = [name for name in names if not self._is_known(name)]
            new += [KnownName(name, name, "object") for name in unknown]
            images.update(map(spelled, (*asked, *unknown)))

            # A caption that does not name the style would change what the model draws without it.
            written = [
                caption if caption != word else style.caption(caption)
                for caption, word in zip(said, words, strict=True)
            ]
            long += [] if names else written
            own = [style.caption(spelled(form)) for form in (*asked, *unknown)]
            prompts.append(tuple(dict.fromkeys((*own, *unknown, *written))))
            has_ground = bool(style.ground) and bool(names)
            own_SSC = _without_ground(drawing_SSC) if has_ground else drawing_SSC
            curves.append(curves_in(own_SSC))
            small = resize(to_pil(own_SSC.transpose(2, 0, 1), transparent=True), size, size)
            pixels.append(torch.from_numpy(from_pil(small)).float() / 255)

        self._forget_style(style.name)
        memory = remembered(self.engine, torch.stack(pixels), prompts, curves)
        kept = dataclasses.replace(style, images=frozenset(images))
        # Rounded as in the file, so that it draws the same before and after it is saved.
        kept = FittedStyle.from_record(kept.to_record())
        self.add_memory(memory, Vocabulary(new, long))
        self.vocabulary = self.engine.vocabulary = self.vocabulary.with_fitted([kept])

    def _forget_style(self, name: str) -> None:
        """Forget the pictures of a style that is found anew."""
        before = self.styles.get(name)
        if before is not None and self.memory is not None:
            self.memory = self.memory.without(map(before.caption, before.images))

    def _is_known(self, name: str) -> bool:
        assert self.vocabulary is not None
        lower = name.lower()
        return lower in self.vocabulary.words_en or lower in self.vocabulary.words_zh

    def _forms(self, name: str) -> list[str]:
        """A name, and the words by which plans ask for it, in both languages."""
        assert self.vocabulary is not None
        thing = self.vocabulary.words_en.get(name.lower()) or self.vocabulary.words_zh.get(name)
        if thing is None:
            return [name]
        known = self.vocabulary.thing(thing)
        forms = [name]
        for word in (name, known.zh if not is_chinese(name) else known.name):
            (job,) = _jobs_of(self.engine, [word])
            if len(job.plan.objects) == 1 and not job.plan.unread:
                forms += [word, *job.plan.prompts]
        return list(dict.fromkeys(forms))


def _names_of(
    captions: Sequence[Sequence[str]], style: str | None
) -> tuple[tuple[str, str], list[list[str]]]:
    """The English and the Chinese name of a style, and the captions of each picture without it."""
    flat = [caption for each in captions for caption in each]
    if not flat or not all(captions):
        raise ValueError("each image needs a caption that says what it shows")
    shared = shared_style(flat)
    if len(captions) > _MOST:
        raise ValueError(f"a style is found in at most {_MOST} pictures, got {len(captions)}")
    name = (style or shared.name).strip()
    if len(name) > _LONGEST - len(" style"):
        raise ValueError(f"the name of a style has at most {_LONGEST} letters, got {name[:80]!r}")
    if not name:
        raise ValueError(
            f"the captions name no style that they share, such as {flat[0]!r}: write "
            f'"{flat[0]}, NAME style", or give the name: --style NAME'
        )
    rests = iter(shared.rests)
    return style_names(name), [[next(rests) for _ in each] for each in captions]


def _request_of(engine: Engine, names: Sequence[str]) -> GenerationRequest:
    return engine.request(list(names), seed=[0] * len(names), finish="crisp", transparent=True)


def _jobs_of(engine: Engine, names: Sequence[str]) -> list[DrawingJob]:
    return engine.plan(_request_of(engine, names))


def _drawings_of(engine: Engine, names: Sequence[str]) -> list[list[Group] | None]:
    """Our drawing of each name, as the groups of its picture; None for what is not known."""
    known = [
        name
        for name, job in zip(names, _jobs_of(engine, names), strict=True)
        if not (names_nothing(job, engine.vocabulary) or job.plan.nearest or job.plan.unread)
    ]
    if not known:
        return [None] * len(names)
    request = _request_of(engine, known)
    found: dict[str, list[Group]] = {}
    with engine.computing():
        jobs = engine.plan(request)
        codes_BN = engine.drawer.draw(request, jobs)
        memory = engine.drawer.memory
        for name, job in zip(known, jobs, strict=True):
            arrays = [to_uint8(engine.pixels(codes_BN[row : row + 1])) for row in job.rows]
            curves = [memory.curves_of(codes_BN[row]) if memory else "" for row in job.rows]
            vectors = job.plan.vectors(arrays, curves)
            placed = job.plan.settle(vectors, prompt=job.text, seed=job.seed, size=SIDE)
            found[name] = placed.groups(vectors)
    return [found.get(name) for name in names]


def _pixels(image: ImageInput) -> ImageArray:
    return (
        from_pil(image, SIDE) if isinstance(image, PILImage) else read_image(os.fspath(image), SIDE)
    )


def _without_ground(image_SSC: np.ndarray) -> np.ndarray:
    """A picture without what is behind everything."""
    shown_SS1 = seen(image_SSC).shown_SS[..., None]
    return np.where(shown_SS1, image_SSC, 0).astype(np.uint8)
