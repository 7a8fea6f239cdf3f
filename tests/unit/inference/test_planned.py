"""A model's plans: drawn without edits, the picture of the prompt; and read from files."""

import json
from pathlib import Path

import pytest

from dall_e import DALL_E
from dall_e.errors import UnusableFileError
from dall_e.planning.plan import plan_prompt
from dall_e.planning.plan_record import plan_record

PROMPTS = ("two cats and a red ball in the snow", "a cat", "a dog riding a bicycle", "a kitchen")


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


DRAWN = {"height": 64, "finish": "crisp", "compose": True}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_plan_draws_the_picture_of_its_prompt(model: DALL_E, tmp_path: Path, prompt: str) -> None:
    settings = model.sampling_settings(compose=True)
    image = model(prompt, seed=4, **DRAWN)
    image.save(tmp_path / "picture.png")
    plan = model.load_plan(tmp_path / "picture.png")
    again = model.draw_plan(plan, sampling=settings)
    assert again.tobytes() == image.tobytes() and again.info["svg"] == image.info["svg"]
    assert again.info["plan_json"] == image.info["plan_json"]
    assert (again.info["from_plan"], "from_plan" in image.info) == ("True", False)

    # So does the plan that rules lay out, which was made without a drawing.
    assert model.vocabulary is not None
    record = plan_record(plan_prompt(prompt, model.vocabulary, 4), prompt, seed=4, size=64)
    by_rules = model.draw_plan(json.loads(json.dumps(record)), sampling=settings)
    assert by_rules.tobytes() == image.tobytes()


def test_a_model_plans_and_draws_what_was_edited(model: DALL_E) -> None:
    plan = model.plan("two cats and a ball", 4, height=64)
    edited = plan.move("ball", 0.05, 0.1).recolour("cat#2", "blue").replace("ball", "a tree")
    first, second = model.draw_plans([plan, edited])
    assert first.tobytes() == model.draw_plan(plan).tobytes() != second.tobytes()
    assert second.info["plan"].count("cat") == 2 and "tree" in second.info["plan"]
    # Where everything is now is in the new picture, too.
    assert not any(layer.fits for layer in model.load_plan(second).layers)
    assert model.draw_plan(second).tobytes() == second.tobytes()
    other = model.draw_plan(plan, seed=5)
    assert other.info["seed"] == "5" and other.tobytes() != first.tobytes()


def test_a_plan_is_saved_read_and_shown_as_it_is_drawn(model: DALL_E, tmp_path: Path) -> None:
    plan = model.plan("a cat and a ball", 4, height=48).move("cat", 0.1, 0)
    path = tmp_path / "plan.json"
    plan.save(path)
    assert model.load_plan(path) == model.load_plan(json.loads(plan.to_json())) == plan
    with pytest.raises(FileExistsError):
        plan.save(path, overwrite=False)
    with pytest.raises(ValueError, match="a plan is a JSON file: end 'plan.txt' in .json"):
        plan.save(tmp_path / "plan.txt")

    expected = model.draw_plan(plan).tobytes()
    for source in (plan, path, plan.record()):
        events = list(model.stream(source, previews=3))
        assert len(events) >= 3 and events[-1].image.tobytes() == expected
        assert len({event.image.tobytes() for event in events}) == len(events)
    assert model.film(path, tmp_path / "film.gif", seed=9).tobytes() != expected
    with pytest.raises(ValueError, match="stream draws one prompt, a text, or a plan, got int"):
        model.stream(3)  # type: ignore[arg-type]


def test_files_that_hold_no_plan_are_named(model: DALL_E, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    for name, content, message in (
        ("empty.json", "", "empty"),
        ("half.json", '{"format"', "malformed JSON"),
        ("nan.json", '{"seed": NaN}', "NaN is no number"),
        ("other.json", "[1]", "must be an object"),
        ("huge.json", " " * (5 * 2**20), "are read"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(UnusableFileError, match=message):
            model.load_plan(tmp_path / name)
    with pytest.raises(UnusableFileError, match="carries no plan"):
        model.load_plan(tmp_path / "plain.png")
    with pytest.raises(FileNotFoundError):
        model.load_plan(tmp_path / "none.json")
    with pytest.raises(ValueError, match="this picture carries no plan"):
        model.draw_plan(Image.new("RGB", (8, 8)))
    with pytest.raises(ValueError, match="at least one plan"):
        model.draw_plans([])
