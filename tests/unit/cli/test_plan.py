"""`dall-e plan` shows what is understood of a prompt, for people and for programs."""

import json

import pytest

from dall_e.cli import run
from dall_e.planning.vocabulary import Vocabulary


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["plan", *arguments])
        return code, *capsys.readouterr()

    return call


def test_fault_use_25_a_plan_for_people(show) -> None:
    code, out, _ = show("two cats and a red ball wibble in the snow")
    assert code == 0
    assert "2 x cat" in out and "painted red" in out and "background: snow" in out
    assert "not understood: wibble" in out and out.count("   at ") == 3
    assert "it is drawn whole" in show("wibble wobble, wabble")[1]


def test_fault_use_25_a_plan_for_programs(show) -> None:
    code, out, _ = show("两只猫在树的左边", "--json", "--seed", "3", "--size", "128")
    record = json.loads(out)
    assert code == 0 and record["format"] == "dall-e plan" and record["version"] == 1
    assert (record["seed"], record["size"], record["relation"]) == (3, 128, "left")
    cats, tree = record["objects"]
    assert (cats["name"], cats["count"], tree["name"]) == ("cat", 2, "tree")
    assert [len(cats["boxes"]), len(tree["boxes"])] == [2, 1]
    for left, top, width, height in [*cats["boxes"], *tree["boxes"]]:
        assert 0 <= left <= left + width <= 1.001 and 0 <= top <= top + height <= 1.001
    assert max(left + width for left, _, width, _ in cats["boxes"]) <= tree["boxes"][0][0] + 1e-6
    assert len(json.loads(show("a cat", "a dog 2", "--json")[1])) == 2


def test_the_seed_chooses_as_in_a_drawing(show, tiny_folder) -> None:
    from dall_e import DALL_E

    model, prompt = DALL_E.from_pretrained(tiny_folder), "a car and a tree"
    for seed in range(4):
        image = model(prompt, seed=seed, num_inference_steps=1, compose=True)
        drawn = json.loads(show(prompt, "--json", "--seed", str(seed))[1])["objects"]
        said = [
            f"{each['count']} x {each['prompt']}"
            + (f" painted {each['paint']}" if each["paint"] else "")
            + (" mirrored" if each["mirrored"] else "")
            for each in drawn
        ]
        assert image.info["plan"].split(" [")[0] == " + ".join(said)


def test_a_model_without_a_vocabulary_draws_whole(show, tmp_path, tiny_folder) -> None:
    assert "drawn whole" in show("two cats", "--model", "kuprel/min-dalle")[1]
    assert "2 x cat" in show("two cats", "--model", str(tiny_folder))[1]
    assert "drawn whole" in show("two cats", "--model", str(tmp_path))[1]


def test_words_that_were_not_quoted(show) -> None:
    code, out, errors = show("two", "cats")
    assert code == 0 and "prompt: two cats" in out and "dall-e plan 'two cats'" in errors
    assert show()[0] == 2


def test_a_record_says_all_of_a_plan(show) -> None:
    """So that a plan can be made of it again."""
    from dall_e.checkpoints.known_models import BUILT_IN, find_model
    from dall_e.planning.plan import PlannedObject, plan_prompt
    from dall_e.scenes.graph import Scene

    vocabulary = Vocabulary.load(find_model(BUILT_IN) / "vocabulary.txt")
    prompts = ("three small blue cars and a big dog on the beach", "watercolour of a cat and a cup")
    for prompt in prompts:
        record = json.loads(show(prompt, "--json", "--seed", "5")[1])
        plan = plan_prompt(prompt, vocabulary, 5)
        asked = ("prompt", "paint", "mirrored", "alternates")
        said = ("count", "colour", "size", "state")
        objects = record["objects"]
        again = tuple(PlannedObject(**{name: each[name] for name in asked}) for each in objects)
        assert again == plan.objects
        scene = Scene(
            objects=tuple(
                vocabulary.planned(each["name"], **{name: each[name] for name in said})
                for each in objects
            ),
            **{name: record[name] for name in ("relation", "background", "background_colour")},
            **{name: record[name] for name in ("style_en", "style_zh")},
        )
        assert scene == plan.scene


