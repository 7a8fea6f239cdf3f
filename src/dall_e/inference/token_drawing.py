"""From drawing jobs to image tokens: prompts are read, and drawn in batches of one length.

Shapes: B drawings, N image tokens, C codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.config import SamplingConfig
from dall_e.inference.batching import batches, known_rows
from dall_e.inference.loading import Networks
from dall_e.inference.partial_images import BatchCallback, watched
from dall_e.inference.progress import ProgressCallback, StepCallback, counted_steps
from dall_e.inference.prompt_encoding import Pair, States, make_reader, stack_pairs
from dall_e.inference.remarks import remark_on_prompts
from dall_e.inference.request import GenerationRequest
from dall_e.nn.precision import entering, weight_of
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.runtime import free_memory
from dall_e.sampling.decode import KnownTokens, decode_tokens
from dall_e.sampling.hindsight import NoiseSampler
from dall_e.sampling.memory import TokenMemory
from dall_e.sampling.mixing import MixedNetwork, MixedPrompts
from dall_e.sampling.networks import Prompts, SpeculativeNetwork, TokenNetwork
from dall_e.sampling.recall import RecalledPrompts, RecallingNetwork
from dall_e.sampling.token_sampler import Sampler

# More images than this are drawn one batch after the other, so that memory stays bounded; it
# changes no image.
IMAGES_PER_BATCH = 16

# Of the free memory, keys and values may take so much; the rest is for what is computed from them.
_CACHE_FRACTION = 0.5


Drawing = tuple[str, str]
"""A prompt and its negative prompt."""


class TokenDrawer:
    """Draws the tokens of images with the networks of one model."""

    def __init__(
        self,
        networks: Networks | PublishedNetworks,
        text_tokenizer: Any,
        memory: TokenMemory | None = None,
    ) -> None:
        self._networks = networks
        self._text_tokenizer = text_tokenizer
        self.memory = memory
        """Images that prompts recall, beside what the generator has learned."""

    def draw(
        self,
        request: GenerationRequest,
        candidates: list[DrawingJob],
        on_step: StepCallback | None = None,
        on_progress: ProgressCallback | None = None,
        *,
        sampler: Sampler | None = None,
        known: KnownTokens | None = None,
        on_batch_step: BatchCallback | None = None,
    ) -> Tensor:
        """Image tokens [B, N] of the drawings of a request, in batches of prompts of one length.

        sampler: chooses the codes of a single drawing, instead of its seed. known: tokens that are
        given, a row for each drawing; those of the request unless given. on_batch_step: is told
        which drawings a step was of.
        """
        assert sampler is None or len(candidates) == 1
        drawings = {
            row: (text, request.negative_of(number), seed)
            for number, candidate in enumerate(candidates)
            for row, text, seed in candidate.drawings
        }
        texts = [(text, negative) for text, negative, _ in drawings.values()]
        seeds = [seed for *_, seed in drawings.values()]
        pairs = self._read(request, candidates, texts)

        # A place without things in it needs no drawing.
        generator = self._networks.generator
        if not texts:
            device = weight_of(generator).device
            return torch.empty((0, 0), dtype=torch.long, device=device)

        groups = batches([pair.length for pair in pairs], self._images_per_batch(request.sampling))
        drawn: dict[int, Tensor] = {}
        for number, rows in enumerate(groups):
            counted = counted_steps(on_step, on_progress, number, len(groups))
            text_states, null_states = self.states([pairs[row] for row in rows])
            network, (prompts,), (negatives,) = self._recalling(
                [[texts[row] for row in rows]], [(text_states, null_states)]
            )
            codes_BN = decode_tokens(
                network,
                prompts,
                negatives,
                seeds=[seeds[row] for row in rows],
                settings=request.sampling,
                known=known_rows(known or request.known, rows),
                sampler=sampler or _sampler(request, rows),
                on_step=watched(counted, on_batch_step, rows, number, len(groups)),
            )
            drawn.update(zip(rows, codes_BN, strict=True))
        return torch.stack([drawn[row] for row in range(len(texts))])

    def draw_between(
        self,
        requests: Sequence[GenerationRequest],
        jobs: Sequence[list[DrawingJob]],
        weight_B: Tensor,
    ) -> Tensor:
        """Image tokens [B, N] of whole images between two prompts.

        requests: for the same images under the one and under the other prompt, with the same noise.
        weight_B: of the second prompt, from 0 to 1.
        """
        first, second = requests
        if first.prompts == second.prompts and first.negative_prompts == second.negative_prompts:
            return self.draw(first, jobs[0])
        texts = [_texts(request, some) for request, some in zip(requests, jobs, strict=True)]
        pairs = [
            self._read(request, some, own)
            for request, some, own in zip(requests, jobs, texts, strict=True)
        ]

        # Each image has two prompts, and so twice the rows.
        size = max(1, self._images_per_batch(first.sampling) // 2)
        drawn: list[Tensor] = []
        for start in range(0, len(weight_B), size):
            rows = range(len(weight_B))[start : start + size]
            states = [self.states([each[row] for row in rows]) for each in pairs]
            own_texts = [[own[row] for row in rows] for own in texts]
            network, prompts, negatives = self._recalling(own_texts, states)
            drawn.append(
                decode_tokens(
                    MixedNetwork(network, weight_B[start : start + size]),
                    MixedPrompts(*prompts),
                    MixedPrompts(*negatives),
                    seeds=[first.seeds[row] for row in rows],
                    settings=first.sampling,
                    sampler=_sampler(first, rows),
                )
            )
        return torch.cat(drawn)

    def states(self, pairs: Sequence[Pair]) -> tuple[States, States]:
        """The states of prompts of one length and of their counterparts, as the generator takes
        them."""
        generator = self._networks.generator
        text, null = stack_pairs(pairs)
        return _entering_states(generator, text), _entering_states(generator, null)

    def _recalling(
        self, texts: Sequence[Sequence[Drawing]], states: Sequence[tuple[States, States]]
    ) -> tuple[TokenNetwork, list[Prompts], list[Prompts]]:
        """The network, its prompts and their counterparts, with what the memory has for them.

        texts: prompts and negative prompts, one list for each of `states`.
        """
        generator, memory = self._networks.generator, self.memory
        if memory is not None and isinstance(generator, SpeculativeNetwork):
            recalled = [
                RecalledPrompts.of(memory, [prompt for prompt, _ in some], text)
                for some, (text, _) in zip(texts, states, strict=True)
            ]
            if any(each.recalls_any for each in recalled):
                nothing = [
                    each.nothing(null) for each, (_, null) in zip(recalled, states, strict=True)
                ]
                return RecallingNetwork(generator), [*recalled], [*nothing]
        return generator, [text for text, _ in states], [null for _, null in states]

    def _read(
        self,
        request: GenerationRequest,
        candidates: list[DrawingJob],
        texts: list[Drawing],
    ) -> list[Pair]:
        """What the prompt and negative prompt of each drawing say, with a remark on what is lost.

        Each prompt is read once, however many images it has.
        """
        reader = make_reader(self._networks.text, self._text_tokenizer)
        pairs: dict[tuple[str, str], Pair] = {}
        for text in texts:
            if text not in pairs:
                pairs[text] = reader.read(*text)
        negatives = [negative for _, negative in texts]
        remark_on_prompts(candidates, reader.losses, negatives, strict=request.strict)
        return [pairs[text] for text in texts]

    def _images_per_batch(self, settings: SamplingConfig) -> int:
        """How many are drawn together: fewer than IMAGES_PER_BATCH where memory is short."""
        generator = self._networks.generator
        free = free_memory(weight_of(generator).device)
        if free is None:
            return IMAGES_PER_BATCH

        rows_per_image = 1 if settings.guidance_scale == 1 else 2
        bytes_per_image = rows_per_image * generator.row_bytes()
        room = int(free * _CACHE_FRACTION) // bytes_per_image
        return max(1, min(IMAGES_PER_BATCH, room))


def _texts(request: GenerationRequest, jobs: list[DrawingJob]) -> list[Drawing]:
    """The prompt and the negative prompt of each drawing."""
    return [
        (text, request.negative_of(number))
        for number, job in enumerate(jobs)
        for text in job.prompts
    ]


def _sampler(request: GenerationRequest, rows: Sequence[int]) -> Sampler | None:
    """What draws some of the images by noise that is given; None if the seeds make it."""
    if request.noise_BNC is None:
        return None
    return NoiseSampler(request.noise_BNC[list(rows)], request.sampling)


def _entering_states(generator: nn.Module, states: States) -> States:
    """What is known of some prompts, as the generator takes it."""
    return type(states)(*(entering(generator, part) for part in states))
