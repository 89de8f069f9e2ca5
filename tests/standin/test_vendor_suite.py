"""The vendor SDK's own suite, in part; all of it is `make conformance`."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conformance import ledger as ledgers

CHECKOUT = Path(__file__).parents[2]
OWN_PYTHON = CHECKOUT / ".venv-conformance" / "bin" / "python"
SUBSET_SECONDS = 570
LEDGER = ledgers.Ledger(
    "2.1.0", 3, {"a.py::x": "no such view"}, ("a.py::y",), ("b.py",)
)


def test_a_test_that_fails_without_a_reason_is_reported():
    outcomes = {"a.py::x": "failed", "a.py::z": "failed"}

    assert ["a.py::z: failed, and the ledger gives no reason"] == ledgers.complaints(
        outcomes, LEDGER, outcomes
    )


def test_a_test_that_passes_in_spite_of_its_reason_is_reported():
    complaints = ledgers.complaints({"a.py::x": "passed"}, LEDGER, ["a.py::x"])

    assert ["a.py::x passes: take it from the ledger (no such view)"] == complaints


def test_a_test_that_was_not_run_is_reported():
    complaints = ledgers.complaints({"a.py::y": "passed"}, LEDGER, ["a.py::z"])

    assert ["a.py::z: not run, and the ledger gives no reason"] == complaints


def test_a_file_that_cannot_be_read_is_reported():
    complaints = ledgers.complaints(
        {"c.py": "failed at collection"}, LEDGER, ["a.py::z"]
    )

    assert ["c.py: failed at collection"] == complaints


def test_the_subset_leaves_out_slow_tests_and_files_that_meet_no_server():
    tests = ["a.py::x", "a.py::y[1]", "b.py::x", "a.py::yes"]

    assert ["a.py::x", "a.py::yes"] == [t for t in tests if LEDGER.in_subset(t)]


@pytest.mark.timeout(SUBSET_SECONDS + 30)
def test_the_quick_part_of_the_vendors_suite_passes(fresh_standin):
    python, path = _python()
    running = fresh_standin()
    done = subprocess.run(
        [python, str(CHECKOUT / "tests/standin/conformance"), "--subset"],
        env={
            **os.environ,
            "AWS_S3_ENDPOINT_URL": running.endpoint,
            "AWS_ACCESS_KEY_ID": running.access,
            "AWS_SECRET_ACCESS_KEY": running.secret,
            "PYTHONPATH": path,
        },
        timeout=SUBSET_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stdout[-6000:]


def _python() -> tuple[str, str]:
    """Name an interpreter that has what the suite needs, and what it adds to its path."""
    if OWN_PYTHON.is_file():
        return str(OWN_PYTHON), ""
    if importlib.util.find_spec("pandas") is None:
        pytest.skip("the vendor's suite needs pandas: `make conformance` installs it")
    driver = Path(sys.prefix) / "sql"
    if not driver.is_dir():
        pytest.skip("the vendor's suite needs its SQL driver: `make venv` installs it")
    return sys.executable, str(driver)
