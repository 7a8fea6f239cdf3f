"""Low-rank adaptation: a weight W becomes W + s B A, and only the small matrices A and B learn.

Hu et al. 2021, "LoRA", arXiv 2106.09685. B starts at zero, so that the network starts as it was.
In training, A and B stand beside the weight as a parametrisation of PyTorch's, and a layer gives
x W' + s (x A') B': no gradient of a whole weight is made, which is a third less arithmetic than in
full training. What x is cheaply made of is kept instead of x, which halves the memory of a step.
For drawing B A is added to the weight, so that nothing gets slower.

Shapes: R the rank, I inputs of a layer, O its outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils import parametrize

from dall_e.nn.transformer import Block, Linear

_WEIGHT = ".parametrizations.weight."
"""What stands in the names of a layer's parts between the layer and the part."""


class LowRank(NamedTuple):
    """What is added to the weight of one layer: scale * b_OR @ a_RI."""

    a_RI: Tensor
    b_OR: Tensor
    scale: float

    def delta(self) -> Tensor:
        """What is added, [O, I], float32."""
        product_OI: Tensor = self.b_OR.float() @ self.a_RI.float()
        return self.scale * product_OI


class LowRankSum(nn.Module):
    """The parametrisation: a weight [O, I] to the weight with what is learned."""

    scale: Tensor

    def __init__(self, weight_OI: Tensor, rank: int, alpha: float) -> None:
        """`alpha` / `rank` is the scale, as in the paper."""
        super().__init__()
        outputs, inputs = weight_OI.shape
        self.lora_A = nn.Parameter(weight_OI.new_empty(rank, inputs))
        self.lora_B = nn.Parameter(weight_OI.new_zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.register_buffer("scale", weight_OI.new_tensor(alpha / rank))

    def forward(self, weight_OI: Tensor) -> Tensor:
        """[O, I] to [O, I]."""
        return weight_OI + self.scale * (self.lora_B @ self.lora_A)

    def product(
        self,
        make: Callable[..., Tensor],
        weight_OI: Tensor,
        bias_O: Tensor | None,
        *made_of: Tensor,
    ) -> Tensor:
        """What a layer of the sum gives for `make(*made_of)`, [..., I], without the sum: [..., O].

        What `make` gives is made anew in the backward pass, and not kept. It must depend on no
        other tensor that learns.
        """
        if torch.compiler.is_compiling():
            # A compiler chooses itself what to keep.
            x = make(*made_of)
            beside = F.linear(F.linear(x, self.lora_A), self.lora_B)
            return F.linear(x, weight_OI, bias_O) + self.scale * beside
        product: Tensor = _Product.apply(  # type: ignore[no-untyped-call]
            make, weight_OI, bias_O, self.lora_A, self.lora_B, self.scale, *made_of
        )
        return product


class _Product(torch.autograd.Function):
    """x W' + b + (s x A') B', which keeps what x is made of, and not x.

    The two products are added up as they are made: to multiply the second one by s and to add it
    would read and write all outputs twice more, and gradients as often.
    """

    @staticmethod
    def forward(
        ctx: Any,
        make: Callable[..., Tensor],
        weight_OI: Tensor,
        bias_O: Tensor | None,
        a_RI: Tensor,
        b_OR: Tensor,
        scale: Tensor,
        *made_of: Tensor,
    ) -> Tensor:
        """[..., O] of the x [..., I] that `make` makes."""
        x = make(*made_of)
        kind = x.device.type
        ctx.autocast = (kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind))
        dtype = ctx.autocast[1] if ctx.autocast[2] else x.dtype
        x = x.to(dtype)

        small_MR = (F.linear(x, a_RI.to(dtype)) * scale.to(dtype)).view(-1, len(a_RI))
        y = F.linear(x, weight_OI.to(dtype), None if bias_O is None else bias_O.to(dtype))
        y.view(-1, len(b_OR)).addmm_(small_MR, b_OR.to(dtype).T)
        ctx.make = make
        ctx.save_for_backward(weight_OI, a_RI, b_OR, scale, small_MR, *made_of)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of A, of B, and of what x is made of."""
        weight_OI, a_RI, b_OR, scale, small_MR, *made_of = ctx.saved_tensors
        dtype, needs = grad.dtype, ctx.needs_input_grad[6:]
        with torch.enable_grad(), torch.autocast(*ctx.autocast):
            again = [t.detach().requires_grad_(n) for t, n in zip(made_of, needs, strict=True)]
            x = ctx.make(*again)

        grad_MO = grad.reshape(-1, grad.shape[-1])
        grad_small_MR = (grad_MO @ b_OR.to(dtype)) * scale.to(dtype)
        grad_a_RI = grad_small_MR.T @ x.detach().reshape(-1, x.shape[-1]).to(dtype)
        grad_b_OR = grad_MO.T @ small_MR

        grads: list[Tensor | None] = [None] * len(again)
        if any(needs):
            grad_x_MI = grad_MO @ weight_OI.to(dtype)
            grad_x_MI.addmm_(grad_small_MR, a_RI.to(dtype))
            learn = [t for t in again if t.requires_grad]
            found = iter(torch.autograd.grad(x, learn, grad_x_MI.view(x.shape).to(x.dtype)))
            grads = [next(found) if need else None for need in needs]
        beside = (grad_a_RI.to(a_RI.dtype), grad_b_OR.to(b_OR.dtype))
        return (None, None, None, *beside, None, *grads)


def add_lora(network: nn.Module, *, rank: int, alpha: float) -> tuple[str, ...]:
    """Freeze a network, and let the linear layers of its blocks learn by low rank.

    Returns the names of these layers. Raises ValueError for a rank that a layer does not have, and
    for a network without blocks.
    """
    network.requires_grad_(False)
    layers = {
        f"{block_name}.{name}": layer
        for block_name, block in network.named_modules()
        if isinstance(block, Block)
        for name, layer in block.named_modules()
        if isinstance(layer, Linear)
    }
    if not layers:
        raise ValueError(f"{type(network).__name__} has no blocks that could learn by low rank")

    for name, layer in layers.items():
        most = min(layer.weight.shape)
        if not 1 <= rank <= most:
            raise ValueError(f"the rank must be from 1 to {most} for {name}, got {rank}")
        _put_beside(layer, LowRankSum(layer.weight, rank, alpha))
    return tuple(layers)


def _put_beside(layer: Linear, part: LowRankSum) -> None:
    """Make a layer learn by low rank, in a way that it can be pickled.

    PyTorch makes a class for each layer with parametrisations, which no other process has.
    """
    parametrize.register_parametrization(layer, "weight", part)
    layer.learns_low_rank = True
    type(layer).__reduce_ex__ = _reduced  # type: ignore[assignment, method-assign]


def _reduced(layer: Linear, _protocol: int) -> tuple[Callable[..., Linear], tuple[Any, ...]]:
    """A layer that learns by low rank as its class, what it was, and what is beside the weight."""
    held: Any = layer.parametrizations
    state = dict(vars(layer))
    state["_modules"] = {
        name: module for name, module in layer._modules.items() if module is not held
    }
    state["_parameters"] = {**layer._parameters, "weight": held.weight.original}
    return _with_low_rank, (type(layer).__bases__[0], state, held.weight[0])


def _with_low_rank(layer_class: type[Linear], state: dict[str, Any], part: LowRankSum) -> Linear:
    """The layer of a pickle."""
    layer = layer_class.__new__(layer_class)
    nn.Module.__setstate__(layer, state)
    _put_beside(layer, part)
    return layer


def has_lora(weights: Iterable[str]) -> bool:
    """Whether weights of these names are of a network that `add_lora` changed."""
    return any(name.endswith(f"{_WEIGHT}original") for name in weights)


def lora_of(weights: Mapping[str, Tensor]) -> dict[str, LowRank]:
    """What a network has learned by low rank, by the names of its layers."""
    learned: dict[str, LowRank] = {}
    for name in weights:
        layer, mark, part = name.partition(_WEIGHT)
        if mark and part == "original":
            a, b, scale = (
                weights[f"{layer}{_WEIGHT}0.{each}"] for each in ("lora_A", "lora_B", "scale")
            )
            learned[layer] = LowRank(a, b, float(scale))
    return learned


def merged(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the network as it was before `add_lora`, with what was learned added."""
    learned = lora_of(weights)
    plain: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        layer, mark, part = name.partition(_WEIGHT)
        if not mark:
            plain[name] = tensor
        elif part == "original":
            plain[f"{layer}.weight"] = tensor + learned[layer].delta().to(tensor.dtype)
    return plain
