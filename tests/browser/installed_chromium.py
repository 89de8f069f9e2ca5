"""The Chromium of this machine, as the browser tests and their commands start it."""

import os
import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOOPBACK = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
SIZE = {"width": 1500, "height": 1400}


@contextmanager
def started(*arguments):
    """Start the installed Chromium; without one fail in CI, skip elsewhere."""
    chromium = shutil.which("chromium")
    if chromium is None:
        words = "no browser: install Chromium (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*ARGUMENTS, *arguments, *root]
        )
        yield browser
        browser.close()
