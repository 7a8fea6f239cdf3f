"""The methods of a model that change pictures that exist."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.config import ModelConfig, SamplingConfig
from dall_e.config.published import PublishedConfig
from dall_e.editing.compounds import read_instructions
from dall_e.editing.inpainting import Edit, Method, edited
from dall_e.editing.instructions import Instruction
from dall_e.editing.intentions import as_meant
from dall_e.editing.layers import Layers, layers_of
from dall_e.editing.locating import Eyes, Located, locate, masked
from dall_e.editing.outpainting import checked_margins, enlarged, new_place
from dall_e.editing.variations import checked_strength, varied
from dall_e.images.files import PILImage
from dall_e.images.opening import open_image
from dall_e.images.results import DrawnImage, ImageList
from dall_e.images.selections import Mask, UInt8, bounds_of, is_box, selection_of
from dall_e.inference.engine import Engine
from dall_e.inference.loading import Networks
from dall_e.inference.request import resolve_sampling
from dall_e.inference.validation import Seed, image_seeds
from dall_e.models.recogniser import Recogniser
from dall_e.version import __version__

METHODS = ("auto", "paste", "tokens")


class Editing:
    """Edits of any picture; a base of `DALL_E`."""

    config: ModelConfig | PublishedConfig
    networks: Networks | PublishedNetworks
    engine: Engine
    recogniser: Recogniser | None

    def edit(  # noqa: PLR0913, one keyword per choice, as a call has them
        self,
        image: PILImage | str | os.PathLike[str],
        prompt: str,
        mask: Mask | None = None,
        *,
        seed: Seed = None,
        method: str = "auto",
        finish: str | None = None,
        style: str | None = None,
        sampling: SamplingConfig | None = None,
        on_image: Callable[[PILImage], bool | None] | None = None,
        previews: int = 3,
        **settings: Any,
    ) -> DrawnImage:
        """Change a part of a picture of any size and origin, and nothing else.

        Pixels outside of what is selected, of the things that it is about, and of a narrow border
        around them stay as they are, bit for bit. The result has the size of the picture, and is
        RGB, or RGBA if that has alpha. A box removes and recolours whole things of a picture of
        ours: those that lie mostly in it.

        Args:
            image: a PIL image or a file. Of an animation the first frame is taken.
            prompt: what shall be there, "a red hat" or "a cat wearing a red hat"; or what to do:
                "add a bird", "replace the apple with a pear", "make the car blue", "remove the
                tree", 把树去掉. An empty one removes. Lists and several edits are done one
                after the other. "The left cat", "cat#2" and "three eggs" count from left to right.
            mask: what may change: a picture or file of the same size, white where it may change,
                or transparent there; a box of left, top, right and bottom in pixels, or in
                fractions of the sides; or "alpha", what is transparent in the picture itself.
                Without one the words decide where.
            seed: of what is drawn.
            method: "paste" draws the part whole and puts it in; "tokens" redraws the tokens of the
                selection to fit the others; "auto" pastes where the model knows things by name.
            finish, style, sampling, settings: as in a call; num_inference_steps=24.
            on_image: is called with the picture while the part is drawn, at most `previews` times;
                returning True stops the drawing with DecodeInterrupted.

        Raises ValueError for a mask that does not fit, or selects nothing; for several edits that
        cannot be taken apart; for words that name
        nothing in the picture, or nothing that can be drawn; for a box that removes nothing whole
        and only cuts things of a picture of ours; and for a model that cannot edit.
        """
        self._check_can_edit("edit")
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
        canvas = open_image(image)
        shown = str(canvas.info.get("prompt", canvas.info.get("edit_of", "")))
        selected_HW = None if mask is None else selection_of(mask, canvas)
        svg = image.info.get("svg") if isinstance(image, PILImage) else None

        # The document of a file is drawn again, so it is asked for only where it counts.
        counts = selected_HW is None or is_box(selected_HW)
        layers = layers_of(self.engine, canvas, svg) if counts else None
        instructions = self._read(prompt, layers, shown, is_selected=mask is not None)
        (seed,) = image_seeds(seed, None, 1, 1)
        edit = Edit(
            instruction=instructions[0],
            selected_HW=np.zeros((canvas.height, canvas.width), np.uint8),
            seed=seed,
            sampling=self._sampling(sampling, settings),
            method=self._method(method),
            finish=finish,
            style=style,
            shown=shown,
            on_image=on_image,
            previews=previews,
        )
        result, done = self._all_edited(canvas, instructions, selected_HW, layers, edit)
        return DrawnImage.of(result, self._story_of_edit(prompt, done))

    def outpaint(
        self,
        image: PILImage | str | os.PathLike[str],
        prompt: str = "",
        *,
        left: float = 0,
        right: float = 0,
        top: float = 0,
        bottom: float = 0,
        seed: Seed = None,
        sampling: SamplingConfig | None = None,
        **settings: Any,
    ) -> DrawnImage:
        """Give a picture of any origin a larger canvas, on which its ground goes on.

        Its own pixels stay as they are, bit for bit.

        Args:
            image: a PIL image or a file.
            prompt: what is added in the largest new part; nothing unless given.
            left, right, top, bottom: how much larger, in pixels, or in fractions of the side if
                they are no whole numbers: left=0.5 is half as wide again.
            seed, sampling, settings: of what is added, as in a call.

        Raises ValueError for margins that are negative, nothing, or too large, and for a model that
        cannot edit.
        """
        self._check_can_edit("outpaint")
        canvas = open_image(image)
        margins = checked_margins(canvas, (left, right, top, bottom))
        svg = image.info.get("svg") if isinstance(image, PILImage) else None
        result = enlarged(canvas, margins, layers_of(self.engine, canvas, svg))

        (seed,) = image_seeds(seed, None, 1, 1)
        edit = Edit(
            instruction=Instruction(kind="draw", what=prompt),
            selected_HW=new_place(result.size, margins),
            seed=seed,
            sampling=self._sampling(sampling, settings),
            method=self._method("auto"),
            shown=str(canvas.info.get("prompt", "")),
        )
        if prompt:
            result = edited(self.engine, result, edit)
        story = {**self._story_of_edit(prompt, edit), "outpaint": json.dumps(margins)}
        return DrawnImage.of(result, story)

    def variations(
        self,
        image: PILImage | str | os.PathLike[str],
        strength: float = 0.5,
        *,
        prompt: str = "",
        num_images: int = 4,
        seed: Seed = None,
        transparent: bool = False,
        height: int | None = None,
        sampling: SamplingConfig | None = None,
        **settings: Any,
    ) -> ImageList:
        """Draw variations of a picture: a fraction of its tokens is drawn anew, the others stay.

        Of a picture of ours the things stay where they are, and each is varied. Any other picture
        is read at the model's own size, best if it shows one thing on white or on nothing.

        Args:
            image: a PIL image or a file.
            strength: the fraction that is drawn anew, above 0; 1 keeps none.
            prompt: what it shows; what a picture of ours says of itself unless given.
            num_images: how many; variation k has seed + k.
            seed, transparent, height, sampling, settings: as in a call.

        Raises ValueError for a strength out of range, where nobody says what the picture shows, and
        for a model that cannot.
        """
        self._check_can_edit("vary any part of a picture")
        strength = checked_strength(strength)
        canvas = open_image(image)
        seeds = image_seeds(seed, None, num_images, 1)
        keywords = {"transparent": transparent, "height": height}
        chosen = self._sampling(sampling, settings)
        images = ImageList()
        for each in seeds:
            one = varied(self.engine, canvas, prompt, strength, each, chosen, **keywords)
            story = {f"variation_{name}": text for name, text in one.metadata.items()}
            story |= {"variation_seed": str(each), "variation_strength": str(strength)}
            images.append(DrawnImage.of(one.pixels, story, svg=one.svg))
        return images

    def _all_edited(
        self,
        image: PILImage,
        instructions: Sequence[Instruction],
        selected_HW: UInt8 | None,
        layers: Layers | None,
        edit: Edit,
    ) -> tuple[PILImage, Edit]:
        """Edit a picture by one instruction after another; with the edit of all that is selected.

        selected_HW: where, if it is not for the words to say. edit: all else that is said.
        """
        eyes = Eyes(self.engine, self.recogniser)
        changed_HW = edit.selected_HW
        gone: set[int] = set()
        for instruction in instructions:
            located: Located | None
            if selected_HW is not None:
                located = masked(selected_HW, instruction, layers, self.engine.vocabulary)
            else:
                located = locate(eyes, image, instruction, layers, edit.shown, gone)
            if located is None:
                if gone and instruction.kind == "remove":
                    continue
                raise ValueError(f"nothing is seen of {instruction.where or 'what is to change'!r}")
            if instruction.kind == "remove":
                gone.update(located.numbers)
            edit = replace(
                edit,
                instruction=instruction,
                selected_HW=located.selected_HW,
                thing_HW=located.thing_HW,
                behind_HWC=located.behind_HWC,
            )
            image = edited(self.engine, image, edit)
            changed_HW = np.maximum(changed_HW, edit.selected_HW)
        return image, replace(edit, selected_HW=changed_HW)

    def _read(
        self, prompt: str, layers: Layers | None, shown: str, *, is_selected: bool
    ) -> list[Instruction]:
        """What is to be done, in its order. Raises ValueError for several edits of a selection."""
        instructions = read_instructions(prompt, self._is_one_name(layers))
        if len(instructions) == 1:
            (one,) = instructions
            return [one if is_selected else as_meant(one, shown, self.engine.vocabulary)]
        if is_selected:
            raise ValueError(
                f"{prompt!r} is several edits: with a mask or a box, give one edit at a time"
            )
        return instructions

    def _is_one_name(self, layers: Layers | None) -> Callable[[str], bool]:
        """What knows names with an "and" of the things of a picture, or of all things."""
        vocabulary = self.engine.vocabulary

        def known(words: str) -> bool:
            name = words.lower()
            if vocabulary is not None:
                name = vocabulary.words_en.get(name) or vocabulary.words_zh.get(name) or ""
            return bool(name) and (layers is None or name in layers.names)

        return known if vocabulary is not None else lambda words: False

    def _method(self, method: str) -> Method:
        """How a part is drawn: "auto" pastes where the model knows things by name."""
        if method == "auto":
            return "paste" if self.engine.vocabulary is not None else "tokens"
        return "tokens" if method == "tokens" else "paste"

    def _sampling(self, base: SamplingConfig | None, settings: dict[str, Any]) -> SamplingConfig:
        """The settings of the sampler. Raises ValueError for one that is none of them."""
        unknown = settings.keys() - vars(self.config.sampling).keys()
        if unknown:
            raise ValueError(f"no setting is called {', '.join(sorted(unknown))}")
        can_compose = self.engine.vocabulary is not None
        return resolve_sampling(self.config, base, can_compose=can_compose, **settings)

    def _story_of_edit(self, prompt: str, edit: Edit) -> dict[str, str]:
        """What the metadata of an edited picture say: it cannot be drawn again from a prompt."""
        return {
            "edit": prompt,
            "edit_of": edit.shown,
            "edit_seed": str(edit.seed),
            "edit_box": json.dumps(bounds_of(edit.selected_HW)),
            "edit_model": f"{self.config.name} {self.config.version}",
            "dall_e_version": __version__,
        }

    def _check_can_edit(self, what: str) -> None:
        """Raise ValueError for a model that draws left to right."""
        if isinstance(self.config, PublishedConfig):
            raise ValueError(
                f"{self.config.name} cannot {what}: it draws left to right, so no token can be "
                "given but those before it, and it knows no transparency; "
                "the built-in model can"
            )
