"""The hub's pages as somebody meets them who uses the keyboard alone."""

import os
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

# Theme and width of a walk: colours hang on the one and what is where on the other, so that two walks meet all of both. Each
# page of the console that a link leads to is gone over in all four besides.
LOOKS = [("light", 1280), ("dark", 320)]
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        # Chromium's own sandbox cannot be had as root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield running
        running.close()


def press_until(page, selector, within=60):
    """Moves the focus by Tab alone to the first element that fits, so many presses away at most."""
    for _ in range(within):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no way by keyboard to {selector}")


def submit(page, selector, within=60):
    """Presses a button by keyboard, and waits for the next page."""
    press_until(page, selector, within)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def check_page(page):
    """Nothing that axe finds, and no scrolling sideways."""
    found = Axe().run(page, options={"runOnly": STANDARDS})
    assert found.response["violations"] == [], found.generate_report()
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"scrolls sideways: {width}"
