"""A real JupyterLab on loopback and what a reader does in it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_S = 60
RUN_MS = 180_000
READY_MS = 60_000
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
}
# What the browser reports as an error though nothing of ours is wrong.
ALLOWED_NOISE: tuple[str, ...] = ()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Lab:
    """One server over a working copy of a folder; `environment` is added to its own."""

    folder: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Lab":
        """Start the server and return once it answers; RuntimeError with its log if not."""
        log = self.home / "jupyter.log"
        write_settings(self.home / "settings")
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                self._command(), env=self._environment(), stdout=out, stderr=out
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        """End the server and its kernels."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.folder}",
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",
        ]

    def _environment(self) -> dict[str, str]:
        places = {
            "JUPYTERLAB_SETTINGS_DIR": self.home / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": self.home / "workspaces",
            "JUPYTER_CONFIG_DIR": self.home / "config",
            "JUPYTER_DATA_DIR": self.home / "data",
            "JUPYTER_RUNTIME_DIR": self.home / "runtime",
            "IPYTHONDIR": self.home / "ipython",
        }
        return {
            **os.environ,
            **{k: str(v) for k, v in places.items()},
            **self.environment,
        }

    def _answers(self) -> bool:
        request = f"{self.url}/api/status?token={self.token}"
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def working_copy(folder: Path, to: Path) -> Path:
    """Return a copy of a notebook folder that a run may change."""
    return shutil.copytree(folder, to, ignore=shutil.ignore_patterns(".ipynb_*"))


def write_settings(folder: Path) -> None:
    """Switch off the news prompt, update checks, autosave and windowed rendering."""
    for name, settings in SETTINGS.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))


def open_notebook(page: Any, lab: Lab, name: str) -> None:
    """Open a notebook of the lab and wait until its kernel is idle."""
    page.goto(f"{lab.url}/lab/tree/{name}?reset&token={lab.token}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=READY_MS)
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext"
        "?.session?.kernel?.status === 'idle'",
        timeout=READY_MS,
    )


def run_all(page: Any) -> None:
    """Run every cell and wait until all have finished; AssertionError shows what failed."""
    page.evaluate(
        "() => { window.allRun = false;"
        "  window.jupyterapp.commands.execute('notebook:run-all-cells')"
        "    .then(() => { window.allRun = true; }); }"
    )
    page.wait_for_function("() => window.allRun", timeout=RUN_MS)
    failed = page.locator(
        '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"],'
        '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]'
    ).all_inner_texts()

    assert [] == failed


def listen(page: Any) -> list[str]:
    """Return a list that fills with the errors the browser reports."""
    errors: list[str] = []

    def note(text: str) -> None:
        if not any(noise in text for noise in ALLOWED_NOISE):
            errors.append(text)

    page.on(
        "console",
        lambda message: (
            message.type == "error"
            and note(f"{message.text} ({message.location.get('url')})")
        ),
    )
    page.on("pageerror", lambda error: note(str(error)))
    return errors
