"""Tables of names: which tensors of a foreign file become which weights of ours, and how.

A family writes its table as a template: `{}` stands for the number of a layer and `*` for weight
and bias, `"blocks.{}.mlp_norm.*": "layers.{}.ln2.*"`. `expand` makes the rows of every layer of it,
and `fill` moves the tensors, with nothing missing and nothing left over. The tables themselves need
no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from dall_e.checkpoints.stored_tensor import StoredTensor
    from dall_e.nn.quantization import WeightFormat

Tensors = Mapping[str, "StoredTensor"]

MOST_LAYERS = 1000
"""Blocks of a network."""


@dataclass(frozen=True, kw_only=True)
class From:
    """Where one of our weights comes from."""

    names: tuple[str, ...]
    """Foreign tensors of equal shape, to be joined along the first axis."""
    arranged: Callable[[Tensor], Tensor] | None = None
    """Brings each foreign tensor into our order; None takes it as it is."""
    shape: Callable[[tuple[int, ...]], tuple[int, ...]] | None = None
    """Gives the foreign shape of a tensor that has our shape after `arranged`; None if they are
    the same."""
    summed: Callable[[Sequence[Tensor]], Tensor] | None = None
    """Makes one tensor of all foreign ones instead of joining them; `shape` is then given ours."""
    may_lack: float | None = None
    """What a tensor that published files leave out is filled with; None if it must be there."""


Source = str | tuple[str, ...] | From
"""One foreign tensor, several that are joined to one of ours, or a rule."""
Template = Mapping[str, Source]
"""Our names to foreign ones, with `{}` and `*`."""


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


OLDER_NAMES = {"companion.picture.": "dual_encoder.image.", "companion.": "dual_encoder."}
"""Starts of names in files of our own format until version 0.11, and what they are now."""


def current_name(name: str) -> str:
    """What a weight is called now, by its name in a file of any version."""
    for older, newer in OLDER_NAMES.items():
        if name.startswith(older):
            return newer + name.removeprefix(older)
    return name


def expand(template: Template, num_layers: int = 0) -> dict[str, From]:
    """The rows that a template stands for: each `{}` row once per layer, each `*` row twice."""
    rows: dict[str, From] = {}
    for ours, theirs in template.items():
        for layer in range(num_layers) if "{}" in ours else (0,):
            for kind in ("weight", "bias") if "*" in ours else ("",):
                source = _as_source(theirs)
                names = tuple(_filled_in(name, layer, kind) for name in source.names)
                rows[_filled_in(ours, layer, kind)] = replace(source, names=names)
    return rows


def _as_source(theirs: Source) -> From:
    if isinstance(theirs, From):
        return theirs
    return From(names=(theirs,) if isinstance(theirs, str) else theirs)


def _filled_in(name: str, layer: int, kind: str) -> str:
    return name.replace("{}", str(layer)).replace("*", kind)


def count_layers(tensors: Tensors, start: str) -> int:
    """How many blocks there are whose names begin with `start`, a dot and a number.

    Raises ValueError for a number that no network has.
    """
    ends = (name.removeprefix(f"{start}.") for name in tensors if name.startswith(f"{start}."))
    numbers = (end.split(".")[0] for end in ends)
    count = 1 + max((int(number) for number in numbers if number.isdecimal()), default=-1)
    if count > MOST_LAYERS:
        raise ValueError(f"{start} has a block {count - 1}, at most {MOST_LAYERS} blocks are read")
    return count


def matrix_shape(tensors: Tensors, name: str) -> tuple[int, int]:
    """Rows and columns of a matrix. Raises ValueError if it is missing, or no matrix."""
    if name not in tensors:
        raise ValueError(f"the weights have no {name}")
    if len(tensors[name].shape) != 2:
        raise ValueError(f"{name} has shape {list(tensors[name].shape)}, expected a matrix")
    rows, columns = tensors[name].shape
    return rows, columns


Part = tuple["nn.Module", KeyTable]


def fill(
    parts: Sequence[Part],
    tensors: Tensors,
    dtype: torch.dtype,
    where: str,
    packing: WeightFormat | None = None,
) -> None:
    """Make foreign tensors the weights of some networks, in `dtype` on the CPU.

    With `packing`, the weights of linear layers are rounded to eight or four bits. The networks
    share out the file: what none of them names is left over. Tensors are read one at a time, so
    that memory holds the weights themselves and at most one tensor more. `where` names the file.
    Raises ValueError that names the tensors that are missing or left over, or the one of another
    shape with both shapes.
    """
    from dall_e.nn.transformer import assign_weights

    # Everything is checked before the first tensor is read.
    _check_names([table for _, table in parts], tensors, where)
    for network, table in parts:
        wanted = network.state_dict()
        assert wanted.keys() == table.rows.keys(), sorted(wanted.keys() ^ table.rows.keys())[:5]
        for name, source in table.rows.items():
            _check_shape(tuple(wanted[name].shape), source, tensors, where)

    for network, table in parts:
        assign_weights(network, _weights_of(network, table, tensors, dtype), packing)


def _weights_of(
    network: nn.Module, table: KeyTable, tensors: Tensors, dtype: torch.dtype
) -> Iterator[tuple[str, Tensor]]:
    wanted = network.state_dict()
    for name, source in table.rows.items():
        yield name, _weight(wanted[name], source, tensors, dtype)


def _check_names(tables: Sequence[KeyTable], tensors: Tensors, where: str) -> None:
    needed: dict[str, From] = {}
    for table in tables:
        for source in table.rows.values():
            needed |= dict.fromkeys(source.names, source)

    starts = tuple(start for table in tables for start in table.dropped)
    ends = tuple(end for table in tables for end in table.dropped_ends)
    missing = [
        name for name, source in needed.items() if name not in tensors and source.may_lack is None
    ]
    extra = [
        f"{name} of shape {list(tensor.shape)}"
        for name, tensor in tensors.items()
        if name not in needed and not name.startswith(starts) and not name.endswith(ends)
    ]
    if missing or extra:
        told = "; ".join(filter(None, (_listed("missing", missing), _listed("left over", extra))))
        raise ValueError(f"{where} does not hold the expected weights: {told}")


def _listed(what: str, names: list[str]) -> str:
    """How many names there are, and the first three; empty for none."""
    more = ", ..." if len(names) > 3 else ""
    return f"{len(names)} {what} ({', '.join(names[:3])}{more})" if names else ""


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
    """One weight of ours, in `dtype` if it is a floating point number there."""
    import torch

    from dall_e.checkpoints.stored_tensor import read_weight_in

    target = dtype if like.is_floating_point() else like.dtype
    parts: list[Tensor] = []
    for name in source.names:
        if name not in tensors:
            assert source.may_lack is not None
            return torch.full(like.shape, source.may_lack, dtype=target, device="cpu")
        stored = tensors[name]
        if target.is_floating_point:
            part = read_weight_in(stored, name, target).to(target)
        else:
            part = stored.read().to(target)
        parts.append(part if source.arranged is None else source.arranged(part).contiguous())

    if source.summed:
        return source.summed(parts)
    return parts[0] if len(parts) == 1 else torch.cat(parts)
