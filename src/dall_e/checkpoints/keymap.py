"""Tables of names: which tensors of a foreign file become which weights of ours, with nothing
missing or left over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from dall_e.checkpoints.tensor_files import StoredTensor
from dall_e.nn.quantized import WeightFormat
from dall_e.nn.transformer import assign_weights

Tensors = Mapping[str, StoredTensor]


@dataclass(frozen=True, kw_only=True)
class From:
    """Where one of our weights comes from."""

    names: tuple[str, ...]
    """Foreign tensors of equal shape, to be joined along the first axis."""
    arranged: Callable[[Tensor], Tensor] | None = None
    """Brings each foreign tensor into our order; None takes it as it is."""
    shape: Callable[[tuple[int, ...]], tuple[int, ...]] | None = None
    """Foreign shape of a tensor that has our shape after `arranged`; None if they are the same."""
    summed: Callable[[Sequence[Tensor]], Tensor] | None = None
    """Makes one tensor of all foreign ones; None lays them behind each other. `shape` is given ours
    then."""
    may_lack: float | None = None
    """What a tensor that published files leave out is filled with; None means that it must be
    there."""


@dataclass(frozen=True, kw_only=True)
class KeyTable:
    """All weights of one network, and what is left out of the file on purpose."""

    rows: dict[str, From]
    """Our names to foreign ones."""
    dropped: tuple[str, ...] = ()
    """Starts of foreign names that we have no use for."""
    dropped_ends: tuple[str, ...] = ()
    """Ends of such names."""

    def prefixed(self, ours: str, theirs: str) -> KeyTable:
        """The same table for names that stand behind these prefixes."""
        rows = {}
        for name, source in self.rows.items():
            names = tuple(theirs + old for old in source.names)
            rows[ours + name] = replace(source, names=names)
        dropped = tuple(theirs + start for start in self.dropped)
        return KeyTable(rows=rows, dropped=dropped, dropped_ends=self.dropped_ends)


def same(**names: str) -> dict[str, From]:
    """Rows for tensors that are taken as they are, our name (with __ for a dot) = theirs."""
    return {ours.replace("__", "."): From(names=(theirs,)) for ours, theirs in names.items()}


def weight_and_bias(ours: str, *theirs: str) -> dict[str, From]:
    """Rows for the two tensors of a layer; several foreign layers are joined to one of ours."""
    return {
        f"{ours}.{kind}": From(names=tuple(f"{name}.{kind}" for name in theirs))
        for kind in ("weight", "bias")
    }


def count_layers(tensors: Tensors, start: str) -> int:
    """How many blocks there are whose names begin with `start`, a dot and a number."""
    numbers = (name.split(".")[1] for name in tensors if name.startswith(f"{start}."))
    return 1 + max((int(number) for number in numbers if number.isdecimal()), default=-1)


def matrix_shape(tensors: Tensors, name: str) -> tuple[int, int]:
    """Sizes of a matrix. Raises ValueError if it is missing, or no matrix."""
    if name not in tensors:
        raise ValueError(f"the weights have no {name}")
    if len(tensors[name].shape) != 2:
        raise ValueError(f"{name} has shape {list(tensors[name].shape)}, expected a matrix")
    rows, columns = tensors[name].shape
    return rows, columns


Part = tuple[nn.Module, KeyTable]


def fill(
    parts: Sequence[Part],
    tensors: Tensors,
    dtype: torch.dtype,
    where: str,
    packing: WeightFormat | None = None,
) -> None:
    """Makes foreign tensors the weights of some networks, one after the other, in `dtype` on the
    CPU.

    With `packing`, the weights of linear layers are rounded to eight or four bits. The networks
    share out the file: what none of them names is left over. Besides the weights themselves there
        is never more than one tensor in memory.
    Raises ValueError that names the tensors that are missing or left over, or the one of another
    shape with both shapes. `where` names the file.
    """
    _check_names([table for _, table in parts], tensors, where)
    for network, table in parts:
        wanted = network.state_dict()
        assert wanted.keys() == table.rows.keys(), sorted(wanted.keys() ^ table.rows.keys())[:5]
        for name, source in table.rows.items():
            _check_shape(tuple(wanted[name].shape), source, tensors, where)
    for network, table in parts:
        wanted = network.state_dict()
        weights = (
            (name, _weight(wanted[name], source, tensors, dtype))
            for name, source in table.rows.items()
        )
        assign_weights(network, weights, packing)


def _check_names(tables: Sequence[KeyTable], tensors: Tensors, where: str) -> None:
    needed = {
        name: source for table in tables for source in table.rows.values() for name in source.names
    }
    starts = tuple(start for table in tables for start in table.dropped)
    ends = tuple(end for table in tables for end in table.dropped_ends)
    missing = [
        name for name, source in needed.items() if name not in tensors and source.may_lack is None
    ]
    extra = [
        name
        for name in tensors
        if name not in needed and not name.startswith(starts) and not name.endswith(ends)
    ]
    if missing or extra:
        raise ValueError(
            f"{where} does not hold the expected weights: {_found(missing, extra, tensors)}"
        )


def _found(missing: list[str], extra: list[str], tensors: Tensors) -> str:
    shown = [f"{name} of shape {list(tensors[name].shape)}" for name in extra]
    parts = [
        f"{len(names)} {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for what, names in (("missing", missing), ("left over", shown))
        if names
    ]
    return "; ".join(parts)


def _check_shape(shape: tuple[int, ...], source: From, tensors: Tensors, where: str) -> None:
    parts = 1 if source.summed else len(source.names)
    assert shape[0] % parts == 0
    expected = (shape[0] // parts, *shape[1:])
    if source.shape is not None:
        expected = source.shape(expected)
    for name in source.names:
        if name in tensors and tensors[name].shape != expected:
            held = list(tensors[name].shape)
            raise ValueError(
                f"{where}: {name} has shape {held}, the settings ask for {list(expected)}"
            )


def _weight(like: Tensor, source: From, tensors: Tensors, dtype: torch.dtype) -> Tensor:
    target = dtype if like.is_floating_point() else like.dtype
    parts = []
    for name in source.names:
        if name not in tensors:
            assert source.may_lack is not None
            return torch.full(like.shape, source.may_lack, dtype=target)
        part = tensors[name].read().to(target)
        parts.append(part if source.arranged is None else source.arranged(part).contiguous())
    if source.summed:
        return source.summed(parts)
    return parts[0] if len(parts) == 1 else torch.cat(parts)
