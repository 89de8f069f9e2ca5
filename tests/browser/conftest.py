"""What browser tests share: a Chromium, a page that minds errors, a JupyterLab."""

import pytest
from installed_chromium import LOOPBACK, SIZE, started
from lab import Lab, listen


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
