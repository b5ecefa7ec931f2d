"""Takes the screenshots of the web page for the documentation, with the photos of the demo.

    python -m tools.screenshot

Needs Chromium, and playwright from the dev extra.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.demo import BUILD, samples, splicedex

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOCS = Path("docs")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "device_scale_factor": 1}
DARK = DESKTOP | {"color_scheme": "dark"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
PHOTOS = (
    "astronaut.png", "camera.png", "chelsea.png", "china.jpg", "coffee.png", "coins.png",
    "flower.jpg", "moon.png", "motorcycle_left.png", "rocket.jpg",
)  # fmt: skip
QUERY = "cat OR flower OR coffee OR building"


def main() -> None:
    folder = samples()
    index = BUILD / "screenshot.idx"
    shutil.rmtree(index, ignore_errors=True)
    photos = [str(folder / name) for name in PHOTOS]
    splicedex("index", "--index", str(index), "--model", "nano", *photos)
    with served(index) as url, chromium() as browser:
        shoot(browser, f"{url}/?q={QUERY}&near=1", "screenshot.png", DESKTOP)
        shoot(browser, f"{url}/?q={QUERY}", "screenshot-photo.png", DARK, open_first=True)
        shoot(browser, f"{url}/?q={QUERY}", "screenshot-phone.png", PHONE)


def shoot(
    browser: Browser, url: str, name: str, context: dict[str, Any], *, open_first: bool = False
) -> None:
    """Save a screenshot of the page once its photos are loaded."""
    page = browser.new_page(**context)
    page.goto(url)
    page.wait_for_selector(".tile img")
    if open_first:
        page.locator(".tile a").first.click()
        page.wait_for_selector("#photo .neighbours img")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / name)
    page.close()
    print(DOCS / name)


@contextmanager
def served(index: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[str]:
    """Serve an index; yields the URL, and stops the server at the end."""
    command = Path(sys.executable).with_name("splicedex")
    words = [command, "serve", "--index", index, "--port", "0", *options]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "160"} | (environment or {})
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            if found is None:
                raise RuntimeError(f"the server did not start: {line}")
            yield found.group()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser.

    Raises:
        FileNotFoundError: Chromium or playwright is not installed.
    """
    installed = next(filter(None, map(shutil.which, BROWSERS)), None)
    if installed is None:
        raise FileNotFoundError("needs Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise FileNotFoundError("needs playwright") from error

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed)
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":
    main()
