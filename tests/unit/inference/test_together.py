"""Requests of several callers in one batch: each gets what it would get alone."""

from pathlib import Path

import pytest

from dall_e import DALL_E
from dall_e.images.files import PILImage
from dall_e.inference.partial_images import PartialImages
from dall_e.inference.request import GenerationRequest
from dall_e.inference.together import Participant, draw_together
from dall_e.sampling.decode import DecodeInterrupted

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


ASKED = (
    {"prompt": "a white cat", "seed": 1},
    {"prompt": "two red apples and a dog", "seed": 2, "height": 64},
    {"prompt": "一只白色的猫", "seed": 3, "transparent": True},
    {"prompt": "a cat", "seed": 1, "negative_prompt": "red apples"},
)


def requests_of(model: DALL_E) -> list[GenerationRequest]:
    return [model.engine.request(**asked, finish="crisp") for asked in ASKED]  # type: ignore[arg-type]


def test_everybody_gets_what_they_would_get_alone(model: DALL_E) -> None:
    """Bit for bit, whoever else is in the batch, and in any order."""
    requests = requests_of(model)
    alone = [model.engine.generate(request)[0] for request in requests]
    for order in ((0, 1, 2, 3), (3, 1, 0, 2), (1, 2)):
        drawn = draw_together(
            model.engine, [Participant(request=requests[index]) for index in order]
        )
        for index, tokens in zip(order, drawn, strict=True):
            image = tokens.image_of(model.engine)
            assert image.pixels.tobytes() == alone[index].pixels.tobytes()
            assert image.metadata == alone[index].metadata


def test_one_prompt_that_cannot_be_drawn_harms_nobody_else(
    model: DALL_E, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = requests_of(model)[:2]
    plan = model.engine.plan

    def plan_or_fail(request: GenerationRequest) -> object:
        if request is bad:
            raise ValueError("not this one")
        return plan(request)

    monkeypatch.setattr(model.engine, "plan", plan_or_fail)
    first, second = draw_together(
        model.engine, [Participant(request=bad), Participant(request=good)]
    )
    with pytest.raises(ValueError, match="not this one"):
        first.image_of(model.engine)
    assert second.image_of(model.engine).seed == 1
    (alone,) = draw_together(model.engine, [Participant(request=bad)])
    with pytest.raises(ValueError, match="not this one"):
        alone.image_of(model.engine)


def test_previews_are_those_of_a_drawing_alone(model: DALL_E) -> None:
    def seen(requests: list[GenerationRequest], watched: GenerationRequest) -> list[bytes]:
        shown: list[bytes] = []

        def on_image(done: int, total: int, image: PILImage) -> None:
            shown.append(image.tobytes())

        draw_together(
            model.engine,
            [
                Participant(
                    request=each,
                    partial=PartialImages(on_image, 4) if each is watched else None,
                )
                for each in requests
            ],
        )
        return shown

    requests = requests_of(model)
    alone = seen([requests[1]], requests[1])
    assert len(alone) == 3
    assert seen(requests, requests[1]) == alone


def test_it_stops_when_nobody_waits_any_more(model: DALL_E) -> None:
    first, second, *_ = requests_of(model)
    steps = 0

    def leaves_after_a_while() -> bool:
        nonlocal steps
        steps += 1
        return steps < 3

    gone = Participant(request=first, is_wanted=lambda: False)
    leaving = Participant(request=second, is_wanted=leaves_after_a_while)
    with pytest.raises(DecodeInterrupted, match="step 3"):
        draw_together(model.engine, [gone, leaving])


def test_other_settings_are_another_batch(model: DALL_E) -> None:
    other = model.engine.request("a cat", sampling=model.sampling_settings(temperature=0.0))
    with pytest.raises(ValueError, match="same settings"):
        draw_together(
            model.engine,
            [Participant(request=requests_of(model)[0]), Participant(request=other)],
        )
