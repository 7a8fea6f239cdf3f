"""Trains a LoRA of a published left-to-right model: LlamaGen, Janus, DALL-E mini and their like.

The model's own image tokenizer turns pictures into codes, its own text tokenizer reads captions,
and the loss is what it was trained with: cross-entropy of each token given those before. Only the
small matrices beside the blocks of its transformer learn, so checkpoints hold nothing else.

Shapes: B pictures of a batch, M of the data set, N tokens, C channels, H W rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from dall_e.checkpoints.families.base import LoadOptions, PublishedModel
from dall_e.config import AdapterTraining
from dall_e.data.captions import plain_caption
from dall_e.data.datasets import ImageSet, batch_captions, batch_indices, load_images
from dall_e.data.shared_names import with_shared_names
from dall_e.images.files import save_image, to_pil
from dall_e.images.sheets import contact_sheet
from dall_e.inference.loading import load_model
from dall_e.inference.prompt_encoding import Pair, make_reader, stack_pairs
from dall_e.losses.tokens import token_loss
from dall_e.models.prompt_networks import PromptStates
from dall_e.nn.lora import LowRank, LowRankSum, add_lora
from dall_e.runtime import pick_device
from dall_e.sampling.decode import decode_tokens
from dall_e.training.batches import Batch
from dall_e.training.data_report import report_data
from dall_e.training.player import Player
from dall_e.training.running import run_stage
from dall_e.training.stage import Stage, StepOutput
from dall_e.training.tracking import announce

PLAYER = "adapter"
_IN_NAMES = "/"
"""Stands in the names of a run's weights where the names of layers have a dot."""
_ENCODED_AT_ONCE = 4
_SHEET_IMAGES = 6
_MOST_HELD_OUT = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class AdapterBatch(Batch):
    """Pictures as codes, and what is said of them."""

    captions: list[str]
    """Empty for the project's mark for none."""
    codes_BN: Tensor
    """In raster order."""


