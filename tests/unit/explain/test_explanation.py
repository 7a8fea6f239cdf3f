"""A picture explains itself, in one page that nothing can be slipped into."""

import re
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dall_e import DALL_E, SamplingConfig
from dall_e.cli import run
from dall_e.errors import DallEWarning
from dall_e.explain.explanation import Explanation
from dall_e.explain.graph_svg import bars_svg, graph_svg, plan_graph
from dall_e.explain.nearest import Neighbours
from dall_e.explain.page_words import EN, ZH
from dall_e.explain.prompt_words import prompt_words
from dall_e.planning.plan import plan_prompt

STEPS = SamplingConfig(num_inference_steps=6, compose=True)


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.fixture(scope="module")
def explanation(model: DALL_E) -> Explanation:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of an untrained model anything may be blank.
        return model.explain("a cat and a red house", seed=3, sampling=STEPS)


class Tags(HTMLParser):
    """All tags of a page, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.names: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "br", "input"):
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def test_the_picture_is_that_of_the_call(model: DALL_E, explanation: Explanation) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = model("a cat and a red house", seed=3, sampling=STEPS)
    assert np.array_equal(np.asarray(explanation.image), np.asarray(image))
    assert explanation.plan == image.info["plan"] and explanation.seed == 3


def test_each_drawing_is_explained(explanation: Explanation) -> None:
    assert len(explanation.drawings) == 2
    for drawing in explanation.drawings:
        assert drawing.attention_WYN.shape[::2] == (len(drawing.words), 64)
        assert drawing.effects.flipped_WN.shape == (len(drawing.words), 64)
        assert len(drawing.terms_S) == 6 and drawing.frame_steps[-1] == 6
        assert len(drawing.frames) == len(drawing.frame_steps)


def test_words_lead_to_what_changes_without_them(explanation: Explanation) -> None:
    graph = explanation.graph
    leads = {(graph.words[word], thing) for word, thing in graph.edges}
    assert leads == {("cat", 0), ("red", 1), ("house", 1)}


def test_a_place_is_a_thing_of_the_graph(model: DALL_E) -> None:
    prompt, vocabulary = "two cats in the snow", model.vocabulary
    assert vocabulary is not None
    graph = plan_graph(
        prompt, prompt_words(prompt, vocabulary), plan_prompt(prompt, vocabulary), vocabulary
    )
    leads = {(graph.words[word], graph.things[thing]) for word, thing in graph.edges}
    assert ("snow", "snow") in leads and len(graph.things) == 2


def test_a_page_is_whole_and_needs_nothing_else(explanation: Explanation, tmp_path: Path) -> None:
    explanation.save(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert not tags.opened and {"svg", "input", "figure", "script"} <= tags.names
    assert tags.addresses and all(each.startswith("data:image/") for each in tags.addresses)
    assert "prefers-color-scheme: dark" in text and "<iframe" in explanation._repr_html_()


def test_the_page_has_chinese_words(explanation: Explanation, tmp_path: Path) -> None:
    """All of them: what is left in English is the prompt, names and formulas."""
    explanation.save(tmp_path / "page.html", "zh")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<html lang="zh">' in text and "从文字到图" in text and "From words" not in text
    body = re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL)
    shown = " ".join(re.findall(r">([^<>]+)<", body) + re.findall(r'(?:alt|title)="([^"]*)"', body))
    allowed = {*explanation.prompt.split(), *explanation.graph.things, *explanation.model.split()}
    allowed |= {word for each in explanation.drawings for word in each.prompt.split()}
    allowed |= {"log", "dᵢ"}
    assert set(re.findall(r"[A-Za-z][\w-]+", shown)) <= allowed
    for name, words in vars(EN).items():
        other = getattr(ZH, name)
        fields = set(re.findall(r"\{(\w+)", words)), set(re.findall(r"\{(\w+)", other))
        assert other and words != other, name
        assert name == "planned" or fields[0] == fields[1], name


def test_what_people_write_is_escaped(model: DALL_E, tmp_path: Path) -> None:
    evil = "a cat <script>alert(1)</script> & \"quotes'"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = model.explain(evil, seed=1, sampling=STEPS)
    for text in (made.to_html(), made._repr_html_()):
        assert "<script>alert" not in text and "alert(1)" in text
    assert made.to_html().count("<script>") == 1


def test_drawings_of_svg_escape(model: DALL_E) -> None:
    vocabulary = model.vocabulary
    words = prompt_words("<b>&cat", vocabulary)
    graph = graph_svg(
        plan_graph("<b>&cat", words, plan_prompt("<b>&cat", vocabulary), None)  # type: ignore[arg-type]
    )
    assert "<b>" not in graph
    assert bars_svg([1.0, -2.0]).count("<rect") == 2 and bars_svg([]).startswith("<svg")


def test_a_copy_is_seen_as_one(tmp_path: Path) -> None:
    """The built-in model finds the picture itself in a folder, with most of its tokens."""
    model = DALL_E.from_pretrained()
    image = model("apple", seed=1, height=96, finish="soft", transparent=True, compose=False)
    image.save(tmp_path / "copy.png")
    Image.new("RGB", (64, 64), "blue").save(tmp_path / "other.png")
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    made = model.explain(
        "apple", seed=1, images=tmp_path, sampling=model.sampling_settings(compose=False)
    )
    first, second = made.drawings[0].nearest
    assert (first.name, second.name) == ("copy.png", "other.png")
    assert first.same_tokens > 0.6 > second.same_tokens and first.similarity > 0.99
    assert "copy.png" in made.to_html() and str(tmp_path) in made.to_html()


def test_what_is_remembered_is_shown_with_its_part() -> None:
    """A name of the memory recalls its picture, to which nearly all of the drawing is due."""
    model = DALL_E.from_pretrained()
    assert model.memory is not None
    settings = model.sampling_settings(compose=False, num_inference_steps=12)
    made = model.explain("a knight", seed=1, sampling=settings)
    (drawing,) = made.drawings
    first = drawing.remembered[0]
    assert first.row in model.memory.recalled("knight") and first.same_tokens > 0.9
    assert float(first.fraction_N.mean()) > 0.9 and first.fraction_N.shape == (144,)
    assert drawing.nearest[0].name == first.name and drawing.nearest[0].similarity > 0.99
    text = made.to_html()
    assert f"remembered from {first.name}" in text and "pictures that the model remembers" in text


def test_without_a_memory_names_are_drawn_again() -> None:
    model = DALL_E.from_pretrained()
    model.memory = None
    last: list = []
    request = model.engine.request(
        "apple", seed=1, height=96, sampling=model.sampling_settings(compose=False)
    )
    (made,) = model.engine.generate(request, last.append)
    codes_N = last[-1].codes_BN[0]
    from dall_e.images.files import to_uint8

    near = Neighbours(model.engine).of(to_uint8(model.engine.pixels(codes_N[None])), codes_N)
    assert len(near) == 3 and "apple" in " ".join(each.name for each in near)
    assert near[0].similarity >= near[1].similarity >= near[2].similarity


# What cannot be explained


def test_bad_input_is_told(model: DALL_E, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one prompt at a time, a text; got list"):
        model.explain(["a cat"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="blank|empty"):
        model.explain(" ")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        model.explain("a cat", seed=1, sampling=STEPS, images=tmp_path / "none")
    (tmp_path / "empty").mkdir()
    builtin = DALL_E.from_pretrained()
    with pytest.raises(ValueError, match="no picture to compare with"):
        Neighbours(builtin.engine, tmp_path / "empty")


def test_a_model_that_draws_left_to_right_says_why_it_cannot(mini_folder: Path) -> None:
    with pytest.warns(DallEWarning, match="licence"):
        mini = DALL_E.from_pretrained(mini_folder)
    with pytest.raises(ValueError, match="draws left to right"):
        mini.explain("a cat")


@pytest.mark.filterwarnings("ignore")
def test_the_command_writes_the_page(
    tiny_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    line = ["explain", "a cat", "--out", str(out), "--model", str(tiny_folder), "--steps", "4"]
    assert run([*line, "--seed", "2"]) == 0
    assert capfd.readouterr().out.strip() == str(out)
    assert re.search(r"seed 2 · tiny-random 7", out.read_text(encoding="utf-8"))

    assert run(line) == 1
    assert "is there already" in capfd.readouterr().err
    assert run([*line, "--force"]) == 0
    assert run(["explain", "a cat", "--out", str(tmp_path / "page.png")]) == 1
    assert "ends in .html" in capfd.readouterr().err
