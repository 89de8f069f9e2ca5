"""Commands answer at once: each imports only the heavy libraries that it uses."""

import json
import os
import subprocess
import sys

import pytest
from astropy.utils import iers

from orbital_kernel.model.scales import NS, leap_seconds

HEAVY = {
    *("IPython", "astropy", "astropy.coordinates", "astropy.io.fits", "astropy.time"),
    *("bokeh", "cdshealpix", "matplotlib", "mocpy", "nbconvert", "numba", "papermill"),
    *("pandas", "polars", "pyarrow", "regions", "scipy", "sgp4", "vastdb", "vastpy"),
}
CONE = ("query", "cone", "swift.sources", "--ra", "0.8", "--dec", "-0.5", "--radius=10")
UNUSED = {
    ("--help",): HEAVY,
    ("query", "cone", "--help"): HEAVY,
    ("status",): HEAVY,
    ("env",): HEAVY,
    CONE: HEAVY
    - {"polars", "pyarrow", "vastdb", "cdshealpix", "astropy", "astropy.coordinates"}
    - {"astropy.io.fits", "astropy.time"},  # imported by astropy.coordinates
    ("query", "sql", "SELECT 1"): HEAVY - {"polars", "pyarrow", "vastdb", "astropy"},
    ("health",): HEAVY - {"polars", "pyarrow", "vastdb", "vastpy", "astropy"},
}
NOT_OF_INGEST = {"IPython", "bokeh", "matplotlib", "nbconvert", "numba", "papermill"}
PROGRAM = """
import atexit, json, sys
heavy, *words = json.loads(sys.argv[1])
atexit.register(lambda: print(json.dumps([n for n in heavy if n in sys.modules]), file=sys.stderr))
from orbital_kernel.__main__ import main
main(words)
"""


def imported_by(words, orbital):
    """Run a command; return the libraries it imported, its exit code and its messages."""
    given = json.dumps([sorted(HEAVY), *words])
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, given],
        env={**os.environ, "ORBITAL_HOME": str(orbital.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    *messages, names = ended.stderr.splitlines()
    return set(json.loads(names)), ended.returncode, messages


@pytest.mark.parametrize("words", UNUSED, ids=" ".join)
def test_a_command_leaves_alone_the_libraries_it_does_not_use(words, orbital):
    imported, code, messages = imported_by(words, orbital)

    assert (0, []) == (code, messages)
    assert set() == imported & UNUSED[words]


def test_an_ingest_leaves_detection_and_plots_alone(orbital):
    path = next(p for p in sorted(orbital.sample().rglob("*")) if p.is_file())

    imported, code, _ = imported_by(("ingest", str(path), "--json"), orbital)

    assert 0 == code
    assert set() == imported & NOT_OF_INGEST


CONNECTED = """
import json, sys, threading, types
from importlib.machinery import ModuleSpec
from orbital_kernel import connect
if sys.argv[1]:
    kernel = sys.modules[sys.argv[1]] = types.ModuleType(sys.argv[1])
    kernel.__spec__ = ModuleSpec(sys.argv[1], None)
connect()
for thread in threading.enumerate():
    if thread.name == "orbital-imports":
        thread.join()
print("cdshealpix.nested" in sys.modules)
"""


@pytest.mark.parametrize(("kernel", "imported"), [("ipykernel", "True"), ("", "False")])
def test_only_a_kernel_imports_what_the_first_cone_needs(kernel, imported, orbital):
    ended = subprocess.run(
        [sys.executable, "-c", CONNECTED, kernel],
        env={**os.environ, "ORBITAL_HOME": str(orbital.home)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert imported == ended.stdout.strip()


def test_leap_seconds_are_those_that_astropy_reads():
    table = iers.LeapSeconds.from_iers_leap_seconds(iers.IERS_LEAP_SECOND_FILE)
    days, offsets = leap_seconds()

    assert [int(seconds) * NS for seconds in table["tai_utc"]] == offsets.tolist()
    assert [mjd - 40_587 for mjd in table["mjd"]] == (days / (86_400 * NS)).tolist()
