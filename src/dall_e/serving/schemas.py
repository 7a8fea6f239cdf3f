"""Bodies of requests, with the names that OpenAI's clients send, and ours beside them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from dall_e.inference.validation import SEEDS
from dall_e.text.language import Language

MOST_LETTERS = 32000
"""Of a prompt, as OpenAI has it."""
MOST_STEPS = 100_000
"""A model takes no more than one for each token, whatever is asked for."""

Format = Literal["png", "jpeg", "webp"]


class Body(BaseModel):
    """What all requests have in common; fields that are not known are ignored."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def without_empty_fields(cls, values: Any) -> Any:
        """Forms have empty fields where JSON leaves them out or has null."""
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value not in ("", None)}

    model: str | None = Field(
        None, description="A model of `GET /v1/models`; any other name is the first."
    )
    user: Any = Field(None, description="Accepted, without effect.")
    seed: int | None = Field(
        None, ge=-1, lt=SEEDS, description="Of the first picture; the next ones count up."
    )


class DrawingBody(Body):
    """What is asked for wherever something is drawn."""

    steps: int | None = Field(
        None,
        ge=1,
        le=MOST_STEPS,
        validation_alias=AliasChoices("steps", "num_inference_steps"),
        description="Steps of sampling.",
    )
    guidance_scale: float | None = Field(
        None,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="How strictly the picture follows the prompt; 1 is off.",
    )


class ImageBody(DrawingBody):
    """What is asked for wherever images come back."""

    n: int = Field(1, ge=1, description="How many pictures.")
    size: str = Field("auto", max_length=32, description="WIDTHxHEIGHT in pixels, or auto.")
    response_format: Literal["url", "b64_json"] = "b64_json"
    output_format: Format = "png"
    output_compression: int = Field(100, ge=0, le=100, description="Of jpeg and webp.")
    background: Literal["transparent", "opaque", "auto"] = "auto"
    quality: str | None = Field(None, description="Accepted, without effect.")
    stream: bool = Field(False, description="Answer in server-sent events.")
    partial_images: int = Field(0, ge=0, le=3, description="Pictures on the way, in a stream.")


class GenerationBody(ImageBody):
    """`POST /v1/images/generations`."""

    prompt: str = Field("", max_length=MOST_LETTERS, description="English or Chinese.")
    negative_prompt: str = Field("", max_length=MOST_LETTERS, description="To steer away from.")
    style: str = Field(
        "",
        max_length=100,
        description="A style such as watercolour; vivid and natural are without effect.",
    )
    moderation: Any = Field(None, description="Accepted, without effect.")
    plan: dict[str, Any] | None = Field(
        None, description="Draw this plan, as /v1/plans gives it, instead of a prompt."
    )
    svg: bool = Field(False, description="Also give the picture as an SVG document.")


class EditBody(ImageBody):
    """The fields of `POST /v1/images/edits` beside its pictures."""

    prompt: str = Field("", max_length=MOST_LETTERS)
    input_fidelity: Any = Field(None, description="Accepted, without effect.")


class VariationBody(ImageBody):
    """The fields of `POST /v1/images/variations` beside its picture."""

    prompt: str = Field("", max_length=MOST_LETTERS, description="What the picture shows.")
    strength: float = Field(0.5, gt=0, le=1, description="The fraction that is drawn anew.")
    svg: bool = Field(False, description="Also give the picture as an SVG document.")


class CaptionBody(Body):
    """The fields of `POST /v1/captions` beside its picture."""

    language: Language = "en"
    n: int = Field(1, ge=1, le=8, description="How many captions.")


class ExplanationBody(DrawingBody):
    """`POST /v1/explanations`."""

    prompt: str = Field(min_length=1, max_length=MOST_LETTERS)
    negative_prompt: str = Field("", max_length=MOST_LETTERS)
    language: Language = Field("en", description="Of the page that explains it.")


class PlanBody(Body):
    """`POST /v1/plans`."""

    prompt: str = Field(min_length=1, max_length=MOST_LETTERS)
    boxes: bool = Field(
        False, description="With the true box of everything, for which the things are drawn."
    )


# In the form of AUTOMATIC1111's web interface


class TextToImageBody(BaseModel):
    """`POST /sdapi/v1/txt2img`; fields that are not known are ignored."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    prompt: str = Field("", max_length=MOST_LETTERS)
    negative_prompt: str = Field("", max_length=MOST_LETTERS)
    width: int | None = Field(None, ge=16)
    height: int | None = Field(None, ge=16)
    steps: int | None = Field(None, ge=1, le=MOST_STEPS)
    cfg_scale: float | None = Field(None, ge=0, le=100, allow_inf_nan=False)
    seed: int = Field(-1, ge=-1, lt=SEEDS)
    batch_size: int = Field(1, ge=1)
    n_iter: int = Field(1, ge=1)


class ImageToImageBody(TextToImageBody):
    """`POST /sdapi/v1/img2img`."""

    init_images: list[str] = Field(min_length=1, max_length=1)
    mask: str | None = Field(None, description="White where the picture may change.")
    inpainting_mask_invert: int = Field(0, ge=0, le=1)
    denoising_strength: float = Field(0.75, gt=0, le=1)
