"""What a newcomer sees first: `orbital lab` with the first tutorial open, and no prompt."""

import os
import subprocess
import sys
import time

import pytest
from lab import READY_MS, Lab, working_copy

from orbital_kernel import embedded
from orbital_kernel.reports import NOTEBOOKS
from orbital_kernel.reports.lab import FIRST


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


@pytest.fixture
def first_start(tmp_path):
    data = tmp_path / "platform"
    server = FirstStart(data, tmp_path).start()
    yield server
    server.stop()
    embedded.stop(data)


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
