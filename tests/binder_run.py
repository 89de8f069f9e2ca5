# ruff: noqa: T201  a script that prints its steps
"""Binder's environment in a clean directory: `make binder-test`.

Copies the tracked files, sets up the environment of binder/environment.yml (by micromamba
if it is installed, else by venv with this Python), runs binder/postBuild and binder/start
there, and asks the server which document it opens. Then the first notebook runs.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from orbital_kernel import config

ROOT = Path(__file__).resolve().parent.parent
FIRST = "notebooks/01_start_here.ipynb"
START_S = 120


def step(text):
    print(f"· {time.strftime('%H:%M:%S')} {text}", flush=True)


def copied(folder):
    """Copy the files that git tracks, or would; return the copy."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def environment(folder, checkout):
    """Set up the environment; return the variables with it on the path."""
    prefix = folder / "environment"
    micromamba = shutil.which("micromamba")
    if micromamba:
        step("micromamba")
        declared = checkout / "binder" / "environment.yml"
        command = [micromamba, "create", "--yes", "-p", prefix, "-f", declared]
    else:
        step(f"venv with Python {sys.version.split()[0]} (micromamba is not installed)")
        command = [sys.executable, "-m", "venv", prefix]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    outer = config.without_vendor_variables(os.environ)
    kept = {k: v for k, v in outer.items() if not k.startswith(("ORBITAL_", "PYTHON"))}
    return {
        **kept,
        "HOME": str(folder),
        "PATH": f"{prefix / 'bin'}{os.pathsep}{outer['PATH']}",
        "PIP_CACHE_DIR": os.environ.get(
            "PIP_CACHE_DIR", str(Path.home() / ".cache/pip")
        ),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "ORBITAL_HOME": str(folder / "platform"),
    }


def opened(checkout, variables):
    """Start the server as Binder does; return the address that its root leads to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    server = subprocess.Popen(
        [
            *("binder/start", "jupyter", "lab", "--no-browser", *as_root),
            *(f"--ServerApp.port={port}", f"--IdentityProvider.token={token}"),
        ],
        cwd=checkout,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and server.poll() is None:
            try:
                url = f"http://127.0.0.1:{port}/?token={token}"
                with urllib.request.urlopen(url, timeout=10) as reply:
                    return str(reply.url)
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
    finally:
        server.terminate()
        server.wait()
    raise SystemExit("binder/start did not bring a server up")


def main():
    """Run every step; exit with 1 and the reason if one fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkout = copied(folder / "checkout")
        variables = environment(folder, checkout)
        step("binder/postBuild")
        subprocess.run(["binder/postBuild"], cwd=checkout, env=variables, check=True)
        step("binder/start")
        address = opened(checkout, variables)
        step(f"opens {address.partition('?')[0]}")
        if f"/lab/tree/{FIRST}" not in address:
            raise SystemExit(f"the server opens {address}, not {FIRST}")
        step(FIRST)
        try:
            subprocess.run(
                ["jupyter", "execute", FIRST], cwd=checkout, env=variables, check=True
            )
        finally:
            subprocess.run(["orbital", "down"], env=variables, check=True)
    step("done")


if __name__ == "__main__":
    main()
