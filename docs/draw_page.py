"""Draws the picture of the page to draw on anew: `python docs/draw_page.py CHROMIUM`.

It serves the built-in model, and does in a browser what the tutorial tells of.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from dall_e import DALL_E
from dall_e.page.mounting import mount_page
from dall_e.serving.app import create_app
from dall_e.serving.running import server_for

PICTURE = Path(__file__).parent / "page.png"
PROMPT = "a dog wearing a hat and a red ball in the snow"
WIDTH, HEIGHT = 1180, 900
COLOURS = 128


def main() -> None:
    """Serve, visit, and end."""
    app = create_app({"dall-e-emoji": DALL_E.from_pretrained()}, warm_up=False)
    mount_page(app)
    server = server_for(app, "127.0.0.1", 0, log_level="warning")
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        threading.Event().wait(0.1)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
            screen = {"width": WIDTH, "height": HEIGHT}
            visit(browser.new_page(locale="en-GB", viewport=screen), f"http://127.0.0.1:{port}/")
            browser.close()
    finally:
        server.should_exit = True
        thread.join()
    Image.open(PICTURE).convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)


def visit(page: Page, url: str) -> None:
    """Draw three pictures, arrange one, and look at it."""
    page.set_default_timeout(180_000)
    page.goto(url)
    page.fill("#prompt textarea", PROMPT)
    page.wait_for_selector(".chip")
    page.locator("input[type=number]").first.fill("3")
    page.locator("input[type=number]").first.press("Tab")
    page.click("text=More settings")
    page.fill("#seed input, #seed textarea", "7")
    page.click("text=More settings")
    page.click("#draw")
    page.wait_for_selector(".card.chosen:not(.pending)")
    page.click("role=tab[name='Arrange']")
    thing = page.locator(".thing[data-name=ball]")
    thing.focus()
    before = page.locator(".stage img").get_attribute("src")
    page.keyboard.press("-")
    page.wait_for_function(
        "old => document.querySelector('.stage img').src.indexOf(old) < 0", arg=before
    )
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=PICTURE, full_page=True)


if __name__ == "__main__":
    main()
