"""From folders and engines to what the suite works with: judge, detector, material, subject.

Shapes: B images, C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dall_e.checkpoints.run_files import load_dual_encoder, load_stage, load_text_tokenizer
from dall_e.checkpoints.store import load_strict
from dall_e.config import DetectorConfig, ModelConfig, SamplingConfig, build_settings
from dall_e.data.datasets import ImageSet, load_images
from dall_e.data.prompt_sets import SuitePrompt, suite_prompts
from dall_e.errors import DallEWarning
from dall_e.evaluation.composition import Composition
from dall_e.evaluation.cost import Cost
from dall_e.evaluation.judge import Judge
from dall_e.evaluation.suite import Material, Subject
from dall_e.images.files import PILImage
from dall_e.inference.engine import Engine
from dall_e.inference.progress import ProgressBar
from dall_e.models.detector import Detector
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.scenes.composer import SceneComposer

# Cosine similarity of two sets of weights from which on they are the same, rounded to eight bits.
_SAME_WEIGHTS = 0.99


def load_judge(folder: Path, engines: Sequence[Engine]) -> Judge:
    """Load the judge of a run folder, onto the device of the first engine.

    Raises ValueError if it is a model's dual encoder, which chooses that model's images. Warns if
    it was trained on all pictures.
    """
    stage = load_stage(folder)
    run, network = stage.settings, load_dual_encoder(stage)
    if "other_fraction" not in run:
        raise ValueError(
            f"{folder} is a model, whose dual encoder chooses its pictures: "
            "a judge is a run of its own"
        )
    for engine in engines:
        if _has_weights_of(engine, network):
            raise ValueError(
                f"the judge in {folder} is the dual encoder of {engine.config.name!r}, which "
                "chooses its pictures: train another one with --seed 1 --fold 1 --other-fraction 0"
            )
    if run["other_fraction"] > 0:
        warnings.warn(
            f"the judge in {folder} was trained on both halves of the pictures; "
            "--other-fraction 0 makes an independent one",
            stacklevel=2,
        )

    name = f"{folder} (seed {run['seed']}, fold {run['fold']})"
    return Judge(
        network.to(engines[0].device),
        load_text_tokenizer(folder),
        name=name,
        fold=run["fold"],
        other_fraction=run["other_fraction"],
    )


def _has_weights_of(engine: Engine, judge: DualEncoder) -> bool:
    """Whether an engine's dual encoder is the judge, maybe rounded to eight bits."""
    dual_encoder = engine.networks.dual_encoder
    if dual_encoder is None:
        return False
    weights = [each.text_out.weight.detach().cpu().float() for each in (dual_encoder, judge)]
    if weights[0].shape != weights[1].shape:
        return False
    similarity = torch.cosine_similarity(weights[0].flatten(), weights[1].flatten(), dim=0)
    return float(similarity) > _SAME_WEIGHTS


def load_detector(folder: Path) -> Detector:
    """Load the detector of a run folder. Raises ValueError if the run trained something else."""
    stage = load_stage(folder)
    weights = stage.weights("detector")
    detector = Detector(build_settings(DetectorConfig, stage.network("detector")))
    load_strict(detector, weights, "")
    return detector


def load_material(
    suite: str, judge: Judge | None, detector: Path | None, data: str, engine: Engine
) -> Material:
    """Load what models are measured with: prompts, real pictures, and tasks for the detector.

    `detector` is a run folder, `data` the data set that the models were trained on; pictures come
    at the size of the engine's model. Without a judge, a data set whose captions are a maker's own
    is asked for by these, not by the suite.
    """
    # Models of other projects have no tokenizer that pictures are to be brought to.
    is_native = isinstance(engine.config, ModelConfig)
    side = judge.side if judge and not is_native else engine.config.tokenizer.image_size
    training = load_images(data, side, split="train")
    held_out = load_images(data, side, split="val")

    # Only what `dall-e data build` makes has a style of its own that is never trained on.
    has_another_style = any(Path(data).glob("heldout_style-*"))
    other_style = load_images(data, side, split="heldout_style") if has_another_style else None

    composition = None
    if detector is not None:
        composer = SceneComposer(training, side)
        composition = Composition(composer, load_detector(detector).to(engine.device))
    return Material(
        prompts=(None if judge else own_prompts(training)) or suite_prompts(suite),
        judge=judge,
        training=training,
        held_out=held_out,
        other_style=other_style,
        composition=composition,
    )


def own_prompts(images: ImageSet) -> list[SuitePrompt]:
    """The captions that makers wrote under their own pictures, each once; none of other sets."""
    texts = dict.fromkeys(str(record["text"]) for record in images.records if record.get("text"))
    return [SuitePrompt(group="single", concept=text, en=text, zh=text) for text in texts]


def make_subject(
    engine: Engine, sampling: SamplingConfig, best_of: int = 1, cost: Cost | None = None
) -> Subject:
    """Make a model under test of an engine. It draws at its own size, without its upsampler.

    What is drawn is seen as it is: soft, and blots too.
    """
    size = engine.config.tokenizer.image_size

    def draw(prompts: list[str], seeds: list[int]) -> list[PILImage]:
        request = engine.request(
            prompts,
            seed=seeds,
            sampling=sampling,
            best_of=best_of,
            height=size,
            finish="soft",
            refuses_blots=False,
        )
        with ProgressBar() as bar:
            on_progress = bar if bar.is_shown else None
            # What of hundreds of prompts is not read is measured, not told one by one.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DallEWarning)
                generated = engine.generate(request, on_progress=on_progress)
        return [each.pixels for each in generated]

    def reconstruct(x_BCHW: Tensor) -> Tensor:
        tokenizer = engine.networks.tokenizer
        assert isinstance(tokenizer, ImageTokenizer)
        codes_BN = tokenizer.tokenize(x_BCHW.to(engine.device, engine.dtype))
        return tokenizer.detokenize(codes_BN).cpu()

    dual_encoder = engine.networks.dual_encoder
    embed = None
    if dual_encoder is not None:
        own_judge = Judge(
            dual_encoder, engine.text_tokenizer, name="own", fold=0, other_fraction=1.0
        )
        embed = own_judge.embed_images
    is_native = isinstance(engine.config, ModelConfig)
    return Subject(
        draw=draw,
        embed=embed,
        reconstruct=reconstruct if is_native else None,
        cost=cost,
    )
