"""What a newcomer sees first: `orbital lab` with the first tutorial open, and no prompt."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab import READY_MS, Lab, working_copy
from new_user import visit

from orbital_kernel import embedded
from orbital_kernel.reports import NOTEBOOKS
from orbital_kernel.reports.lab import FIRST

RESTARTED = "Could not restore the debugger state"
"""JupyterLab's own words for a question that a restarted kernel does not answer."""


class FirstStart(Lab):
    """The server that `orbital lab` starts, with nobody's settings but the product's."""

    def start(self):
        log = self.home / "jupyter.log"
        command = [
            *(sys.executable, "-m", "orbital_kernel", "lab"),
            *("--data", str(self.folder), "--no-browser"),
            *(f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",
            f"--ServerApp.root_dir={working_copy(NOTEBOOKS, self.home / 'copy')}",
        ]
        variables = self._environment().items()
        environment = {k: v for k, v in variables if not k.startswith(("AWS_", "VMS_"))}
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command, env=environment, cwd=os.sep, stdout=out, stderr=out
            )
        while not self._answers():
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.1)
        return self


@contextmanager
def served():
    """Serve what `orbital lab` serves, over an empty platform."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        data = Path(folder, "platform")
        server = FirstStart(data, Path(folder)).start()
        try:
            yield server
        finally:
            server.stop()
            embedded.stop(data)


@pytest.fixture
def first_start(tab):
    with served() as server:
        yield server
        tab.goto("about:blank")  # or the page would look for a server that has stopped
        tab.errors.clear()  # requests that leaving has broken off


def test_the_first_tutorial_is_open_and_nobody_asks_about_news(first_start, page):
    page.goto(f"{first_start.url}/?token={first_start.token}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=READY_MS)
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext"
        "?.session?.kernel?.status === 'idle'",
        timeout=READY_MS,
    )
    tabs = page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel").all_inner_texts()

    assert [FIRST] == tabs
    assert 0 == page.get_by_text("official Jupyter news").count()


def test_a_new_user_sees_a_burst_and_saves_its_report_by_clicking(first_start, page):
    user = visit(page, f"{first_start.url}/?token={first_start.token}")

    page.errors[:] = [text for text in page.errors if RESTARTED not in text]

    assert 3 >= user.seen["first figure"][0]
    assert list(user.seen) == [
        *("first figure", "burst found", "follow-up", "light curve", "report saved")
    ]
    assert "One burst" in user.saved
    assert 13 >= user.clicks
