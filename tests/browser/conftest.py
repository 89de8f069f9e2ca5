"""What browser tests share: a Chromium, a page that minds errors, a JupyterLab."""

import os
import shutil
from contextlib import contextmanager

import pytest
from lab import Lab, listen
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


@pytest.fixture(scope="module")
def chromium():
    """Start a browser for a module: while it is there, an event loop runs here."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="module")
def sealed():
    """Start a browser in which no name resolves, not even this machine's."""
    with started("--host-resolver-rules=MAP * ~NOTFOUND") as browser:
        yield browser


@pytest.fixture(scope="module")
def tab(chromium):
    """Open a browser tab that reaches loopback and nothing else."""
    context = chromium.new_context(viewport=SIZE)
    context.route(lambda url: not url.startswith(LOOPBACK), lambda route: route.abort())
    page = context.new_page()
    page.errors = listen(page)
    yield page
    context.close()


@pytest.fixture
def page(tab):
    """Use the module's tab; an error the browser reports meanwhile fails the test."""
    yield tab
    errors, tab.errors[:] = list(tab.errors), []

    assert [] == errors


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Offer to start a JupyterLab over a folder: `lab(folder, NAME=value)`."""
    started: list[Lab] = []

    def start(folder, **environment):
        home = tmp_path_factory.mktemp("jupyter")
        started.append(Lab(folder, home, environment).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()
