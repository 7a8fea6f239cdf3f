"""`dall-e data ...`: the training pictures, made, looked at and packed for a journey."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dall_e.cli.flags import with_flags
from dall_e.cli.image_files import ImageFiles
from dall_e.cli.overwriting import Force, check_free, check_free_folder
from dall_e.config import DataConfig, StartConfig
from dall_e.inference.progress import ProgressBar

_MOST_SKIPPED = 5
_OUT = "out/data.png"


@with_flags(DataConfig)
def build_command(
    config: DataConfig,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the sources and stop; nothing is fetched.")
    ] = False,
    force: Force = False,
) -> None:
    """Fetch the picture packages and render them into a data set with captions.

    Captions are in English and Chinese. Packages come through npm, and clip art through apt where
    there is one. They and the rendered pictures are kept in --cache, so that a second build needs
    no network and renders only what is new. The same packages give the same bytes.
    An interrupted build leaves an older set untouched, and goes on from what it had rendered.
    """
    if dry_run:
        _list_sources(config)
        return

    check_free_folder(Path(config.out), force)
    from dall_e.data.build.builder import build

    with ProgressBar() as bar:
        report = build(config, progress=bar)

    for message in report.messages:
        print(f"note: {message}", file=sys.stderr)
    for source, count in report.counts.items():
        left_out = sum(len(names) for names in report.skipped.get(source, {}).values())
        print(f"{source:28s} {count:6d} pictures, {left_out:5d} left out")
    splits = ", ".join(f"{count} {split}" for split, count in sorted(report.splits.items()))
    print(f"{report.kept} pictures ({splits}) in {report.seconds:.0f} s: {report.folder}")
    print(f"what was left out, and why: {report.folder / 'report.json'}")


def _list_sources(config: DataConfig) -> None:
    from dall_e.data.build.builder import chosen_sources

    for source in chosen_sources(config):
        package = f"{source.manager} {source.package} {source.version}"
        print(f"{source.name:28s} {source.licence:14s} {source.split:14s} {package}")
    print(
        f"pictures of {config.size} x {config.size} pixels would go to {config.out}, "
        f"packages to {config.cache}"
    )


def show_command(
    folder: Annotated[
        str, typer.Argument(help="Data set, or a folder of pictures.")
    ] = DataConfig.out,
    *,
    out: Annotated[
        str, typer.Option("--out", "-o", show_default=_OUT, help="Picture file to write.")
    ] = "",
    force: Force = False,
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, max=1000, help="Pictures on the sheet.")
    ] = 60,
    split: Annotated[str, typer.Option("--split", help="train, val or heldout_style.")] = "train",
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Which pictures, and which of their captions.")
    ] = 0,
    scenes: Annotated[
        bool,
        typer.Option("--scenes", help="Scenes composed of the pictures; --split train or heldout."),
    ] = False,
    canonical: Annotated[
        bool,
        typer.Option(
            "--settled", help="Scenes with nothing left to chance that captions do not say."
        ),
    ] = False,
) -> None:
    """Write a contact sheet of pictures as training draws them, each with one of its captions.

    With --scenes, things are cut out of the pictures and composed into scenes, with captions in
    both languages.
    """
    files = ImageFiles(out, 1, force=force, like=_OUT)
    if scenes:
        _show_scenes(folder, files, count, split, seed, canonical)
        return

    from dall_e.data.captions import training_caption
    from dall_e.data.datasets import batch_indices, load_images
    from dall_e.images.sheets import contact_sheet

    images = load_images(folder, 96, split)
    indices = batch_indices(len(images), images.weights, seed, 0, min(count, len(images)))
    captions = [
        training_caption(images.records[int(index)], random.Random(f"{seed}/{row}"))
        for row, index in enumerate(indices)
    ]
    sheet = contact_sheet([images.images_NCHW[int(index)] for index in indices], captions)
    path = files.save(sheet)
    _say_skipped(images.skipped)
    print(f"{len(indices)} of {len(images)} pictures of split {split}: {path}")


def _show_scenes(
    folder: str, files: ImageFiles, count: int, split: str, seed: int, canonical: bool
) -> None:
    from dall_e.data.datasets import load_images
    from dall_e.images.sheets import contact_sheet
    from dall_e.scenes.composer import SceneComposer

    composer = SceneComposer(load_images(folder, 128), 128, canonical=canonical)
    composed = [composer.scene(f"{seed}/{number}", split) for number in range(count)]
    captions = [
        "\n".join(
            composer.caption(scene, random.Random(f"{seed}/{number}"), language)
            for language in ("en", "zh")
        )
        for number, scene in enumerate(composed)
    ]
    path = files.save(contact_sheet([composer.draw(scene) for scene in composed], captions))
    print(f"{count} scenes of split {split}, made of {len(composer.cut_outs)} cut-outs: {path}")


def _say_skipped(skipped: Sequence[str]) -> None:
    """Name the first losses, and say how many more there are."""
    for problem in skipped[:_MOST_SKIPPED]:
        print(f"note: left out {problem}", file=sys.stderr)
    if len(skipped) > _MOST_SKIPPED:
        more = len(skipped) - _MOST_SKIPPED
        print(f"note: left out {more} more; `dall-e data check` names them", file=sys.stderr)


def check_command(
    folder: Annotated[
        str, typer.Argument(help="Data set, or a folder of pictures.")
    ] = DataConfig.out,
    *,
    preset: Annotated[
        str,
        typer.Option(
            "--preset", help="Size of the model that would be trained: tiny, xs64, xs or s."
        ),
    ] = StartConfig.preset,
    sheet: Annotated[
        str,
        typer.Option("--sheet", help="Also write a sheet of pictures with captions to this file."),
    ] = "",
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, max=1000, help="Pictures on the sheet.")
    ] = 60,
    every_name: Annotated[
        bool, typer.Option("--all", help="Name every file, not the first five of each kind.")
    ] = False,
    force: Force = False,
) -> None:
    """Say what training would read of a folder, what not, and why.

    Every picture is decoded. Named are files that cannot be read, damaged shards with what they
    lost, the sources and encodings of captions, doubles, odd sizes, and captions that are cut.
    """
    from dall_e.config import PRESETS
    from dall_e.data.checking import check_folder
    from dall_e.data.inventory import MOST_NAMED

    config = StartConfig(preset=preset)
    model = PRESETS[config.preset]
    size = model.tokenizer.image_size
    report = check_folder(
        folder, size=size, max_tokens=model.text.max_tokens, vocab_size=model.text.vocab_size
    )

    counts = ", ".join(f"{count:,} {split}" for split, count in report.images.items())
    print(f"{folder}: {sum(report.images.values()):,} readable pictures ({counts})")
    print(f"captions in {', '.join(f'{what} {n:,}' for what, n in report.scripts.items())}")
    for line in report.inventory.lines(sys.maxsize if every_name else MOST_NAMED):
        print(line)
    if not report.images["train"]:
        raise ValueError(f"{folder} has no picture to train on")
    if sheet:
        show_command(folder, out=sheet, count=count, split="train", seed=0, force=force)


def pack_command(
    folder: Annotated[
        str, typer.Argument(help="Data set, or a folder of pictures.")
    ] = DataConfig.out,
    out: Annotated[str, typer.Argument(help="Folder to write SPLIT.tar.xz to.")] = "data/packed",
    *,
    force: Force = False,
    size: Annotated[
        int, typer.Option("--size", min=8, max=1024, help="Side of the pictures.")
    ] = DataConfig.size,
    splits: Annotated[
        str, typer.Option("--splits", help="Which splits, comma-separated.")
    ] = "train,val",
    dropped_bits: Annotated[
        int,
        typer.Option(
            "--dropped-bits",
            min=0,
            max=4,
            help="Low bits to round away where colour is uneven; 0: exact.",
        ),
    ] = 2,
) -> None:
    """Pack a data set into one small file per split, to train on another machine.

    Every command that takes a data set takes the packed folder as it is. The same pictures give the
    same bytes.
    """
    from dall_e.data.packing import pack

    names = tuple(name.strip() for name in splits.split(",") if name.strip())
    check_free((Path(out) / f"{name}.tar.xz" for name in names), force)
    with ProgressBar() as bar:
        report = pack(folder, out, size=size, splits=names, dropped_bits=dropped_bits, progress=bar)

    _say_skipped(report.skipped)
    found = ", ".join(f"{count} {split}" for split, count in report.images.items())
    print(f"{found}: {sum(report.sizes.values()) / 2**20:.1f} MiB in {Path(out)}")


def encode_command(
    folder: Annotated[
        str, typer.Argument(help="Pictures with captions: loose files, tar shards, or both.")
    ] = DataConfig.out,
    *,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the codes.")] = "data/tokens",
    tokenizer: Annotated[
        str, typer.Option(help="Run or model folder of the image tokenizer, or dall-e-emoji.")
    ] = "runs/tokenizer",
    views: Annotated[
        int, typer.Option(min=1, max=64, help="Views of each picture: itself, and moved ones.")
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the views.")] = 0,
    shard_size: Annotated[
        int, typer.Option(min=1, help="Pictures of a shard, of those that are loose files.")
    ] = 4096,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "auto",
    cluster: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="WORKERS",
            help="Encode by so many workers of a Ray cluster, that of RAY_ADDRESS, or on this "
            "machine; 0: in this process. Needs the extra `cluster`.",
        ),
    ] = 0,
) -> None:
    """Turn pictures into codes, once; `dall-e train generator --data` takes the folder.

    Pictures are read a shard at a time, so there may be more than fit in memory, and `torchrun` or
    `accelerate launch` share the shards out among processes. The same command again goes on with
    those that are missing. What cannot be read is left out, counted and named.
    """
    from dall_e.training.cluster_encoding import encode_on_cluster
    from dall_e.training.encoding import EncodingConfig, encode
    from dall_e.training.processes import join, leave, speaking

    config = EncodingConfig(
        data=folder,
        out=out,
        tokenizer=tokenizer,
        views=views,
        seed=seed,
        shard_size=shard_size,
        device=join(device),
    )
    with speaking():
        if cluster:
            encoded = encode_on_cluster(config, on_shard=_say_shard, workers=cluster)
        else:
            encoded = encode(config, on_shard=_say_shard)
        leave()
        _say_skipped(encoded.inventory.skipped)
        there = encoded.shards - encoded.made
        print(
            f"{encoded.images:,} pictures in {encoded.shards} shards, {there} of them there "
            f"before: {out}"
        )


def _say_shard(done: int, total: int) -> None:
    print(f"{done} of {total} shards of this process done", file=sys.stderr, flush=True)
