"""Damaged and hostile files, thousands of them, given to every reader.

    python -m benchmarks.hostile_files 5000

makes good files of each kind, spoils copies of them in seeded ways, and reads them. Counted are
errors outside of `UnusableFileError`, files that take more than five seconds of this process, and
the most memory beyond what the process had before. Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import copy
import io
import json
import lzma
import pickle
import random
import resource
import struct
import sys
import tarfile
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dall_e import DALL_E
from dall_e.checkpoints import store
from dall_e.checkpoints.flax_files import open_flax
from dall_e.checkpoints.tensor_files import open_weights, weights_in, write_tensors
from dall_e.config import PRESETS
from dall_e.data.build.packages import read_deb
from dall_e.errors import UnusableFileError
from dall_e.images.files import read_image, read_metadata
from dall_e.inference.loading import Networks
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.published_tokenizers import prompt_tokenizer_from_json
from dall_e.text.tokenizer import TextTokenizer

MOST_SECONDS = 5.0
MOST_MEMORY = 1 << 30
"""Bytes beyond what the process had before the first file."""


class Kind(NamedTuple):
    """A kind of files: how a good one is spoilt, and what reads it."""

    name: str
    good: bytes
    spoil: Callable[[bytes, random.Random], bytes]
    read: Callable[[Path], Any]
    suffix: str


class Outcome(NamedTuple):
    """What became of the files."""

    kinds: Counter[str]
    """How many there were of each kind."""
    refused: int
    """How many could not be used, and said so."""
    faults: list[str]
    """Errors of another family, and files that took too long."""
    slowest: float
    """Seconds of the slowest file."""
    memory: int
    """Most bytes beyond those of before."""


# Ways to spoil


_NUMBERS = (0, -1, 1, 2**31, 2**31 - 1, 2**40, 2**63, 99_999_999, 1e308, -0.5)
_VALUES: tuple[Any, ...] = (
    *_NUMBERS, None, True, "", "x" * 1000, "\ud800", [], {}, [[]], [0] * 1000, {"a": {}}, "NaN",
)  # fmt: skip


def spoil_bytes(good: bytes, chance: random.Random) -> bytes:
    """Flip, cut, repeat or insert bytes, most often near the start."""
    content = bytearray(good)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        size = len(content)
        if not size:
            break
        place = int(size * chance.random() ** chance.choice((1, 4)))
        what = chance.randrange(6)
        if what == 0:
            content[place] ^= 1 << chance.randrange(8)
        elif what == 1:
            content[place] = chance.choice((0, 0xFF, 0x7F, 0x80, chance.randrange(256)))
        elif what == 2:
            del content[place:]
        elif what == 3:
            del content[place : place + chance.randrange(1, 9)]
        elif what == 4:
            content[place:place] = chance.randbytes(chance.randrange(1, 9))
        else:
            width = chance.choice((4, 8))
            number = chance.choice((0, 2**31, 2**32 - 1, 2**29, chance.randrange(2**32)))
            content[place : place + width] = number.to_bytes(
                width, chance.choice(("little", "big"))
            )
    return bytes(content)


def spoil_json(good: bytes, chance: random.Random) -> bytes:
    """Change, drop or add entries of a JSON text; now and then its bytes instead."""
    how = chance.randrange(12)
    if how == 0:
        return spoil_bytes(good, chance)
    if how == 1:
        depth = chance.choice((100, 5_000, 200_000))
        return chance.choice((b"[", b'{"a":')) * depth

    held = json.loads(good)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        spots = list(_spots(held))
        if not spots:
            break
        owner, key = chance.choice(spots)
        if chance.random() < 0.15:
            del owner[key]
            continue
        value = copy.deepcopy(chance.choice(_NUMBERS if chance.random() < 0.5 else _VALUES))
        is_list = isinstance(owner[key], list) and chance.random() < 0.5
        owner[key] = [value] * chance.choice((1, 3, 100)) if is_list else value
    return json.dumps(held).encode("utf-8")


def _spots(held: Any) -> Any:
    """Every place in a tree of JSON that holds a value."""
    entries: Any = held.items() if isinstance(held, dict) else ()
    entries = list(enumerate(held[:50])) if isinstance(held, list) else entries
    for key, value in list(entries):
        yield held, key
        yield from _spots(value)


def spoil_safetensors(good: bytes, chance: random.Random) -> bytes:
    """Spoil the header as JSON, or any byte."""
    if chance.random() < 0.3:
        return spoil_bytes(good, chance)
    (length,) = struct.unpack("<Q", good[:8])
    header = spoil_json(good[8 : 8 + length], chance)
    told = chance.choice((len(header),) * 9 + (2**62,))
    return struct.pack("<Q", told) + header + good[8 + length :]


def spoil_zip(good: bytes, chance: random.Random) -> bytes:
    """Spoil a record of the archive, how it is packed, or any byte."""
    if chance.random() < 0.3:
        return spoil_bytes(good, chance)
    kinds = (zipfile.ZIP_STORED,) * 6 + (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("data.pkl") and chance.random() < 0.8:
                content = spoil_pickle(content, chance)
            elif chance.random() < 0.2:
                content = spoil_bytes(content, chance)
            if chance.random() < 0.95:
                new.writestr(name, content, compress_type=chance.choice(kinds))
    spoilt = bytearray(buffer.getvalue())
    if chance.random() < 0.2:
        # The bit that says that a record is encrypted.
        place = spoilt.find(b"PK\1\2")
        spoilt[place + 8] |= 1
    return bytes(spoilt)


_PICKLED = (
    b"r\x00\x00\x00\x20",  # LONG_BINPUT of 2^29
    b"q\xff",
    b"h\x00",
    b"(",
    b"}",
    b"]",
    b")",
    b"\x85",
    b"\x86",
    b"0",
    b"2",
    b"t",
    b"R",
    b"b",
    b"\x81",
    b"s",
    b"u",
    b"e",
    b"Q",
    b".",
    b"\x8d" + b"\xff" * 8,
    b"\x96" + b"\xff\xff\xff\x7f" + bytes(4),
    b"\x8b\xff\xff\xff\x7f",
    b"I99999999999999999999\n",
    b"cbuiltins\nset\n",
    b"ccollections\nOrderedDict\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n",
    b"cos\nsystem\n",
    b"(dp0\n",
    b"\x95" + b"\xff" * 8,
)


def spoil_pickle(good: bytes, chance: random.Random) -> bytes:
    """Put operations into a pickle, nest lists in each other, or change any byte."""
    how = chance.randrange(8)
    if how == 0:
        tree: Any = ["x"]
        for _ in range(60):
            tree = chance.choice(((tree, tree), [tree, tree], {"a": tree, "b": tree}))
        return pickle.dumps(tree, protocol=2)
    if how == 1:
        return b"\x80\x02" + chance.choice((b"(", b"]", b"}", b"N")) * chance.choice(
            (10, 3_000_000)
        )
    content = bytearray(good)
    for _ in range(chance.choice((1, 2, 6))):
        place = chance.randrange(len(content))
        content[place:place] = chance.choice(_PICKLED)
    return bytes(content) if how < 6 else spoil_bytes(bytes(content), chance)


def spoil_words(good: bytes, chance: random.Random) -> bytes:
    """Spoil a table of words: its bytes, or its rows and cells."""
    if chance.random() < 0.5:
        return spoil_bytes(good, chance)
    cells = good.decode("utf-8").split("|")
    cells[chance.randrange(len(cells))] = chance.choice(
        ("", "|", "\n", "\0", "x" * 10_000, " red ")
    )
    return "|".join(cells).encode("utf-8")


# Good files


def kinds_of(folder: Path) -> list[Kind]:
    """Every kind of file that is read, with a small good one of each; `folder` is for them."""
    torch.manual_seed(0)
    weights = {"a": torch.randn(4, 3), "b": torch.ones(5), "c": torch.arange(3)}
    model = _good_model(folder)
    config = (model / store.CONFIG_FILE).read_bytes()
    words = (model / store.TEXT_FILE).read_bytes()
    marks = {"<s>": 0, "</s>": 2, "<unk>": 3}
    mini = json.dumps({"kind": "mini", "vocabulary": marks, "merges": ["a b"]}).encode()
    table = "cat | 猫 | animal | black\ndog | 狗 | animal\n".encode()
    write_tensors(folder / "good.safetensors", weights)
    tensors = (folder / "good.safetensors").read_bytes()

    return [
        Kind("safetensors", tensors, spoil_safetensors, _read_weights, ".safetensors"),
        Kind("torch zip", _saved(weights, zipped=True), spoil_zip, _read_weights, ".pt"),
        Kind("torch legacy", _saved(weights, zipped=False), _spoil_legacy, _read_weights, ".bin"),
        Kind("config.json", config, spoil_json, _reader_of_model(model), ".json"),
        Kind("text tokenizer", words, spoil_json, TextTokenizer.load, ".json"),
        Kind("published words", mini, spoil_json, _read_published, ".json"),
        Kind("vocabulary", table, spoil_words, Vocabulary.load, ".txt"),
        Kind("flax", _good_flax(), spoil_bytes, open_flax, ".msgpack"),
        Kind("png text", _good_png(), spoil_bytes, _read_picture, ".png"),
        Kind("deb", _good_deb(), spoil_bytes, lambda path: read_deb(path, ("usr/",)), ".deb"),
    ]  # fmt: skip


def _good_model(folder: Path) -> Path:
    """A model folder of the smallest preset, untrained."""
    config, target = PRESETS["tiny"], folder / "model"
    captions = ["a cat", "a red ball", "two dogs"] * 5
    store.save_model(
        target,
        config.to_dict(),
        Networks.build(config).state_dict(),
        int8=True,
        text_tokenizer_json=TextTokenizer.train(captions, config.text.vocab_size).to_json(),
    )
    return target


def _saved(weights: dict[str, torch.Tensor], *, zipped: bool) -> bytes:
    buffer = io.BytesIO()
    tree = {"state_dict": weights, "epoch": 3, "rest": [1, (2, None)]}
    torch.save(tree, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def _spoil_legacy(good: bytes, chance: random.Random) -> bytes:
    return spoil_bytes(good, chance) if chance.random() < 0.5 else spoil_pickle(good, chance)


def _good_flax() -> bytes:
    def text(word: str) -> bytes:
        return bytes([0xA0 | len(word)]) + word.encode()

    numbers = struct.pack("<6f", *range(6))
    array = b"\x93" + b"\x92\x02\x03" + text("float32") + b"\xc4\x18" + numbers
    leaf = b"\xc7" + bytes([len(array), 1]) + array
    layer = b"\x82" + text("kernel") + leaf + text("bias") + leaf
    return b"\x82" + text("layer_0") + layer + text("layer_1") + layer


def _good_png() -> bytes:
    image, text, buffer = Image.new("RGBA", (9, 7), (200, 3, 3, 128)), PngInfo(), io.BytesIO()
    text.add_itxt("prompt", "a cat 猫")
    text.add_text("seed", "5", zip=True)
    image.save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def _good_deb() -> bytes:
    inner, content = io.BytesIO(), b"<svg/>" * 50
    with tarfile.open(fileobj=inner, mode="w") as tar:
        entry = tarfile.TarInfo("./usr/a.svg")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    parts = (("debian-binary", b"2.0\n"), ("data.tar.xz", lzma.compress(inner.getvalue())))
    archive = b"!<arch>\n"
    for name, part in parts:
        archive += f"{name:16s}{0:<12d}{0:<6d}{0:<6d}{'100644':8s}{len(part):<10d}`\n".encode()
        archive += part + b"\n" * (len(part) % 2)
    return archive


# Readers


def _read_weights(path: Path) -> None:
    for tensor in weights_in(open_weights(path), path).values():
        tensor.read()


def _read_published(path: Path) -> None:
    # The reader has no path: who calls it gives the error one.
    try:
        prompt_tokenizer_from_json(path.read_bytes().decode("utf-8", "replace"))
    except UnusableFileError:
        raise
    except ValueError as error:
        raise UnusableFileError(path, str(error)) from error


def _read_picture(path: Path) -> None:
    try:
        read_metadata(path)
    finally:
        read_image(path, 32)


def _reader_of_model(model: Path) -> Callable[[Path], None]:
    """Reads a config.json as that of a model whose other files are good."""

    def read(path: Path) -> None:
        (model / store.CONFIG_FILE).write_bytes(path.read_bytes())
        DALL_E.from_pretrained(model)

    return read


# The run


def run(count: int, seed: int, folder: Path) -> Outcome:
    """Spoil and read so many files, kind after kind in turn."""
    kinds, chance = kinds_of(folder), random.Random(seed)
    counted: Counter[str] = Counter()
    faults: list[str] = []
    refused, slowest = 0, 0.0
    before = _most_memory()

    for number in range(count):
        kind = kinds[number % len(kinds)]
        path = folder / f"spoilt{kind.suffix}"
        path.write_bytes(kind.spoil(kind.good, chance))
        counted[kind.name] += 1
        start = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                kind.read(path)
        except UnusableFileError as error:
            refused += 1
            if not error.path or not error.why:
                faults.append(f"{number} {kind.name}: no path or no reason")
        except Exception as error:  # what this is about
            faults.append(f"{number} {kind.name}: {type(error).__name__}: {str(error)[:200]}")
        seconds = time.process_time() - start
        slowest = max(slowest, seconds)
        if seconds > MOST_SECONDS:
            faults.append(f"{number} {kind.name}: {seconds:.1f} s")
    return Outcome(counted, refused, faults, slowest, _most_memory() - before)


def _most_memory() -> int:
    """The most bytes that this process has had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(arguments: list[str]) -> int:
    """Run and print; 1 if a bar is missed."""
    count = int(arguments[0]) if arguments else 5000
    seed = int(arguments[1]) if len(arguments) > 1 else 0
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(count, seed, Path(folder))
    for fault in outcome.faults:
        print(fault)
    told = ", ".join(f"{name} {number}" for name, number in outcome.kinds.items())
    print(f"{count} files ({told}), seed {seed}: {outcome.refused} refused, the others read")
    print(
        f"{len(outcome.faults)} faults; slowest {outcome.slowest:.2f} s; "
        f"{outcome.memory / 2**20:.0f} MiB more at most"
    )
    return int(bool(outcome.faults) or outcome.memory > MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
