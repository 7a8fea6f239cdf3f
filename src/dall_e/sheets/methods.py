"""The methods of a model that draw sheets for games and sets for shops."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from dall_e.images.results import DrawnImage
from dall_e.inference.planned import Planned
from dall_e.inference.validation import checked_prompts, fresh_seed
from dall_e.sheets.atlas import MOST_SPRITES, SpriteSheet, packed, split_prompts, sprite_names
from dall_e.sheets.product import CUT_OUT, WHITE, ProductSet, offered_colours, product_plans
from dall_e.sheets.sprites import SCALES, sprite_plans, walks

FLAT = ("flat", "flat design", "扁平")
"""Names for the model's own style: areas of one colour."""
MOST_FRAMES = 32
MOST_PADDING = 256
"""In pixels."""


class Sheets(Planned):
    """Sprite sheets and product sets."""

    def sheet(  # noqa: PLR0913, one keyword per choice
        self,
        prompts: str | Sequence[str],
        *,
        seed: int | None = None,
        style: str | None = None,
        size: int = 128,
        transparent: bool = True,
        frames: int = 1,
        columns: int | None = None,
        padding: int = 2,
        scale: str = "kind",
    ) -> SpriteSheet:
        """Draw a sprite sheet: things in one style, on one baseline, as large as their kinds are.

        Args:
            prompts: "cat, apple, treasure chest", 猫、苹果, or a list. Each names a thing.
            seed: of all sprites, a fresh one unless given; one that is named twice is drawn twice.
            style: as in a call; "flat" is the model's own.
            size: side of a sprite in pixels.
            transparent: without it, the ground is white.
            frames: more than one draws each sprite in so many steps of a hopping walk, and all of
                them again in a mirror.
            columns: sprites in a row; about a square unless given, or a walk in each row.
            padding: pixels between sprites, and around them.
            scale: "kind" or "same", which fills every cell alike.

        Raises ValueError for numbers out of range, for unknown styles and scales, and for prompts
        that a call refuses, too.
        """
        asked = split_prompts(prompts) if isinstance(prompts, str) else list(prompts)
        asked = checked_prompts(asked)
        _check_range("frames", frames, 1, MOST_FRAMES)
        _check_range("padding", padding, 0, MOST_PADDING)
        _check_range("sprites", len(asked) * frames * (2 if frames > 1 else 1), 1, MOST_SPRITES)
        if columns is not None:
            _check_range("columns", columns, 1, MOST_SPRITES)
        if scale not in SCALES:
            raise ValueError(f"scale is {scale!r}, known are {', '.join(SCALES)}")

        first = fresh_seed() if seed is None else seed
        style = None if style in FLAT else style
        seeds = [first + asked[:number].count(text) for number, text in enumerate(asked)]
        plans = self.plan_all(asked, seeds, style=style)
        sprites = sprite_plans(plans, self.vocabulary, scale=scale, walks=frames > 1)
        named = dict(zip(sprite_names(asked), sprites, strict=True))
        if frames > 1:
            named = walks(named, frames)

        columns = columns or (frames if frames > 1 else math.ceil(math.sqrt(len(named))))
        images = self.draw_plans(list(named.values()), height=size, transparent=transparent)
        sheet = packed(images, list(named), columns=min(columns, len(images)), padding=padding)
        texts = {
            "sheet": json.dumps(asked, ensure_ascii=False),
            "seed": str(first),
            "style": style or "",
            **self.engine.origin(),
        }
        return SpriteSheet(DrawnImage.of(sheet.image, texts), sheet.atlas)

    def product(
        self,
        prompt: str,
        *,
        seed: int | None = None,
        height: int = 1024,
        colours: Sequence[str] | None = None,
    ) -> ProductSet:
        """Draw the pictures that a shop shows of a product.

        They are on white, with a transparent ground, in three colours, and on a plain ground with a
        shadow. seed: a fresh one unless given. height: side in pixels. colours: three of those that
        plans know; three that the prompt does not say unless given. Raises ValueError for other
        colours, for a prompt without a thing, and for prompts that a call refuses, too.
        """
        offered = offered_colours(prompt, colours)
        plan = self.plan(prompt, fresh_seed() if seed is None else seed)
        if not plan.objects:
            raise ValueError(f"{prompt!r} names a place and no product")
        plans = product_plans(plan, offered)
        drawn = self.draw_plans(list(plans.values()), height=height)
        images = dict(zip(plans, drawn, strict=True))
        cut_out = self.draw_plan(plans[WHITE], height=height, transparent=True)
        return ProductSet({WHITE: images.pop(WHITE), CUT_OUT: cut_out, **images})


def _check_range(name: str, value: int, least: int, most: int) -> None:
    """Raise ValueError for a number that is none, or out of range."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, got {value!r}")