def test_a_plan_is_edited_and_drawn(draw) -> None:
    """From a prompt to a plan, another plan, a picture, and the same picture again."""
    code, lines, _ = draw(
        "a cat and a ball", "--seed", "3", "--size", "64", "--boxes", "--out", "plan.json",
        command="plan",
    )  # fmt: skip
    assert (code, lines) == (0, ["plan.json"])
    edits = ("--move", "ball=0.1,0", "--recolour", "ball=blue", "--turn", "ball=10")
    more = ("--resize", "cat=0.5", "--replace", "cat=a tree", "--add", "a dog=0.2,0.2,0.1")
    code, _, _ = draw("plan.json", *edits, *more, "--out", "plan2.json", command="plan")
    assert code == 0
    record = json.loads(open("plan2.json", encoding="utf-8").read())
    assert [each["name"] for each in record["objects"]] == ["tree", "ball", "dog"]
    assert record["objects"][1]["paint"] == "blue" and record["layers"][1]["angle"] == 10

    assert draw("--plan", "plan2.json", "--out", "picture.png")[0] == 0
    code, lines, _ = draw("picture.png", command="plan")
    assert code == 0 and any(line.startswith("ball, ") and "blue" in line for line in lines)
    assert draw("picture.png", command="reproduce")[0] == 0
    code, lines, _ = draw("picture.png", "--remove", "ball", "--json", command="plan")
    assert len(json.loads("\n".join(lines))["layers"]) == 2


def test_what_cannot_be_edited_or_drawn_is_said(draw) -> None:
    draw("a cat and a ball", "--seed", "3", "--size", "64", "--boxes", "--out", "plan.json",
         command="plan")  # fmt: skip
    for arguments, message in (
        (("plan.json", "--move", "ball"), "--move takes NAME=VALUE"),
        (("plan.json", "--move", "ball=1"), "--move is like ball=0.1,0"),
        (("plan.json", "--resize", "ball=big"), "--resize is like ball=1.5"),
        (("plan.json", "--remove", "dog"), "the plan has no 'dog'; it has cat, ball"),
        (("plan.json", "--seed", "3"), "a seed and a size of its own"),
        (("plan.json", "--out", "plan.json"), "is there already"),
        (("none.json",), "No such file"),
        (("a cat and a dog", "a ball and a cat", "--boxes"), "one prompt at a time"),
    ):
        code, _, errors = draw(*arguments, command="plan")
        assert code == 1 and message in errors
    code, _, errors = draw("a cat", "--plan", "plan.json", "--number", "2")
    assert code == 1 and "leave out prompts, --number" in errors
    assert "finish soft" in draw("--plan", "plan.json", "--finish", "soft")[2]


def test_python_saves_the_file_that_the_command_writes(
    show, tmp_path, tiny_folder, monkeypatch
) -> None:
    from dall_e import DALL_E

    monkeypatch.chdir(tmp_path)
    flags = ("--seed=4", "--size=48", "--boxes", f"--model={tiny_folder}", "--device=cpu")
    assert show("a cat and a ball", *flags, "--out=told.json")[0] == 0
    DALL_E.from_pretrained(tiny_folder).plan("a cat and a ball", 4, height=48).save("saved.json")
    assert (tmp_path / "saved.json").read_bytes() == (tmp_path / "told.json").read_bytes()

    # It is drawn, and how it is drawn is shown.
    drawing = ["--plan=saved.json", "--out=it.png", "--film=it.gif"]
    assert run(["generate", *drawing, f"--model={tiny_folder}", "--device=cpu"]) == 0
    assert (tmp_path / "it.gif").read_bytes().startswith(b"GIF8")
    assert run(["generate", "--plan=saved.json", "--film=it.png"]) == 1