class AdapterStage(Stage[AdapterBatch]):
    """Data, network and loss of this stage, for `training.loop.fit`."""

    def __init__(self, config: AdapterTraining) -> None:
        """Raises ValueError for missing or unfit data, and for a model that cannot learn so."""
        self.config = config
        self.device = pick_device(config.loop.device)
        model = load_published(config)
        self._model = model
        self._guided = model.config.guided
        self.networks = {PLAYER: {"model": model.config.name, "lora": config.lora.lora_rank}}

        # Pictures, and what is said of them
        size = model.config.tokenizer.image_size
        announce(f"reading the pictures of {config.data}")
        images, held_out = (load_images(config.data, size, split=s) for s in ("train", "val"))
        self.run_data = report_data(config.run_folder, images, held_out)
        names = {"style": config.style, "subject": config.subject}
        self._records = with_shared_names(images.records, **names)
        self._held_out_records = with_shared_names(held_out.records, **names)
        self._weights_M = images.weights
        holds_out = images.fingerprint != held_out.fingerprint
        self.num_held_out = len(held_out) if holds_out else 0
        self.judged_by = "held_out_nats" if holds_out else ""

        # The same in codes
        for network in model.networks.parts().values():
            network.to(self.device).requires_grad_(False).eval()
        announce(f"turning {len(images) + len(held_out):,} pictures into codes")
        self._codes_MN = self._encoded(images)
        self._held_out_codes_MN = self._encoded(held_out)
        self._reader = make_reader(model.networks.text, model.text_tokenizer)
        self._pairs: dict[str, Pair] = {}

        # What learns
        torch.manual_seed(config.loop.seed)
        self.generator = model.networks.generator
        layers = add_lora(self.generator, rank=config.lora.lora_rank, alpha=config.lora.lora_alpha)
        announce(f"learning by rank {config.lora.lora_rank} in {len(layers)} layers")
        self.adapters = small_matrices(self.generator, layers)
        self.players = (Player(name=PLAYER, module=self.adapters, optimizer=config.optimizer),)

    def computed(self) -> list[nn.Module]:
        """The published network, beside which small matrices learn."""
        return [self.generator]

    @torch.no_grad()
    def _encoded(self, images: ImageSet) -> Tensor:
        """Codes int64 [M, N] of pictures on white. Raises ValueError if it has no encoder."""
        networks = self._model.networks
        num_codes = self._model.config.generator.num_codes
        parts: list[Tensor] = []
        for x_BCHW in images.images_NCHW.split(_ENCODED_AT_ONCE):
            x_BCHW = x_BCHW.to(self.device).float() / 255
            seen_BCHW = x_BCHW[:, :3] + 1 - x_BCHW[:, 3:]
            if not networks.tokenizer.config.unit_range:
                seen_BCHW = seen_BCHW * 2 - 1
            parts.append(networks.tokenizer.encode(seen_BCHW).codes_BHW.flatten(1).cpu())
        codes_MN = torch.cat(parts)

        most = int(codes_MN.max())
        if most >= num_codes:
            raise ValueError(
                f"a picture has the code {most}, and {self._model.config.name} draws codes below "
                f"{num_codes}: it cannot learn these pictures"
            )
        return codes_MN

    def batch(self, images_seen: int) -> AdapterBatch:
        """The batch that follows after `images_seen` pictures, on the device."""
        loop = self.config.loop
        size, seed = loop.micro_batch_size, loop.seed
        rows = batch_indices(len(self._records), self._weights_M, seed, images_seen, size)
        captions = batch_captions(self._records, rows, seed=seed, images_seen=images_seen)

        # Without some of the captions, for guidance
        rng = torch.Generator().manual_seed(seed * 1_000_003 + images_seen)
        dropped_B = torch.rand(size, generator=rng) < self.config.caption_drop
        if self._guided:
            pairs = zip(captions, dropped_B.tolist(), strict=True)
            captions = ["" if dropped else caption for caption, dropped in pairs]
        codes_BN = self._codes_MN[torch.from_numpy(rows)].to(self.device)
        return AdapterBatch(captions=captions, codes_BN=codes_BN)

    def loss(self, batch: AdapterBatch) -> StepOutput:
        """Cross-entropy of each token given the caption and those before it."""
        return StepOutput(*self._token_loss(batch.captions, batch.codes_BN))

    def _token_loss(
        self, captions: list[str], codes_BN: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        pairs = [self._pair(caption) for caption in captions]
        states = PromptStates.stacked(
            [
                pair.text if caption else pair.null  # type: ignore[misc]
                for caption, pair in zip(captions, pairs, strict=True)
            ]
        )
        logits_BNC = self.generator(states, codes_BN[:, :-1])
        num_codes = self._model.config.generator.num_codes
        return token_loss(
            logits_BNC=logits_BNC[..., :num_codes], targets_BN=codes_BN, log_partition_weight=0.0
        )

    @torch.no_grad()
    def _pair(self, caption: str) -> Pair:
        """What the model reads of a caption; of the empty one, what stands for none."""
        if caption not in self._pairs:
            said = caption or plain_caption(self._records[0])
            # Kept for sheets, too, which are drawn without the autocast of a training step.
            with torch.autocast(self.device.type, enabled=False):
                self._pairs[caption] = self._reader.read(said, "")
        return self._pairs[caption]

    @torch.no_grad()
    def sample(self, path: Path) -> dict[str, float]:
        """Draws some captions beside the true pictures; nats of held-out pictures."""
        shown = min(len(self._records), _SHEET_IMAGES)
        rows = [row * len(self._records) // shown for row in range(shown)]
        prompts = [plain_caption(self._records[row]) for row in rows]
        detokenize = self._model.networks.tokenizer.detokenize

        images = []
        for row, prompt in zip(rows, prompts, strict=True):
            text, null = stack_pairs([self._pair(prompt)])
            codes_1N = decode_tokens(
                self.generator, text, null, seeds=[row], settings=self._model.config.sampling
            )
            both_2N = torch.cat((self._codes_MN[row : row + 1].to(self.device), codes_1N))
            images += [to_pil(x_CHW, transparent=False) for x_CHW in detokenize(both_2N)]
        captions = [text for prompt in prompts for text in ("true", prompt)]
        save_image(contact_sheet(images, captions, columns=6), path)
        return {"held_out_nats": self._held_out_nats()} if self.num_held_out else {}

    def _held_out_nats(self) -> float:
        """Nats per token of held-out pictures under their captions."""
        records = self._held_out_records[:_MOST_HELD_OUT]
        nats: list[Tensor] = []
        for row, record in enumerate(records):
            codes_1N = self._held_out_codes_MN[row : row + 1].to(self.device)
            nats.append(self._token_loss([plain_caption(record)], codes_1N)[1]["nats"])
        return float(torch.stack(nats).mean())

    def summary(self) -> list[str]:
        """Data and sizes, for --dry-run and the log."""
        frozen = sum(tensor.numel() for tensor in self.generator.parameters())
        learning = self.players[0].num_parameters(trained=True)
        return [
            f"{len(self._records):,} pictures of {self._codes_MN.shape[1]} tokens; "
            f"{self.num_held_out:,} held out",
            f"{self._model.config.name}: {learning:,} of {frozen:,} parameters learn; the weights "
            f"are under the licence {self._model.config.licence}",
        ]


def load_published(config: AdapterTraining) -> PublishedModel:
    """The model to learn beside, in float32. Raises ValueError for one of this project's own."""
    if not config.start.init:
        raise ValueError("init is empty: name the published model to start from")
    options = LoadOptions(torch.float32)
    model = load_model(config.start.init, config.start.variant or None, options)
    if not isinstance(model, PublishedModel):
        raise ValueError(
            f"{config.start.init} is a model of this project: `dall-e train generator --init` "
            "trains it, with --lora-rank by low rank"
        )
    return model


def small_matrices(network: nn.Module, layers: tuple[str, ...]) -> nn.ModuleDict:
    """What `add_lora` put beside some layers, as a module of its own, and the same tensors."""
    held: dict[str, nn.Module] = {}
    for name in layers:
        parts = network.get_submodule(f"{name}.parametrizations.weight")
        beside = parts.get_submodule("0")
        assert isinstance(beside, LowRankSum)
        held[name.replace(".", _IN_NAMES)] = beside
    return nn.ModuleDict(held)


def learned_layers(weights: dict[str, Tensor]) -> dict[str, LowRank]:
    """What a run has learned, by the names that LoRA files have for layers of the generator."""
    names = sorted({name.rpartition(".")[0] for name in weights})
    return {
        f"generator.{name.replace(_IN_NAMES, '.')}": LowRank(
            weights[f"{name}.lora_A"], weights[f"{name}.lora_B"], float(weights[f"{name}.scale"])
        )
        for name in names
    }


def run_adapter_training(config: AdapterTraining, *, dry_run: bool = False) -> None:
    """`dall-e train adapter`: trains on the pictures of `config.data`.

    With `dry_run`, prints what it would do. Raises ValueError for missing or unfit data, weights or
    run folder, as `fit` does.
    """
    run_stage(config, AdapterStage, dry_run=dry_run)
