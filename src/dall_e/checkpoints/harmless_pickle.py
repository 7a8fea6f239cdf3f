"""Pickles taken apart without running anything, in bounded time and memory.

A pickle is a program: unpickled as usual, it may call any function. Here only those of its
operations are carried out that weights are written with, on a short list of names. Tensors and
plain containers become what they are, some classes become inert records, and any other name is
refused before anything is called.

A few bytes of a pickle can also stand for a memory's worth of objects: what is read is counted, and
nothing is copied, hashed or set that the pickle could have made large.
"""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch

from dall_e.checkpoints.stored_tensor import StoredTensor, checked_numbers, span
from dall_e.errors import UnusableFileError

MOST_BYTES = 16 * 2**20
"""Longest pickle. Those of checkpoints with all of an optimiser's state have less than 2 MiB."""
MOST_READS = 1_000_000
"""Operations and their arguments; a tensor takes about sixty."""
_MOST_ARGUMENTS = 64
_FORMATS = {
    "Double": torch.float64,
    "Float": torch.float32,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
}
"""Number formats by the names of torch's storages."""


class RefusedPickleError(UnusableFileError):
    """A pickle that asks for something that weights do not need. Nothing of it was run."""


# Stand-ins for what a pickle names


class Record:
    """Stands for an object of a known class that is not needed: keeps its state, does nothing."""

    def __init__(self, *_arguments: Any) -> None:
        self.state: dict[str, Any] = {}


class Table(dict[Any, Any]):
    """Stands for a dict of any kind. Its keys are plain: a nested tuple may never be hashed."""

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__()
        if len(pairs) > _MOST_ARGUMENTS:
            raise pickle.UnpicklingError("a table is made of a long list")
        for key, value in pairs:
            self[key] = value

    def __setitem__(self, key: Any, value: Any) -> None:
        if not (key is None or isinstance(key, str | bytes | int | float | type)):
            raise pickle.UnpicklingError(f"a table has a {type(key).__name__} for a key")
        super().__setitem__(key, value)


class Storage(NamedTuple):
    """Numbers on the disk that tensors are views of."""

    path: Path
    first_byte: int
    dtype: torch.dtype
    numel: int


class _StorageKind(NamedTuple):
    """Stands for a storage class of torch."""

    dtype: torch.dtype


def _rebuild_tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, *_rest: Any
) -> StoredTensor:
    if not isinstance(storage, Storage):
        raise pickle.UnpicklingError("a tensor without a storage")

    # A tensor must lie within its storage, whatever the file says.
    sizes, steps = checked_numbers(shape), checked_numbers(stride)
    (start,) = checked_numbers([offset])
    if len(sizes) != len(steps):
        raise pickle.UnpicklingError(f"a tensor of shape {sizes} and stride {steps} at {start}")
    if start + span(sizes, steps) > storage.numel:
        raise pickle.UnpicklingError(
            f"a tensor of shape {sizes} in a storage of {storage.numel} numbers"
        )
    return StoredTensor(storage.path, storage.first_byte, storage.dtype, sizes, steps, start)


def _rebuild_untyped(
    storage: Any, offset: Any, shape: Any, stride: Any, _grad: Any, _hooks: Any, name: Any
) -> StoredTensor:
    """As above, of a storage of bytes; the number format comes with the tensor."""
    dtype = {str(known): known for known in _FORMATS.values()}.get(name)
    if dtype is None or not isinstance(storage, Storage):
        raise pickle.UnpicklingError("a tensor of bytes without a number format")
    typed = storage._replace(dtype=dtype, numel=storage.numel // dtype.itemsize)
    return _rebuild_tensor(typed, offset, shape, stride)


def _rebuild_parameter(tensor: Any, *_rest: Any) -> Any:
    return tensor


def _size(numbers: Any = ()) -> tuple[int, ...]:
    return checked_numbers(numbers)


_INERT_CLASSES = (
    "torch.device",
    "_codecs.encode",
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "argparse.Namespace",
    "builtins.set",
    "__builtin__.set",
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "pytorch_lightning.utilities.parsing.AttributeDict",
)
"""Objects that lie beside the weights: of no use here."""

_MODULE_CLASSES = (
    "dall_e.encoder.Encoder",
    "dall_e.encoder.EncoderBlock",
    "dall_e.decoder.Decoder",
    "dall_e.decoder.DecoderBlock",
    "dall_e.utils.Conv2d",
    "torch.nn.modules.activation.ReLU",
    "torch.nn.modules.container.Sequential",
    "torch.nn.modules.linear.Identity",
    "torch.nn.modules.pooling.MaxPool2d",
    "torch.nn.modules.upsampling.Upsample",
)
"""Networks that were pickled whole: OpenAI's dVAE. `weights_of_record` collects their tensors."""

_CALLED: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": Table,
    "torch.Size": _size,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v3": _rebuild_untyped,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
    **dict.fromkeys(_INERT_CLASSES, Record),
    **dict.fromkeys(_MODULE_CLASSES, Record),
}
"""Names that a pickle may call, and what is called instead."""

_KNOWN: dict[str, Any] = {
    **_CALLED,
    "torch.storage.UntypedStorage": _StorageKind(torch.uint8),
    **{f"torch.{name}Storage": _StorageKind(dtype) for name, dtype in _FORMATS.items()},
    **{str(dtype): str(dtype) for dtype in _FORMATS.values()},
}
"""All names that a pickle may use, and what stands for each."""

