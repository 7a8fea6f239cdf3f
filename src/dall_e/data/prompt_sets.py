"""Fixed prompts: those of sample sheets and of the gallery, and named sets to measure models on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dall_e.text.tables import read_table

GALLERY_PROMPTS: tuple[str, ...] = (
    "a cat face",
    "an elephant",
    "a red apple",
    "a slice of pizza",
    "a smiling face with sunglasses",
    "a crying face",
    "a red car",
    "an airplane",
    "sun behind cloud",
    "a snowman",
    "a guitar",
    "a light bulb",
    "一只狗",
    "一条鱼",
    "一个汉堡",
    "一杯咖啡",
    "大笑的脸",
    "生气的脸",
    "一辆公共汽车",
    "一艘帆船",
    "下雨的云",
    "闪电",
    "一本书",
    "一把雨伞",
)

SUITES = ("emoji",)
"""Names of sets of prompts for `dall-e evaluate`."""


@dataclass(frozen=True, kw_only=True)
class SuitePrompt:
    """One thing to draw, in two languages."""

    group: str
    """single, words, scenes or outside; see `prompts_emoji.txt`."""
    concept: str
    """English name of the pictures that show it; empty where none does."""
    en: str
    zh: str

    def text(self, language: Literal["en", "zh"]) -> str:
        """The prompt in one language."""
        return self.zh if language == "zh" else self.en


def suite_prompts(suite: str) -> list[SuitePrompt]:
    """The prompts of a named set, always the same. Raises ValueError for an unknown name."""
    if suite not in SUITES:
        raise ValueError(f"there is no suite {suite!r}; there are: {', '.join(SUITES)}")
    rows = read_table(f"data/prompts_{suite}.txt")
    return [
        SuitePrompt(group=group, concept=concept, en=en, zh=zh) for group, concept, en, zh in rows
    ]
