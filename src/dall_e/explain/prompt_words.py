"""The words of a prompt that may be asked about, and which text tokens each of them is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from dall_e.planning.grammar import Grammar
from dall_e.planning.grammar_en import English
from dall_e.planning.grammar_zh import Chinese
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import is_chinese
from dall_e.text.tokenizer import TextTokenizer

MOST_WORDS = 40
"""Words of one prompt that are asked about: each is a run of the network, and a plan."""
_WORD = re.compile(r"[⺀-鿿]|[^\W_]+(?:['’-][^\W_]+)*")
_SILENT = frozenset(
    "a an the and or of is are was were it its there this that some my your with for by to emoji "
    "的 了 和 与 跟 及 是 有 在 着 个 只 一".split()
)
"""Words that show nothing by themselves."""


@dataclass(frozen=True, kw_only=True)
class PromptWord:
    """A word of a prompt, or several that name one thing, as "hot dog" does."""

    text: str
    """As it is written."""
    start: int
    """Its first character in the prompt."""
    stop: int
    """The one behind its last."""

    def without(self, prompt: str) -> str:
        """The prompt without this word; "" if it has no other."""
        return " ".join(f"{prompt[: self.start]} {prompt[self.stop :]}".split())


def prompt_words(prompt: str, vocabulary: Vocabulary | None = None) -> list[PromptWord]:
    """The words of an English or Chinese prompt that say something, in their order.

    vocabulary: with one, words that together name a thing that it knows are one word. Of a long
    prompt they are the first MOST_WORDS.
    """
    spans = _spans(prompt, vocabulary)
    words = (PromptWord(text=prompt[a:b], start=a, stop=b) for a, b in spans)
    return [*islice((word for word in words if word.text.lower() not in _SILENT), MOST_WORDS)]


def _spans(prompt: str, vocabulary: Vocabulary | None) -> Iterator[tuple[int, int]]:
    """Where each word, or name of a thing, starts and stops."""
    lowered = prompt.lower()
    # A few letters of other scripts are longer in lower case: then names are not looked for.
    if vocabulary is None or len(lowered) != len(prompt):
        yield from (match.span() for match in _WORD.finditer(prompt))
        return

    chinese = is_chinese(prompt)
    grammar = (Chinese if chinese else English)(vocabulary)
    spans = [
        (start, stop)
        for start, stop in grammar.tokens(lowered)
        if _WORD.search(lowered[start:stop])
    ]
    tokens = [lowered[start:stop] for start, stop in spans]
    position = 0
    while position < len(spans):
        length = grammar.noun_length(tokens, position) or 1
        if chinese:
            length = max(length, _run_length(grammar, tokens, spans, position))
        yield spans[position][0], spans[position + length - 1][1]
        position += length


def _run_length(
    grammar: Grammar, tokens: list[str], spans: list[tuple[int, int]], position: int
) -> int:
    """How many characters from a position on name nothing, and stand together: 红色, 旁边, "ab"."""
    stop = position
    while (
        stop < len(tokens)
        and not grammar.noun_length(tokens, stop)
        and tokens[stop] not in _SILENT
        and spans[stop][0] == spans[position][0] + stop - position
    ):
        stop += 1
    return stop - position


def token_rows(
    word: PromptWord, prompt: str, tokenizer: TextTokenizer, max_tokens: int
) -> list[int]:
    """Which text tokens a word of the prompt is made of, counted from the start mark, number 0.

    None for a word that does not fit into `max_tokens`.
    """
    return [
        number
        for number, (start, stop) in enumerate(tokenizer.spans(prompt, max_tokens), start=1)
        if start < word.stop and stop > word.start
    ]
