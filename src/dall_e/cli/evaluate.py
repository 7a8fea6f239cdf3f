"""`dall-e evaluate`: a model drawn, measured and shown; or two of them side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.checkpoints.zoo import BUILT_IN, find_model
from dall_e.cli.flags import SHORT_NAMES, with_flags
from dall_e.config import DataConfig, ModelConfig, SamplingConfig

if TYPE_CHECKING:
    from torch import Tensor

    from dall_e.evaluation.judge import Judge
    from dall_e.evaluation.suite import Material, Subject
    from dall_e.images.files import PILImage
    from dall_e.models.detector import Detector
    from dall_e.models.dual_encoder import DualEncoder
    from dall_e.pipeline import DALL_E


@with_flags(SamplingConfig, optional="the model's own", names=SHORT_NAMES)
def evaluate(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    *,
    judge: Annotated[
        Path,
        typer.Option(
            help="Run folder of an independent `dall-e train dual encoder`: another seed, --fold 1, --other-share 0; "
            "never the dual encoder in a model.",
            show_default=False,
        ),
    ],
    detector: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of `dall-e train detector`, which judges composition.",
            show_default="none",
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help="A known name or a model folder.")
    ] = BUILT_IN,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--compare",
            help="Two models instead: the same prompts, the same seeds.",
            show_default=False,
        ),
    ] = None,
    suite: Annotated[str, typer.Option("--suite", help="Named set of prompts.")] = "emoji",
    data: Annotated[
        str, typer.Option("--data", help="The data set that models were trained on.")
    ] = DataConfig.out,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", help="Folder for the report.", show_default="out/evaluation/MODEL"
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Only so many of the prompts; 0 takes all.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first picture.")] = 0,
    best_of: Annotated[
        int,
        typer.Option(
            "--best-of",
            min=1,
            help="Candidates for each picture, chosen by the model's dual encoder.",
        ),
    ] = 1,
    quantization: Annotated[
        str | None,
        typer.Option(
            "--quantization",
            show_default="none",
            help="int8, int4 or bf16: what rounding costs in quality.",
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, or auto.")] = "auto",
) -> None:
    """Draw a fixed set of prompts in English and Chinese, and measure the pictures, with 95 %
    intervals.

    Writes `report.json` and `report.html`, a page with all pictures and the numbers of earlier runs
    beside them. Every judgement is by a network that the model was neither trained on nor chosen
    by.
    """
    from dall_e.data.prompt_sets import suite_prompts

    suite_prompts(suite)  # A misspelt name is found before anything is loaded.
    names = compare or (model,)
    folders = [find_model(name) for name in names]
    from dall_e.pipeline import DALL_E

    models = [
        DALL_E.from_pretrained(folder, device=device, quantization=quantization)
        for folder in folders
    ]
    the_judge = load_judge(judge, models)
    material = _material(suite, the_judge, detector, data, models[0])
    if compare:
        print(
            _compare(models, material, sampling, best_of=best_of, seed=seed, limit=limit, out=out)
        )
        return
    from dall_e.evaluation.cost import measure_cost
    from dall_e.evaluation.report import Header, write_report
    from dall_e.evaluation.samples import RealImages
    from dall_e.evaluation.suite import evaluate as run_suite

    cost = measure_cost(str(folders[0]), "a cat", device=device, quantization=quantization)
    subject = _subject(models[0], sampling, best_of, cost)
    result = run_suite(
        subject, material, seed=seed, limit=limit, say=lambda text: print(text, file=sys.stderr)
    )
    settings = {
        **sampling,
        "best_of": best_of,
        **({"quantization": quantization} if quantization else {}),
    }
    header = Header(
        suite=suite,
        model=models[0].origin(),
        settings=settings,
        judge=the_judge.name,
        seed=seed,
        limit=limit,
    )
    folder = Path(out) if out else Path("out/evaluation") / _folder_name(models[0], settings)
    write_report(folder, header, result, RealImages(material.training))
    for name, measure in result.measures.items():
        print(f"{name:28s} {measure}")
    print(folder / "report.html")


def load_judge(folder: Path, models: list[DALL_E]) -> Judge:
    """The judge of a run folder. Raises ValueError if it is a model's dual encoder; warns if it has
    seen all pictures."""
    import torch

    from dall_e.evaluation.judge import Judge
    from dall_e.training.perceptual import load_dual_encoder
    from dall_e.training.run_folder import load_stage_words

    run, network = load_dual_encoder(folder)
    if "other_fraction" not in run:
        raise ValueError(
            f"{folder} is a model, whose dual encoder chooses its pictures: a judge is a run of its own"
        )
    for model in models:
        own = _dual_encoder(model)
        if own is not None and own.text_out.weight.shape == network.text_out.weight.shape:
            one, other = (
                part.text_out.weight.detach().cpu().float().flatten() for part in (own, network)
            )
            # The model's is rounded to eight bits.
            if float(torch.cosine_similarity(one, other, dim=0)) > 0.99:
                raise ValueError(
                    f"the judge in {folder} is the dual encoder of {model.config.name!r}, which chooses its pictures: "
                    "train another one with --seed 1 --fold 1 --other-share 0"
                )
    if run["other_fraction"] > 0:
        print(
            f"dall-e: warning: the judge in {folder} was trained on both halves of the pictures; --other-share 0 makes "
            "an independent one",
            file=sys.stderr,
        )
    network.to(models[0].device)
    tokenizer = load_stage_words(folder)
    name = f"{folder} (seed {run['seed']}, fold {run['fold']})"
    return Judge(
        network, tokenizer, name=name, fold=run["fold"], other_fraction=run["other_fraction"]
    )


def _dual_encoder(model: DALL_E) -> DualEncoder | None:
    """The model's own; models of other projects have none."""
    return getattr(model.networks, "dual_encoder", None)


