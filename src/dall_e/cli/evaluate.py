"""`dall-e evaluate`: a model drawn, measured and shown; or two of them side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN, find_model
from dall_e.cli.options import Device, Model, Quantization, sampling_flags
from dall_e.cli.overwriting import Force, check_free
from dall_e.config import DataConfig

if TYPE_CHECKING:
    from dall_e.evaluation.report import Header
    from dall_e.evaluation.suite import Material, Subject
    from dall_e.pipeline import DALL_E


_QUICK_LIMIT = 12


@sampling_flags()
def evaluate(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    *,
    judge: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of an independent `dall-e train dual-encoder`: another seed, "
            "--fold 1, --other-fraction 0; never the dual encoder in a model. `runs/judges.sh` "
            "trains one. Without it only what needs no judge is measured.",
            show_default="none",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help=f"Without a judge, and {_QUICK_LIMIT} prompts unless --limit says more."
        ),
    ] = False,
    detector: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of `dall-e train detector`, which judges composition.",
            show_default="none",
        ),
    ] = None,
    model: Model = BUILT_IN,
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
    force: Force = False,
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
    quantization: Quantization = None,
    device: Device = "auto",
) -> None:
    """Measure a model, or two side by side, by what it draws.

    Draws a fixed set of prompts in English and Chinese. Writes `report.json` and `report.html`, a
    page with all pictures and the numbers of earlier runs beside them; every number has a 95 %
    interval. Every judgement is by a network that the model was neither trained on nor chosen by;
    what is by the model's own dual encoder is called so. Without --judge, near-copies, diversity,
    reconstruction and cost are measured, by one's own captions where --data has such.
    """
    from dall_e.data.prompt_sets import suite_prompts

    # What contradicts itself, and misspelt names, are found before anything is loaded.
    if judge and quick:
        raise ValueError("--quick measures without a judge: leave out --judge, or --quick")
    if compare and not judge:
        raise ValueError("--compare needs --judge: two models are compared by what a judge sees")
    if detector and not judge:
        raise ValueError("--detector needs --judge: `bash runs/judges.sh` trains both")
    limit = limit or (_QUICK_LIMIT if quick else 0)
    suite_prompts(suite)
    folders = [find_model(name) for name in compare or (model,)]

    from dall_e.evaluation.comparison import COMPARISON_FILE
    from dall_e.evaluation.cost import measure_cost
    from dall_e.evaluation.report import PAGE_FILE, REPORT_FILE, Header
    from dall_e.evaluation.setup import load_judge, load_material, make_subject
    from dall_e.pipeline import DALL_E

    pages = (COMPARISON_FILE,) if compare else (REPORT_FILE, PAGE_FILE)
    check_free((Path(out) / page for page in pages if out), force)
    models = [
        DALL_E.from_pretrained(folder, device=device, quantization=quantization)
        for folder in folders
    ]
    engines = [each.engine for each in models]
    judged_by = load_judge(judge, engines) if judge else None
    material = load_material(suite, judged_by, detector, data, engines[0])
    run = {"seed": seed, "limit": limit}
    if compare:
        folder = Path(out or "out/evaluation/comparison")
        check_free((folder / page for page in pages), force)
        print(_compare(models, material, sampling, best_of, folder, run))
        return

    settings = {**sampling, "best_of": best_of}
    if quantization:
        settings["quantization"] = quantization
    folder = Path(out or Path("out/evaluation") / _folder_name(models[0], settings))
    check_free((folder / page for page in pages), force)
    cost = measure_cost(str(folders[0]), "a cat", device=device, quantization=quantization)
    subject = make_subject(engines[0], models[0].sampling_settings(**sampling), best_of, cost)
    by_suite = material.prompts == suite_prompts(suite)
    header = Header(
        suite=suite if by_suite else "own captions",
        model=models[0].origin(),
        settings=settings,
        judge=judged_by.name if judged_by else "none",
        **run,
    )
    _report(header, subject, material, folder)
    print(folder / "report.html")


def _report(header: Header, subject: Subject, material: Material, folder: Path) -> None:
    """Measure one model, write the report into a folder, and print the numbers."""
    from dall_e.evaluation.report import write_report
    from dall_e.evaluation.samples import RealImages
    from dall_e.evaluation.suite import evaluate as run_suite

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    result = run_suite(subject, material, seed=header.seed, limit=header.limit, say=say)
    write_report(folder, header, result, RealImages(material.training))
    for note in result.notes:
        say(note)
    for name, measure in result.measures.items():
        print(f"{name:28s} {measure}")


def _compare(
    models: list[DALL_E],
    material: Material,
    sampling: dict[str, Any],
    best_of: int,
    folder: Path,
    run: dict[str, int],
) -> Path:
    """Draw the same prompts with two models, write them side by side, and print the differences."""
    from dall_e.evaluation.comparison import compare, write_comparison
    from dall_e.evaluation.samples import draw_samples
    from dall_e.evaluation.setup import make_subject

    drawn = []
    for model in models:
        subject = make_subject(model.engine, model.sampling_settings(**sampling), best_of)
        drawn.append(draw_samples(subject.draw, material.prompts, **run))

    measures = compare(material, *drawn)
    for name, measure in measures.items():
        print(f"{name:32s} {measure}", file=sys.stderr)
    labels = [
        f"{model.config.name} {model.config.version} {model.weights_sha256[:8]}" for model in models
    ]
    return write_comparison(folder, (labels[0], labels[1]), measures, *drawn)


def _folder_name(model: DALL_E, settings: dict[str, Any]) -> str:
    """The model, and the settings that are not its own."""
    changes = [
        f"{name}-{value}" for name, value in settings.items() if (name, value) != ("best_of", 1)
    ]
    return "-".join([model.config.name, model.config.version, model.weights_sha256[:8], *changes])
