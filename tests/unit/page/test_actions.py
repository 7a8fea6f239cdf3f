"""What the page does, asked as Gradio asks it."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
from PIL import Image

from dall_e.page import views
from dall_e.page.album import Album, Entry, opened
from dall_e.page.layout import Actions
from dall_e.page.words import EN, ZH

from ..serving.conftest import RunningServer

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")
PROMPT = "a white cat and a red ball in the snow"
CHOICES = (1, "auto", "", False, "3", "", 0, "tiny")


def visitor() -> gr.Request:
    return cast(
        gr.Request, SimpleNamespace(request=SimpleNamespace(state=SimpleNamespace(owner="me")))
    )


def event(**data: Any) -> gr.EventData:
    return cast(gr.EventData, SimpleNamespace(_data=data))


@pytest.fixture(scope="module")
def actions(site: RunningServer) -> Actions:
    return Actions(site.state, EN)


def all_of(stream: AsyncIterator[Any]) -> list[Any]:
    async def collect() -> list[Any]:
        return [shown async for shown in stream]

    return asyncio.run(collect())


@pytest.fixture(scope="module")
def drawn(actions: Actions) -> list[Any]:
    """What is shown while one picture is drawn."""
    return all_of(actions.draw(Album(), PROMPT, visitor(), *CHOICES))


@pytest.fixture(scope="module")
def album(drawn: list[Any]) -> Album:
    return cast(Album, drawn[-1][0])


def chosen(album: Album) -> Entry:
    assert album.chosen is not None
    return album.chosen


def pixels(actions: Actions, entry: Entry) -> bytes:
    return opened(actions._state.links, entry).tobytes()


def test_drawing_is_watched_and_kept(drawn: list[Any], actions: Actions, album: Album) -> None:
    assert 'class="card pending"' in drawn[0][1]
    assert any("<img" in shown[1] and "pending" in shown[1] for shown in drawn[1:-1])
    entry = chosen(album)
    assert (entry.seed, entry.title) == (3, PROMPT)
    info = opened(actions._state.links, entry).info
    assert info["prompt"] == PROMPT and info["seed"] == "3"
    facts = drawn[-1][2]
    assert 'download="a-white-cat-and-a-red-ball-in-the-snow-3.png"' in facts and "3.svg" in facts


def test_the_picture_is_what_programs_get(actions: Actions, album: Album) -> None:
    again = all_of(actions.draw(album, PROMPT, visitor(), *CHOICES))[-1][0]
    assert len(again.entries) == 2
    first, second = again.entries
    assert pixels(actions, first) == pixels(actions, second)
    client = actions._state.models["tiny"]
    assert pixels(actions, first) == client(PROMPT, seed=3, finish="crisp").tobytes()


@pytest.mark.parametrize(
    ("prompt", "changed", "message"),
    [
        ("", {}, "prompt is missing"),
        (PROMPT, {4: "x"}, "a seed is a whole number, got 'x'"),
        (PROMPT, {4: "9" * 5000}, "a seed is a whole number, got '999"),
        (PROMPT, {4: "9" * 20}, "seed: Input should be less than 18446744073709551616"),
        (PROMPT, {0: None}, "n is a whole number, got 'None'"),
        (PROMPT, {0: float("inf")}, "n is a whole number, got 'inf'"),
        ("<b>", {4: "<b>"}, "got '&lt;b&gt;'"),
        (PROMPT, {0: 3}, "at most 2 pictures"),
        (PROMPT, {1: "9000x9000"}, "sides have 16 to 1536 pixels"),
        (PROMPT, {2: "no such style"}, "no such style"),
    ],
)
def test_what_is_wrong_is_said(
    actions: Actions, prompt: str, changed: dict[int, Any], message: str
) -> None:
    choices = [changed.get(number, value) for number, value in enumerate(CHOICES)]
    with pytest.raises(gr.Error) as error:
        all_of(actions.draw(Album(), prompt, visitor(), *choices))
    assert message in error.value.message


@pytest.mark.parametrize(
    ("prompt", "changed", "message"),
    [
        ("", {}, "还没有写要画什么：请写几个词，或给出一个布局。"),
        (PROMPT, {4: "x"}, "种子是一个整数，而不是“x”。"),
        (PROMPT, {0: 3}, "要画 3 张，而一次最多画 2 张。"),
        (PROMPT, {1: "9000x9000"}, "这里的边长是 16 到 1536 像素，而要的是 9000。"),
        (PROMPT, {2: "no such"}, "没有“no such”这种风格。"),
        ("猫" * 32001, {}, "文字：最多 32000 个字符。"),
    ],
)
def test_what_is_wrong_is_said_in_chinese(
    site: RunningServer, prompt: str, changed: dict[int, Any], message: str
) -> None:
    choices = [changed.get(number, value) for number, value in enumerate(CHOICES)]
    with pytest.raises(gr.Error) as error:
        all_of(Actions(site.state, ZH).draw(Album(), prompt, visitor(), *choices))
    assert (error.value.message, error.value.title) == (message, ZH.went_wrong)


def test_edits_that_cannot_be_are_said_in_chinese(site: RunningServer, album: Album) -> None:
    chinese = Actions(site.state, ZH)

    async def point(**data: Any) -> Any:
        return await chinese.point(album, event(**data), visitor())

    for call, message in (
        (lambda: point(name="ball", move=[9, 0]), "这样“球”就到图外面去了。"),
        (lambda: point(name="ball", resize=0.001), "这样“球”就太小了，看不见。"),
        (lambda: point(name="dragon", remove=True), "图里没有“龙”；有的是：猫、球。"),
        (
            lambda: chinese.add(album, "", " ", visitor()),
            "还没有写要添加什么，例如“一个红色的球”。",
        ),
        (lambda: chinese.add(album, "", "量子", visitor()), "不能添加“量子”：模型不认识 量子。"),
        (lambda: chinese.explain(Album(), visitor()), ZH.choose_first),
    ):
        with pytest.raises(gr.Error) as error:
            asyncio.run(call())
        assert error.value.message == message


def test_who_stops_takes_the_work_along(actions: Actions) -> None:
    before = actions._state.metrics.cancelled._value.get()

    async def leave() -> None:
        stream = actions.draw(Album(), PROMPT, visitor(), *CHOICES)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        # The thread that draws sees it at its next step.
        while actions._state.metrics.cancelled._value.get() == before:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(leave(), 30))


def test_things_are_moved_painted_added_and_removed(actions: Actions, album: Album) -> None:
    start = chosen(album)
    plan = actions._plan(start)
    assert plan is not None and [name for name in views.boxes_of(plan)] == ["cat", "ball"]

    async def arrange() -> list[Any]:
        point = event(name="ball", move=[-0.1, 0.05])
        moved = await actions.point(album, point, visitor())
        painted = await actions.recolour(moved[0], "ball", "blue", visitor())
        added = await actions.add(painted[0], "ball", "a tree", visitor())
        removed = await actions.pressing("remove")(added[0], "cat", visitor())
        undone = await actions.undo(removed[0], "tree")
        return [moved, painted, added, removed, undone]

    moved, painted, added, removed, undone = asyncio.run(arrange())
    left, top, *size = views.boxes_of(plan)["ball"]
    after = views.boxes_of(cast(Any, actions._plan(chosen(moved[0]))))["ball"]
    assert after == pytest.approx((left - 0.1, top + 0.05, *size))
    objects = cast(Any, actions._plan(chosen(painted[0]))).objects
    assert [each.drawing.paint for each in objects if each.name == "ball"] == ["blue"]
    assert [name for _, name in added[5]["choices"]] == ["cat", "ball", "tree"]
    assert [name for _, name in removed[5]["choices"]] == ["ball", "tree"]
    assert chosen(undone[0]) == chosen(added[0]) and undone[5]["value"] == "tree"
    assert len(undone[0].entries) == 1 and chosen(moved[0]).before == start

    with pytest.raises(gr.Error, match="needs at least|the plan has no|there is"):
        asyncio.run(actions.pressing("left")(album, "dragon", visitor()))


def test_a_script_that_says_nonsense_changes_nothing(actions: Actions, album: Album) -> None:
    for data in ({}, {"name": "ball"}, {"move": 7, "name": "ball"}, {"move": [1], "name": "x"}):
        shown = asyncio.run(actions.point(album, event(**data), visitor()))
        assert shown[0] == album
    with pytest.raises(gr.Error, match="dx must be a finite number"):
        asyncio.run(actions.point(album, event(name="ball", move=["a", None]), visitor()))
    for index in (-1, 7, "0", None):
        assert asyncio.run(actions.choose(album, event(index=index)))[0] == album


def data_url(image: Image.Image, kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    content = base64.b64encode(buffer.getvalue()).decode()
    return f"data:image/{kind.lower()};base64,{content}"


def test_what_is_painted_over_is_changed(actions: Actions, album: Album) -> None:
    entry = chosen(album)
    mask = Image.new("L", (entry.width, entry.height))
    mask.paste(255, (0, 0, entry.width // 2, entry.height // 2))
    shown = all_of(actions.change(album, "a red ball", data_url(mask), visitor()))
    changed = opened(actions._state.links, chosen(shown[-1][0]))
    assert changed.info["edit"] == "a red ball" and len(shown[-1][0].entries) == 2
    before = opened(actions._state.links, entry)
    lower = (0, entry.height * 3 // 4, entry.width, entry.height)
    assert (
        changed.convert("RGB").crop(lower).tobytes() == before.convert("RGB").crop(lower).tobytes()
    )
    with pytest.raises(gr.Error, match="prompt is missing"):
        all_of(actions.change(album, "", data_url(mask), visitor()))
    with pytest.raises(gr.Error, match="Draw or choose a picture first"):
        all_of(actions.change(Album(), "a hat", "", visitor()))


def test_variations_are_put_in_front(actions: Actions, album: Album) -> None:
    choices = (2, *CHOICES[1:])
    shown = all_of(actions.vary(album, 0.5, "", visitor(), *choices))[-1]
    new = shown[0].entries
    assert len(new) == 3 and new[2] == chosen(album) and new[0].svg
    strength = opened(actions._state.links, new[0]).info["variation_strength"]
    assert float(strength) == 0.5


def test_tampering_with_the_page(actions: Actions) -> None:
    sent = data_url(Image.new("RGB", (64, 48), "red"), "JPEG")
    shown = asyncio.run(actions.bring(Album(), event(picture=sent, name="<b>.jpg")))
    entry = chosen(shown[0])
    assert (entry.width, entry.height, entry.title) == (64, 48, "<b>.jpg")
    assert "&lt;b&gt;.jpg" in shown[2] and "<b>" not in shown[2]
    assert EN.no_plan in shown[4]
    with pytest.raises(gr.Error) as error:
        asyncio.run(actions.explain(shown[0], visitor()))
    assert error.value.message == EN.no_explanation


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ("https://example.org/cat.png", "links to pictures are not followed"),
        ("data:image/png;base64,AAAA", "not a readable picture"),
        (data_url(Image.new("RGB", (400, 400))), "at most 100000 are read"),
        (data_url(Image.new("P", (64, 64)), "GIF"), "none of PNG, JPEG, WEBP"),
        (None, "not a readable picture"),
    ],
)
def test_what_is_no_picture_is_refused(actions: Actions, sent: object, message: str) -> None:
    with pytest.raises(gr.Error) as error:
        asyncio.run(actions.bring(Album(), event(picture=sent or "")))
    assert message in error.value.message


def test_a_picture_is_explained(
    actions: Actions, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the prompt, the seed and the settings that drew it."""
    asked: dict[str, Any] = {}

    def explain(prompt: str, **settings: Any) -> Any:
        asked.update(settings, prompt=prompt)
        return SimpleNamespace(to_html=lambda language: f"<p>why in {language}</p>")

    monkeypatch.setattr(actions._state.models["tiny"], "explain", explain)
    shown = asyncio.run(actions.explain(album, visitor()))
    assert '<iframe src="/explanations/' in shown
    assert (asked["prompt"], asked["seed"], asked["style"]) == (PROMPT, 3, None)