def load_detector(folder: Path) -> Detector:
    """The detector of a run folder. Raises ValueError if the run trained something else."""
    from dall_e.checkpoints.store import load_strict
    from dall_e.config import DetectorConfig, build_settings
    from dall_e.models.detector import Detector
    from dall_e.training.run_folder import load_stage_weights, player_weights

    run, players = load_stage_weights(folder)
    weights = player_weights(players, "detector", folder)
    detector = Detector(build_settings(DetectorConfig, run["networks"]["detector"]))
    load_strict(detector, weights, "")
    return detector


def _material(
    suite: str, judge: Judge, detector: Path | None, data: str, model: DALL_E
) -> Material:
    from dall_e.data.datasets import load_images
    from dall_e.data.prompt_sets import suite_prompts
    from dall_e.evaluation.composition import Composition
    from dall_e.evaluation.suite import Material
    from dall_e.scenes.composer import SceneComposer

    # Models of other projects have no tokenizer that pictures are to be brought to.
    side = (
        model.config.tokenizer.image_size if isinstance(model.config, ModelConfig) else judge.side
    )
    training, held_out = (load_images(data, side, split=split) for split in ("train", "val"))
    # Only what `dall-e data build` makes has a style of its own that is never trained on.
    has_another = any(Path(data).glob("heldout_style-*"))
    other_style = load_images(data, side, split="heldout_style") if has_another else None
    composition = None
    if detector is not None:
        composition = Composition(
            SceneComposer(training, side), load_detector(detector).to(model.device)
        )
    return Material(
        prompts=suite_prompts(suite), judge=judge, training=training, held_out=held_out, other_style=other_style,
        composition=composition,
    )  # fmt: skip


def _subject(model: DALL_E, sampling: dict[str, Any], best_of: int, cost: Any) -> Subject:
    from dall_e.evaluation.judge import Judge
    from dall_e.evaluation.suite import Subject
    from dall_e.models.image_tokenizer import ImageTokenizer

    settings = model.sampling_settings(**sampling)

    def draw(prompts: list[str], seeds: list[int]) -> list[PILImage]:
        images = model(prompts, seed=seeds, sampling=settings, best_of=best_of, progress=True)
        assert isinstance(images, list)
        return images

    def reconstruct(x_BCHW: Tensor) -> Tensor:
        tokenizer = model.networks.tokenizer
        assert isinstance(tokenizer, ImageTokenizer)
        return tokenizer.detokenize(tokenizer.tokenize(x_BCHW.to(model.device, model.dtype))).cpu()

    dual_encoder = _dual_encoder(model)
    own = (
        Judge(dual_encoder, model.text_tokenizer, name="own", fold=0, other_fraction=1.0)
        if dual_encoder
        else None
    )
    return Subject(
        draw=draw,
        embed=own.embed_images if own else None,
        reconstruct=reconstruct if isinstance(model.config, ModelConfig) else None,
        cost=cost,
    )


def _compare(
    models: list[DALL_E],
    material: Material,
    sampling: dict[str, Any],
    *,
    best_of: int,
    seed: int,
    limit: int,
    out: str,
) -> Path:
    from dall_e.evaluation.comparison import compare, write_comparison
    from dall_e.evaluation.samples import draw_samples

    drawn = [
        draw_samples(
            _subject(model, sampling, best_of, None).draw, material.prompts, seed=seed, limit=limit
        )
        for model in models
    ]
    measures = compare(material, *drawn)
    labels = [
        f"{model.config.name} {model.config.version} {model.weights_sha256[:8]}" for model in models
    ]
    for name, measure in measures.items():
        print(f"{name:32s} {measure}", file=sys.stderr)
    folder = Path(out) if out else Path("out/evaluation/comparison")
    return write_comparison(folder, (labels[0], labels[1]), measures, *drawn)


def _folder_name(model: DALL_E, settings: dict[str, Any]) -> str:
    changes = [
        f"{name}-{value}" for name, value in settings.items() if (name, value) != ("best_of", 1)
    ]
    return "-".join([model.config.name, model.config.version, model.weights_sha256[:8], *changes])
