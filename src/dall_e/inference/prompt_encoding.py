"""What a model reads of a prompt, and what it steers away from under guidance: one prompt at a
time.

One at a time, so that the other prompts of a call cannot change even the last digit.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch

from dall_e.checkpoints.t5 import Features, T5Features
from dall_e.models.prompt_networks import PromptFeatures, PromptNetwork, PromptStates
from dall_e.models.text_encoder import TextEncoder, TextStates
from dall_e.text.published_tokenizers import EncodedPrompt, PromptTokenizer
from dall_e.text.tokenizer import TextTokenizer

FeatureMaker = Callable[[str], Features]
States = TextStates | PromptStates


class Pair(NamedTuple):
    """One prompt, with and without its words."""

    text: States
    null: States

    @property
    def length(self) -> int:
        """Tokens of the longer one: rows of one batch have the same."""
        return max(self.text.states_BLD.shape[1], self.null.states_BLD.shape[1])


class Reader(Protocol):
    """Prompt to states."""

    def read(self, text: str, negative: str) -> Pair:
        """Both states of one prompt. Warns of what they leave out."""
        ...


def make_reader(
    network: TextEncoder | PromptNetwork, tokenizer: TextTokenizer | PromptTokenizer | T5Features
) -> Reader:
    """The reader for a text network and its tokenizer, for one call: it remembers what it read."""
    if isinstance(network, TextEncoder):
        assert isinstance(tokenizer, TextTokenizer)
        return NativeReader(network, tokenizer)
    assert not isinstance(tokenizer, TextTokenizer)
    return PublishedReader(network, tokenizer)


def stack_pairs(pairs: list[Pair]) -> tuple[States, States]:
    """The rows of some prompts in one batch."""
    return _stack([pair.text for pair in pairs]), _stack([pair.null for pair in pairs])


def _stack(rows: list[States]) -> States:
    published = [row for row in rows if isinstance(row, PromptStates)]
    if published:
        return PromptStates.stacked(published)
    native = [row for row in rows if isinstance(row, TextStates)]
    return TextStates(
        torch.cat([row.states_BLD for row in native]), torch.cat([row.pooled_BD for row in native])
    )


class NativeReader:
    """For the native text encoder."""

    def __init__(self, network: TextEncoder, tokenizer: TextTokenizer) -> None:
        self._network, self._tokenizer = network, tokenizer
        self._known: dict[str, TextStates] = {}

    def read(self, text: str, negative: str) -> Pair:
        """Both states. Warns of words that did not fit. The negative prompt is read once for all
        others."""
        return Pair(self._states(text), self._states(negative))

    def _states(self, text: str) -> TextStates:
        if text in self._known:
            return self._known[text]
        longest = self._network.config.max_tokens
        encoded = self._tokenizer.encode([text], longest)
        _report(encoded.dropped[0], "", longest - 2)
        self._known[text] = self._network(encoded.ids_BL.to(self._network.tokens.weight.device))
        return self._known[text]


class PublishedReader:
    """For published models."""

    def __init__(self, network: PromptNetwork, tokenizer: PromptTokenizer | FeatureMaker) -> None:
        self.network = network
        self.tokenizer = tokenizer

    def read(self, text: str, negative: str) -> Pair:
        """Both states. Warns of words that did not fit and of characters that have no piece."""
        if isinstance(self.network, PromptFeatures):
            return self._read_features(self.network, text, negative)
        assert not callable(self.tokenizer)
        longest = self.network.config.max_tokens
        encoded = self.tokenizer.encode(text, longest)
        _report(encoded.dropped, encoded.lost, longest)
        if negative:
            null = self.tokenizer.encode(negative, longest)
            _report(null.dropped, null.lost, longest)
        else:
            null = self.tokenizer.without_words(encoded, longest)
        return Pair(self._states(encoded), self._states(null))

    def _states(self, encoded: EncodedPrompt) -> PromptStates:
        device = (
            self.network.tokens.weight.device
            if not isinstance(self.network, PromptFeatures)
            else None
        )
        states: PromptStates = self.network(torch.tensor([encoded.ids], device=device))
        return states

    def _read_features(self, network: PromptFeatures, text: str, negative: str) -> Pair:
        """Without a negative prompt, learned features stand where the prompt's own do."""
        assert callable(self.tokenizer)
        like = network.nothing
        found = self.tokenizer(text)
        _report(found.dropped, "", network.config.max_tokens)
        states: PromptStates = network(
            found.features_1LF.to(like), found.visible_1L.to(like.device)
        )
        if not negative:
            return Pair(states, network.unconditional(states.visible_BL))
        other = self.tokenizer(negative)
        _report(other.dropped, "", network.config.max_tokens)
        null: PromptStates = network(other.features_1LF.to(like), other.visible_1L.to(like.device))
        return Pair(states, null)


def _report(dropped: str, lost: str, longest: int) -> None:
    if dropped:
        shown = dropped if len(dropped) <= 80 else f"{dropped[:60]}... ({len(dropped)} characters)"
        warnings.warn(
            f"the prompt is longer than the {longest} tokens that this model reads; left out: {shown!r}",
            stacklevel=7,
        )
    if lost:
        warnings.warn(
            f"this model's text tokenizer has no pieces for {lost[:40]!r}: left out", stacklevel=7
        )