def test_what_is_understood_is_seen_while_one_types(actions: Actions, site: RunningServer) -> None:
    said = actions.understand("two cats and a blue house in the snow, quuxly <b>", "tiny")
    for chip in ("2 × cat", "blue house", "the place: snow", ">quuxly<"):
        assert chip in said
    assert "<b></b>" not in said and EN.not_understood in said
    said = Actions(site.state, ZH).understand("水彩画风格的红色的苹果在雪地里，量子", "tiny")
    for chip in ("红色 苹果", "地点: 雪", "风格: 水彩", "量子"):
        assert chip in said
    assert "里没有读懂：“量子”" in said
    said = Actions(site.state, ZH).understand("a big wooden cat and a circle", "tiny")
    for chip in (">木制 大 猫<", "圆<"):
        assert chip in said
    assert actions.understand("  ", "tiny") == ""
    assert EN.nothing_understood in actions.understand("quuxly", "tiny")


def test_links_that_ran_out_are_said(actions: Actions, album: Album) -> None:
    gone = Album((Entry(name="gone", title="x", width=8, height=8),))
    shown = asyncio.run(actions.show(gone))
    assert EN.no_plan in shown[4]
    with pytest.raises(gr.Error, match="no longer here"):
        all_of(actions.vary(gone, 0.5, "", visitor(), *CHOICES))


def test_an_album_forgets_the_oldest() -> None:
    entries = [Entry(name=str(number), title="", width=1, height=1) for number in range(60)]
    album = Album().with_new(entries[:40]).with_new(entries[40:])
    assert len(album.entries) == 48 and album.entries[0].name == "40"
    assert album.choosing(5).with_new([]).index == 5


def test_examples_are_put_into_the_prompt(actions: Actions) -> None:
    assert actions.example(event(index=0)) == EN.prompts[0]
    for index in (-1, 99, "0", None):
        assert actions.example(event(index=index)) == ""