_OTHER_FORMATS = ("float8", "float4", "complex", "uint16", "uint32", "uint64", "quint", "qint")
"""Starts of torch's names of number formats that no weights here have."""


# Carrying it out


class LimitedFile:
    """What pickles are read from: all together at most so many bytes, in so many pieces."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self.path = file, path
        self._bytes_left, self._reads_left = MOST_BYTES, MOST_READS

    def read(self, length: int) -> bytes:
        """Read at most so many bytes. Raises UnusableFileError where a limit is passed."""
        self._spend(length)
        return self.file.read(length)

    def readline(self) -> bytes:
        """Read up to the end of the line. Raises as `read` does."""
        line = self.file.readline(self._bytes_left + 1)
        self._spend(len(line))
        return line

    def _spend(self, length: int) -> None:
        self._bytes_left -= length
        self._reads_left -= 1
        if length < 0 or self._bytes_left < 0 or self._reads_left < 0:
            raise UnusableFileError(
                self.path,
                f"its pickle has more than {MOST_BYTES} bytes or {MOST_READS} steps, which no "
                "weights need",
            )


Locate = Callable[[str, torch.dtype, int], Storage]
"""Finds a storage by its key, number format and length."""

_CARRIED_OUT = (
    "PROTO", "STOP", "MARK", "POP", "POP_MARK", "DUP",
    "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4",
    "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "LIST", "APPEND", "APPENDS",
    "SETITEM", "SETITEMS", "GLOBAL", "STACK_GLOBAL", "PERSID", "BINPERSID",
    "GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE",
)  # fmt: skip
"""Operations that are left to the standard library; those that make objects have methods here."""

_Base: Any = pickle._Unpickler
"""The standard library's own in Python: its memo is a dict, which a number cannot blow up, and its
operations can be chosen."""


class Unpickler(_Base):  # type: ignore[misc]
    """Looks names up in the table above, imports nothing, and asks `locate` for storages."""

    def __init__(self, file: LimitedFile, locate: Locate) -> None:
        super().__init__(file, encoding="utf-8")
        self._path, self._locate = file.path, locate

    def load(self) -> Any:
        """What the pickle stands for. Raises RefusedPickleError, or others for a malformed one."""
        return super().load()

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """The stand-in for a name. Raises RefusedPickleError if it is not in the table."""
        name = f"{module_name}.{global_name}"[:200]
        if name in _KNOWN:
            return _KNOWN[name]
        if module_name == "torch" and global_name.lower().startswith(_OTHER_FORMATS):
            raise other_format(self._path, global_name)
        raise RefusedPickleError(
            self._path,
            f"it asks to run {name}, which weights do not need: "
            "it was refused and nothing of it was run",
        )

    def persistent_load(self, pid: Any, /) -> Any:
        """A storage by its key.

        In the old format also a class with its source text, which is not looked at.
        """
        if not isinstance(pid, tuple) or len(pid) < 4:
            raise pickle.UnpicklingError("an unknown kind of storage")
        if len(pid) == 4 and pid[0] == "module":
            return pid[1]

        kind, storage, key, _location, numel = pid[:5]
        if kind != "storage" or not isinstance(storage, _StorageKind):
            raise pickle.UnpicklingError("an unknown kind of storage")
        if not isinstance(key, str | int):
            raise pickle.UnpicklingError("a storage without a name")
        if len(pid) > 5 and pid[5] is not None:
            raise pickle.UnpicklingError(
                "a view of a storage, as only very old versions of torch wrote"
            )
        return self._locate(str(key), storage.dtype, *checked_numbers([numel]))

    def _call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(arguments, tuple) or len(arguments) > _MOST_ARGUMENTS:
            raise pickle.UnpicklingError("a call with arguments that are no short list")
        if not any(function is known for known in _CALLED.values()):
            raise pickle.UnpicklingError("a call of something that is no function")
        self.append(function(*arguments))

    def _call_with_names(self) -> None:
        self.stack.pop()  # Arguments by name: no stand-in needs them.
        self._call()

    def _set_state(self) -> None:
        # Attributes of dicts, such as the `_metadata` of a state_dict, are of no use; a tensor
        # that could be told another state could be told another file.
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Record):
            target.state = state if isinstance(state, dict) else {"state": state}
        elif not isinstance(target, dict):
            raise pickle.UnpicklingError(f"it sets the state of a {type(target).__name__}")

    def _empty_table(self) -> None:
        self.append(Table())

    def _table(self) -> None:
        items, table = self.pop_mark(), Table()
        for key, value in zip(items[::2], items[1::2], strict=True):
            table[key] = value
        self.append(table)

    def _skip_frame(self) -> None:
        self.read(8)  # How many bytes are best read at once: they follow in any case.

    dispatch = {
        op.code.encode("latin-1")[0]: _Base.dispatch[op.code.encode("latin-1")[0]]
        for op in pickletools.opcodes
        if op.name in _CARRIED_OUT
    } | {
        pickle.REDUCE[0]: _call,
        pickle.NEWOBJ[0]: _call,
        pickle.NEWOBJ_EX[0]: _call_with_names,
        pickle.BUILD[0]: _set_state,
        pickle.EMPTY_DICT[0]: _empty_table,
        pickle.DICT[0]: _table,
        pickle.FRAME[0]: _skip_frame,
    }


def other_format(path: Path, name: str) -> UnusableFileError:
    """The error for weights in a number format that is not read."""
    return UnusableFileError(
        path,
        f"its tensors are in {name}, a number format that is not read",
        "get the file in float16, bfloat16 or float32, or write it anew in one of these",
    )
