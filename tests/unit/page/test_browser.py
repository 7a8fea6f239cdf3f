"""The page in a browser, with real clicks. Skipped where there is no Chromium."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dall_e import DALL_E
from dall_e.config import ServingConfig
from dall_e.page.mounting import mount_page
from dall_e.page.words import EN, ZH

from ..serving.conftest import RunningServer, running

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NOTHING_PENDING = "() => !document.querySelector('.card.pending')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        own = started.chromium.executable_path
        found = [own] if Path(own).exists() else [*filter(None, map(shutil.which, NAMES))]
        if not found:
            pytest.skip("there is no Chromium on this machine")
        opened = started.chromium.launch(executable_path=found[0], args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """Somebody on the page; what goes wrong in it, and what it asks elsewhere, is noted."""

    def __init__(
        self, browser: Any, site: RunningServer, *, path: str = "/", **options: Any
    ) -> None:
        self.page = browser.new_context(**options).new_page()
        # A busy machine draws, and starts a browser, many times more slowly than this.
        self.page.set_default_timeout(300_000)
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", self._look)
        self._site = site
        self.page.goto(site.url + path)
        self.page.wait_for_selector("#prompt textarea")

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.troubles.append(message.text)

    def _look(self, request: Any) -> None:
        if not request.url.startswith((self._site.url, "data:", "blob:")):
            self.troubles.append(f"asked {request.url}")

    def draw(self, prompt: str) -> None:
        self.page.fill("#prompt textarea", prompt)
        self.page.click("#draw")
        self.settle(1)

    def settle(self, least: int) -> None:
        """Wait until so many pictures are there, and nothing is being drawn."""
        self.page.wait_for_selector(f".card:nth-child({least}):not(.pending)")
        self.page.wait_for_function(NOTHING_PENDING)
        self.page.wait_for_selector(".facts h2")


def test_a_visit(browser: Any, site: RunningServer) -> None:
    visit = Visit(browser, site, locale="en-GB", viewport={"width": 1280, "height": 1400})
    page = visit.page
    assert page.url.endswith("/en/")

    # An example is clicked, and what is understood of it is seen.
    page.click(f"text={EN.prompts[1]}")
    page.wait_for_selector(".chip:has-text('2 × cat')")
    page.click("#draw")
    visit.settle(2)
    assert page.locator(".card").count() == 2

    # The second picture is chosen by the keyboard.
    seeds = [int(text) for text in page.locator(".card .seed").all_inner_texts()]
    page.locator(".card").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f".facts:has-text('{EN.seed} {seeds[1]}')")
    with page.expect_download() as download:
        page.click(f"text={EN.save_svg}")
    assert download.value.suggested_filename.endswith(f"-{seeds[1]}.svg")

    # A thing of it is dragged, and moved on by a key.
    page.click(f"role=tab[name='{EN.arrange}']")
    thing = page.locator(".thing[data-name=ball]")
    thing.scroll_into_view_if_needed()
    before = thing.bounding_box()
    page.mouse.move(before["x"] + 20, before["y"] + 20)
    page.mouse.down()
    page.mouse.move(before["x"] - 30, before["y"] - 30, steps=3)
    page.mouse.up()
    left = "() => parseFloat(document.querySelector('.thing[data-name=ball]').style.left)"
    start = page.evaluate(left)
    page.wait_for_function(f"() => ({left})() < {start - 5}")
    page.wait_for_timeout(200)  # What is shown comes a moment before Gradio is done.
    page.locator(".thing[data-name=ball]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => ({left})() > {start - 50 / 5.2 + 1.5}")

    # A part is painted over and changed.
    page.click(f"role=tab[name='{EN.change}']")
    canvas = page.locator(".painter canvas").bounding_box()
    page.mouse.move(canvas["x"] + 40, canvas["y"] + 40)
    page.mouse.down()
    page.mouse.move(canvas["x"] + 160, canvas["y"] + 120, steps=3)
    page.mouse.up()
    assert page.evaluate("() => window.paintedMask().startsWith('data:image/png;base64,')")
    page.fill("#change-words input, #change-words textarea", "a red ball")
    page.click(f"role=button[name='{EN.change_button}']")
    visit.settle(3)
    page.wait_for_selector(".facts h2:has-text('a red ball')")
    assert page.evaluate("() => window.paintedMask()") == ""

    # Nothing is asked for: that is said, and one can go on.
    page.fill("#prompt textarea", "")
    page.wait_for_selector(".chip", state="detached")
    page.click("#draw")
    page.wait_for_selector("text=prompt is missing")
    page.wait_for_selector("#draw")
    assert visit.troubles == []
    page.context.close()


def test_a_phone_at_night_in_chinese(browser: Any, site: RunningServer) -> None:
    screen = {"width": 390, "height": 844}
    visit = Visit(
        browser, site, locale="zh-CN", viewport=screen, color_scheme="dark", has_touch=True
    )
    page = visit.page
    assert page.url.endswith("/zh/")
    page.wait_for_selector(f"text={ZH.tagline}")
    visit.draw("雪地里的红色的球")
    page.wait_for_selector(".chip:has-text('红色')")
    page.click(f"role=tab[name='{ZH.arrange}']")
    # What comes in late, such as a tab, may be too wide for a moment.
    page.wait_for_function(f"() => document.documentElement.scrollWidth === {screen['width']}")
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in ground[4:-1].split(",")) < 150

    # What goes wrong is said in Chinese, and so is what waits.
    page.fill("#prompt textarea", "")
    page.wait_for_selector(".chip", state="detached")
    page.click("#draw")
    page.wait_for_selector("text=还没有写要画什么")
    toast = page.inner_text(".toast-body")
    assert ZH.went_wrong in toast and not re.search("[A-Za-z]{2}", toast)
    page.wait_for_selector("#draw")
    assert visible_english(page) == []

    page.click(f"text={ZH.other_language}")
    page.wait_for_selector(f"text={EN.tagline}")
    assert visit.troubles == []
    page.context.close()


def visible_english(page: Any) -> list[str]:
    """English words that are seen on the page, but for those that are meant to be."""
    meant = r"dall_e|English|PNG|SVG|JPEG|WebP|Delete|a penguin and a blue balloon"
    texts = re.sub(meant, "", page.inner_text("body")).splitlines()
    return [text for text in texts if re.search("[A-Za-z]{2}", text)]


def test_a_chinese_visitor_who_asks_too_often(browser: Any, planning_model: DALL_E) -> None:
    """What the server refuses before Gradio sees it is told in Chinese, too."""
    with running(planning_model, ServingConfig(requests_per_minute=1), prepare=mount_page) as site:
        visit = Visit(browser, site, locale="en-GB", path="/zh/")
        for _ in range(12):
            visit.page.click("#draw")
            visit.page.wait_for_timeout(100)
        visit.page.wait_for_selector("text=每分钟最多 10 次请求：请稍后再试。")
        assert "English" not in " ".join(visible_english(visit.page))
        visit.page.context.close()
