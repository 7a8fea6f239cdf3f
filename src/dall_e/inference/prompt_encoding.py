"""Prompt to states: what a model reads of a prompt, and what it steers away from under guidance.

Prompts are read one at a time, so that the other prompts of a call cannot change even the last
digit.

Shapes: B prompts, L text tokens, D width, F feature width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch

from dall_e.checkpoints.t5 import Features
from dall_e.models.prompt_networks import (
    PromptEncoder,
    PromptFeatures,
    PromptNetwork,
    PromptStates,
    PromptTable,
)
from dall_e.models.text_encoder import TextEncoder, TextStates
from dall_e.text.published_tokenizers import EncodedPrompt, PromptTokenizer
from dall_e.text.tokenizer import TextTokenizer

FeatureMaker = Callable[[str], Features]
"""Prompt to features of another project's text model."""

States = TextStates | PromptStates
"""What a generator reads of prompts, by the kind of model."""


class Pair(NamedTuple):
    """The states of one prompt, and of what guidance steers away from."""

    text: States
    null: States

    @property
    def length(self) -> int:
        """Tokens of the longer of the two; all prompts of a batch have the same."""
        return max(self.text.states_BLD.shape[1], self.null.states_BLD.shape[1])


class Reader(Protocol):
    """Turns prompts into states."""

    losses: dict[str, str]
    """What the states leave out of the prompts that were read, in words, by prompt."""

    def read(self, text: str, negative: str) -> Pair:
        """Read one prompt and one negative prompt, and note what the states leave out."""
        ...


def make_reader(
    network: TextEncoder | PromptNetwork, tokenizer: TextTokenizer | PromptTokenizer | FeatureMaker
) -> Reader:
    """The reader for a text network and its tokenizer.

    Make one for each call: it remembers what it read.
    """
    if isinstance(network, TextEncoder):
        assert isinstance(tokenizer, TextTokenizer)
        return NativeReader(network, tokenizer)
    if isinstance(network, PromptFeatures):
        assert callable(tokenizer)
        return FeatureReader(network, tokenizer)
    assert not callable(tokenizer) and not isinstance(tokenizer, TextTokenizer)
    return PublishedReader(network, tokenizer)


def stack_pairs(pairs: Sequence[Pair]) -> tuple[States, States]:
    """The states of some prompts of one length as one batch, and those of their counterparts."""
    return _stacked([pair.text for pair in pairs]), _stacked([pair.null for pair in pairs])


def _stacked(rows: list[States]) -> States:
    published = [row for row in rows if isinstance(row, PromptStates)]
    if published:
        return PromptStates.stacked(published)

    native = [row for row in rows if isinstance(row, TextStates)]
    return TextStates(
        torch.cat([row.states_BLD for row in native]), torch.cat([row.pooled_BD for row in native])
    )


class NativeReader:
    """Reads prompts with the text encoder of a model of this project."""

    def __init__(self, network: TextEncoder, tokenizer: TextTokenizer) -> None:
        self._network, self._tokenizer = network, tokenizer
        self._known: dict[str, TextStates] = {}
        self.losses: dict[str, str] = {}

    def read(self, text: str, negative: str) -> Pair:
        """Read both. The negative prompt, the same for all prompts of a call, is read once."""
        return Pair(self._states(text), self._states(negative))

    def _states(self, text: str) -> TextStates:
        if text in self._known:
            return self._known[text]

        longest = self._network.config.max_tokens
        encoded = self._tokenizer.encode([text], longest)
        # Two of the tokens are the marks of the start and the end.
        if encoded.dropped[0]:
            self.losses[text] = _losses(encoded.dropped[0], "", longest - 2)
        ids_1L = encoded.ids_BL.to(self._network.tokens.weight.device)
        self._known[text] = self._network(ids_1L)
        return self._known[text]


class PublishedReader:
    """Reads prompts with the token embeddings, or the encoder, of a published model."""

    def __init__(self, network: PromptEncoder | PromptTable, tokenizer: PromptTokenizer) -> None:
        self._network, self._tokenizer = network, tokenizer
        self.losses: dict[str, str] = {}

    def read(self, text: str, negative: str) -> Pair:
        """Read both. Without a negative prompt, the project's own mark for "no prompt" is read."""
        encoded = self._encoded(text)
        if negative:
            null = self._encoded(negative)
        else:
            null = self._tokenizer.without_words(encoded, self._network.config.max_tokens)
        return Pair(self._states(encoded), self._states(null))

    def _encoded(self, text: str) -> EncodedPrompt:
        longest = self._network.config.max_tokens
        encoded = self._tokenizer.encode(text, longest)
        if encoded.dropped or encoded.lost:
            self.losses[text] = _losses(encoded.dropped, encoded.lost, longest)
        return encoded

    def _states(self, encoded: EncodedPrompt) -> PromptStates:
        ids_1L = torch.tensor(
            [encoded.ids], dtype=torch.int64, device=self._network.tokens.weight.device
        )
        states: PromptStates = self._network(ids_1L)
        return states


class FeatureReader:
    """Reads prompts by the features of another project's text model."""

    def __init__(self, network: PromptFeatures, make_features: FeatureMaker) -> None:
        self._network, self._make_features = network, make_features
        self.losses: dict[str, str] = {}

    def read(self, text: str, negative: str) -> Pair:
        """Read both. Without a negative prompt, learned features stand where the prompt's do."""
        states = self._states(text)
        if negative:
            return Pair(states, self._states(negative))
        return Pair(states, self._network.unconditional(states.visible_BL))

    def _states(self, text: str) -> PromptStates:
        features = self._make_features(text)
        if features.dropped:
            longest = self._network.config.max_tokens
            self.losses[text] = _losses(features.dropped, "", longest)

        weight = self._network.nothing
        states: PromptStates = self._network(
            features.features_1LF.to(weight), features.visible_1L.to(weight.device)
        )
        return states


def _losses(dropped: str, lost: str, longest: int) -> str:
    """Say which end of a prompt did not fit, and which characters have no token."""
    told = []
    if dropped:
        shown = dropped if len(dropped) <= 80 else f"{dropped[:60]}... ({len(dropped)} characters)"
        told.append(
            f"the prompt is longer than the {longest} tokens that this model reads; "
            f"left out: {shown!r}"
        )
    if lost:
        told.append(f"this model's text tokenizer has no pieces for {lost[:40]!r}: left out")
    return "; ".join(told)
