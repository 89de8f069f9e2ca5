"""The built wheel holds the whole product; no process with threads forks."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
from wheel_run import ROOT, WITNESS, build

from orbital_kernel import config, embedded
from orbital_kernel.reports import NOTEBOOKS, reports

PLACES = {
    "orbital_kernel/": "orbital_kernel/",
    "vast_standin/": "vast_standin/",
    "widgets/orbital_widgets/": "orbital_widgets/",
    "notebooks/": "orbital_kernel/notebooks/",
}
"""Folders of the checkout and their place in the wheel."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the wheel and the sdist of the checkout."""
    return build(tmp_path_factory.mktemp("dist"), ROOT, "sdist", "wheel")


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    """Return the folder of the unpacked sdist."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(built[1]) as packed:
        packed.extractall(folder, filter="data")
    (content,) = folder.iterdir()
    return content


@pytest.fixture(scope="module")
def tracked():
    """Return the files that git tracks; skip outside a git checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip(f"{ROOT} is not a git checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    return {name for name in names if (ROOT / name).exists()}


def in_wheel(name):
    for place, packaged in PLACES.items():
        if name.startswith(place):
            return packaged + name.removeprefix(place)
    return None


def test_the_wheel_holds_every_file_of_packages_and_notebooks_and_no_other(
    built, tracked
):
    scripts = {name for name in tracked if name.startswith("notebooks/")}
    scripts = {name for name in scripts if name.endswith(".py")}
    expected = {in_wheel(name) for name in tracked - scripts} - {None}

    with ZipFile(built[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert expected == names
    assert {f"{package}py.typed" for package in list(PLACES.values())[:3]} <= names


def test_the_sdist_holds_every_file_of_the_checkout(unpacked, tracked):
    files = {p.relative_to(unpacked) for p in unpacked.rglob("*") if p.is_file()}

    assert tracked == {str(path) for path in files} - {"PKG-INFO"}


def test_the_sdist_builds_the_same_wheel(built, unpacked, tmp_path):
    (again,) = build(tmp_path, unpacked, "wheel")

    assert built[0].read_bytes() == again.read_bytes()


def test_an_installed_package_finds_its_reports_in_itself(built, tmp_path):
    with ZipFile(built[0]) as wheel:
        wheel.extractall(tmp_path)
    code = (
        "import json; from orbital_kernel.reports import NOTEBOOKS, reports\n"
        "print(json.dumps([str(NOTEBOOKS), list(reports()), "
        "[r.notebook.is_file() for r in reports().values()]]))"
    )

    printed = subprocess.check_output(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        text=True,
    )

    folder, names, exist = json.loads(printed)
    assert str(tmp_path / "orbital_kernel" / "notebooks") == folder
    assert list(reports()) == names
    assert all(exist)


def test_a_checkout_finds_its_reports_next_to_the_package():
    assert ROOT / "notebooks" == NOTEBOOKS
    assert "01_start_here" in reports()


def test_no_notebook_depends_on_a_checkout():
    cells = [
        "".join(cell["source"])
        for report in reports().values()
        for cell in json.loads(report.notebook.read_text())["cells"]
        if cell["cell_type"] == "code"
    ]

    assert cells
    assert not [cell for cell in cells if "__file__" in cell]


@pytest.fixture
def witnessed(tmp_path):
    """Return a function that runs Python and reports forbidden forks and imports."""
    log = tmp_path / "witness.txt"
    environment = {
        **config.without_vendor_variables(os.environ),
        "ORBITAL_HOME": str(tmp_path / "home"),
        "ORBITAL_WITNESS": str(log),
        "PYTHONPATH": str(WITNESS.parent),
    }

    def run(*arguments):
        ended = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == ended.returncode, ended.stderr
        return ended.stdout, log.read_text()

    yield run
    embedded.stop(tmp_path / "home")


FORKS = """
import os, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
if os.fork() == 0:
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads of /proc")
def test_the_witness_sees_a_fork_of_a_process_with_threads(witnessed):
    _, seen = witnessed("-c", FORKS)

    assert "fork of a process with 2 threads" in seen


UNGUARDED = """
import sys
from orbital_kernel import connect

print("once")
orbital = connect()
orbital.storage.apply()
print(len(orbital.ingest(sys.argv[1], workers=2).in_state("ingested")))
print(len(orbital.bursts.scan(sys.argv[1])) > 0)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads of /proc")
def test_a_script_without_main_guard_ingests_and_scans_and_nothing_forks(
    witnessed, sample, tmp_path
):
    script = tmp_path / "first_day.py"
    script.write_text(UNGUARDED)
    files = sum(path.is_file() for path in sample.archive.rglob("*"))

    shown, seen = witnessed(script, sample.archive)

    assert ["once", str(files), "True"] == shown.splitlines()
    assert "" == seen
