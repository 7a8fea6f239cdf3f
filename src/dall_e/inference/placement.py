"""Where a model's weights are and in which number format, with the methods that torch's modules
have for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.inference.engine import Engine
from dall_e.inference.loading import Networks, checked_dtype
from dall_e.runtime import pick_device

if TYPE_CHECKING:
    from typing_extensions import Self


class Placed:
    """Something with networks, all of them on one device and in one number format."""

    networks: Networks | PublishedNetworks
    engine: Engine

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.engine.device

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the weights."""
        return self.engine.dtype

    def to(
        self,
        *where: torch.device | str | int | torch.dtype,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | str | None = None,
    ) -> Self:
        """Move the model to a device, a dtype, or both, in place; returns it.

        Raises ValueError for a device that is not there and for a dtype that models are not in.
        """
        targets: list[torch.device | torch.dtype] = [
            checked_dtype(target) if isinstance(target, torch.dtype) else _device(target)
            for target in where
        ]
        if device is not None:
            targets.append(_device(device))
        if dtype is not None:
            targets.append(checked_dtype(dtype))

        for target in targets:
            if isinstance(target, torch.dtype):
                self.engine.cast(target)
                continue
            for network in self.networks.parts().values():
                network.to(target)
        return self

    def cpu(self) -> Self:
        """Move the model to the CPU."""
        return self.to("cpu")

    def cuda(self, device: torch.device | str | int | None = None) -> Self:
        """Move the model to a GPU of Nvidia's, the current one unless given."""
        return self.to("cuda" if device is None else device)

    def half(self) -> Self:
        """Bring the weights to float16."""
        return self.to(torch.float16)

    def bfloat16(self) -> Self:
        """Bring the weights to bfloat16."""
        return self.to(torch.bfloat16)

    def float(self) -> Self:
        """Bring the weights to float32."""
        return self.to(torch.float32)

    def eval(self) -> Self:
        """Return the model, which only draws, and so is always as `eval` would have it."""
        return self

    def train(self, mode: bool = True) -> Self:
        """Return the model for False. Raises ValueError for True: this class only draws."""
        if mode:
            raise ValueError(
                "a DALL_E only draws: train with `dall-e train`, or take the networks themselves, "
                "model.networks.generator.train().requires_grad_(True)"
            )
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Return the model for False. Raises ValueError for True, as `train` does."""
        return self.train(requires_grad)


def _device(named: Any) -> torch.device:
    """A device by name, by torch's own object, or by the number of a GPU."""
    is_number = isinstance(named, int) and not isinstance(named, bool)
    return pick_device(f"cuda:{named}" if is_number else str(named))
