"""What the stages that train the generator share: captioned pictures as codes, networks, sheets and
measures.

A batch is a pure function of (seed, pictures seen), so a resumed run repeats the straight one.

Shapes: B pictures of a batch, K of them with a caption, M pictures in all, N tokens, L text tokens,
V views.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dall_e.checkpoints.store import TEXT_FILE, load_strict
from dall_e.config import (
    PRESETS,
    GeneratorData,
    ModelConfig,
    OrderKind,
    SamplingConfig,
    ScheduleKind,
)
from dall_e.data.captions import plain_caption, training_caption
from dall_e.data.datasets import ImageSet, batch_captions, batch_indices, load_images
from dall_e.data.prompt_sets import GALLERY_PROMPTS
from dall_e.images.files import save_image, to_pil
from dall_e.images.sheets import contact_sheet
from dall_e.models.dual_encoder import TokenTower
from dall_e.models.generator import Generator
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.text_encoder import TextEncoder, TextStates
from dall_e.runtime import pick_device, to_device
from dall_e.sampling.decode import decode_tokens
from dall_e.sampling.orders import group_numbers, group_sizes, make_orders
from dall_e.scenes.composer import SceneComposer
from dall_e.scenes.graph import Scene
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.corruption import Corrupted
from dall_e.training.loop import Player, describe, fit, load_stage_weights
from dall_e.training.prepared_stage import PreparedStage
from dall_e.training.run_folder import load_stage_words, open_run_folder, player_weights
from dall_e.training.token_cache import image_codes, scene_codes, tokenize_as_they_are

STEP_CHOICES = (8, 12, 16, 24, 32, 50)
SCHEDULES: tuple[ScheduleKind, ...] = ("arccos", "cosine", "uniform")
MAX_GROUP = SamplingConfig().max_group
_CAPTIONS_PER_RECORD = 8
_CODES_FILE = "codes.pt"
_SCENE_CODES_FILE = "scene_codes.pt"


# Logits and correction logits [B, N, C] by rank, then the contrastive pair [B, D] of pictures and
# captions.
Outputs = tuple[Tensor, Tensor, Tensor, Tensor]


class GeneratorNetworks(nn.Module):
    """The networks of this stage in one module, so that they share one optimiser, one average and
    one checkpoint."""

    def __init__(self, model: ModelConfig) -> None:
        super().__init__()
        self.text = TextEncoder(model.text)
        self.generator = Generator(model.generator)
        self.tower = TokenTower(
            model.generator.num_codes, model.generator.grid_size, model.text.width
        )

    def forward(self, batch: dict[str, Tensor]) -> Outputs:
        """One batch, as `training_batch` makes it."""
        text = self.text(batch["ids_BL"])
        output = self.generator(
            text, batch["context_BN"], batch["positions_BN"], batch["groups_N"], batch["level_B"]
        )
        image_BD, text_BD = self.tower(batch["codes_BN"], text.pooled_BD)
        return output.logits_BNC, output.correction_BNC, image_BD, text_BD


class Captioned(NamedTuple):
    """The pictures of a batch as codes."""

    captions: list[str]
    """"" for the null prompt."""
    codes_BN: Tensor
    concepts_B: Tensor
    """Pictures with the same number are of the same thing."""


def partition(
    num_tokens: int, random_numbers: random.Random, random_order: float
) -> tuple[OrderKind, list[int]]:
    """A kind of order and group sizes for one batch: one mask serves all its pictures."""
    steps = random_numbers.choice([s for s in STEP_CHOICES if s < num_tokens] + [num_tokens])
    sizes = group_sizes(num_tokens, steps, random_numbers.choice(SCHEDULES), MAX_GROUP)
    return order_kind(random_numbers, random_order), sizes


def order_kind(random_numbers: random.Random, random_order: float) -> OrderKind:
    """ "random" with the given probability; the rest is split between locality and raster, two to
    one."""
    draw = random_numbers.random()
    if draw < random_order:
        return "random"
    return "locality" if draw < random_order + (1 - random_order) * 2 / 3 else "raster"


class GeneratorBase(PreparedStage):
    """Everything of a stage for `training.loop.fit` but its loss."""

    def __init__(self, config: GeneratorData, *, dry_run: bool = False) -> None:
        """`dry_run`: nothing is tokenised or written; good for `summary` only."""
        self.config = config
        self.device = pick_device(config.device)
        self.model = PRESETS[config.preset]
        self.networks = self.model.to_dict()
        self.tokenizer = load_tokenizer(config.tokenizer, self.model)
        # Batches are made on the CPU, where the codes lie; pictures become codes on the device, and
        # codes pictures.
        self.quantizer = copy.deepcopy(self.tokenizer.quantizer)
        self.tokenizer.to(self.device)
        pictures = load_images(config.data, self.model.tokenizer.image_size)
        held_out = load_images(config.data, self.model.tokenizer.image_size, split="val")
        self.records, self.held_out_records = pictures.records, held_out.records
        self.weights = pictures.weights**config.weight_exponent
        names = [plain_caption(record) for record in self.records]
        self._composer, self.scenes = self._compose(pictures)
        names += (
            [self._composer.caption(scene, random.Random(0)) for scene in self.scenes]
            if self._composer
            else []
        )
        # Of the pictures first, then of the scenes.
        self._concepts_M = torch.from_numpy(np.unique(names, return_inverse=True)[1])
        # The same pictures are labelled in every run, and those of a smaller share in a larger one
        # too.
        rank_M = torch.rand(
            len(names), generator=torch.Generator().manual_seed(0), dtype=torch.float64
        )
        self._labelled_M = rank_M < config.caption_fraction
        initial = stage_weights(config.init, "generator") if config.init else None
        out = None if dry_run else Path(config.out)
        if out:
            out.mkdir(parents=True, exist_ok=True)
        self.text_tokenizer = self._text_tokenizer(out)
        self.codes_VMN = torch.zeros(
            config.views, len(pictures), self.model.generator.num_tokens, dtype=torch.int16
        )
        self.scene_codes_SN = self.codes_VMN[0, :0]
        self.held_out_codes_MN = self.codes_VMN[0, :0].long()
        if out:
            self._tokenize(out, pictures, held_out)
        torch.manual_seed(config.seed)
        self.module = GeneratorNetworks(self.model)
        if initial is not None:
            grow(self.module, initial)
        self.module.to(self.device)
        self.players = (
            Player(
                name="generator",
                module=self.module,
                learning_rate=config.learning_rate,
                weight_decay=config.weight_decay,
                optimizer=config.optimizer,
            ),
        )
        self.forward: Callable[[dict[str, Tensor]], Outputs] = self.module
        if config.compile:
            self.forward = torch.compile(self.module)

        self.prepare_ahead(config.batch_size)

    def _compose(self, pictures: ImageSet) -> tuple[SceneComposer | None, list[Scene]]:
        """Who draws the scenes, and the scenes; none if they have no share in the batches."""
        config = self.config
        if not config.scene_fraction:
            return None, []
        composer = SceneComposer(
            pictures, self.model.tokenizer.image_size, canonical=config.canonical_scenes
        )
        return composer, [
            composer.scene(f"{config.seed}/{number}") for number in range(config.scenes)
        ]

    def _tokenize(self, out: Path, pictures: ImageSet, held_out: ImageSet) -> None:
        """The codes of everything that is trained on or measured, from the run folder if they are
        there already."""
        config = self.config
        self.codes_VMN = image_codes(
            out / _CODES_FILE, self.tokenizer, pictures, views=config.views, seed=config.seed
        )
        if self._composer:
            manner = "settled" if config.canonical_scenes else "free"
            self.scene_codes_SN = scene_codes(
                out / _SCENE_CODES_FILE,
                self.tokenizer,
                map(self._composer.draw, self.scenes),
                count=config.scenes,
                name=f"{config.seed} {manner} {hashlib.sha256(repr(self.scenes).encode()).hexdigest()}",
            )
        self.held_out_codes_MN = tokenize_as_they_are(self.tokenizer, held_out.images_NCHW).long()

    def prepare(self, images_seen: int) -> dict[str, Tensor]:
        """The batch that starts after `images_seen` pictures, on the CPU; leaves the device
        alone."""
        drawn = self.captioned(images_seen)
        rng = torch.Generator().manual_seed(self.config.seed * 1_000_003 + images_seen + 1)
        kind, sizes = self.partition(images_seen)
        positions_BN = make_orders(kind, torch.rand(drawn.codes_BN.shape, generator=rng), sizes)
        context = self.context(drawn.codes_BN, rng)
        batch = training_batch(
            self.text_tokenizer,
            self.model,
            drawn.captions,
            drawn.codes_BN,
            positions_BN,
            sizes,
            context,
        )
        batch["captioned_K"] = torch.tensor(
            [bool(caption) for caption in drawn.captions]
        ).nonzero()[:, 0]
        concepts_K = drawn.concepts_B[batch["captioned_K"]]
        batch["same_KK"] = concepts_K[:, None] == concepts_K
        return batch

    def captioned(self, images_seen: int) -> Captioned:
        """The pictures and captions of the batch that starts after `images_seen` pictures."""
        config, size = self.config, self.config.batch_size
        indices = batch_indices(len(self.records), self.weights, config.seed, images_seen, size)
        captions = batch_captions(
            self.records,
            indices,
            seed=config.seed,
            images_seen=images_seen,
            other_words=config.other_words,
        )
        rng = torch.Generator().manual_seed(config.seed * 1_000_003 + images_seen)
        indices_B = torch.from_numpy(indices)
        codes_BN = self.codes_VMN[
            torch.randint(len(self.codes_VMN), (size,), generator=rng), indices_B
        ].long()
        if self._composer:
            # Scenes take the place of the last pictures of a batch, all in turn.
            count = round(config.scene_fraction * size)
            scenes_S = (images_seen // size * count + torch.arange(count)) % len(self.scenes)
            codes_BN[size - count :] = self.scene_codes_SN[scenes_S].long()
            indices_B[size - count :] = len(self.records) + scenes_S
            captions[size - count :] = [
                self._composer.caption(
                    self.scenes[scene], random.Random(f"{config.seed}/{images_seen}/scene {row}")
                )
                for row, scene in enumerate(scenes_S.tolist())
            ]
        dropped_B = torch.rand(size, generator=rng) < config.caption_drop
        dropped_B |= ~self._labelled_M[indices_B]
        captions = [
            "" if drop else text for drop, text in zip(dropped_B.tolist(), captions, strict=True)
        ]
        return Captioned(captions, codes_BN, self._concepts_M[indices_B])

    def partition(self, images_seen: int) -> tuple[OrderKind, list[int]]:
        """Kind of order and group sizes of the batch that starts after `images_seen` pictures."""
        return partition(
            self.model.generator.num_tokens,
            random.Random(f"{self.config.seed} {images_seen}"),
            self.config.random_order,
        )

    def context(self, codes_BN: Tensor, rng: torch.Generator) -> Corrupted:
        """What the generator sees of the codes of a batch: the truth, unless a stage says
        otherwise."""
        nowhere_BN = torch.zeros(codes_BN.shape, dtype=torch.bool)
        return Corrupted(codes_BN, torch.zeros(len(codes_BN)), nowhere_BN, nowhere_BN)

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Draws the gallery's prompts to `path` and measures the weights on held-out pictures."""
        was_training = self.module.training
        self.module.eval()
        prompts = list(GALLERY_PROMPTS)
        text, null = with_and_without_words(self.module.text, self.text_tokenizer, prompts)
        steps = min(self.model.sampling.num_inference_steps, self.model.generator.num_tokens)
        settings = dataclasses.replace(self.model.sampling, num_inference_steps=steps)
        seeds = list(range(len(prompts)))
        codes_BN = decode_tokens(self.module.generator, text, null, seeds=seeds, settings=settings)
        images = [to_pil(x_CHW, transparent=False) for x_CHW in self.tokenizer.detokenize(codes_BN)]
        save_image(contact_sheet(images, prompts, columns=6), path)
        measures = self._measure()
        self.module.train(was_training)
        return measures

    def summary(self) -> list[str]:
        """Data and sizes, for --dry-run and the log."""
        views, pictures, tokens = self.codes_VMN.shape
        labelled = int(self._labelled_M[:pictures].sum())
        return [
            f"{pictures:,} pictures in {views} views of {tokens} tokens; {len(self.held_out_records):,} held out",
            *([f"the captions of {labelled:,} of them are used"] if labelled < pictures else []),
            f"{sum(p.numel() for p in self.module.parameters()):,} parameters",
        ]

    @torch.no_grad()
    def _measure(self, choices: int = 16, limit: int = 192) -> dict[str, float]:
        """Likelihood of held-out pictures under the right, a wrong and no caption, and how often
        the right one wins.

        Nats per token, for one fixed random order in 16 steps. "recognised" is the fraction of
        pictures for which, of `choices` captions, the right one makes the picture most likely;
        chance is 1 / choices. With fewer pictures there are fewer choices, and with a single one it
        is 1.
        """
        every = max(1, len(self.held_out_records) // limit)
        chosen = list(range(0, len(self.held_out_records), every))[:limit]
        captions = [plain_caption(self.held_out_records[index], "en") for index in chosen]
        codes_BN = self.held_out_codes_MN[chosen]
        rng = torch.Generator().manual_seed(0)
        sizes = group_sizes(codes_BN.shape[1], min(16, codes_BN.shape[1]), "cosine", MAX_GROUP)
        positions_BN = make_orders("random", torch.rand(codes_BN.shape, generator=rng), sizes)
        clean = Corrupted(codes_BN, torch.zeros(len(chosen)), codes_BN < 0, codes_BN < 0)
        targets_BN1 = codes_BN.gather(1, positions_BN)[..., None].to(self.device)
        choices = min(choices, len(chosen))
        nats, same = [], []
        for shift in [*range(choices), None]:
            # Shifting by a fraction of the set pairs each picture with another concept, never with
            # a neighbour's.
            moved = [
                ""
                if shift is None
                else captions[(row + shift * len(chosen) // choices) % len(chosen)]
                for row in range(len(chosen))
            ]
            same.append(
                torch.tensor([one == other for one, other in zip(moved, captions, strict=True)])
            )
            batch = training_batch(
                self.text_tokenizer, self.model, moved, codes_BN, positions_BN, sizes, clean
            )
            logits_BNC = self.module(to_device(batch, self.device))[0].float().log_softmax(-1)
            nats.append(-logits_BNC.gather(-1, targets_BN1)[..., 0].mean(1))
        nats_KB, is_right_KB = torch.stack(nats[:-1]), torch.stack(same[:-1]).to(self.device)
        # Another picture may have the same caption; that one is not wrong.
        wrong_KB = nats_KB.masked_fill(is_right_KB, math.inf)
        measures = {
            "held_out_nats": float(nats_KB[0].mean()),
            "held_out_nats_null": float(nats[-1].mean()),
            "recognised": float((nats_KB[0] < wrong_KB.amin(0)).float().mean()),
        }
        if not is_right_KB.all():
            measures["held_out_nats_wrong"] = float(nats_KB[~is_right_KB].mean())
        return measures

    def _text_tokenizer(self, out: Path | None) -> TextTokenizer:
        """The one in the run folder, else that of the run to start from, else a new one; kept in
        the run folder."""
        path = out / TEXT_FILE if out else None
        if path and path.exists():
            try:
                return TextTokenizer.load(path)
            except ValueError as error:
                raise ValueError(
                    f"{error}; delete it, and it is made again from the captions"
                ) from error
        if self.config.init:
            tokenizer = load_stage_words(self.config.init)
        else:
            captions = [
                training_caption(record, random.Random(f"{index}/{variant}"))
                for index, record in enumerate(self.records)
                for variant in range(_CAPTIONS_PER_RECORD)
            ]
            if self._composer:
                captions += [
                    self._composer.caption(scene, random.Random(scene.seed))
                    for scene in self.scenes
                ]
            tokenizer = TextTokenizer.train(captions, self.model.text.vocab_size)
        if path:
            tokenizer.save(path)
        return tokenizer


def training_batch(
    text_tokenizer: TextTokenizer,
    model: ModelConfig,
    captions: list[str],
    codes_BN: Tensor,
    positions_BN: Tensor,
    sizes: list[int],
    context: Corrupted,
) -> dict[str, Tensor]:
    """The tensors that `GeneratorNetworks.forward` and the losses take, context in order of
    revelation."""
    return {
        "ids_BL": text_tokenizer.encode(captions, model.text.max_tokens).ids_BL,
        "codes_BN": codes_BN,
        "positions_BN": positions_BN,
        "groups_N": group_numbers(sizes),
        "context_BN": context.codes_BN.gather(1, positions_BN),
        "level_B": context.level_B,
        "replaced_BN": context.replaced_BN.gather(1, positions_BN),
        "clean_BN": context.clean_BN.gather(1, positions_BN),
    }


@torch.no_grad()
def grow(networks: GeneratorNetworks, weights: dict[str, Tensor]) -> None:
    """Takes over weights of a run whose token grid may be coarser: place embeddings are
    interpolated.

    The contrastive tower is taken over only if there is one, as in runs, and the grid is the same.
    Raises ValueError on any other difference.
    """
    own = networks.state_dict()
    key = "generator.places.weight"
    own_tower = {name: value for name, value in own.items() if name.startswith("tower.")}
    if not own_tower.keys() & weights.keys():
        weights = {**weights, **own_tower}
    if key in weights and weights[key].shape != own[key].shape:
        old_side, side = math.isqrt(len(weights[key])), networks.generator.config.grid_size
        old_grid = weights[key].T.unflatten(1, (old_side, old_side))[None]
        new_grid = F.interpolate(old_grid, size=(side, side), mode="bilinear", align_corners=False)
        weights = {**weights, **own_tower, key: new_grid[0].flatten(1).T.contiguous()}
    load_strict(networks, weights, "")


def with_and_without_words(
    network: TextEncoder, tokenizer: TextTokenizer, prompts: list[str]
) -> tuple[TextStates, TextStates]:
    """The states of some prompts, and as many of the empty prompt, for guidance."""
    ids_BL = tokenizer.encode([*prompts, *[""] * len(prompts)], network.config.max_tokens).ids_BL
    states = network(ids_BL.to(network.tokens.weight.device))
    text, null = (TextStates(*part) for part in zip(*(x.chunk(2) for x in states), strict=True))
    return text, null


def run_stage(stage: type[GeneratorBase], config: Any, *, dry_run: bool) -> None:
    """Trains a stage, or prints what it would do. Raises ValueError as the stage and `fit` do."""
    if dry_run:
        print(describe(config, stage(config, dry_run=True)))
        return
    # The stage writes to the run folder too, so another run must be out of it before.
    with open_run_folder(config.out):
        made = stage(config)
    fit(config, made)


def stage_weights(folder: str, player: str) -> dict[str, Tensor]:
    """The averaged weights of one player of a run or model folder. Raises ValueError if it has
    none."""
    return player_weights(load_stage_weights(folder)[1], player, folder)


def load_tokenizer(folder: str, model: ModelConfig) -> ImageTokenizer:
    """The image tokenizer of a run or model folder, frozen, for the picture size of `model`.

    Raises ValueError if it differs.
    """
    tokenizer, weights = ImageTokenizer(model.tokenizer), stage_weights(folder, "tokenizer")
    try:
        load_strict(tokenizer, weights, "")
    except ValueError as error:
        raise ValueError(
            f"the image tokenizer in {folder} cannot be used with this preset: {error}"
        ) from error
    tokenizer.eval().requires_grad_(False)
    tokenizer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack this keyword
    return tokenizer
