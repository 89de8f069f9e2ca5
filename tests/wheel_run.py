# ruff: noqa: T201  a script that prints its steps
"""Test of the installed wheel: `make wheel-test`.

Builds sdist and wheel, checks that the sdist builds the same wheel, installs the wheel
into a new environment outside the checkout, and runs the commands of a first day there.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from importlib.metadata import PathDistribution
from pathlib import Path
from zipfile import Path as ZipPath

from locked import locked, needed

from orbital_kernel import config

ROOT = Path(__file__).resolve().parent.parent
WITNESS = Path(__file__).resolve().parent / "witness" / "sitecustomize.py"
REPORT = ("report", "01_start_here", "-p", "radius_arcmin", "8", "--out", "reports")


def step(text: str) -> None:
    print(f"· {time.strftime('%H:%M:%S')} {text}", flush=True)


def build(folder: Path, source: Path, *targets: str) -> list[Path]:
    """Build targets of a source tree into a folder; return the files in it."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    chosen = [word for target in targets for word in ("--target", target)]
    subprocess.run([*command, *chosen], cwd=source, check=True, capture_output=True)
    return sorted(folder.iterdir())


def wheel_of(folder: Path) -> Path:
    """Return the wheel, which must equal the one that the sdist builds."""
    wheel, sdist = build(folder / "dist", ROOT, "sdist", "wheel")
    with tarfile.open(sdist) as packed:
        packed.extractall(folder / "sdist", filter="data")
    (source,) = (folder / "sdist").iterdir()
    (again,) = build(folder / "again", source, "wheel")
    if wheel.read_bytes() != again.read_bytes():
        raise SystemExit(f"{sdist.name} and the checkout build different wheels")
    return wheel


def install(wheel: Path, python: str, folder: Path) -> Path:
    """Install wheel and locked dependencies into a new environment; return its bin."""
    environment = folder / "environment"
    subprocess.run([python, "-m", "venv", environment], check=True)
    (info,) = (p for p in ZipPath(wheel).iterdir() if p.name.endswith(".dist-info"))
    names = needed(PathDistribution(info).requires or ())
    lock = folder / "requirements.lock"
    lock.write_text(locked((ROOT / "requirements.lock").read_text(), names))
    pip = [environment / "bin" / "python", "-m", "pip"]
    quiet = ["install", "--quiet", "--disable-pip-version-check"]
    for arguments in (["--require-hashes", "-r", lock], ["--no-deps", wheel]):
        subprocess.run([*pip, *quiet, *arguments], check=True)
    subprocess.run([*pip, "check"], check=True)
    (site,) = environment.glob("lib/python*/site-packages")
    (site / WITNESS.name).write_text(WITNESS.read_text())
    return environment / "bin"


def clean_environment(folder: Path) -> dict[str, str]:
    """Return variables without any path of the checkout or of the user's platform."""
    outer = config.without_vendor_variables(os.environ)
    neutral = {
        k: v for k, v in outer.items() if not k.startswith(("ORBITAL_", "PYTHON"))
    }
    return {
        **neutral,
        "HOME": str(folder / "home"),
        "ORBITAL_WITNESS": str(folder / "witness.txt"),
        "ORBITAL_FOREIGN": str(ROOT),
    }


def call(orbital: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> str:
    """Run a command outside the checkout; exit if it fails, warns or shows a traceback."""
    step(f"orbital {' '.join(arguments)}")
    ended = subprocess.run(
        [orbital, *arguments],
        cwd=environment["HOME"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode or "Traceback" in ended.stdout or "Warning:" in ended.stdout:
        raise SystemExit(
            f"{ended.stdout}\nexit {ended.returncode}: {' '.join(arguments)}"
        )
    return ended.stdout


def files_of(site: Path) -> dict[str, int]:
    """Return the installed files with their modification times, without caches."""
    files = (path for path in site.rglob("*") if path.is_file())
    return {
        str(path): path.stat().st_mtime_ns
        for path in files
        if path.parent.name != "__pycache__"
    }


def first_day(bin_folder: Path, folder: Path) -> None:
    """Run the commands; no installed file may change."""
    environment = clean_environment(folder)
    home = Path(environment["HOME"])
    home.mkdir()
    orbital = bin_folder / "orbital"
    (site,) = bin_folder.parent.glob("lib/python*/site-packages")
    before = files_of(site)
    call(orbital, ("--help",), environment)
    call(orbital, ("--version",), environment)
    call(orbital, ("demo", "--out", "demo"), environment)
    environment["ORBITAL_HOME"] = str(home / "demo" / "platform")
    try:
        print(call(orbital, ("doctor",), environment))
        call(orbital, REPORT, environment)
    finally:
        call(orbital, ("down",), environment)
    pages = [*home.glob("demo/*.html"), *home.glob("reports/*.html")]
    step(f"{len(pages)} pages, {sum(p.stat().st_size for p in pages):,} bytes")
    if files_of(site) != before:
        raise SystemExit("a command changed installed files")
    if seen := Path(environment["ORBITAL_WITNESS"]).read_text():
        raise SystemExit(seen)


def main() -> None:
    """Build, install and run; remove everything at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--python", default=sys.executable, help="interpreter of the new environment"
    )
    python = parser.parse_args().python
    with tempfile.TemporaryDirectory(prefix="orbital-wheel-") as name:
        folder = Path(name)
        step("build")
        wheel = wheel_of(folder)
        step(f"install {wheel.name}")
        bin_folder = install(wheel, python, folder)
        first_day(bin_folder, folder)
    step("done")


if __name__ == "__main__":
    main()
