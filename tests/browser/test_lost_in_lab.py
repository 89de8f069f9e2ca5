"""Platform killed, network swallowed, kernel gone: widgets of a real JupyterLab say so."""

import os
import re
import signal
from contextlib import contextmanager

import nbformat
import psutil
import pytest
from lab import open_notebook, run_all
from playwright.sync_api import expect
from switchboard import Switchboard

from orbital_kernel import connect, embedded

SEEN_MS = 30_000
DEAD_COMM = "Cannot send"  # what ipywidgets says of a widget whose kernel is gone
LEAK = re.compile(r"Traceback|Error\(|Errno|urllib3|vastdb")
START = (
    "from dataclasses import replace\nimport orbital_widgets\n"
    "from orbital_widgets import kernel_hint\n"
    "kernel_hint.BEAT_S, kernel_hint.LATE_S = 0.5, 2.0\n"
    "from orbital_kernel import connect\n"
    "from orbital_kernel.session import Orbital\n"
    "orbital = connect()\n"
    "far = Orbital(replace(orbital.settings, endpoint='{url}'),\n"
    "              home=orbital.home, database=orbital.database)\n"
    "orbital_widgets.setup()"
)
CELLS = (
    START,
    "explorer = orbital_widgets.Explorer(far, within_s=4, table='grbs')\nexplorer",
    "orbital_widgets.LightCurveExplorer(far, within_s=4)",
    "orbital_widgets.BurstMonitor(orbital, every_s=1)",
    "orbital_widgets.HealthPanel(orbital, every_s=5)",
)


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """Return a session on a platform of its own, which may be killed."""
    session = connect(tmp_path_factory.mktemp("lost") / "home")
    session.storage.apply()
    yield session
    embedded.stop(session.home)


@pytest.fixture(scope="module")
def board(platform):
    """Return the proxy between some widgets and the platform."""
    switchboard = Switchboard(platform.settings.endpoint)
    yield switchboard
    switchboard.close()


@pytest.fixture(scope="module")
def notebook(lab, tab, platform, board, tmp_path_factory):
    """Open a notebook with widgets, some of them through the proxy."""
    folder = tmp_path_factory.mktemp("lost-notebook") / "notebooks"
    folder.mkdir()
    cells = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(c.replace("{url}", board.url)) for c in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(cells, folder / "lost.ipynb")
    open_notebook(tab, lab(folder, ORBITAL_HOME=str(platform.home)), "lost.ipynb")
    run_all(tab)
    return tab


@contextmanager
def dark(board):
    """Swallow what is sent, inside the block."""
    board.go_dark()
    try:
        yield
    finally:
        board.go_light()


def leaks(page):
    """Return the lines of the page that show Python's insides."""
    lines = page.locator(".jp-Notebook").inner_text().splitlines()
    return [text for text in lines if LEAK.search(text)]


def button(part, name):
    return part.get_by_role("button", name=name, exact=False)


def test_a_swallowed_question_is_answered_in_words_and_cancelled(notebook, board, page):
    explorer = page.locator(".orbital-explorer")
    status = explorer.locator(".orbital-status")
    expect(status).to_contain_text("swift.grbs", timeout=SEEN_MS)
    with dark(board):
        explorer.locator(".orbital-limit input").fill("7")
        explorer.locator(".orbital-limit input").press("Enter")
        expect(status).to_contain_text("querying… for at most 4 s", timeout=SEEN_MS)
        expect(status).to_contain_text("no answer within 4 s", timeout=SEEN_MS)
        assert board.wait_abandoned(1)
        expect(button(status, "Reconnect")).to_be_visible()

        explorer.locator(".orbital-limit input").fill("8")
        explorer.locator(".orbital-limit input").press("Enter")
        button(status, "Cancel").click()
        expect(status).to_contain_text("the question was cancelled", timeout=SEEN_MS)

        explorer.locator(".orbital-limit input").fill("9")
        explorer.locator(".orbital-limit input").press("Enter")
        expect(status).to_contain_text("querying…", timeout=SEEN_MS)
        before = board.abandoned
        explorer.locator(".orbital-limit input").fill("6")
        explorer.locator(".orbital-limit input").press("Enter")
        assert board.wait_abandoned(before + 1)
    explorer.locator(".orbital-limit input").fill("3")
    explorer.locator(".orbital-limit input").press("Enter")
    expect(status).to_contain_text("swift.grbs", timeout=SEEN_MS)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    assert "3" == explorer.locator(".orbital-limit input").input_value()
    assert [] == leaks(page)


def test_a_killed_platform_is_a_sentence_and_reconnect_works(notebook, platform, page):
    monitor = page.locator(".orbital-bursts")
    expect(monitor).to_contain_text("newest excursions", timeout=SEEN_MS)
    os.kill(embedded.status(platform.home).pid, signal.SIGKILL)

    expect(monitor).to_contain_text("does not answer", timeout=SEEN_MS)
    expect(button(monitor, "Reconnect")).to_be_visible(timeout=SEEN_MS)
    explorer = page.locator(".orbital-explorer")
    explorer.locator(".orbital-limit input").fill("5")
    explorer.locator(".orbital-limit input").press("Enter")
    status = explorer.locator(".orbital-status")
    expect(button(status, "Reconnect")).to_be_visible(timeout=SEEN_MS)
    assert [] == leaks(page)

    button(monitor, "Reconnect").click()
    expect(monitor).to_contain_text("newest excursions", timeout=SEEN_MS)
    expect(monitor).not_to_contain_text("Problem")
    button(status, "Reconnect").click()
    expect(status).to_contain_text("swift.grbs", timeout=SEEN_MS)
    assert [] == leaks(page)


def test_a_kernel_that_hangs_is_said_by_its_controls(notebook, page):
    kernel = page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
    )
    pid = next(
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if kernel in " ".join(process.info["cmdline"] or ())
    )
    os.kill(pid, signal.SIGSTOP)
    try:
        hint = page.locator(".orbital-explorer .orbital-silent")
        expect(hint).to_be_visible(timeout=SEEN_MS)
        expect(hint).to_contain_text("has stopped")
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(hint).to_be_hidden(timeout=SEEN_MS)


def test_a_restarted_kernel_is_said_by_its_controls(notebook, page):
    hint = page.locator(".orbital-explorer .orbital-restarted")
    expect(hint).to_be_hidden()
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".restart()"
    )
    for part in (".orbital-explorer", ".orbital-light-curve", ".orbital-bursts"):
        hint = page.locator(f"{part} .orbital-restarted")
        expect(hint).to_be_visible(timeout=SEEN_MS)
        expect(hint).to_contain_text("Run this cell again")
    page.errors[:] = [text for text in page.errors if text != DEAD_COMM]
