"""The command line: help that teaches, exit codes, JSON and nothing else on stdout."""

import json
import os
import subprocess
import sys

import polars as pl
import pytest

from orbital_kernel.__main__ import COMMANDS

LEAVES = [
    *COMMANDS,
    *(f"provision {name}" for name in ("plan", "apply", "drift", "destroy")),
    *(f"query {name}" for name in ("cone", "time", "objects", "sql")),
    *(f"query {name}" for name in ("simultaneous", "follow-ups", "place", "rare")),
    *(f"rollout {name}" for name in ("status", "go-live")),
    *(f"bursts {name}" for name in ("scan", "watch", "followup", "listen")),
]


def run(*arguments, home=None, **environment):
    own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VMS_"))}
    if home:
        own["ORBITAL_HOME"] = str(home)
    command = [sys.executable, "-m", "orbital_kernel", *map(str, arguments)]
    return subprocess.run(
        command, env={**own, **environment}, capture_output=True, text=True, check=False
    )


def test_help_answers_without_importing_the_science_stack():
    code = (
        "import sys; from orbital_kernel.__main__ import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'vastdb', 'polars', 'astropy', 'pyarrow'} & set(sys.modules)))"
    )

    out = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert "[]" == out.splitlines()[-1]
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("command", LEAVES)
def test_every_command_has_help_with_an_example(command):
    told = run(*command.split(), "--help")

    assert 0 == told.returncode, told.stderr
    assert "Example: " in told.stdout


@pytest.mark.parametrize(
    "arguments", [["fly"], ["query", "cone"], ["ingest"], ["up", "--port", "x"]]
)
def test_wrong_usage_is_exit_2(arguments):
    assert 2 == run(*arguments).returncode


def test_a_failure_is_one_sentence_on_stderr_and_exit_1(home, orbital):
    told = run(
        "query", "cone", "swift.nope", "--ra", 1, "--dec", 2, "--radius", 3, home=home
    )

    assert 1 == told.returncode
    assert "" == told.stdout
    assert told.stderr.startswith("orbital: unknown table 'swift.nope'")
    assert "Traceback" not in told.stderr


def test_status_tells_the_shape_that_scripts_read(home, orbital, tmp_path):
    running = json.loads(run("status", "--json", home=home).stdout)
    none = run("status", "--json", home=tmp_path)
    stopped = json.loads(none.stdout)

    keys = {"running", "healthy", "endpoint", "vms_address", "data_dir", "version"}
    assert keys <= running.keys()
    assert running["running"]
    assert running["healthy"]
    assert orbital.settings.endpoint == running["endpoint"]
    assert not stopped["running"]
    assert 1 == none.returncode


def test_status_ignores_the_vendors_variables(home, orbital):
    told = run("status", "--json", home=home, AWS_S3_ENDPOINT_URL="http://elsewhere")

    assert orbital.settings.endpoint == json.loads(told.stdout)["endpoint"]


def test_exec_and_env_lead_the_vendors_client_here(home, orbital):
    code = (
        "import os, vastdb; s = vastdb.connect()\n"
        "with s.transaction() as tx: print(tx.bucket('orbital').name, os.environ['VMS_USER'])"
    )

    told = run("exec", "--", sys.executable, "-c", code, home=home)
    exported = run("env", home=home).stdout

    assert f"orbital {orbital.settings.vms_user}" == told.stdout.strip(), told.stderr
    assert f"export AWS_S3_ENDPOINT_URL={orbital.settings.endpoint}" in exported
    assert 3 == run("exec", "--", sys.executable, "-c", "exit(3)", home=home).returncode


def test_provision_finds_nothing_left_to_change(home, orbital):
    plan = json.loads(run("provision", "plan", "--json", home=home).stdout)
    drift = run("provision", "drift", "--json", home=home)

    assert [] == plan["changes"]
    assert 0 == drift.returncode


def test_ingest_reports_every_file_and_tells_of_refusals_by_exit_code(
    home, stocked, sample, tmp_path
):
    (tmp_path / "bad.fits").write_text("not a FITS file")
    good = run("ingest", sample.archive, "--json", home=home)
    bad = run("ingest", tmp_path, "--json", home=home)

    files = json.loads(good.stdout)["files"]
    assert 0 == good.returncode, good.stderr
    assert {"unchanged"} == {file["state"] for file in files}
    assert {"path", "format", "observatory", "state", "rows", "reason"} <= files[
        0
    ].keys()
    assert 1 == bad.returncode
    assert "refused" == json.loads(bad.stdout)["files"][0]["state"]


def test_query_cone_gives_rows_and_how_they_were_found(home, stocked):
    told = run(
        "query",
        "cone",
        "chandra.sources",
        "--ra",
        0,
        "--dec",
        -1,
        "--radius",
        30,
        "--json",
        home=home,
    )

    answer = json.loads(told.stdout)
    keys = {"pushed", "residual", "rows_read", "rows_stored", "milliseconds"}
    assert keys <= answer["explain"].keys()
    assert 0 < len(answer["rows"]) < answer["explain"]["rows_stored"]


def test_query_objects_gives_pairs_and_how_they_were_found(home, stocked):
    told = run(
        *("query", "objects", "swift", "chandra", "--within-arcmin", 20),
        *("--within-days", 4000, "--json"),
        home=home,
    )

    answer = json.loads(told.stdout)
    expected = stocked.objects_observed_by(
        "swift", "chandra", within_arcmin=20, within_days=4000
    )
    assert len(expected) == len(answer["rows"]) > 0
    assert "separation <= 20.0 arcmin" in answer["explain"]["residual"]
    assert answer["explain"]["rows_read"] <= answer["explain"]["rows_stored"]


def test_bursts_scan_names_the_sample_bursts(home, stocked, sample):
    told = run("bursts", "scan", sample.archive, "--json", home=home)

    bursts = json.loads(told.stdout)["bursts"]
    keys = {
        "file",
        "time_utc",
        "met_s",
        "significance",
        "timescale_s",
        "t90_s",
        "cause",
        "matches",
    }
    assert keys <= bursts[0].keys()
    truth = sample.tables["bursts"].filter(
        pl.col("listed") & pl.col("file").ne_missing("")
    )
    named = {m["name"] for b in bursts if b["cause"] == "burst" for m in b["matches"]}
    assert set(truth["name"]) <= named


def test_doctor_says_what_it_checked(home, orbital):
    told = run("doctor", "--json", home=home)

    checks = {check["check"]: check["ok"] for check in json.loads(told.stdout)}
    assert {
        "python",
        "packages",
        "disk",
        "database",
        "tables",
        "storage",
        "sql",
    } == checks.keys()
    assert checks["database"]


def test_doctor_says_how_to_install_what_only_sql_needs(home, orbital, tmp_path):
    nowhere = str(tmp_path / "driver.so")

    told = run("doctor", home=home, ORBITAL_SQL_DRIVER=nowhere)

    (line,) = [line for line in told.stdout.splitlines() if line.startswith("absent")]
    assert "-m pip install" in line
    assert nowhere in line
    assert "make " not in told.stdout
