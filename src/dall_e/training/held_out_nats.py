"""How likely held-out pictures are under their captions: the measure of a generator.

Shapes: B pictures, N tokens, C codes, K captions to choose from.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dall_e.data.captions import plain_caption
from dall_e.sampling.orders import group_sizes, make_orders
from dall_e.training.corruption import uncorrupted
from dall_e.training.generator_data import MAX_GROUP, Captioned, GeneratorData
from dall_e.training.generator_networks import GeneratorNetworks

_STEPS = 16


@torch.no_grad()
def measure_held_out(
    data: GeneratorData,
    networks: GeneratorNetworks,
    device: torch.device,
    *,
    choices: int = 16,
    limit: int = 192,
) -> dict[str, float]:
    """Likelihood of held-out pictures under the right, a wrong and no caption.

    In nats per token, for one fixed random order in 16 steps. "recognised" is the fraction of
    pictures for which, of `choices` captions, the right one makes the picture most likely; chance
    is 1 / choices. With fewer pictures there are fewer choices, and with a single one it is 1.
    """
    every = max(1, len(data.held_out_records) // limit)
    chosen = list(range(0, len(data.held_out_records), every))[:limit]
    captions = [plain_caption(data.held_out_records[index], "en") for index in chosen]
    codes_BN = data.held_out_codes_MN[chosen]
    num_images, num_tokens = codes_BN.shape
    choices = min(choices, num_images)

    # The same order for every caption.
    rng = torch.Generator().manual_seed(0)
    sizes = group_sizes(num_tokens, min(_STEPS, num_tokens), "cosine", MAX_GROUP)
    positions_BN = make_orders("random", torch.rand(codes_BN.shape, generator=rng), sizes)

    def nats_under(texts: list[str]) -> Tensor:
        drawn = Captioned(texts, codes_BN, torch.arange(num_images))
        batch = data.assemble(drawn, positions_BN, sizes, uncorrupted(codes_BN)).to(device)
        logits_BNC = networks(batch).logits_BNC.float().log_softmax(-1)
        nats_B: Tensor = -logits_BNC.gather(-1, batch.targets_BN[..., None])[..., 0].mean(1)
        return nats_B

    # Shifting by a fraction of the set pairs each picture with another concept, never with a
    # neighbour's.
    nats: list[Tensor] = []
    is_right: list[Tensor] = []
    for shift in range(choices):
        first = shift * num_images // choices
        shifted = captions[first:] + captions[:first]
        pairs = zip(shifted, captions, strict=True)
        is_right.append(torch.tensor([text == caption for text, caption in pairs]))
        nats.append(nats_under(shifted))
    nats_KB, is_right_KB = torch.stack(nats), torch.stack(is_right).to(device)

    # Another picture may have the same caption; that one is not wrong.
    wrong_KB = nats_KB.masked_fill(is_right_KB, math.inf)
    measures = {
        "held_out_nats": float(nats_KB[0].mean()),
        "held_out_nats_null": float(nats_under([""] * num_images).mean()),
        "recognised": float((nats_KB[0] < wrong_KB.amin(0)).float().mean()),
    }
    if not is_right_KB.all():
        measures["held_out_nats_wrong"] = float(nats_KB[~is_right_KB].mean())
    return measures
